/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_DUMPABLE_H
#define PROCESS_DUMPABLE_H

/*
 * A child that shares memory and changes its uid or gid changes the dumpable flag of that memory,
 * the caller's included (PR_SET_DUMPABLE in prctl(2)). Spawns that may do so stand between these
 * two; the last one out puts the flag back. Not before: meanwhile the flag keeps the new user out
 * of memory that is the caller's.
 */
void ss__dumpable_hold(void);
void ss__dumpable_release(void);

#endif
