/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PROCESSES_H
#define PROCESS_PROCESSES_H

#include <stdint.h>
#include <sys/types.h>

/*
 * 1: a process of the group is more than a zombie, 0: none is, -errno: /proc does not tell. For
 * kill(2) a zombie is a member. Not a cancellation point.
 */
int ss__group_lives(pid_t group);

/*
 * Waits for the end of one process of the group. 1: it has ended or left the group, or the deadline (of
 * base/clock.h) has passed; 0: there was none but zombies; -errno: /proc does not tell, or the kernel has
 * no pidfds and the wait was a short one.
 */
int ss__group_await_one(pid_t group, int64_t deadline);

/*
 * SIGKILL to all descendants of a process, which is stopped and stays so. A descendant whose parent has
 * ended belongs to process 1 and is not found. Not a cancellation point.
 */
void ss__kill_descendants(pid_t ancestor);

#endif
