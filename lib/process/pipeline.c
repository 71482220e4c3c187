/* SPDX-License-Identifier: MIT */
/* ss_pipeline: programs that start together, each one's stdout the next one's stdin. */
#include "process/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/public_result.h"
#include "process/handle.h"
#include "process/options.h"
#include "process/spawn.h"
#include "process/user.h"

/* The options of one child; `before` is the previous child. */
static struct ss_options options_for(const struct ss_options *common, const struct ss_child *before,
	const struct ss_child *leader, bool last)
{
	struct ss_options options = *common;
	if (before)
		options.in = SS_FD(before->out);
	if (before && options.flags & SS_NEW_GROUP && !options.group)
		options.group = leader->pid;
	if (!last)
		options.out = SS_PIPE;
	return options;
}

static void take_from(struct ss_child *before)
{
	close(before->out);
	before->out = -1;
}

/* Each group is killed while its leader keeps its number. */
void ss__pipeline_end(struct ss_child *children, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (children[i].pid > 0)
			ss__handle_kill_family(&children[i]);
	for (size_t i = 0; i < n; i++)
		ss__handle_kill(&children[i], SIGKILL);
	int64_t deadline = ss__deadline_in(HANDLE_MS_TO_DIE);
	for (size_t i = 0; i < n; i++) {
		int error = ss__handle_kill_and_reap(&children[i], deadline, NULL, NULL);
		if (error == -ETIMEDOUT || error == -EPERM)
			ss__handle_leave(&children[i]);
		ss_release(&children[i]);
	}
}

/* If SIGCHLD is ignored, or a handler reaps, a group vanishes when its members have ended. Then
 * nobody can join it. */
static bool group_is_gone(int error, const struct ss_options *tried, const struct ss_child *leader)
{
	return (error == -EPERM || error == -ESRCH) && leader->pid > 0 &&
	       tried->group == leader->pid && ss__handle_kill_group(leader, 0) == -ESRCH;
}

/* The time that is left for all. */
static int limit_start(struct ss_options *options, int64_t deadline)
{
	int left = ss__deadline_left(deadline);
	if (left > 0 && (!options->start_timeout_ms || left < options->start_timeout_ms))
		options->start_timeout_ms = left;
	if (left == 0 && options->failure)
		*options->failure = (struct ss_failure){SS_STAGE_CLONE, ETIMEDOUT};
	return left == 0 ? -ETIMEDOUT : 0;
}

static int start(const struct pipeline *pipeline, struct ss_child *child, char *const argv[],
	struct ss_options *options)
{
	const struct spawn_extra extra = {.cancellable = pipeline->cancel != NULL};
	int error = limit_start(options, pipeline->deadline), off;
	if (error)
		return error;
	if (pipeline->cancel)
		pthread_setcancelstate(pipeline->cancel->state, NULL);
	error = ss__spawn_child(child, argv, options, &extra);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &off);
	return error;
}

static int start_in_group(const struct pipeline *pipeline, struct ss_child *child,
	char *const argv[], struct ss_options *options, struct ss_child **leader)
{
	int error = start(pipeline, child, argv, options);
	if (!error || !group_is_gone(error, options, *leader))
		return error;
	options->group = 0;
	*leader = child;
	return start(pipeline, child, argv, options);
}

int ss__pipeline_spawn(const struct pipeline *pipeline)
{
	struct ss_child *children = pipeline->children, *leader = children;
	for (size_t i = 0; i < pipeline->n; i++) {
		struct ss_child *before = i ? &children[i - 1] : NULL;
		struct ss_options options =
			options_for(pipeline->options, before, leader, i == pipeline->n - 1);
		int error = start_in_group(
			pipeline, &children[i], pipeline->argvs[i], &options, &leader);
		if (error) {
			ss__pipeline_end(children, i);
			return error;
		}
		if (before)
			take_from(before);
	}
	return 0;
}

/* The caller's array must stay untouched on failure. */
static int spawn_aside(struct ss_child *children, char *const *const argvs[], size_t n,
	const struct ss_options *common)
{
	struct pipeline pipeline = {.argvs = argvs, .n = n, .options = common, .deadline = -1};
	pipeline.children = calloc(n, sizeof *pipeline.children);
	int error = pipeline.children ? ss__pipeline_spawn(&pipeline) : -ENOMEM;
	if (!error)
		memcpy(children, pipeline.children, n * sizeof *children);
	free(pipeline.children);
	return error;
}

static int pipeline(struct ss_child *children, char *const *const argvs[], size_t n,
	const struct ss_options *given)
{
	struct ss_options options;
	struct ss_failure failure = {SS_STAGE_OPTIONS, 0};
	gid_t *groups = NULL;
	int error = ss__options_read(&options, given);
	struct ss_failure *caller_failure = options.failure;
	options.size = sizeof options;
	options.failure = &failure;
	if (!error && (!children || !argvs || n == 0))
		error = -EINVAL;
	if (!error)
		error = ss__user_put(&options, &groups);
	if (!error)
		error = spawn_aside(children, argvs, n, &options);
	free(groups);
	if (caller_failure)
		*caller_failure =
			(struct ss_failure){error ? failure.stage : SS_STAGE_NONE, -error};
	return error;
}

/*
 * Cancellation is off, because a thread cancelled in close would leave children and pipes behind.
 */
int ss_pipeline(struct ss_child children[], char *const *const argvs[], size_t n,
	const struct ss_options *options)
{
	struct cancel cancel;
	int saved_errno = errno;
	ss__cancel_off(&cancel);
	int error = pipeline(children, argvs, n, options);
	ss__cancel_as_before(&cancel);
	return ss__public_result(error, saved_errno);
}
