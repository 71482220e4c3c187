/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preflight/read.h"

int64_t committed_pages(void)
{
	char text[4096];
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	const char *line = strstr(text, "Committed_AS:");
	return line ? atoll(line + 13) * 1024 / sysconf(_SC_PAGESIZE) : -1;
}

int tally_add(struct tally *t, int64_t value)
{
	int i = 0, best = 0, second = 0;
	t->n++;
	while (i < t->values && t->seen[i].value != value)
		i++;
	if (i < TALLY_VALUES) {
		t->seen[i].value = value;
		t->seen[i].times++;
		if (i == t->values)
			t->values++;
	}
	for (i = 0; i < t->values; i++) {
		int times = t->seen[i].times;
		second = times > best ? best : times > second ? times : second;
		best = times > best ? times : best;
	}
	return t->n >= TALLY_READINGS || (best >= 3 && best > second);
}

int64_t tally_result(const struct tally *t)
{
	int best = 0;
	for (int i = 1; i < t->values; i++)
		if (t->seen[i].times > t->seen[best].times)
			best = i;
	return t->seen[best].value;
}

static pid_t fork_and_stay(void)
{
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	return pid;
}

int64_t measured_charge(int *readings)
{
	struct tally t = {0};
	int settled = 0;
	while (!settled) {
		int64_t before = committed_pages();
		pid_t child = fork_and_stay();
		int64_t after = committed_pages();
		if (child < 0)
			return -1;
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		*readings += 1;
		if (committed_pages() == before)
			settled = tally_add(&t, after - before);
		else if (*readings > 10 * TALLY_READINGS)
			break;
	}
	return tally_result(&t);
}

int64_t predicted_charge(pid_t pid)
{
	struct source source;
	struct system_facts sys;
	struct snapshot snapshot;
	struct status st;
	const struct look_options options = {.pid = pid, .least = LOOK_SMAPS};
	int error = ss__source_open(&source, NULL);
	if (error)
		return error;
	error = ss__read_system(&source, &sys);
	if (!error)
		error = ss__look(&source, &sys, &options, &snapshot, &st);
	ss__source_close(&source);
	if (error)
		return error;
	return snapshot.charge.look == LOOK_SMAPS ? (int64_t)snapshot.charge.sum.likely : -EIO;
}
