/* SPDX-License-Identifier: MIT */
#include "process/spawn.h"

#include <errno.h>

#include "engine/engine.h"
#include "base/cancel.h"
#include "process/dumpable.h"
#include "process/handle.h"
#include "process/options.h"
#include "process/request.h"

static int run(struct request *r, struct engine_child *engine_child)
{
	bool changes_user = r->options.flags & (SS_SET_UID | SS_SET_GID);
	if (changes_user)
		ss__dumpable_hold();
	int error = ss__engine_run(&r->job, engine_child);
	if (changes_user)
		ss__dumpable_release();
	return error;
}

static void fill_child(
	struct ss_child *child, const struct request *r, const struct engine_child *engine_child)
{
	const struct ss_options *o = &r->options;
	*child = (struct ss_child){
		.pid = engine_child->pid,
		.pidfd = engine_child->pidfd,
		.in = r->plumbing.ours[0],
		.out = r->plumbing.ours[1],
		.err = r->plumbing.ours[2],
		.reserved = {HANDLE_FILLED},
		.own_group = o->flags & SS_NEW_SESSION || (o->flags & SS_NEW_GROUP && !o->group),
	};
}

static int open_and_run(struct request *r, struct engine_child *engine_child, enum ss_stage *stage)
{
	int error = ss__plumbing_open(&r->plumbing, &r->options, stage);
	if (error)
		return error;
	if (ss__plumbing_is_used(&r->plumbing))
		error = ss__request_plan_fds(r);
	if (!error) {
		error = run(r, engine_child);
		*stage = r->job.verdict.stage;
	}
	if (error)
		ss__plumbing_close(&r->plumbing);
	else
		ss__plumbing_close_theirs(&r->plumbing);
	return error;
}

static int spawn(struct ss_child *child, struct request *r, enum ss_stage *stage)
{
	struct engine_child engine_child;
	r->plumbing = PLUMBING_NONE;
	int error = ss__request_prepare(r);
	if (error)
		return error;
	error = open_and_run(r, &engine_child, stage);
	ss__request_free(r);
	if (!error)
		fill_child(child, r, &engine_child);
	return error;
}

/* open and close would let a cancelled thread leave the descriptors, or the child, behind. */
int ss__spawn_child(struct ss_child *child, char *const argv[], const struct ss_options *options,
	const struct spawn_extra *extra)
{
	struct request r;
	enum ss_stage stage = SS_STAGE_OPTIONS;
	struct cancel cancel;
	int saved = errno;
	ss__cancel_off(&cancel);
	r.argv = argv;
	r.extra = extra;
	int error = ss__options_read(&r.options, options);
	if (!error && (!child || !argv || !argv[0]))
		error = -EINVAL;
	if (!error)
		error = spawn(child, &r, &stage);
	if (r.options.failure)
		*r.options.failure = (struct ss_failure){error ? stage : SS_STAGE_NONE, -error};
	ss__cancel_as_before(&cancel);
	errno = saved;
	return error;
}

int ss_spawn(struct ss_child *child, char *const argv[], const struct ss_options *options)
{
	int error = ss__spawn_child(child, argv, options, NULL);
	if (error)
		errno = -error;
	return error ? -1 : 0;
}
