/* SPDX-License-Identifier: MIT */
#ifndef BASE_COMMIT_H
#define BASE_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

/* The rule of strict overcommit (vm.overcommit_memory=2), __vm_enough_memory in the kernel. All
 * values have the same unit, pages or bytes. Needs nothing of libc. */
struct commit {
	uint64_t limit, committed;            /* of the system */
	uint64_t admin_reserve, user_reserve; /* vm.admin_reserve_kbytes, vm.user_reserve_kbytes */
	uint64_t total;                       /* mapped by the process */
	bool privileged; /* CAP_SYS_ADMIN in the first user namespace: may use the admin reserve */
};

static inline uint64_t ss__commit_minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The most that all processes together may commit when this one asks. */
static inline uint64_t ss__commit_allowed(const struct commit *c)
{
	uint64_t part = c->total / 32;
	uint64_t allowed = ss__commit_minus(c->limit, c->privileged ? 0 : c->admin_reserve);
	return ss__commit_minus(allowed, part < c->user_reserve ? part : c->user_reserve);
}

/* Whether the kernel refuses so much more. The total must stay below what is allowed. */
static inline bool ss__commit_refuses(const struct commit *c, uint64_t more)
{
	return more >= ss__commit_minus(ss__commit_allowed(c), c->committed);
}

#endif
