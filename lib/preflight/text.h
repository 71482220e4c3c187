/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_TEXT_H
#define PREFLIGHT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>

/*
 * What a person wants to know, as text: pure functions of a report. They write what fits, always
 * NUL-terminated, and return the whole length, as snprintf does.
 */

/* "30.1 MiB"; for NO_LIMIT "unlimited" */
enum { SIZE_TEXT = 24 };
const char *ss__size_text(char *text, uint64_t bytes);
const char *ss__time_text(char *text, uint64_t ns); /* "12 ms" */

/* UNSURE, and a look at the mappings, which was not allowed, could tell. */
bool ss__lacks_mappings(const struct ss_preflight *r);

/* One line without a newline: what decides, with its numbers. */
int ss__reason_text(char *text, size_t size, const struct ss_preflight *r);

/* The n-th piece of advice, or 0 when there are no more. */
int ss__advice_text(char *text, size_t size, const struct ss_preflight *r, unsigned n);

const char *ss__verdict_text(enum ss_fork_verdict verdict); /* "OK", "ENOMEM", ... */

/* For lists: the more worried one should be, the larger. */
double ss__risk(const struct ss_preflight *r);

#endif
