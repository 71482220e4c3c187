/* SPDX-License-Identifier: MIT */
/* ss_preflight: the public entry. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "preflight/model.h"
#include "preflight/read.h"

/* Of any release to come. All of it is written to, so that an unset size must not pass. */
#define MOST_SIZE 4096

static int preflight(struct ss_preflight *report, pid_t pid)
{
	struct source source;
	struct system_facts sys;
	struct snapshot snapshot;
	struct status status;
	const struct look_request request = {.pid = pid};
	int error = ss__source_open(&source, NULL);
	if (error)
		return error;
	error = ss__read_system(&source, &sys);
	if (!error)
		error = ss__look(&source, &sys, &request, &snapshot, &status);
	ss__source_close(&source);
	if (error)
		return error;
	ss__fill_report(report, &snapshot);
	return 0;
}

static int check(size_t size, pid_t pid)
{
	if (size > MOST_SIZE)
		return -E2BIG;
	return size < REPORT_FIRST_SIZE || pid < 0 ? -EINVAL : 0;
}

int ss_preflight(struct ss_preflight *report, pid_t pid)
{
	struct ss_preflight own;
	int cancel, saved = errno;
	size_t size = report ? report->size : 0;
	int error = check(size, pid);
	if (!error) {
		/* Reading is full of cancellation points, with descriptors open. */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
		error = preflight(&own, pid);
		pthread_setcancelstate(cancel, NULL);
	}
	if (error) {
		errno = -error;
		return -1;
	}
	memset(report, 0, size);
	memcpy(report, &own, size < sizeof own ? size : sizeof own);
	report->size = size;
	errno = saved;
	return 0;
}
