/* SPDX-License-Identifier: MIT */
/*
 * Calls on files. What a child opens itself nobody else sees, so it may read it too; what it has
 * from its parent has an offset, flags and contents that others share.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>

#include "preload/leanfork/judges.h"
#include "preload/leanfork/memory.h"

static void set_own(struct lean *l, long fd, enum own own)
{
	if (fd >= 0 && fd < OWN_FDS)
		l->own_fds[fd] = (uint8_t)own;
}

static enum own own(const struct lean *l, long fd)
{
	return fd >= 0 && fd < OWN_FDS ? (enum own)l->own_fds[fd] : OWN_NOT;
}

/* Whether what is open in a descriptor is a file of some process's in /proc: of a lean child it tells
 * other mappings, another mask and other handlers than an ordinary one has. */
static bool tells_of_a_process(long fd)
{
	static const char start[] = "/proc/";
	char link[32] = "/proc/self/fd/", target[sizeof start] = "";
	size_t len = sizeof "/proc/self/fd/" - 1;
	for (long unit = 1000000000; unit > 0; unit /= 10)
		if (fd >= unit || unit == 1)
			link[len++] = (char)('0' + fd / unit % 10);
	if (gate3(SYS_readlink, link, target, sizeof target) < (long)sizeof target)
		return false;
	for (size_t i = 0; i < sizeof start - 1; i++)
		if (target[i] != start[i])
			return false;
	return target[sizeof start - 1] >= '0' && target[sizeof start - 1] <= '9';
}

/* Most files have a size, or lie on a disk. */
static bool is_about_itself(long dir, uintptr_t path, const struct stat *file)
{
	if (file->st_size || major(file->st_dev))
		return false;
	long fd = gate4(SYS_openat, dir, path, O_PATH | O_CLOEXEC, 0);
	bool tells = fd >= 0 && tells_of_a_process(fd);
	if (fd >= 0)
		gate1(SYS_close, fd);
	return tells;
}

/* A device may do anything when it is opened, but for those of memory: null, zero, urandom. */
static enum verdict open_verdict(const struct lean *l, long dir, uintptr_t path, long flags)
{
	struct stat file;
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return TELLING;
	if (flags & O_PATH)
		return PRIVATE;
	if (gate4(SYS_newfstatat, dir, path, &file, 0) < 0)
		return PRIVATE;
	if (l->wish.kind == LEAN_EAGER && S_ISREG(file.st_mode) &&
		is_about_itself(dir, path, &file))
		return ORDINARY;
	if (S_ISREG(file.st_mode) || S_ISDIR(file.st_mode) ||
		(S_ISCHR(file.st_mode) && major(file.st_rdev) == 1))
		return PRIVATE;
	return S_ISFIFO(file.st_mode) ? ORDINARY : TELLING;
}

static enum verdict open_at(struct lean *l, struct call *call, long dir, uintptr_t path, long flags)
{
	args_reach_string(path);
	enum verdict verdict = open_verdict(l, dir, path, flags);
	if (verdict != PRIVATE)
		return verdict;
	call->result = call_do(call);
	set_own(l, call->result, OWN_FILE);
	return ANSWERED;
}

enum verdict judge_open(struct lean *l, struct call *call)
{
	return open_at(l, call, AT_FDCWD, (uintptr_t)call->args[0], call->args[1]);
}

enum verdict judge_openat(struct lean *l, struct call *call)
{
	return open_at(l, call, call->args[0], (uintptr_t)call->args[1], call->args[2]);
}

enum verdict judge_creat(struct lean *l, struct call *call)
{
	return open_at(l, call, AT_FDCWD, (uintptr_t)call->args[0], O_CREAT | O_TRUNC | O_WRONLY);
}

enum verdict judge_close(struct lean *l, struct call *call)
{
	set_own(l, call->args[0], OWN_NOT);
	return PRIVATE;
}

