/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_CALL_SITES_H
#define PRELOAD_CALL_SITES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What is known of call sites of fork. If the lean child of a call site was thrown away, it forks
 * natively for a while, and for longer each time, because a shell has one call of fork for commands
 * and for subshells. Lock-free; a mix-up costs time only.
 */

/* Whether a fork from this call site should be tried leanly. */
bool sites_allow(uintptr_t site);

/* Records how the fork went. Timed out: the child had used much time before it was thrown away. */
enum site_outcome { SITE_LEAN, SITE_RESTARTED, SITE_TIMED_OUT };
void sites_note(uintptr_t site, enum site_outcome outcome);

#endif
