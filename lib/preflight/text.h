/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_TEXT_H
#define PREFLIGHT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>

/* A report in words. Pure functions: like snprintf they write what fits, with a NUL, and return the
 * whole length. */

/* "30.1 MiB"; for NO_LIMIT "unlimited" */
enum { SIZE_TEXT = 24 };
const char *ss__size_text(char *text, uint64_t bytes);
const char *ss__time_text(char *text, uint64_t ns); /* "12 ms" */

/* UNSURE, because the mappings could not be read. */
bool ss__lacks_mappings(const struct ss_preflight *r);

/* One line without a newline: the check that decides, and its numbers. */
int ss__reason_text(char *text, size_t size, const struct ss_preflight *r);

/* The n-th piece of advice; 0: there is none. */
int ss__advice_text(char *text, size_t size, const struct ss_preflight *r, unsigned n);

const char *ss__verdict_text(enum ss_fork_verdict verdict); /* "OK", "ENOMEM", ... */

/* For sorting: the larger, the more urgent. */
double ss__risk(const struct ss_preflight *r);

#endif
