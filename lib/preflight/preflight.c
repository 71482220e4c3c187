/* SPDX-License-Identifier: MIT */
/* ss_preflight: the public entry. */
#include <errno.h>

#include "base/cancel.h"
#include "base/public_result.h"
#include "base/sized.h"
#include "preflight/model.h"
#include "preflight/read.h"

static int preflight(struct ss_preflight *report, pid_t pid)
{
	struct source source;
	struct system_facts sys;
	struct snapshot snapshot;
	struct status status;
	const struct look_options options = {.pid = pid};
	int error = ss__source_open(&source, NULL);
	if (error)
		return error;
	error = ss__read_system(&source, &sys);
	if (!error)
		error = ss__look(&source, &sys, &options, &snapshot, &status);
	ss__source_close(&source);
	if (error)
		return error;
	ss__fill_report(report, &snapshot);
	return 0;
}

static int check(const struct ss_preflight *report, pid_t pid)
{
	if (!report || pid < 0)
		return -EINVAL;
	return ss__sized_check(report, REPORT_FIRST_SIZE);
}

int ss_preflight(struct ss_preflight *report, pid_t pid)
{
	struct ss_preflight own;
	struct cancel cancel;
	int saved_errno = errno;
	int error = check(report, pid);
	if (!error) {
		/* Cancellation is off, because reading has many cancellation points while
		 * descriptors are open. */
		ss__cancel_off(&cancel);
		error = preflight(&own, pid);
		ss__cancel_as_before(&cancel);
	}
	if (!error)
		ss__sized_write(report, &own, sizeof own);
	return ss__public_result(error, saved_errno);
}
