/* SPDX-License-Identifier: MIT */
/*
 * The caller's own processor time in ss_run, beside what one writes by hand: ss_spawn, a loop of poll
 * and read into a text that doubles, ss_wait. Median of the ratios of neighbours.
 *
 * bench_communicate [ROUNDS]
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <safespawn.h>

struct job {
	const char *name;
	char *const *argv;
	size_t input_len, output_len;
	int times;
	bool streamed; /* no piece is kept */
};

#define ARGV(...) ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double cpu_ms(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

struct text {
	char *bytes;
	size_t len, room;
	bool streamed;
};

/* False at the end of file. */
static bool take(int fd, struct text *text)
{
	static char piece[65536];
	if (!text->streamed && text->room - text->len < 65536) {
		text->room = text->room ? text->room * 2 : 131072;
		text->bytes = realloc(text->bytes, text->room);
		if (!text->bytes)
			die("realloc");
	}
	ssize_t n = text->streamed ? read(fd, piece, sizeof piece)
				   : read(fd, text->bytes + text->len, text->room - text->len);
	if (n < 0)
		die("read");
	text->len += (size_t)n;
	return n > 0;
}

static size_t by_hand(const struct job *job, const char *input)
{
	struct ss_child child;
	struct text texts[2] = {{.streamed = job->streamed}, {.streamed = job->streamed}};
	size_t fed = 0;
	if (ss_spawn(&child, job->argv,
		    SS_OPTIONS(.in = job->input_len ? SS_PIPE : SS_INHERIT, .out = SS_PIPE,
			    .err = SS_PIPE)) < 0)
		die("ss_spawn");
	struct pollfd fds[3] = {
		{child.out, POLLIN, 0}, {child.err, POLLIN, 0}, {child.in, POLLOUT, 0}};
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 3, -1) < 0)
			die("poll");
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && !take(fds[i].fd, &texts[i]))
				fds[i].fd = -1;
		if (!fds[2].revents)
			continue;
		size_t left = job->input_len - fed;
		ssize_t n = write(child.in, input + fed, left < 4096 ? left : 4096);
		if (n < 0)
			die("write");
		if ((fed += (size_t)n) == job->input_len) {
			close(child.in);
			child.in = fds[2].fd = -1;
		}
	}
	ss_wait(&child, NULL, -1);
	ss_release(&child);
	size_t len = texts[0].len;
	free(texts[0].bytes);
	free(texts[1].bytes);
	return len;
}

static int add(void *sum, int stream, const char *data, size_t len)
{
	(void)data;
	if (stream == 1)
		*(size_t *)sum += len;
	return 0;
}

static size_t by_run(const struct job *job, const char *input)
{
	struct ss_io io = {.size = sizeof io,
		.input = job->input_len ? input : NULL,
		.input_len = job->input_len};
	size_t streamed = 0;
	if (job->streamed) {
		io.on_output = add;
		io.context = &streamed;
	}
	struct ss_result result = {.size = sizeof result};
	if (ss_run(job->argv, NULL, &io, &result) < 0)
		die("ss_run");
	size_t len = result.out_len + streamed;
	ss_result_free(&result);
	return len;
}

static double measure(
	const struct job *job, size_t (*way)(const struct job *, const char *), const char *input)
{
	double start = cpu_ms();
	for (int i = 0; i < job->times; i++)
		if (way(job, input) != job->output_len) {
			fprintf(stderr, "%s: wrong length\n", job->name);
			exit(1);
		}
	return (cpu_ms() - start) / job->times;
}

static int compare(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) -
	       (*(const double *)a < *(const double *)b);
}

static void bench(const struct job *job, int rounds)
{
	double *hand = calloc((size_t)rounds, sizeof *hand),
	       *run = calloc((size_t)rounds, sizeof *run);
	double *ratio = calloc((size_t)rounds, sizeof *ratio);
	char *input = calloc(1, job->input_len + 1);
	if (!hand || !run || !ratio || !input)
		die("calloc");
	for (int i = 0; i < rounds; i++) {
		if (i % 2)
			run[i] = measure(job, by_run, input);
		hand[i] = measure(job, by_hand, input);
		if (i % 2 == 0)
			run[i] = measure(job, by_run, input);
		ratio[i] = run[i] / hand[i];
	}
	qsort(hand, (size_t)rounds, sizeof *hand, compare);
	qsort(run, (size_t)rounds, sizeof *run, compare);
	qsort(ratio, (size_t)rounds, sizeof *ratio, compare);
	printf("%-28s by hand %9.3f ms  ss_run %9.3f ms  ratio %.3f\n", job->name, hand[rounds / 2],
		run[rounds / 2], ratio[rounds / 2]);
	free(hand);
	free(run);
	free(ratio);
	free(input);
}

int main(int argc, char **argv)
{
	const char *const lines = "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done";
	const struct job jobs[] = {
		{"256 MiB kept", ARGV("head", "-c", "268435456", "/dev/zero"), 0, 268435456, 1,
			false},
		{"256 MiB streamed", ARGV("head", "-c", "268435456", "/dev/zero"), 0, 268435456, 1,
			true},
		{"1 MiB kept", ARGV("head", "-c", "1048576", "/dev/zero"), 0, 1048576, 50, false},
		{"three bytes kept", ARGV("echo", "hi"), 0, 3, 200, false},
		{"64 MiB in and out by cat", ARGV("cat"), 67108864, 67108864, 1, false},
		{"3000 small writes kept", ARGV("sh", "-c", lines), 0, 13890, 5, false},
		{"3000 small writes streamed", ARGV("sh", "-c", lines), 0, 13890, 5, true},
	};
	int rounds = argc > 1 ? atoi(argv[1]) : 11;
	for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
		bench(&jobs[i], rounds);
	return 0;
}
