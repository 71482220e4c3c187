/* SPDX-License-Identifier: MIT */
/* The number of tasks of a user, from each process's status, counted once or anew. */
#include <stdio.h>

#include "preflight/read.h"

struct counting {
	const struct source *source;
	some_tasks_fn *fn;
	void *to;
};

static bool add_process(void *to, const char *pid)
{
	const struct counting *c = to;
	struct status st = {0};
	char path[32];
	if (snprintf(path, sizeof path, "%s/status", pid) >= (int)sizeof path ||
		ss__read_lines(c->source->proc, path, ss__parse_status, &st) < 0)
		return true;
	const struct some_tasks some = {
		.uid = st.uid,
		.user_ns = ss__is_kernel_thread(&st)
				   ? FIRST_USER_NAMESPACE
				   : ss__read_user_namespace(c->source->proc, pid),
		.tasks = st.threads ? st.threads : 1,
	};
	c->fn(c->to, &some);
	return true;
}

static int count(const struct source *source, some_tasks_fn *fn, void *to)
{
	struct counting counting = {source, fn, to};
	return ss__read_numbered(source->proc, ".", add_process, &counting);
}

int ss__count_tasks(const struct source *source, struct user_tally *tally)
{
	struct census *census = source->census;
	if (!census) {
		int error = count(source, ss__user_tally_add, tally);
		tally->there = ss__read_task_count(source);
		return error;
	}
	if (!census->taken) {
		census->n = 0;
		int error = count(source, ss__census_add, census);
		if (error)
			return error;
		census->there = ss__read_task_count(source);
		census->taken = true;
	}
	ss__census_tally(census, tally);
	return 0;
}
