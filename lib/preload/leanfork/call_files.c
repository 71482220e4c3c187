/* SPDX-License-Identifier: MIT */
/* Calls on descriptors. Nobody else sees a file that the child opened itself, so it may read it. A
 * descriptor from its parent shares offset, flags and contents with others. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>

#include "base/kernel_numbers.h"
#include "preload/leanfork/call_deferred.h"
#include "preload/leanfork/call.h"
#include "preload/leanfork/child_memory.h"

#define RANGE_CLOEXEC (1U << 2) /* CLOSE_RANGE_CLOEXEC, newer than some headers */

void own_set(struct lean *l, long fd, enum own own)
{
	if (fd >= 0 && fd < OWN_FDS)
		l->own_fds[fd] = (uint8_t)own;
}

static enum own own(const struct lean *l, long fd)
{
	return fd >= 0 && fd < OWN_FDS ? (enum own)l->own_fds[fd] : OWN_NOT;
}

static bool is_own(const struct lean *l, long fd)
{
	return own(l, fd) == OWN_FILE || own(l, fd) == OWN_PIPE;
}

enum verdict judge_close(struct lean *l, struct call *call)
{
	own_set(l, call->args[0], OWN_NOT);
	return INVISIBLE;
}

enum verdict judge_dup(struct lean *l, struct call *call)
{
	enum own source = own(l, call->args[0]);
	call->result = call_do(call);
	if (source >= OWN_DEFERRED && call->result >= OWN_FDS)
		return NEEDS_FULL_CHILD;
	own_set(l, call->result, source);
	return DONE;
}

/* Only open numbers are recorded, because one may be used again later. */
enum verdict judge_close_range(struct lean *l, struct call *call)
{
	unsigned long first = (unsigned)call->args[0], last = (unsigned)call->args[1];
	if (call->args[2] & RANGE_CLOEXEC)
		return INVISIBLE;
	for (unsigned long fd = first; fd <= last && fd < OWN_FDS; fd++)
		own_set(l, (long)fd, OWN_NOT);
	return INVISIBLE;
}

/* Whether the call changes a description that others share. */
static bool changes_flags(const struct lean *l, long fd, long flags, long which)
{
	if (is_own(l, fd))
		return false;
	long now = gate2(SYS_fcntl, fd, F_GETFL);
	return now >= 0 && (now ^ flags) & which;
}

enum verdict judge_fcntl(struct lean *l, struct call *call)
{
	const long settable = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;
	long fd = call->args[0];
	switch (call->args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return judge_dup(l, call);
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
		return INVISIBLE;
	case F_GETOWN:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return LOOKUP;
	case F_SETFL:
		return changes_flags(l, fd, call->args[2], settable) ? VISIBLE : LOOKUP;
	case F_GETLK:
	case F_SETLK:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
		memory_bring(l, (uintptr_t)call->args[2], sizeof(struct flock));
		return VISIBLE;
	default:
		return NEEDS_FULL_CHILD;
	}
}

/* The kernel stops a background process that does this, unless it blocks or ignores SIGTTOU. A lean
 * child always blocks it. */
static bool may_stop(const struct lean *l)
{
	struct kernel_action action;
	if (l->mask & SIG_BIT(SIGTTOU))
		return false;
	return gate4(SYS_rt_sigaction, SIGTTOU, NULL, &action, 8) < 0 ||
	       action.handler != KERNEL_IGNORE;
}

static enum verdict terminal(
	struct lean *l, const struct call *call, size_t size, enum verdict verdict)
{
	memory_bring(l, (uintptr_t)call->args[2], size);
	return verdict;
}

/* FIONBIO: the argument points to an int. */
static enum verdict nonblocking(struct lean *l, const struct call *call)
{
	const int *wanted = (const int *)call->args[2];
	if (!args_reach(l, (uintptr_t)wanted, sizeof *wanted))
		return NEEDS_FULL_CHILD;
	long flags = *wanted ? O_NONBLOCK : 0;
	return changes_flags(l, call->args[0], flags, O_NONBLOCK) ? VISIBLE : LOOKUP;
}

