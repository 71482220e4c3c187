/* SPDX-License-Identifier: MIT */
#ifndef TEST_SECCOMP_H
#define TEST_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#define REFUSED_BY_DEATH (-1)
#define REFUSED_BY_SIGSYS (-2)

/* A system call that is to fail, as an older kernel or a container's profile makes it fail. */
struct refusal {
	int nr;
	int error;     /* or one of these */
	int arg;       /* only when the low half of this argument (0 to 5) has one of the bits */
	uint64_t bits; /* 0: always; and none of those in the high half */
};

/*
 * Refuses them to this process and all that it starts, for good: for a process of the test's own.
 * 0, or -errno where there is no seccomp.
 */
int refuse_calls(const struct refusal *refusals, size_t n);

/* The same, with the caller's own prctl, which returns -errno. */
int refuse_calls_by(long (*make_prctl)(long option, long a, const void *b),
	const struct refusal *refusals, size_t n);

#endif
