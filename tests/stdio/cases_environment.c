/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record.h"

extern char **environ;

static void untouched(const struct lib *lib, int arg)
{
	(void)arg;
	say_seen_all_ways(lib);
}

static void set_and_unset(const struct lib *lib, int arg)
{
	static char without_equals[] = "WITHOUT", empty_name[] = "=x", twice[] = "HOME=again";

	(void)arg;
	setenv("A", "with \"quotes\"\n and lines", 1);
	unsetenv("LC_ALL");
	say_seen_all_ways(lib);
	environ = (char *[]){without_equals, empty_name, twice, twice, NULL};
	say_seen_all_ways(lib);
}

static void no_environment(const struct lib *lib, int how)
{
	static char *none[] = {NULL};

	if (how == 0)
		clearenv();
	else
		environ = how == 1 ? none : NULL;
	say_seen_all_ways(lib);
}

static void other_path(const struct lib *lib, int which)
{
	static const char *const paths[] = {"", "/is-not-there", ".", "::"};

	setenv("PATH", paths[which], 1);
	say_all_ways(lib, "sh -c 'exit 3' 2>/dev/null");
	say_seen_all_ways(lib);
}

/* A shell found in PATH is never used. */
static void shell_in_path(const struct lib *lib, int arg)
{
	(void)arg;
	if (symlink("/bin/false", "sh") < 0)
		skip_case("cannot link");
	setenv("PATH", ".", 1);
	say_all_ways(lib, "exit 0");
}

static void directory(const struct lib *lib, int which)
{
	if (mkdir("there", 0700) < 0 || chdir("there") < 0)
		skip_case("cannot make a directory");
	if (which == 1 && rmdir("../there") < 0)
		skip_case("cannot remove a directory");
	say_system(lib, "system", "pwd 2>&1; echo >../file; ls ..");
	say_popen(lib, "popen r", "pwd 2>&1; exit 2", "r");
	say_process("after");
}

static void attributes(const struct lib *lib, int arg)
{
	struct itimerval timer = {.it_value.tv_sec = 1000};

	(void)arg;
	umask(027);
	setpriority(PRIO_PROCESS, 0, 5);
	setrlimit(RLIMIT_CORE, &(struct rlimit){1000, 2000});
	setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 30, 1 << 30});
	prctl(PR_SET_TIMERSLACK, 123456);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "caller");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_DUMPABLE, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	say_seen_all_ways(lib);
}

static void session(const struct lib *lib, int arg)
{
	(void)arg;
	pid_t pid = fork(); /* its own group's leader can't */
	if (pid != 0) {
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	setsid();
	say_seen_all_ways(lib);
}

static void other_user(const struct lib *lib, int which)
{
	if (which == 0 ? setresgid(-1U, 65534, -1U) < 0 || setresuid(-1U, 65534, -1U) < 0
		       : setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		skip_case("needs root");
	say_system(lib, "system", "id");
	say_popen(lib, "popen r", "id", "r");
	say_process("after");
}

static void affinity(const struct lib *lib, int arg)
{
	cpu_set_t set;

	(void)arg;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof set, &set);
	say_seen_all_ways(lib);
}

const struct test_case environment_cases[] = {
	CASE(untouched),
	CASE(set_and_unset),
	CASES(no_environment, 0, 2),
	CASES(other_path, 0, 3),
	CASE(shell_in_path),
	CASES(directory, 0, 1),
	CASE(attributes),
	CASE(session),
	CASES(other_user, 0, 1),
	CASE(affinity),
	{0},
};
