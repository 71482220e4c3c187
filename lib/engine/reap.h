/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_REAP_H
#define ENGINE_REAP_H

#include <stdbool.h>
#include <sys/types.h>

/* For children that never became their caller's. A thread that waits for any child may have reaped
 * one, and a stranger may have its pid. So the pidfd is used if there is one. */

/* Waits for a child that is about to end, and closes its pidfd. */
void ss__reap(pid_t pid, int pidfd);

/* Whether the child has ended. If so, it has been reaped. */
bool ss__reap_if_ended(pid_t pid, int pidfd);

/* SIGKILL. 0 or -errno. */
long ss__kill_child(pid_t pid, int pidfd);

#endif
