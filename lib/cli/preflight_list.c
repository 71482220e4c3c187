/* SPDX-License-Identifier: MIT */
/* The list of processes that `safespawn preflight` has looked at. */
#include "cli/preflight_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preflight/model.h"

static struct preflight_entry *next_entry(struct preflight_list *list)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		void *more = realloc(list->entries, room * sizeof list->entries[0]);
		if (!more)
			return NULL;
		list->entries = more;
		list->room = room;
	}
	struct preflight_entry *e = &list->entries[list->n++];
	memset(e, 0, sizeof *e);
	return e;
}

int preflight_list_add(
	struct preflight_list *list, const struct source *source, pid_t pid, enum look least)
{
	struct snapshot snapshot;
	struct status status = {0};
	struct preflight_entry *e = next_entry(list);
	if (!e)
		return -ENOMEM;
	const struct look_options options = {
		.pid = pid, .least = least, .top = &e->top, .pids_cgroup = e->pids_cgroup};
	e->pid = pid;
	e->error = ss__look(source, &list->system, &options, &snapshot, &status);
	memcpy(e->name, status.name, sizeof e->name);
	if (!e->error)
		ss__fill_report(&e->report, &snapshot);
	e->inexact = !e->error && least == LOOK_SMAPS && !e->report.exact;
	return 0;
}

static pid_t pid_of(const char *name)
{
	uint64_t pid;
	const char *end = ss__scan_decimal(name, &pid);
	return end && *end == '\0' && name[0] != '0' && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static int add_all(
	struct preflight_list *list, const struct source *source, enum look least, DIR *dir)
{
	struct dirent *d;
	int error = 0;
	while (!error && (d = readdir(dir)) != NULL) {
		pid_t pid = pid_of(d->d_name);
		if (pid <= 0 || (source->live && pid == getpid()))
			continue;
		error = preflight_list_add(list, source, pid, least);
		if (!error && list->entries[list->n - 1].error == -ENOTSUP)
			list->n--;
	}
	return error;
}

int preflight_list_all(struct preflight_list *list, const struct source *source, enum look least)
{
	int fd = openat(source->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	int error = add_all(list, source, least, dir);
	closedir(dir);
	return error;
}

static double weight(const struct preflight_entry *e)
{
	return e->error ? -1 : ss__risk(&e->report);
}

static int compare(const void *a, const void *b)
{
	const struct preflight_entry *x = a, *y = b;
	double wx = weight(x), wy = weight(y);
	if (wx < wy || wx > wy)
		return wx < wy ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

void preflight_list_sort(struct preflight_list *list)
{
	if (list->n > 0)
		qsort(list->entries, list->n, sizeof list->entries[0], compare);
}

void preflight_list_free(struct preflight_list *list)
{
	free(list->entries);
}

struct preflight_counts preflight_count(const struct preflight_list *list)
{
	struct preflight_counts c = {0};
	for (size_t i = 0; i < list->n; i++) {
		const struct preflight_entry *e = &list->entries[i];
		c.read += !e->error;
		c.ended += e->error == -ESRCH;
		c.unreadable += e->error && e->error != -ESRCH;
		c.inexact += e->inexact;
		c.unsure += !e->error && e->report.verdict == SS_FORK_UNSURE;
		c.refused += !e->error && e->report.verdict != SS_FORK_OK &&
			     e->report.verdict != SS_FORK_UNSURE;
	}
	return c;
}

static const struct {
	int error;
	const char *name, *text;
} errors[] = {
	{ESRCH, "ESRCH", "no such process, or it has ended"},
	{ENOTSUP, "ENOTSUP", "a kernel thread: it does not fork"},
	{EACCES, "EACCES", "no permission to read it"},
	{EPERM, "EPERM", "no permission to read it"},
	{ENOENT, "ENOENT", "some of its files in /proc are missing"},
	{EMFILE, "EMFILE", "too many open files"},
	{ENFILE, "ENFILE", "too many open files on this machine"},
	{ENOMEM, "ENOMEM", "no memory"},
};

const char *preflight_error_name(int error)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].error == -error)
			return errors[i].name;
	return "EIO";
}

const char *preflight_error_text(int error)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].error == -error)
			return errors[i].text;
	return "cannot be read";
}
