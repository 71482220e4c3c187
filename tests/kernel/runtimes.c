/* SPDX-License-Identifier: MIT */
/*
 * Other processes: the charge of interpreters and virtual machines as predicted from outside,
 * against Committed_AS when they fork. They are made to fork by a preload and do not take part. What
 * is not installed is left out and named.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "leak.h"
#include "measure.h"

enum { READY = -1000000 };

static const char *preload;
static char java[] = "/tmp/preflight.XXXXXX/Wait.java";

/* Each gets ready, then reads without an end. A sleep would be cut short by the signal. */
static const char *const programs[][6] = {
	{"perl", "-e", "my $x = 'x' x 50_000_000; <STDIN>"},
	{"python3", "-c", "import json; x = [str(i) for i in range(300000)]; input()"},
	{"python3", "-c",
		"import threading\n"
		"def work():\n    x = [bytes(i) for i in range(3000)]; threading.Event().wait()\n"
		"for i in range(32): threading.Thread(target=work, daemon=True).start()\n"
		"input()"},
	{"ruby", "-e", "x = (1..300000).map(&:to_s); gets"},
	{"php", "-r", "$x = range(1, 1000000); fgets(STDIN);"},
	{"node", "-e", "x = []; for (i = 0; i < 1e6; i++) x.push({i}); setTimeout(() => 0, 1e6)"},
	{"java", java},
	{"lua5.4", "-e", "x = {} for i = 1, 1e6 do x[i] = i end io.read()"},
	{"tclsh"},
	{"bash", "-c", "for ((i = 0; i < 20000; i++)); do x[i]=$i; done; read"},
	{"dash", "-c", "read x"},
	{"gawk", "BEGIN { for (i = 0; i < 300000; i++) x[i] = i; getline }"},
	{"sqlite3", ":memory:"},
};

static int read_report(int fd, int *value, int timeout_ms)
{
	struct pollfd p = {fd, POLLIN, 0};
	int r = poll(&p, 1, timeout_ms);
	return r == 1 && read(fd, value, sizeof *value) == sizeof *value ? 0 : -1;
}

/* What a version manager puts into PATH is a script that execs the real one, without preload. */
static void run(char **argv)
{
	char pattern[512];
	glob_t found;
	const char *home = getenv("HOME");
	snprintf(pattern, sizeof pattern, "/usr/bin/%s", argv[0]);
	execv(pattern, argv);
	snprintf(pattern, sizeof pattern, "%s/.*env/versions/*/bin/%s", home ? home : "", argv[0]);
	if (glob(pattern, 0, NULL, &found) == 0)
		execv(found.gl_pathv[0], argv);
	execvp(argv[0], argv);
	_exit(127);
}

/* The program, with a terminal-less stdin that never ends; the report's end; 0 if not installed. */
static pid_t start(const char *const *program, int *report, int *input)
{
	int from[2], in[2], value;
	char *argv[7], number[16];
	for (int i = 0; i < 7; i++)
		argv[i] = i < 6 && program[i] ? strdup(program[i]) : NULL;
	assert_int_equal(pipe(from) | pipe(in), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		int null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		dup2(null, 2);
		close(from[0]);
		close(in[0]);
		close(in[1]);
		snprintf(number, sizeof number, "%d", from[1]);
		setenv("FORK_REPORT_FD", number, 1);
		setenv("LD_PRELOAD", preload, 1);
		run(argv);
	}
	for (int i = 0; i < 7; i++)
		free(argv[i]);
	close(from[1]);
	close(in[0]);
	*report = from[0];
	*input = in[1];
	if (read_report(from[0], &value, 10000) || value != READY) {
		close(from[0]);
		close(in[1]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return 0;
	}
	return pid;
}

/* Until nothing has changed for a third of a second, or it takes too long. */
static void settle(pid_t pid)
{
	struct ss_preflight r = {.size = sizeof r}, last = {0};
	for (int same = 0, n = 0; same < 6 && n < 100; n++) {
		usleep(50000);
		if (ss_preflight(&r, pid))
			return;
		same = r.charge_bytes == last.charge_bytes &&
				       r.resident_bytes == last.resident_bytes
			       ? same + 1
			       : 0;
		last = r;
	}
}

static int signal_and_read(pid_t pid, int report, int *value)
{
	return kill(pid, SIGRTMIN + 5) || read_report(report, value, 10000) ? -1 : 0;
}

static int64_t measured(pid_t pid, int report)
{
	struct tally t = {0};
	int value = 0, settled = 0;
	for (int n = 0; !settled && n < 2000; n++) {
		int64_t before = committed_pages();
		if (signal_and_read(pid, report, &value) || value <= 0)
			return -1;
		int64_t after = committed_pages();
		if (signal_and_read(pid, report, &value) || value != 0)
			return -1;
		if (committed_pages() == before)
			settled = tally_add(&t, after - before);
	}
	return t.n ? tally_result(&t) : -1;
}

/* 1 wrong, 0 right, -1 not there. */
static int check(const char *const *program)
{
	int report, input;
	pid_t pid = start(program, &report, &input);
	if (pid == 0)
		return -1;
	int64_t predicted = -1, actual = -2;
	settle(pid);
	for (int i = 0; i < 3 && predicted != actual; i++) {
		predicted = predicted_charge(pid);
		actual = measured(pid, report);
	}
	struct ss_preflight r = {.size = sizeof r};
	int error = ss_preflight(&r, pid) ? errno : 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(report);
	close(input);
	if (actual < 0)
		return -1;
	print_message("%s: predicted %lld pages, measured %lld; estimated without smaps %lld\n",
		program[0], (long long)predicted, (long long)actual,
		error ? -1LL : (long long)r.charge_bytes / 4096);
	return predicted != actual;
}

static void write_java(void)
{
	char *slash = strrchr(java, '/');
	*slash = '\0';
	assert_non_null(mkdtemp(java));
	*slash = '/';
	FILE *f = fopen(java, "w");
	assert_non_null(f);
	fputs("class Wait { public static void main(String[] a) throws Exception {\n"
	      "byte[][] x = new byte[2000][]; for (int i = 0; i < 2000; i++) x[i] = new byte[i];\n"
	      "System.in.read(); System.out.println(x.length); } }\n",
		f);
	fclose(f);
}

static void remove_java(void)
{
	unlink(java);
	*strrchr(java, '/') = '\0';
	rmdir(java);
}

static void charge_of_other_processes(void **state)
{
	(void)state;
	int n = 0, wrong = 0;
	write_java();
	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
		int r = check(programs[i]);
		if (r < 0)
			print_message("%s: not there, or ends at once\n", programs[i][0]);
		n += r >= 0;
		wrong += r > 0;
	}
	remove_java();
	print_message("%d programs, %d wrong\n", n, wrong);
	assert_int_equal(wrong, 0);
	if (n == 0)
		skip();
}

int main(int argc, char **argv)
{
	(void)argc;
	preload = argv[1] ? argv[1] : getenv("FORK_ON_SIGNAL");
	const struct CMUnitTest tests[] = {
		TEST(charge_of_other_processes),
	};
	return RUN_TESTS(tests);
}
