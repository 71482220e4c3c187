/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "leak.h"
#include "temp_dir.h"

char *victim(const char *name)
{
	char *path = getenv(name);
	assert_non_null(path);
	return path;
}

static struct temp_dir copies;

static void remove_copies(void)
{
	temp_dir_remove(&copies);
}

static bool is_open_to_all(const char *path)
{
	struct stat status;
	char part[PATH_MAX];
	for (size_t len = 0; path[len]; len++) {
		if (path[len] != '/')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)len + 1, path);
		if (stat(part, &status) || !(status.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

char *victim_for_all(const char *name)
{
	static char path[PATH_MAX];
	char *original = victim(name);
	if (is_open_to_all(original))
		return original;
	if (!copies.path[0]) {
		temp_dir_make(&copies);
		atexit(remove_copies);
	}
	temp_dir_path(&copies, name, path);
	if (access(path, X_OK))
		temp_dir_copy(&copies, name, original, 0755);
	return path;
}

void read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
}

void start(struct ss_child *child, char *const argv[], struct ss_options options)
{
	if (ss_spawn(child, argv, &options) < 0)
		fail_msg("ss_spawn %s: %s", argv[0], strerror(errno));
}

bool kernel_knows_groups(const struct ss_child *child)
{
	const unsigned to_group = 4, nr = 424;
	return child->pidfd >= 0 && syscall(nr, child->pidfd, 0, NULL, to_group) == 0;
}

bool kernel_keeps_statuses(void)
{
	struct {
		uint64_t mask, rest[7];
	} info = {.mask = 8};
	struct ss_child child;
	start(&child, ARGV("true"), OPTIONS(.flags = 0));
	assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
	bool keeps = child.pidfd >= 0 &&
		     ioctl(child.pidfd, (int)_IOWR(0xFF, 11, info), &info) == 0 && info.mask & 8;
	ss_release(&child);
	return keeps;
}

void await_ready(struct ss_child *child)
{
	char c;
	while (read(child->out, &c, 1) == 1 && c != '\n')
		;
}

void state_read(struct state *state, struct ss_child *child, int from)
{
	int status;
	read_all(from, state->text, sizeof state->text);
	assert_int_equal(ss_wait(child, &status, -1), 0);
	assert_int_equal(status, 0);
	ss_release(child);
}

void state_of(struct state *state, struct ss_options options)
{
	struct ss_child child;
	if (options.out.kind == SS_STDIO_INHERIT)
		options.out = SS_PIPE;
	if (ss_spawn(&child, ARGV(victim_for_all("STATE")), &options) < 0)
		fail_msg("ss_spawn: %s", strerror(errno));
	state_read(state, &child, child.out);
}

const char *state_get(const struct state *state, const char *key)
{
	static char values[4][8192];
	static int turn;
	char *value = values[turn++ % 4];
	size_t len = strlen(key);
	for (const char *line = state->text; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, key, len) || line[len] != ' ')
			continue;
		snprintf(value, sizeof values[0], "%.*s", (int)strcspn(line + len + 1, "\n"),
			line + len + 1);
		return value;
	}
	return NULL;
}

void assert_state(const struct state *state, const char *key, const char *value)
{
	const char *is = state_get(state, key);
	if (!is)
		fail_msg("no %s in:\n%s", key, state->text);
	else if (strcmp(is, value))
		fail_msg("%s is \"%s\", not \"%s\"", key, is, value);
}

void assert_state_int(const struct state *state, const char *key, long value)
{
	char text[32];
	snprintf(text, sizeof text, "%ld", value);
	assert_state(state, key, text);
}

const char *state_fds(const struct state *state)
{
	static char list[8192];
	size_t len = 0;
	list[0] = '\0';
	for (int fd = 0; fd < 256; fd++) {
		char key[16];
		snprintf(key, sizeof key, "fd%d", fd);
		if (state_get(state, key))
			len += (size_t)snprintf(
				list + len, sizeof list - len, "%s%d", len ? " " : "", fd);
	}
	return list;
}

void assert_fails(char *const argv[], struct ss_options options, enum ss_stage stage, int error)
{
	struct ss_child child, before;
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	memset(&child, 0x5a, sizeof child);
	before = child;
	options.failure = &failure;
	errno = 0;
	int result = ss_spawn(&child, argv, &options);
	int is = errno;
	if (result == 0) {
		ss_terminate(&child, NULL, 0);
		ss_release(&child);
		fail_msg("succeeded where %s should fail", ss_stage_name(stage));
	}
	assert_string_equal(ss_stage_name(failure.stage), ss_stage_name(stage));
	assert_string_equal(strerror(failure.error), strerror(error));
	assert_int_equal(is, error);
	assert_memory_equal(&child, &before, sizeof child);
}

/* In a process of its own: the process remembers what its first spawn learns about the kernel. */
void needs_clone(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct ss_child child;
		int r = ss_spawn(&child, ARGV("/bin/true"), SS_OPTIONS(.flags = SS_NO_NEW_PRIVS));
		_exit(r < 0 && errno == ENOTSUP);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!status)
		return;
	print_message("The library spawns by posix_spawn here.\n");
	skip();
}

int run_to_end(char *const argv[], struct ss_options options)
{
	struct ss_child child;
	int status;
	if (ss_spawn(&child, argv, &options) < 0)
		fail_msg("ss_spawn %s: %s", argv[0], strerror(errno));
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	ss_release(&child);
	return status;
}

void needs_shared_memory(void)
{
	if (kernel_shares_memory())
		return;
	print_message("A child of CLONE_VM has a copy of the memory here.\n");
	skip();
}

void cancel_at_many_moments(void *(*run)(void *), unsigned step_us)
{
	for (unsigned delay_us = 0; delay_us < 20000; delay_us += step_us) {
		pthread_t thread;
		void *end;
		assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
		usleep(delay_us);
		assert_int_equal(pthread_cancel(thread), 0);
		assert_int_equal(pthread_join(thread, &end), 0);
		assert_ptr_equal(end, PTHREAD_CANCELED);
	}
}
