/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_TEXT_H
#define PREFLIGHT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>

/*
 * A report in words, as pure functions. Like snprintf, they write what fits, NUL-terminated, and
 * return the whole length.
 */

/* "30.1 MiB"; for NO_LIMIT "unlimited" */
enum { SIZE_TEXT = 24 };
const char *ss__size_text(char *text, uint64_t bytes);
const char *ss__time_text(char *text, uint64_t ns); /* "12 ms" */

/* UNSURE because the mappings could not be read. */
bool ss__lacks_mappings(const struct ss_preflight *r);

/* One line without a newline: the check that decides, with its numbers. */
int ss__reason_text(char *text, size_t size, const struct ss_preflight *r);

/* The n-th piece of advice, or 0 when there are no more. */
int ss__advice_text(char *text, size_t size, const struct ss_preflight *r, unsigned n);

const char *ss__verdict_text(enum ss_fork_verdict verdict); /* "OK", "ENOMEM", ... */

/* For sorting: the larger, the more reason to worry. */
double ss__risk(const struct ss_preflight *r);

#endif
