/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_USERS_H
#define PREFLIGHT_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "preflight/snapshot.h"

/*
 * How many tasks count for RLIMIT_NPROC. Since 5.14 a task counts for its user in its user
 * namespace, for the namespace's creator one level up, and so on to the first. Nothing shows who
 * the creator is, so a task in another namespace may count for any user. Pure functions.
 */
#define FIRST_USER_NAMESPACE UINT64_C(4026531837)

/* Tasks of one user in one namespace. */
struct some_tasks {
	uint64_t uid, user_ns; /* user_ns: inode number; 0: not the first, else unknown */
	uint64_t tasks;
};
typedef void some_tasks_fn(void *to, const struct some_tasks *some);

/* The tasks that may matter for one user's limit. */
struct user_tally {
	uint64_t uid, user_ns; /* the user; set by the caller */
	uint64_t own;          /* of the user in the namespace */
	uint64_t namesakes;    /* of the user in any other */
	uint64_t elsewhere;    /* of anyone in any other */
	uint64_t all;
	uint64_t there; /* on the machine after the count, seen or not; 0: unknown */
};
some_tasks_fn ss__user_tally_add; /* to a struct user_tally */

/* The smallest and the largest number of tasks that may count. */
void ss__user_bounds(
	const struct user_tally *t, const struct system_facts *sys, uint64_t *low, uint64_t *high);

/* All users' tasks, counted once for many tallies. Starts zeroed. Users that do not fit count as
 * unseen. */
struct census {
	bool taken;
	uint64_t there;
	size_t n;
	struct some_tasks users[1024];
};
some_tasks_fn ss__census_add; /* to a struct census */
void ss__census_tally(const struct census *census, struct user_tally *tally);

#endif
