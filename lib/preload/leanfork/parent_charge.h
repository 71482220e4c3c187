/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_CHARGE_H
#define LEANFORK_PARENT_CHARGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether strict overcommit refuses so many bytes more, by the kernel's own figures. To try a fork
 * instead does harm: a refused fork first takes all memory that was left. For that moment nobody
 * else gets any, and an earlier child in the middle of its exec is killed. A large allocation in
 * several parts does the same. False: the answer is unknown. Parent or lean child.
 */
bool charge_refused(uint64_t bytes);

/* All that this process has mapped, in bytes. */
uint64_t charge_mapped(void);

/* Of these, private writable memory. */
uint64_t charge_data(void);

/*
 * Whether free or reclaimable memory, and swap, suffice for so much. True: the answer is unknown.
 */
bool charge_is_there(uint64_t bytes);

#endif
