/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_CALL_SITES_H
#define PRELOAD_CALL_SITES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Memory of the places that call fork. A place whose lean child had to be thrown away forks
 * natively for a while, and for longer each time that happens again: a shell has one call of fork
 * for commands and for subshells. Lock-free; a mix-up costs time only.
 */

/* Whether a fork from there should be tried leanly. */
bool sites_allow(uintptr_t site);

/* Notes how the fork went. Timed out: the child had used much time before it was thrown away. */
enum site_outcome { SITE_LEAN, SITE_RESTARTED, SITE_TIMED_OUT };
void sites_note(uintptr_t site, enum site_outcome outcome);

#endif
