/* SPDX-License-Identifier: MIT */
/* Looks at one task only as closely as the verdict needs: status, then maps, then smaps. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "preflight/model.h"
#include "preflight/read.h"

static int read_mappings(int task_dir, enum look look, struct mappings *m)
{
	const char *file = look == LOOK_SMAPS ? "smaps" : "maps";
	struct top_mappings *top = m->top;
	memset(m, 0, sizeof *m);
	m->top = top;
	m->with_flags = look == LOOK_SMAPS;
	if (top)
		top->n = 0;
	int r = ss__read_pieces(task_dir, file, ss__parse_maps, m);
	ss__parse_maps_end(m);
	return r;
}

/* Not allowed, or missing in a copy of /proc: goes on with what is known. */
static bool is_unreadable(int error)
{
	return error == -EACCES || error == -EPERM || error == -ENOENT;
}

/* 0 or -errno. The charge stays as it was if the file cannot be read. */
static int look_at(const struct source *source, int task_dir, enum look look,
	struct top_mappings *top, struct snapshot *s)
{
	struct mappings m = {.top = top};
	int r = read_mappings(task_dir, look, &m);
	if (is_unreadable(r)) {
		s->charge.final = true;
		return 0;
	}
	if (r < 0)
		return r;
	if (m.n == 0)
		return source->live ? -ESRCH : 0;
	s->charge = ss__charge_from_mappings(&m, s->system.page_bytes);
	return 0;
}

static int escalate(const struct source *source, int task_dir, const struct look_options *options,
	struct snapshot *s)
{
	int error = 0;
	enum look done = LOOK_STATUS;
	while (!error && !s->charge.final && done < LOOK_SMAPS &&
		(done < options->least || ss__judge(s).closer))
		error = look_at(source, task_dir, ++done, options->top, s);
	return error;
}

static int look_inside(const struct source *source, int task_dir,
	const struct look_options *options, struct snapshot *s, const struct status *st)
{
	bool own = source->live && ss__is_caller(source, options->pid);
	ss__read_task(source, task_dir, own, st, &s->system, &s->task);
	ss__read_cgroups(source, task_dir, &s->task, options->pids_cgroup);
	if (s->task.memory_room_bytes != NO_LIMIT)
		ss__read_cpus(source, &s->system);
	s->charge = ss__charge_from_status(st, s->system.page_bytes);
	return escalate(source, task_dir, options, s);
}

static int look_at_thread(const struct source *source, int process_dir,
	const struct look_options *options, struct snapshot *s, struct status *st)
{
	int task_dir = ss__living_thread_open(process_dir, st);
	if (task_dir < 0)
		return task_dir;
	int error = look_inside(source, task_dir, options, s, st);
	close(task_dir);
	return error;
}

int ss__look(const struct source *source, const struct system_facts *sys,
	const struct look_options *options, struct snapshot *s, struct status *st)
{
	int task_dir = ss__task_open(source, options->pid);
	if (task_dir < 0)
		return task_dir;
	s->system = *sys;
	int error = ss__read_status(task_dir, st);
	if (!error)
		error = look_inside(source, task_dir, options, s, st);
	else if (error == -ESRCH)
		error = look_at_thread(source, task_dir, options, s, st);
	close(task_dir);
	return error;
}
