/* SPDX-License-Identifier: MIT */
#ifndef TEST_FLAGS_H
#define TEST_FLAGS_H

#include <stddef.h>
#include <stdint.h>

/* Of a piece of memory, as the kernel has it: its mappings with their rights and VmFlags, from
 * /proc/self/smaps. Nothing is allocated. */
struct flags {
	size_t n;
	struct flagged {
		uintptr_t start, end;
		char text[128];
	} of[512];
};

void flags_read(struct flags *flags, const void *start, size_t len);
void assert_same_flags(const struct flags *a, const struct flags *b);

/* Whether all of [start, start + len) has the flag, a word such as "dc". */
int flags_have(const struct flags *flags, const void *start, size_t len, const char *flag);

/* Takes neighbours that differ in nothing together. */
void flags_join(struct flags *flags);

#endif
