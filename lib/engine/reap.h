/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_REAP_H
#define ENGINE_REAP_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Of children that never became their caller's. By pidfd where there is one, so that a stranger with
 * the same pid is left alone, because another thread that waits for any child may reap it before.
 */

/* Waits for the end of one that is about to end, and closes its pidfd. */
void ss__reap(pid_t pid, int pidfd);

/* Whether it has ended; it is reaped then. */
bool ss__reap_if_ended(pid_t pid, int pidfd);

/* SIGKILL. 0 or -errno. */
long ss__kill_child(pid_t pid, int pidfd);

#endif