enum verdict judge_dup(struct lean *l, struct call *call)
{
	call->result = call_do(call);
	set_own(l, call->result, own(l, call->args[0]));
	return ANSWERED;
}

enum verdict judge_fcntl(struct lean *l, struct call *call)
{
	switch (call->args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return judge_dup(l, call);
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL: /* shared, but the same when done twice */
	case F_GETOWN:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return PRIVATE;
	case F_GETLK:
	case F_SETLK:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
		memory_bring(l, (uintptr_t)call->args[2], sizeof(struct flock));
		return TELLING;
	default:
		return ORDINARY;
	}
}

/* The kernel stops a background process that does this, unless it blocks or ignores SIGTTOU; and
 * a lean child blocks it, whatever the program wants. */
static bool may_stop(const struct lean *l)
{
	struct kernel_action action;
	if (l->mask & SIG_BIT(SIGTTOU))
		return false;
	return gate4(SYS_rt_sigaction, SIGTTOU, NULL, &action, 8) < 0 || action.handler != 1;
}

static enum verdict terminal(
	struct lean *l, const struct call *call, size_t size, enum verdict verdict)
{
	memory_bring(l, (uintptr_t)call->args[2], size);
	return verdict;
}

enum verdict judge_ioctl(struct lean *l, struct call *call)
{
	switch ((unsigned long)call->args[1]) {
	case FIOCLEX:
	case FIONCLEX:
		return PRIVATE;
	case TCGETS:
		return terminal(l, call, sizeof(struct termios), PRIVATE);
	case TIOCGWINSZ:
		return terminal(l, call, sizeof(struct winsize), PRIVATE);
	case FIONBIO:
	case FIONREAD:
	case TIOCGPGRP:
	case TIOCGSID:
		return terminal(l, call, sizeof(int), PRIVATE);
	case TIOCSPGRP:
		return terminal(l, call, sizeof(int), may_stop(l) ? ORDINARY : PRIVATE);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return terminal(l, call, sizeof(struct termios), may_stop(l) ? ORDINARY : TELLING);
	case TIOCSWINSZ:
		return terminal(l, call, sizeof(struct winsize), TELLING);
	case TIOCSCTTY:
	case TIOCNOTTY:
		return TELLING;
	default:
		return ORDINARY;
	}
}

enum verdict judge_pipe(struct lean *l, struct call *call)
{
	const int *fds = (const int *)call->args[0];
	if (!args_reach(l, (uintptr_t)fds, 2 * sizeof *fds))
		return PRIVATE;
	call->result = call_do(call);
	for (int i = 0; i < 2 && call->result == 0; i++)
		set_own(l, fds[i], OWN_PIPE);
	return ANSWERED;
}

/* Whether a pipe that only the child has would let it wait for itself. */
static bool is_ready(const struct call *call, short events)
{
	struct pollfd fd = {.fd = (int)call->args[0], .events = events};
	struct timespec at_once = {0, 0};
	return gate5(SYS_ppoll, &fd, 1, &at_once, NULL, 8) == 1 && fd.revents & events;
}

enum verdict judge_read(struct lean *l, struct call *call)
{
	switch (own(l, call->args[0])) {
	case OWN_FILE:
		return PRIVATE;
	case OWN_PIPE:
		return is_ready(call, POLLIN) ? PRIVATE : WAITS_IN;
	case OWN_NOT:
		break;
	}
	return WAITS_IN;
}

enum verdict judge_write(struct lean *l, struct call *call)
{
	bool pipe = own(l, call->args[0]) == OWN_PIPE;
	return pipe && (size_t)call->args[2] <= PIPE_BUF && is_ready(call, POLLOUT) ? PRIVATE
										    : WAITS_OUT;
}

enum verdict judge_seek(struct lean *l, struct call *call)
{
	bool asks_only = call->args[1] == 0 && call->args[2] == SEEK_CUR;
	return asks_only || own(l, call->args[0]) == OWN_FILE ? PRIVATE : TELLING;
}
