/* SPDX-License-Identifier: MIT */
/* Counts what the shim does, and writes the counts to the report. */
#include "preload/report.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "preload/leanfork/leanfork.h"
#include "preload/report_write.h"
#include "preload/sandbox.h"
#include "preload/settings.h"

static struct {
	_Atomic uint64_t counts[REPORT_COUNTS];
	_Atomic int64_t call; /* system call number plus one; 0: none */
	atomic_uint wanted;   /* lines asked for; the thread that raises it from 0 writes them */
	uint64_t start_ns;
	const char *program;
	struct report_place place; /* of the writer's line */
	atomic_bool done;          /* the report can no longer be written */
	atomic_bool held;          /* there is an untried seccomp filter */
	bool forked, told;         /* this process was forked; it has written a line */
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

/* Another thread may have been writing when the parent forked. The child starts anew. */
void report_child(void)
{
	for (int i = 0; i < REPORT_COUNTS; i++)
		atomic_store_explicit(&mine.counts[i], 0, memory_order_relaxed);
	atomic_store_explicit(&mine.call, 0, memory_order_relaxed);
	atomic_store(&mine.wanted, 0);
	mine.place = (struct report_place){0};
	mine.forked = true;
	mine.told = false;
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

static void note_program(void)
{
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program);
	mine.program = n < 0 ? NULL : strndup(program, (size_t)n);
}

/* Whether a report's system calls kill nobody. At its end a process may have a filter that was not
 * seen. So a forked process with nothing to tell writes nothing. */
static bool may_write(bool ended)
{
	if (!settings()->report || atomic_load(&mine.done) || sandbox_entered())
		return false;
	if (ended && mine.forked && !mine.told)
		return false;
	if (!atomic_load(&mine.held))
		return true;
	if (ended || !lean_may_report())
		return false;
	note_program();
	atomic_store(&mine.held, false);
	return true;
}

/* Without a lock, because a child could inherit it locked. A thread that comes while another writes
 * asks for one more line. */
static void write_as_long_as_wanted(bool ended)
{
	if (!may_write(ended) || atomic_fetch_add(&mine.wanted, 1) != 0)
		return;
	mine.told = true;
	unsigned seen = 0;
	do {
		seen = atomic_load(&mine.wanted);
		write_line(ended);
	} while (!atomic_compare_exchange_strong(&mine.wanted, &seen, 0));
}

/* Cancellation is off, because a cancelled writer would block the others for ever. */
static void publish(bool ended)
{
	struct cancel cancel;
	int saved_errno = errno;
	if (!settings()->report)
		return;
	ss__cancel_off(&cancel);
	write_as_long_as_wanted(ended);
	ss__cancel_as_before(&cancel);
	errno = saved_errno;
}

void report_publish(void)
{
	publish(false);
}

static void report_end(void)
{
	publish(true);
}

/* Nor can a child of this process write the report. */
void report_last(void)
{
	publish(true);
	atomic_store(&mine.done, true);
}

/* By name, because ld.so would look a symbol up in each process. */
static FILE *stream_of(const struct report_target *target)
{
	int fd = target->path ? report_target_descriptor(target->path) : STDERR_FILENO;
	FILE **stream = fd < 0 ? NULL : dlsym(RTLD_DEFAULT, fd == 1 ? "stdout" : "stderr");
	return stream ? *stream : NULL;
}

/* By calls that ld.so has made just before. */
static bool has_filter(void)
{
	static const char name[] = "\nSeccomp:\t";
	char status[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = pread(fd, status, sizeof status - 1, 0);
	close(fd);
	status[n > 0 ? n : 0] = '\0';
	const char *line = strstr(status, name);
	return line && line[sizeof name - 1] != '0';
}

void report_start(void)
{
	if (!settings()->report)
		return;
	mine.start_ns = ss__now_ns();
	if (has_filter()) {
		atomic_store(&mine.held, true);
	} else {
		note_program();
		report_publish();
	}
	struct report_target target = report_target_parse(settings()->report);
	report_stream = stream_of(&target);
	atexit(report_end);
}
