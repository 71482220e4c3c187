/* SPDX-License-Identifier: MIT */
/* `safespawn preflight`: looks at processes and prints what it finds. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/preflight_list.h"
#include "cli/preflight_options.h"

/* Exit statuses of --check. */
enum { COULD_NOT_FORK = 1, UNCERTAIN = 2 };

static bool parse_pid(const char *text, pid_t *pid)
{
	uint64_t value;
	const char *end = text[0] >= '0' && text[0] <= '9' ? ss__scan_decimal(text, &value) : NULL;
	if (!end || *end || value == 0 || value > INT32_MAX)
		return false;
	*pid = (pid_t)value;
	return true;
}

/* The answer needs both of these files. Names the one that cannot be read. */
static int cannot_read(const struct preflight_options *o, const struct source *source, int error)
{
	static const char *const files[] = {"sys/vm/overcommit_memory", "meminfo"};
	char text[16];
	size_t last = sizeof files / sizeof files[0] - 1, i = 0;
	while (i < last && ss__read_text(source->proc, files[i], text, sizeof text) >= 0)
		i++;
	return cli_fail("preflight: %s/%s: %s%s", o->dir ? o->dir : "/proc", files[i],
		strerror(-error), !o->dir && error == -ENOENT ? "; is /proc mounted?" : "");
}

static int collect(
	const struct preflight_options *o, const struct source *source, struct preflight_list *list)
{
	enum look least = o->exact ? LOOK_SMAPS : LOOK_MAPS;
	int error = ss__read_system(source, &list->system);
	if (error)
		return cannot_read(o, source, error);
	if (o->all)
		error = preflight_list_all(list, source, least);
	for (char **p = o->pids; !error && *p; p++) {
		pid_t pid = 0;
		if (!parse_pid(*p, &pid))
			return cli_fail("preflight: '%s' is not a PID", *p);
		error = preflight_list_add(list, source, pid, least);
	}
	return error ? cli_fail("preflight: %s", strerror(-error)) : CLI_OK;
}

static void write_list(const struct preflight_options *o, const struct preflight_list *list)
{
	if (o->format == PREFLIGHT_JSON)
		preflight_write_json(list, stdout);
	else if (o->format == PREFLIGHT_METRICS)
		preflight_write_metrics(list, stdout);
	else if (o->all)
		preflight_write_table(list, stdout);
	else
		for (size_t i = 0; i < list->n; i++)
			preflight_write_entry(&list->entries[i], stdout);
}

static int checked(const struct preflight_list *list)
{
	struct preflight_counts counts = preflight_count(list);
	return counts.refused ? COULD_NOT_FORK : counts.unsure ? UNCERTAIN : CLI_OK;
}

static int report(const struct preflight_options *o, struct preflight_list *list)
{
	if (o->all)
		preflight_list_sort(list);
	write_list(o, list);
	if (fflush(stdout) || ferror(stdout))
		return cli_fail("cannot write to standard output");
	if (list->n > 0 && preflight_count(list).read == 0)
		return CLI_FAILED;
	return o->check ? checked(list) : CLI_OK;
}

static int look_once(const struct preflight_options *o)
{
	struct preflight_list list = {0};
	struct source source;
	int error = ss__source_open(&source, o->dir);
	if (error)
		return cli_fail("preflight: %s: %s", o->dir ? o->dir : "/proc", strerror(-error));
	source.census = &list.census;
	int status = collect(o, &source, &list);
	ss__source_close(&source);
	if (status == CLI_OK)
		status = report(o, &list);
	preflight_list_free(&list);
	return status;
}

/* Rounds do not drift: each starts an interval after the previous one was due. */
static void wait_for_round(struct timespec *due, uint64_t interval_ms)
{
	due->tv_sec += (time_t)(interval_ms / 1000);
	due->tv_nsec += (long)(interval_ms % 1000) * 1000000;
	if (due->tv_nsec >= 1000000000) {
		due->tv_sec++;
		due->tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL) == EINTR)
		;
}

/* A terminal shows only the latest round. Elsewhere an empty line separates rounds for people. */
static void separate(const struct preflight_options *o)
{
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	else if (o->format == PREFLIGHT_TEXT)
		fputc('\n', stdout);
}

int cli_preflight(int argc, char **argv)
{
	struct preflight_options options = {0};
	struct timespec due;
	int status = preflight_options_parse(argc, argv, &options);
	if (status)
		return status - 1;
	clock_gettime(CLOCK_MONOTONIC, &due);
	while ((status = look_once(&options)) == CLI_OK && options.watch_ms) {
		wait_for_round(&due, options.watch_ms);
		separate(&options);
	}
	return status;
}
