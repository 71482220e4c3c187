/* SPDX-License-Identifier: MIT */
/* One spawn, from the options to struct ss_child. */
#include "process/spawn.h"

#include <errno.h>
#include <stdatomic.h>

#include "engine/engine.h"
#include "engine/plain.h"
#include "engine/syscall.h"
#include "base/cancel.h"
#include "process/dumpable.h"
#include "process/handle.h"
#include "process/options.h"
#include "process/spawn_job.h"

static void fill_child(
	struct ss_child *child, const struct spawn *s, const struct engine_child *engine_child)
{
	const struct ss_options *o = &s->options;
	*child = (struct ss_child){
		.pid = engine_child->pid,
		.pidfd = engine_child->pidfd,
		.in = s->plumbing.parent[0],
		.out = s->plumbing.parent[1],
		.err = s->plumbing.parent[2],
		.reserved = {HANDLE_FILLED},
		.own_group = o->flags & SS_NEW_SESSION || (o->flags & SS_NEW_GROUP && !o->group),
	};
}

/* A later spawn closes these if the caller leaves while it waits. */
static void note_descriptors(
	struct block *block, const struct plumbing *p, const struct spawn_extra *extra)
{
	for (int fd = 0; fd < 3; fd++) {
		block->held[fd] = p->parent[fd];
		block->held[3 + fd] = p->made[fd] ? p->child[fd] : -1;
	}
	for (size_t i = 0; extra && i < extra->n_held; i++)
		block->held[6 + i] = extra->held[i];
}

static int run(struct spawn *s, const struct engine_wait *how, struct engine_child *child,
	enum ss_stage *stage)
{
	note_descriptors(s->block, &s->plumbing, s->extra);
	if (s->options.flags & (SS_SET_UID | SS_SET_GID)) {
		ss__dumpable_hold();
		s->block->release = ss__dumpable_release;
	}
	return ss__engine_run(s->block, how, child, stage);
}

/*
 * Signals are blocked while descriptors pass from the block to the caller, and while the block
 * gives back what it owns. If a handler left then, a descriptor would have two owners, or none, and
 * memory would be given back twice.
 */
static void hand_over(struct ss_child *child, struct spawn *s, kernel_sigset mask,
	const struct engine_child *engine_child)
{
	bool owns = engine_child->pidfd >= 0 || ss__plumbing_has_pipes(&s->plumbing) ||
		    (s->extra && s->extra->cloned) || s->block->more || s->block->release;
	if (owns) {
		ss__engine_enter();
		ss__plumbing_close_child_ends(&s->plumbing);
	}
	ss__block_hand_over(s->block);
	if (child)
		fill_child(child, s, engine_child);
	ss__block_free(s->block);
	if (owns)
		ss__engine_leave(mask);
}

/* True if /proc is missing, or does not show this process. */
#ifdef ENGINE_RAW
static atomic_bool no_names;
#else
static atomic_bool no_names = true;
#endif

/* A name gains nothing if all is inherited, or if another descriptor has a high number anyway. */
static bool may_name_pipes(const struct ss_options *o)
{
	return !no_names && !(o->flags & (SS_KEEP_FDS | SS_SET_CGROUP)) && o->n_fds == 0 &&
	       o->in.kind != SS_STDIO_FD && o->out.kind != SS_STDIO_FD &&
	       o->err.kind != SS_STDIO_FD;
}

static int fill_and_run(struct spawn *s, const struct engine_wait *how, struct engine_child *child,
	enum ss_stage *stage)
{
	*stage = SS_STAGE_OPTIONS;
	int error = ss__spawn_fill_job(s, stage);
	return error ? error : run(s, how, child, stage);
}

static int open_and_run(struct spawn *s, const struct engine_wait *how, struct engine_child *child,
	enum ss_stage *stage)
{
	int error = ss__plumbing_open(&s->plumbing, &s->options, stage);
	if (error)
		return error;
	if (may_name_pipes(&s->options))
		ss__plumbing_by_name(&s->plumbing);
	error = fill_and_run(s, how, child, stage);
	if (error == -ENGINE_RETRY_BY_NUMBER) {
		no_names = true;
		ss__plumbing_by_number(&s->plumbing);
		error = fill_and_run(s, how, child, stage);
	}
	if (error)
		ss__plumbing_close(&s->plumbing);
	return error;
}

/* Without struct ss_child nobody would own the descriptors. */
static int do_without_child(struct ss_options *o)
{
	if (!(o->flags & SS_DETACH) || o->flags & SS_NEED_PIDFD || o->in.kind == SS_STDIO_PIPE ||
		o->out.kind == SS_STDIO_PIPE || o->err.kind == SS_STDIO_PIPE)
		return -EINVAL;
	o->flags |= SS_NO_PIDFD;
	return 0;
}

/* AddressSanitizer would keep the canary off the stack, where no later call overwrites it. */
PLAIN_UNSANITIZED static int spawn(struct ss_child *child, struct spawn *s, enum ss_stage *stage)
{
	struct engine_child engine_child;
	_Atomic uint32_t canary = 0;
	struct engine_wait how = {
		.mask = ss__engine_enter(),
		.timeout_ms = s->options.start_timeout_ms,
		.cancellable = s->extra && s->extra->cancellable,
		.cloned = s->extra ? s->extra->cloned : NULL,
		.cloned_arg = s->extra ? s->extra->cloned_arg : NULL,
		.canary = &canary,
	};
	s->plumbing = PLUMBING_NONE;
	int error = open_and_run(s, &how, &engine_child, stage);
	if (error)
		ss__engine_leave(how.mask);
	else
		hand_over(child, s, how.mask, &engine_child);
	return error;
}

/* Cancellation is off, because a thread cancelled in close would leave descriptors or the child
 * behind. */
int ss__spawn_child(struct ss_child *child, char *const argv[], const struct ss_options *options,
	const struct spawn_extra *extra)
{
	struct spawn s;
	enum ss_stage stage = SS_STAGE_OPTIONS;
	struct cancel cancel;
	int saved_errno = errno;
	ss__cancel_off(&cancel);
	s.argv = argv;
	s.extra = extra;
	int error = ss__options_read(&s.options, options);
	if (!error && (!argv || !argv[0]))
		error = -EINVAL;
	if (!error && !child)
		error = do_without_child(&s.options);
	if (!error)
		error = spawn(child, &s, &stage);
	if (s.options.failure)
		*s.options.failure = (struct ss_failure){error ? stage : SS_STAGE_NONE, -error};
	ss__cancel_as_before(&cancel);
	errno = saved_errno;
	return error;
}
