/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PLUMBING_H
#define PROCESS_PLUMBING_H

#include <stdbool.h>

#include <safespawn.h>
#include "engine/job.h"

/* /proc/PID/fd/N */
#define PLUMBING_PROC_PATH 36

/* A child's descriptors 0 to 2. All are close-on-exec. -1: none. */
struct plumbing {
	int parent[3]; /* the caller's ends of pipes */
	int child[3];  /* what the child gets; owned here only if `made` */
	bool made[3];
	bool closed[3];           /* the child gets nothing there */
	bool merged;              /* the child's 2 becomes what its 1 is, when its files are open */
	struct job_file files[3]; /* the child opens these by itself, where there is a path */
	char proc_paths[3][PLUMBING_PROC_PATH];
};

#define PLUMBING_NONE ((struct plumbing){.parent = {-1, -1, -1}, .child = {-1, -1, -1}})

/*
 * Makes the pipes that the options ask for, and notes the rest, in an empty plumbing. 0, or -errno
 * with *stage; nothing is left open then.
 */
int ss__plumbing_open(struct plumbing *p, const struct ss_options *options, enum ss_stage *stage);

/* Whether there are pipes. */
bool ss__plumbing_has_pipes(const struct plumbing *p);

/* Whether the child's 0 to 2 are anything but the caller's. */
bool ss__plumbing_is_used(const struct plumbing *p);

/*
 * Has the child open its ends of pipes by their names in /proc, unless their numbers are low. To keep a
 * descriptor with a high number the child would have to keep all below, and to close those one by one.
 */
void ss__plumbing_by_name(struct plumbing *p);
void ss__plumbing_by_number(struct plumbing *p);

/* After the spawn: closes the child's ends of pipes; the second closes the parent's ends, too. */
void ss__plumbing_close_child_ends(struct plumbing *p);
void ss__plumbing_close(struct plumbing *p);

/* Adds the pairs for 0 to 2 to pairs[] and the descriptors to close to closes[], three at most. */
void ss__plumbing_list(const struct plumbing *p, struct fd_pair *pairs, size_t *n_pairs,
	int *closes, size_t *n_closes);

#endif
