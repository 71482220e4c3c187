/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

double bench_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct bench_result bench_summary(double *times, int n, double base_us)
{
	qsort(times, (size_t)n, sizeof *times, compare);
	double median = times[(n - 1) / 2];
	return (struct bench_result){
		.median_us = median,
		.p99_us = times[(int)((n - 1) * 0.99)],
		.ratio = base_us > 0 ? median / base_us : 1,
	};
}

static void shuffle(size_t *order, size_t n)
{
	static unsigned seed = 1;
	for (size_t i = 0; i < n; i++) {
		size_t j = (size_t)rand_r(&seed) % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
}

void bench_compare(const struct bench_way *ways, size_t n, int rounds, struct bench_result *results)
{
	double *times = malloc(n * (size_t)rounds * sizeof *times);
	size_t *order = malloc(n * sizeof *order);
	if (!times || !order)
		abort();
	for (int round = -rounds / 10 - 1; round < rounds; round++) {
		shuffle(order, n);
		for (size_t place = 0; place < n; place++) {
			size_t i = order[place];
			double start = bench_now_us();
			ways[i].run();
			double took = bench_now_us() - start;
			if (ways[i].after)
				ways[i].after();
			if (round >= 0)
				times[i * (size_t)rounds + (size_t)round] = took;
		}
	}
	for (size_t i = 0; i < n; i++)
		results[i] = bench_summary(
			times + i * (size_t)rounds, rounds, i ? results[0].median_us : 0);
	free(order);
	free(times);
}

void bench_print(const char *what, long value, const struct bench_way *ways, size_t n,
	const struct bench_result *results, int json)
{
	for (size_t i = 0; i < n; i++) {
		const struct bench_result *r = &results[i];
		if (json)
			printf("{\"%s\":%ld,\"way\":\"%s\",\"median_us\":%.1f,\"p99_us\":%.1f,"
			       "\"ratio\":%.3f}\n",
				what, value, ways[i].name, r->median_us, r->p99_us, r->ratio);
		else
			printf("%-14s %7ld  %-22s %12.1f %12.1f %9.3f\n", what, value, ways[i].name,
				r->median_us, r->p99_us, r->ratio);
	}
	fflush(stdout);
}

void *bench_fill(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += 4096)
		p[i] = (char)i;
	return p;
}

void bench_need(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}
