/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_NUMBER_H
#define PREFLIGHT_NUMBER_H

#include <stdint.h>

#define NO_LIMIT UINT64_MAX

/*
 * Unsigned numbers as the kernel prints them, after any blanks. They return what follows the
 * number, or NULL when there is none. Too large a number becomes UINT64_MAX. No locale, no errno.
 */
const char *ss__scan_decimal(const char *s, uint64_t *value);
const char *ss__scan_hex(const char *s, uint64_t *value);

/* "max", "unlimited" and -1 are NO_LIMIT; 0 when it is neither those nor a number. */
int ss__scan_limit(const char *s, uint64_t *value);

/* Sums and products stay at UINT64_MAX, differences at 0. */
uint64_t ss__add_clamped(uint64_t a, uint64_t b);
uint64_t ss__sub_clamped(uint64_t a, uint64_t b);
uint64_t ss__mul_clamped(uint64_t a, uint64_t b);

#endif