enum verdict judge_ioctl(struct lean *l, struct call *call)
{
	switch ((unsigned long)call->args[1]) {
	case FIOCLEX:
	case FIONCLEX:
		return INVISIBLE;
	case TCGETS:
		return terminal(l, call, sizeof(struct termios), INVISIBLE);
	case KERNEL_TCGETS2:
		return terminal(l, call, KERNEL_TERMIOS2_SIZE, INVISIBLE);
	case TIOCGWINSZ:
		return terminal(l, call, sizeof(struct winsize), INVISIBLE);
	case FIONBIO:
		return nonblocking(l, call);
	case FIONREAD:
		return terminal(l, call, sizeof(int), LOOKUP);
	case TIOCGPGRP:
	case TIOCGSID:
		return terminal(l, call, sizeof(int), INVISIBLE);
	case TIOCSPGRP:
		return terminal(l, call, sizeof(int), may_stop(l) ? NEEDS_FULL_CHILD : VISIBLE);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return terminal(
			l, call, sizeof(struct termios), may_stop(l) ? NEEDS_FULL_CHILD : VISIBLE);
	case KERNEL_TCSETS2:
	case KERNEL_TCSETSW2:
	case KERNEL_TCSETSF2:
		return terminal(
			l, call, KERNEL_TERMIOS2_SIZE, may_stop(l) ? NEEDS_FULL_CHILD : VISIBLE);
	case TIOCSWINSZ:
		return terminal(l, call, sizeof(struct winsize), VISIBLE);
	case TIOCSCTTY:
	case TIOCNOTTY:
		return VISIBLE;
	default:
		return NEEDS_FULL_CHILD;
	}
}

enum verdict judge_pipe(struct lean *l, struct call *call)
{
	const int *fds = (const int *)call->args[0];
	if (!args_reach(l, (uintptr_t)fds, 2 * sizeof *fds))
		return INVISIBLE;
	call->result = call_do(call);
	for (int i = 0; i < 2 && call->result == 0; i++)
		own_set(l, fds[i], OWN_PIPE);
	return DONE;
}

/* Whether the child would not wait for itself, at a pipe that only it has. */
static bool is_ready(const struct call *call, short events)
{
	struct pollfd fd = {.fd = (int)call->args[0], .events = events};
	struct timespec at_once = {0, 0};
	return gate5(SYS_ppoll, &fd, 1, &at_once, NULL, 8) == 1 && fd.revents & events;
}

/* Brings in as much of the buffer as a read can fill. A read may return less, except for a file.
 * False: it is too much. */
static bool cut(struct call *call)
{
	uint64_t wanted = (uint64_t)call->args[2], most = ARGUMENT_MAX;
	struct stat file;
	if (wanted <= CHUNK)
		return true;
	if (call->args[2] < 0 || gate2(SYS_fstat, call->args[0], &file) < 0)
		return false;
	if (S_ISREG(file.st_mode) && file.st_size) {
		most = (uint64_t)file.st_size + PAGE;
		if (most > ARGUMENT_MAX && wanted > ARGUMENT_MAX)
			return false;
	}
	if (S_ISCHR(file.st_mode) && wanted > most)
		return false;
	call->args[2] = (long)(wanted < most ? wanted : most);
	return true;
}

enum verdict judge_read(struct lean *l, struct call *call)
{
	if (call->nr != SYS_readv && !cut(call))
		return NEEDS_FULL_CHILD;
	switch (own(l, call->args[0])) {
	case OWN_NOT:
		return READS;
	case OWN_PIPE:
		return is_ready(call, POLLIN) ? INVISIBLE : READS;
	default:
		return LOOKUP;
	}
}

/* MSG_WAITALL waits for others. */
enum verdict judge_receive(struct lean *l, struct call *call)
{
	long flags = call->args[call->nr == SYS_recvmsg ? 2 : 3];
	(void)l;
	return flags & MSG_WAITALL ? NEEDS_FULL_CHILD : READS;
}

enum verdict judge_write(struct lean *l, struct call *call)
{
	bool pipe = own(l, call->args[0]) == OWN_PIPE;
	return pipe && (size_t)call->args[2] <= PIPE_BUF && is_ready(call, POLLOUT) ? INVISIBLE
										    : WRITES;
}

enum verdict judge_seek(struct lean *l, struct call *call)
{
	bool asks_only = call->args[1] == 0 && call->args[2] == SEEK_CUR;
	if (asks_only)
		return INVISIBLE;
	return own(l, call->args[0]) == OWN_FILE ? LOOKUP : VISIBLE;
}

static enum verdict stat_of(struct lean *l, struct call *call, uintptr_t to)
{
	enum own deferred = own(l, call->args[0]);
	if (deferred < OWN_DEFERRED || !args_reach_output(l, to, sizeof(struct stat)) ||
		!deferred_stat(l, deferred - OWN_DEFERRED, (struct stat *)to))
		return LOOKUP;
	call->result = 0;
	return DONE;
}

enum verdict judge_fstat(struct lean *l, struct call *call)
{
	return stat_of(l, call, (uintptr_t)call->args[1]);
}

/* With an empty name the call is fstat. */
enum verdict judge_fstatat(struct lean *l, struct call *call)
{
	bool empty =
		call->args[3] & AT_EMPTY_PATH && args_reach_string((uintptr_t)call->args[1]) == 0;
	return empty ? stat_of(l, call, (uintptr_t)call->args[2]) : LOOKUP;
}
