/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PROCESSES_H
#define PROCESS_PROCESSES_H

#include <stdint.h>
#include <sys/types.h>

/* 1: a process of the group runs; 0: none is more than a zombie; -errno: /proc does not tell.
 * kill(2) counts zombies as members. Not a cancellation point. */
int ss__group_lives(pid_t group);

/*
 * Waits for the end of one process of the group, for a while, until the deadline (of base/clock.h)
 * at most. 1: there was one; 0: there were only zombies; -errno: /proc does not tell.
 */
int ss__group_await_one(pid_t group, int64_t deadline);

/*
 * Sends SIGKILL to all descendants of a process, and stops the process itself. Does not find a
 * descendant whose parent has ended, because process 1 has adopted it. Not a cancellation point.
 */
void ss__kill_descendants(pid_t ancestor);

#endif
