/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"

static int exited(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static int nothing(void *arg)
{
	return *(int *)arg;
}

static void a_child_that_execs_is_made_leanly(void **state)
{
	int code = 42;
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, nothing, &code)), 42);
	assert_int_equal(last.outcome, LEAN_DONE);
	assert_true(last.bytes >= BLOCK_SIZE / 2);
	assert_int_equal(exited(run_lean(LEAN_RESCUE, nothing, &code)), 42);
	assert_int_equal(last.outcome, LEAN_DONE);
}

/* Path, arguments and environment all in memory that was left out, some across its chunks if the
 * block begins with one. */
static int exec_from_block(void *arg)
{
	char **argv = (char **)(void *)(block + 65536 - sizeof *argv),
	     *at = (char *)block + 131072 - 3;
	char **env = (char **)(void *)(block + 8 * 65536 - 2 * sizeof *env);
	(void)arg;
	argv[0] = strcpy(at, "/bin/sh");
	argv[1] = strcpy(at + 65536, "-c");
	argv[2] = strcpy(at + 2 * 65536, "exit $X");
	argv[3] = NULL;
	env[0] = strcpy(at + 3 * 65536, "Y=1");
	env[1] = strcpy(at + 4 * 65536 - 4, "X=17");
	env[2] = NULL;
	execve(argv[0], argv, env);
	return 1;
}

static void arguments_from_memory_left_out(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, exec_from_block, NULL)), 17);
	assert_int_equal(last.outcome, LEAN_DONE);
	assert_between(last.chunks, 7, 1000);
}

static int many_arguments(void *arg)
{
	static char *argv[20004];
	char *at = (char *)block + 12345;
	(void)arg;
	argv[0] = (char[]){"sh"};
	argv[1] = (char[]){"-c"};
	argv[2] = (char[]){"[ $# = 19999 ] && [ ${19999} = last-one! ] && exit 3"};
	for (int i = 3; i < 20003; i++, at += 83)
		argv[i] = strcpy(at, i == 20002 ? "last-one!" : "x");
	argv[20003] = NULL;
	argv[3] = (char[]){"sh"};
	execv("/bin/sh", argv);
	return 1;
}

static void a_huge_argument_list(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, many_arguments, NULL)), 3);
	assert_int_equal(last.outcome, LEAN_DONE);
}

/* What programs do between fork and exec. Each returns 0 if its effect is as it should be. */
static int changes_itself(void *arg)
{
	struct rlimit limit = {64, 64}, got;
	gid_t groups[] = {7, 8};
	char name[16] = "", *cwd = (char *)block + 65536 * 3 - 4;
	(void)arg;
	umask(077);
	if (chdir("/usr") || setsid() < 0 || setrlimit(RLIMIT_NOFILE, &limit) ||
		prctl(PR_SET_NAME, "leanest") || prctl(PR_GET_NAME, name) || nice(3) < 0)
		return 1;
	if (!getcwd(cwd, 4096) || strcmp(cwd, "/usr") || strcmp(name, "leanest"))
		return 2;
	if (getrlimit(RLIMIT_NOFILE, &got) || got.rlim_cur != 64 || getsid(0) != getpid())
		return 3;
	if (geteuid() == 0 && (setgroups(2, groups) || setgid(65534) || setuid(65534)))
		return 4;
	return geteuid() == 0 || umask(0) != 077;
}

static void a_child_may_change_itself(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, changes_itself, NULL)), 0);
	assert_int_equal(last.outcome, LEAN_DONE);
}

static int lowers_memory_limits(void *arg)
{
	struct rlimit low = {1 << 20, 1 << 20}, got;
	(void)arg;
	if (setrlimit(RLIMIT_DATA, &low) || getrlimit(RLIMIT_DATA, &got) || got.rlim_max != 1 << 20)
		return 1;
	for (size_t i = 0; i < BLOCK_SIZE; i += 4096)
		if (block[i] != block_byte(i))
			return 2;
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
		(char[]){"[ $(ulimit -d) = 1024 ] && exit 5; exit 6"}, NULL};
	execv("/bin/sh", argv);
	return 3;
}

static void low_memory_limits_hold_from_exec_on(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, lowers_memory_limits, NULL)), 5);
	assert_int_equal(last.outcome, LEAN_DONE);
}

static int closes_everything(void *arg)
{
	(void)arg;
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	if (open("/dev/null", O_RDWR) != 0 || dup2(0, 1) != 1 || dup2(0, 2) != 2)
		return 1;
	return 0;
}

static void a_child_may_close_everything(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, closes_everything, NULL)), 0);
	assert_int_equal(last.outcome, LEAN_DONE);
}

/* A program searches for another along a path, as execvp does. */
static int tries_many(void *arg)
{
	char *argv[] = {(char[]){"none"}, NULL};
	(void)arg;
	for (int i = 0; i < 200; i++)
		if (execv("/nonexistent/none", argv) != -1 || errno != ENOENT)
			return 1;
	return block[77777] != block_byte(77777);
}

