/* SPDX-License-Identifier: MIT */
/*
 * Hazards:
 * 1. The test may be killed at any instant: the old value is with the guardian, acknowledged,
 *    before the new one is written.
 * 2. Children of the test hold copies of the link and may outlive it: the end of the test itself is
 *    seen by a pidfd, the link's end of file is only for kernels without.
 * 3. A killed process group takes its members along: the guardian has a session of its own.
 * 4. Settings influence one another (overcommit_ratio and overcommit_kbytes clear each other): both
 *    are remembered, and restoring goes on until all of them read as before.
 */
#include "sysctl_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 256, VALUE_MAX_LEN = 64, MAX_KEPT = 32 };

struct message {
	char what; /* 'f'ile or 'd'irectory */
	char path[NAME_MAX_LEN];
};

struct kept {
	struct message message;
	char value[VALUE_MAX_LEN];
};

static int full_path(char *path, const char *name)
{
	int n = snprintf(path, NAME_MAX_LEN, name[0] == '/' ? "%s" : "/proc/sys/%s", name);
	return n < NAME_MAX_LEN ? 0 : -ENAMETOOLONG;
}

static int read_value(const char *path, char *value)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, value, VALUE_MAX_LEN - 1);
	int error = n < 0 ? -errno : 0;
	close(fd);
	value[n < 0 ? 0 : n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return error;
}

static int write_value(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* ---- The guardian -------------------------------------------------------------------------- */

static int keep(struct kept *kept, int n, const struct message *m)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(kept[i].message.path, m->path))
			return n;
	if (n == MAX_KEPT)
		return -E2BIG;
	kept[n].message = *m;
	int error = m->what == 'f' ? read_value(m->path, kept[n].value) : 0;
	return error ? error : n + 1;
}

static int restore_once(const struct kept *k)
{
	if (k->message.what == 'd')
		return rmdir(k->message.path) == 0 || errno == ENOENT;
	char now[VALUE_MAX_LEN];
	if (read_value(k->message.path, now) == -ENOENT || !strcmp(now, k->value))
		return 1;
	write_value(k->message.path, k->value);
	return 0;
}

/* A cgroup is busy until its last process has been reaped, so this waits. */
static int restore(const struct kept *kept, int n)
{
	for (int tries = 0; tries < 500; tries++) {
		int good = 0;
		for (int i = n - 1; i >= 0; i--)
			good += restore_once(&kept[i]);
		if (good == n)
			return 0;
		usleep(10000);
	}
	return -EIO;
}

/* 1: a message; 0: the test is gone, or has ended the guard. */
static int next_message(int link, int pidfd, struct message *m)
{
	struct pollfd fds[2] = {{link, POLLIN, 0}, {pidfd, POLLIN, 0}};
	while (poll(fds, 2, -1) < 0)
		;
	if (fds[0].revents & POLLIN)
		return recv(link, m, sizeof *m, 0) == (ssize_t)sizeof *m;
	return 0;
}

static void guardian(int link, int pidfd)
{
	static struct kept kept[MAX_KEPT];
	struct message m;
	int n = 0;
	while (next_message(link, pidfd, &m)) {
		int r = keep(kept, n, &m);
		n = r < 0 ? n : r;
		r = r < 0 ? r : 0;
		send(link, &r, sizeof r, MSG_NOSIGNAL);
	}
	int r = restore(kept, n);
	send(link, &r, sizeof r, MSG_NOSIGNAL);
	_exit(r != 0);
}

static void become_guardian(int link, pid_t test)
{
	setsid();
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	int pidfd = (int)syscall(SYS_pidfd_open, test, 0);
	if (getppid() != test)
		_exit(0);
	for (int fd = 0; fd < 1024; fd++)
		if (fd != link && fd != pidfd)
			close(fd);
	if (chdir("/"))
		_exit(1);
	guardian(link, pidfd);
}

/* ---- The test's side ----------------------------------------------------------------------- */

bool sysctl_guard_may(const char *name)
{
	char path[NAME_MAX_LEN];
	const char *asked = getenv("TEST_SYSCTLS");
	bool wanted = asked && !strcmp(asked, "1");
	if (!wanted)
		puts("changes kernel settings, and TEST_SYSCTLS=1 is not set");
	else if (geteuid() != 0 || full_path(path, name) || access(path, W_OK))
		printf("may not change %s\n", name);
	else
		return true;
	fflush(stdout);
	return false;
}

int sysctl_guard_begin(struct sysctl_guard *guard)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid_t test = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		become_guardian(pair[1], test);
	}
	int error = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (error) {
		close(pair[0]);
		return error;
	}
	guard->pid = pid;
	guard->link = pair[0];
	return 0;
}

static int remember(struct sysctl_guard *guard, char what, const char *path)
{
	struct message m = {.what = what};
	int answer;
	snprintf(m.path, sizeof m.path, "%s", path);
	if (send(guard->link, &m, sizeof m, MSG_NOSIGNAL) != (ssize_t)sizeof m)
		return -EIO;
	ssize_t n = recv(guard->link, &answer, sizeof answer, 0);
	return n == (ssize_t)sizeof answer ? answer : -EIO;
}

static int remember_partner(struct sysctl_guard *guard, const char *path)
{
	static const char ratio[] = "/proc/sys/vm/overcommit_ratio";
	static const char kbytes[] = "/proc/sys/vm/overcommit_kbytes";
	if (!strcmp(path, ratio))
		return remember(guard, 'f', kbytes);
	return strcmp(path, kbytes) ? 0 : remember(guard, 'f', ratio);
}

int sysctl_guard_set(struct sysctl_guard *guard, const char *name, const char *value)
{
	char path[NAME_MAX_LEN];
	int error = full_path(path, name);
	if (!error)
		error = remember_partner(guard, path);
	if (!error)
		error = remember(guard, 'f', path);
	return error ? error : write_value(path, value);
}

int sysctl_guard_mkdir(struct sysctl_guard *guard, const char *path)
{
	int error = remember(guard, 'd', path);
	return error ? error : mkdir(path, 0755) ? -errno : 0;
}

int sysctl_guard_end(struct sysctl_guard *guard)
{
	int answer = -EIO, status;
	shutdown(guard->link, SHUT_WR);
	if (recv(guard->link, &answer, sizeof answer, 0) != (ssize_t)sizeof answer)
		answer = -EIO;
	close(guard->link);
	while (waitpid(guard->pid, &status, 0) < 0 && errno == EINTR)
		;
	return answer;
}

long long sysctl_read(const char *name)
{
	char path[NAME_MAX_LEN], value[VALUE_MAX_LEN];
	if (full_path(path, name) || read_value(path, value))
		return -1;
	return atoll(value);
}
