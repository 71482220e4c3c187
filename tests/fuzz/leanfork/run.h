/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include "fuzz.h"

/* One run. The text is its results, to be freed. False: it, or something of it, did not end. */
bool run_program(const struct program *p, enum mode mode, char **text);

/* The first lines in which two results differ. */
void print_difference(const char *native, const char *other, enum mode mode);

/* Whether a run in the mode and a native one have different results. */
bool differs(const struct program *p, enum mode mode, bool print);

/* Drops what the difference can do without. */
void shrink(struct program *p, enum mode mode);

#endif
