/* SPDX-License-Identifier: MIT */
#ifndef TEST_KERNEL_MEASURE_H
#define TEST_KERNEL_MEASURE_H

#include <stdint.h>
#include <sys/types.h>

#include "preflight/snapshot.h"

/* The kernel's own count, in pages. Allocates nothing. */
int64_t committed_pages(void);

/*
 * Other processes come and go while Committed_AS is read, so that one reading proves nothing, but
 * the same difference again and again does. A tally ends when one value has come three times and
 * more often than any other, or after many readings.
 */
enum { TALLY_VALUES = 64, TALLY_READINGS = 1000 };
struct tally {
	int n, values;
	struct {
		int64_t value;
		int times;
	} seen[TALLY_VALUES];
};
int tally_add(struct tally *t, int64_t value); /* 1: it is settled */
int64_t tally_result(const struct tally *t);

/*
 * By how many pages Committed_AS grows with a forked child of the caller alive; -1: fork failed.
 * Only readings count after which it was the same again as before.
 */
int64_t measured_charge(int *readings);

/* The charge as the library predicts it, mapping by mapping. -errno when it cannot. */
int64_t predicted_charge(pid_t pid);

#endif
