/* SPDX-License-Identifier: MIT */
#ifndef BENCH_INTERPRETERS_H
#define BENCH_INTERPRETERS_H

#include <stddef.h>

/*
 * Interpreters that fork by themselves. Each script fills $MIB mebibytes and writes a newline; from
 * then on it runs `true` for each line that it reads, and writes a newline when that has ended.
 */
struct interpreter {
	const char *program, *way;
	const char *argv[6];
};
extern const struct interpreter interpreters[];
extern const size_t n_interpreters;

#endif
