/* SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Times alternatives of the same job side by side: one of each in every round, so that other load
 * on the machine affects all of them, and in changing order, because each leaves traces in caches
 * for the next. The ratios of medians count.
 */
struct bench_way {
	const char *name;
	void (*run)(void);   /* once, start to end; exits on failure */
	void (*after)(void); /* not timed; may be NULL */
};

struct bench_result {
	double median_us;
	double p99_us;
	double ratio; /* of medians, to the first way's */
};

/* Ends the program with errno's message unless ok. */
void bench_need(bool ok, const char *what);

double bench_now_us(void);

/* Sorts times[n]; the ratio is to base_us, or 1 if that is 0. */
struct bench_result bench_summary(double *times, int n, double base_us);

/* Runs each way `rounds` times after a short warm-up and fills in results[n]. */
void bench_compare(
	const struct bench_way *ways, size_t n, int rounds, struct bench_result *results);

/*
 * Prints results as a table row a way, or with json as one line of JSON a way. `what` and `value`
 * name the point of the benchmark, e.g. "resident_mib", 1024.
 */
void bench_print(const char *what, long value, const struct bench_way *ways, size_t n,
	const struct bench_result *results, int json);

/* Maps and touches memory in 4 KiB pages; never returns on failure. */
void *bench_fill(size_t bytes);

#endif
