/* SPDX-License-Identifier: MIT */
/*
 * bench_runtimes [--json] SHIM [MIB [PROGRAM...]]
 * A command run by an interpreter that has much memory: from the request until the interpreter goes
 * on, natively and with --fork=lean, two processes that take turns. The first lean fork, before
 * anything is known of the program, is shown by itself. How many pieces of memory the first fork's
 * child asked for, and those after it on average, is counted in a third process, by the report.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "interpreters.h"

#define ROUNDS 31
#define COUNTED 8

enum mode { NATIVE, LEAN, COUNTING };

struct worker {
	pid_t pid;
	int to, from;
};

struct counts {
	long lean, restarted, chunks;
};

static const char *shim;
static char report[] = "/tmp/bench_runtimes.XXXXXX";
static struct worker workers[2];

static void die(const char *what)
{
	perror(what);
	unlink(report);
	exit(1);
}

static _Noreturn void become(const struct interpreter *interpreter, enum mode mode)
{
	char *argv[7] = {NULL};
	for (int i = 0; i < 6 && interpreter->argv[i]; i++)
		argv[i] = strdup(interpreter->argv[i]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	unsetenv("LD_PRELOAD");
	if (mode != NATIVE) {
		setenv("LD_PRELOAD", shim, 1);
		setenv("SAFESPAWN_FORK", "lean", 1);
	}
	if (mode == COUNTING)
		setenv("SAFESPAWN_REPORT", report, 1);
	execvp(argv[0], argv);
	_exit(127);
}

static int hear(const struct worker *worker)
{
	char c;
	return read(worker->from, &c, 1) == 1 ? 0 : -1;
}

/* Returns when the interpreter has filled its memory; -1: it ended before. */
static int start(struct worker *worker, const struct interpreter *interpreter, enum mode mode)
{
	int to[2], from[2];
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		die("pipe2");
	worker->pid = fork();
	if (worker->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		become(interpreter, mode);
	}
	if (worker->pid < 0)
		die("fork");
	close(to[0]);
	close(from[1]);
	worker->to = to[1];
	worker->from = from[0];
	return hear(worker);
}

static void stop(struct worker *worker)
{
	close(worker->to);
	waitpid(worker->pid, NULL, 0);
	close(worker->from);
}

static void ask(const struct worker *worker)
{
	if (write(worker->to, "\n", 1) != 1 || hear(worker) < 0)
		die("an interpreter ended");
}

static void native(void)
{
	ask(&workers[NATIVE]);
}

static void lean(void)
{
	ask(&workers[LEAN]);
}

static double first_lean_us(void)
{
	double start_us = bench_now_us();
	lean();
	return bench_now_us() - start_us;
}

static long value(const char *line, const char *name)
{
	char key[32];
	snprintf(key, sizeof key, "\"%s\":", name);
	const char *at = strstr(line, key);
	return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

static struct counts counts_of(pid_t pid)
{
	struct counts counts = {0, 0, 0};
	char line[4096];
	FILE *f = fopen(report, "re");
	while (f && fgets(line, sizeof line, f))
		if (value(line, "pid") == pid)
			counts = (struct counts){value(line, "lean"), value(line, "restarted"),
				value(line, "chunks")};
	if (f)
		fclose(f);
	return counts;
}

static void count(const struct interpreter *interpreter, struct counts *first, struct counts *all)
{
	struct worker worker;
	if (start(&worker, interpreter, COUNTING) < 0)
		die(interpreter->program);
	ask(&worker);
	*first = counts_of(worker.pid);
	for (int i = 1; i < COUNTED; i++)
		ask(&worker);
	*all = counts_of(worker.pid);
	stop(&worker);
}

static void show(const struct interpreter *interpreter, long mib, int json)
{
	static const struct bench_way ways[] = {{"native", native, NULL}, {"lean", lean, NULL}};
	struct bench_result results[2];
	struct counts once, all;

	if (start(&workers[NATIVE], interpreter, NATIVE) < 0) {
		printf("no %s here\n", interpreter->program);
		stop(&workers[NATIVE]);
		return;
	}
	if (start(&workers[LEAN], interpreter, LEAN) < 0)
		die(interpreter->program);
	double first = first_lean_us();
	bench_compare(ways, 2, ROUNDS, results);
	stop(&workers[NATIVE]);
	stop(&workers[LEAN]);
	count(interpreter, &once, &all);
	printf(json ? "{\"resident_mib\":%ld,\"program\":\"%s\",\"way\":\"%s\",\"native_us\":%.0f,"
		      "\"lean_us\":%.0f,\"ratio\":%.3f,\"first_us\":%.0f,\"lean\":%ld,"
		      "\"restarted\":%ld,\"first_chunks\":%ld,\"later_chunks\":%.1f}\n"
		    : "%6ld  %-8s %-25s %9.0f %9.0f %7.3f %9.0f %5ld %5ld %6ld %6.1f\n",
		mib, interpreter->program, interpreter->way, results[0].median_us,
		results[1].median_us, results[1].ratio, first, all.lean, all.restarted, once.chunks,
		(double)(all.chunks - once.chunks) / (COUNTED - 1));
	fflush(stdout);
}

static int wanted(const char *program, char **names)
{
	int all = !*names;
	while (*names && strcmp(*names, program) != 0)
		names++;
	return all || *names;
}

int main(int argc, char **argv)
{
	int json = argc > 1 && !strcmp(argv[1], "--json");
	argv += 1 + json;
	argc -= 1 + json;
	if (argc < 1)
		return 2;
	shim = argv[0];
	const char *mib = argc > 1 ? argv[1] : "1536";
	int fd = mkstemp(report);
	if (fd < 0)
		die(report);
	close(fd);
	setenv("MIB", mib, 1);
	signal(SIGPIPE, SIG_IGN);
	if (!json)
		printf("%6s  %-8s %-25s %9s %9s %7s %9s %5s %5s %6s %6s\n", "MiB", "program", "way",
			"native us", "lean us", "ratio", "1st lean", "lean", "again", "chunks",
			"later");
	for (size_t i = 0; i < n_interpreters; i++)
		if (wanted(interpreters[i].program, argv + (argc > 1 ? 2 : 1)))
			show(&interpreters[i], strtol(mib, NULL, 10), json);
	unlink(report);
	return 0;
}