static void exec_may_fail_first(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, tries_many, NULL)), 0);
	assert_int_equal(last.outcome, LEAN_DONE);
}

static int reads_files(void *arg)
{
	char *at = (char *)block + 65536 - 10;
	int fd = open("/proc/meminfo", O_RDONLY);
	(void)arg;
	memset(at, 0, 20);
	if (fd < 0 || read(fd, at, 20) != 20 || !memchr(at, ':', 20) || close(fd))
		return 1;
	FILE *f = fopen("/etc/passwd", "r");
	char line[256];
	if (!f || !fgets(line, sizeof line, f) || fclose(f))
		return 2;
	return strncmp(line, "root:", 5) != 0;
}

static void what_it_opens_itself_it_may_read(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, reads_files, NULL)), 0);
	assert_int_equal(last.outcome, LEAN_DONE);
}

/* How much of itself is readable and writable. */
static int reads_its_mappings(void *arg)
{
	char line[512];
	unsigned long start, end, bytes = 0;
	FILE *maps = fopen(arg, "r");
	while (maps && fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx rw-p", &start, &end) == 2 && strstr(line, "rw-p"))
			bytes += end - start;
	return bytes >= BLOCK_SIZE ? 7 : 1;
}

static void what_it_reads_of_itself_is_native(void **state)
{
	char path[64];
	(void)state;
	snprintf(path, sizeof path, "/proc/self/../self/maps");
	assert_int_equal(exited(run_lean(LEAN_EAGER, reads_its_mappings, path)), 7);
	assert_int_equal(last.outcome, LEAN_RESTARTED);
}

static int maps_and_unmaps(void *arg)
{
	size_t half = BLOCK_SIZE / 2;
	(void)arg;
	if (munmap(block + half + 4096, 3 * 65536))
		return 1;
	unsigned char *other = mmap(block + half + 4096, 65536 * 2, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (other != block + half + 4096)
		return 2;
	for (size_t i = 0; i < 65536 * 2; i++)
		if (other[i])
			return 3;
	for (size_t i = half - 4096; i < half + 4096; i++)
		if (block[i] != block_byte(i))
			return 4;
	for (size_t i = half + 4096 + 3 * 65536; i < half + 5 * 65536; i++)
		if (block[i] != block_byte(i))
			return 5;
	if (mprotect(block + 4096, 4096, PROT_READ))
		return 6;
	for (size_t i = 0; i < 100; i++) {
		unsigned char *p = malloc(100000);
		if (!p || (p >= block && p < block + BLOCK_SIZE))
			return 7;
		memset(p, 1, 100000);
	}
	return block[4096] != block_byte(4096);
}

static void a_child_may_change_its_mappings(void **state)
{
	(void)state;
	assert_int_equal(exited(run_lean(LEAN_EAGER, maps_and_unmaps, NULL)), 0);
	assert_int_equal(last.outcome, LEAN_DONE);
}

static int handlers_run[3];
static void prepare(void)
{
	handlers_run[0]++;
	usleep(1);
}
static void in_parent(void)
{
	sigset_t mask;
	handlers_run[1]++;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_false(sigismember(&mask, SIGINT));
}
static void in_child(void)
{
	handlers_run[2]++;
}

static int counts_handlers(void *arg)
{
	(void)arg;
	return handlers_run[0] * 100 + handlers_run[1] * 10 + handlers_run[2];
}

static void atfork_handlers_run_once(void **state)
{
	(void)state;
	pthread_atfork(prepare, in_parent, in_child);
	assert_int_equal(exited(run_lean(LEAN_EAGER, counts_handlers, NULL)), 101);
	assert_int_equal(last.outcome, LEAN_DONE);
	assert_int_equal(handlers_run[0], 1);
	assert_int_equal(handlers_run[1], 1);
	assert_int_equal(handlers_run[2], 0);
}

static void *forks_in_a_thread(void *arg)
{
	int code = 9;
	*(int *)arg = exited(run_lean(LEAN_EAGER, nothing, &code));
	return NULL;
}

static void a_thread_may_fork(void **state)
{
	pthread_t thread;
	int code = 0;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, forks_in_a_thread, &code), 0);
	pthread_join(thread, NULL);
	assert_int_equal(code, 9);
	assert_int_equal(last.outcome, LEAN_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_that_execs_is_made_leanly),
		TEST(arguments_from_memory_left_out),
		TEST(a_huge_argument_list),
		TEST(a_child_may_change_itself),
		TEST(low_memory_limits_hold_from_exec_on),
		TEST(a_child_may_close_everything),
		TEST(exec_may_fail_first),
		TEST(what_it_opens_itself_it_may_read),
		TEST(what_it_reads_of_itself_is_native),
		TEST(a_child_may_change_its_mappings),
		TEST(a_thread_may_fork),
		TEST(atfork_handlers_run_once),
	};
	return RUN_TESTS_WITH(tests, block_setup, block_teardown);
}
