/* SPDX-License-Identifier: MIT */
#include "preload/report.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "preload/report_write.h"
#include "preload/settings.h"

static struct {
	_Atomic uint64_t counts[REPORT_COUNTS];
	_Atomic int64_t call; /* number, plus one; 0: none */
	atomic_uint wanted;   /* publications asked for; who raised it from 0 writes them */
	uint64_t start_ns;
	const char *program;
	struct report_place place; /* of who writes */
	atomic_bool done;          /* there is nowhere to write to any more */
} mine;

FILE *report_stream;

void report_add(enum report_count what, uint64_t n)
{
	atomic_fetch_add_explicit(&mine.counts[what], n, memory_order_relaxed);
}

void report_call(uint32_t nr)
{
	atomic_store_explicit(&mine.call, (int64_t)nr + 1, memory_order_relaxed);
}

/* Another thread may have been publishing when the parent forked: its place is not ours. */
void report_child(void)
{
	for (int i = 0; i < REPORT_COUNTS; i++)
		atomic_store_explicit(&mine.counts[i], 0, memory_order_relaxed);
	atomic_store_explicit(&mine.call, 0, memory_order_relaxed);
	atomic_store(&mine.wanted, 0);
	mine.place = (struct report_place){0};
	if (settings()->report)
		mine.start_ns = ss__now_ns();
}

static void write_line(bool ended)
{
	struct report_target target = report_target_parse(settings()->report);
	struct report_line line = {
		.pid = getpid(),
		.ppid = getppid(),
		.program = mine.program ? mine.program : "",
		.ended = ended,
		.elapsed_ns = ss__now_ns() - mine.start_ns,
		.call = atomic_load_explicit(&mine.call, memory_order_relaxed) - 1,
	};
	for (int i = 0; i < REPORT_COUNTS; i++)
		line.counts[i] = atomic_load_explicit(&mine.counts[i], memory_order_relaxed);
	report_write(&mine.place, &target, &line);
}

/* No lock that a child could inherit locked: a thread that comes while another writes only asks
 * for one more line. */
static void publish(bool ended)
{
	struct cancel cancel;
	int error = errno;
	if (!settings()->report || atomic_load(&mine.done) ||
		atomic_fetch_add(&mine.wanted, 1) != 0)
		return;
	ss__cancel_off(&cancel);
	unsigned seen = 0;
	do {
		seen = atomic_load(&mine.wanted);
		write_line(ended);
	} while (!atomic_compare_exchange_strong(&mine.wanted, &seen, 0));
	ss__cancel_as_before(&cancel);
	errno = error;
}

void report_publish(void)
{
	publish(false);
}

static void report_end(void)
{
	publish(true);
}

/* A child of this process has nowhere to write to either. */
void report_last(void)
{
	publish(true);
	atomic_store(&mine.done, true);
}

/* By name: as a symbol it would be looked up in each process. */
static FILE *stream_of(const struct report_target *target)
{
	int fd = target->path ? report_target_descriptor(target->path) : STDERR_FILENO;
	FILE **stream = fd < 0 ? NULL : dlsym(RTLD_DEFAULT, fd == 1 ? "stdout" : "stderr");
	return stream ? *stream : NULL;
}

void report_start(void)
{
	char program[PATH_MAX];
	if (!settings()->report)
		return;
	mine.start_ns = ss__now_ns();
	ssize_t n = readlink("/proc/self/exe", program, sizeof program);
	mine.program = n < 0 ? NULL : strndup(program, (size_t)n);
	report_publish();
	struct report_target target = report_target_parse(settings()->report);
	report_stream = stream_of(&target);
	atexit(report_end);
}
