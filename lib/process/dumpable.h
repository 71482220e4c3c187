/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_DUMPABLE_H
#define PROCESS_DUMPABLE_H

/*
 * A child that shares memory and changes its uid or gid changes the dumpable flag of this memory,
 * the caller's flag (PR_SET_DUMPABLE in prctl(2)). A spawn that may do so stands between these two
 * calls. The last release restores the flag. Until then the flag keeps the new user out of the
 * caller's memory.
 */
void ss__dumpable_hold(void);
void ss__dumpable_release(void);

#endif
