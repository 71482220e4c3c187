/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_CHARGE_H
#define LEANFORK_PARENT_CHARGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether strict overcommit leaves no room for so many bytes more, by the kernel's own figures. To
 * ask is better than to try: a fork that is refused, and so a large piece of memory in several
 * parts, has first taken all that was left. For that moment nobody else gets any, and an earlier
 * child that is in the middle of its exec is killed. False where it can't be known. Parent or lean
 * child.
 */
bool charge_refused(uint64_t bytes);

/* All that this process has mapped, in bytes. */
uint64_t charge_mapped(void);

/* Whether so much memory can be filled: by what is free, or can be freed, and by swap. True where it
 * can't be known. */
bool charge_is_there(uint64_t bytes);

#endif
