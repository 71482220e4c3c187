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
	int parent[3]; /* our ends of pipes */
	int child[3];  /* what the child gets; owned here if `made` */
	bool made[3];
	bool closed[3];           /* not open in the child */
	bool merged;              /* when the files are open, 2 becomes a duplicate of 1 */
	struct job_file files[3]; /* those with a path are opened by the child */
	char proc_paths[3][PLUMBING_PROC_PATH];
};

#define PLUMBING_NONE ((struct plumbing){.parent = {-1, -1, -1}, .child = {-1, -1, -1}})

/*
 * Fills in an empty plumbing: makes the pipes that the options ask for, and records the rest. 0, or
 * -errno with *stage; nothing is left open then.
 */
int ss__plumbing_open(struct plumbing *p, const struct ss_options *options, enum ss_stage *stage);

/* Whether there are pipes. */
bool ss__plumbing_has_pipes(const struct plumbing *p);

/* Whether any of the child's 0 to 2 is not the caller's. */
bool ss__plumbing_is_used(const struct plumbing *p);

/*
 * Has the child open its pipe ends by their names in /proc, unless their numbers are low. A
 * descriptor with a high number would move the cut up, and the child would have to close all below
 * one by one. The second undoes this.
 */
void ss__plumbing_by_name(struct plumbing *p);
void ss__plumbing_by_number(struct plumbing *p);

/* After the spawn: closes the child's pipe ends. The second also closes ours. */
void ss__plumbing_close_child_ends(struct plumbing *p);
void ss__plumbing_close(struct plumbing *p);

/* Adds the pairs for 0 to 2 to pairs[], and the descriptors to close to closes[], three at most. */
void ss__plumbing_list(const struct plumbing *p, struct fd_pair *pairs, size_t *n_pairs,
	int *closes, size_t *n_closes);

#endif
