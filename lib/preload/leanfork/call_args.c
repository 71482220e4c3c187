/* SPDX-License-Identifier: MIT */
/* Whether a lean child can use the memory that a system call's arguments point to. */
#include <sys/socket.h>
#include <sys/uio.h>

#include "preload/leanfork/call.h"
#include "preload/leanfork/child_memory.h"

/* The kernel takes no longer string (MAX_ARG_STRLEN) or vector. */
#define STRING_MAX 131072
#define VECTOR_MAX 1024

long args_reach_string(uintptr_t at)
{
	return probe_string((const char *)at, STRING_MAX);
}

static bool reach(struct lean *l, uintptr_t at, size_t len, long (*probe)(const char *at))
{
	if (len == 0)
		return true;
	if (len > ARGUMENT_MAX)
		return false;
	memory_bring(l, at, len);
	for (size_t i = 0; i < len; i += PAGE)
		if (probe((const char *)(at + i)) < 0)
			return false;
	return probe((const char *)(at + len - 1)) >= 0;
}

static long probe_read(const char *at)
{
	return probe_string(at, 1);
}

bool args_reach(struct lean *l, uintptr_t at, size_t len)
{
	return reach(l, at, len, probe_read);
}

bool args_reach_output(struct lean *l, uintptr_t at, size_t len)
{
	return reach(l, at, len, probe_write);
}

/* A child that may be thrown away must not write to memory that others see. The kernel would return
 * an error, or less than natively. */
static bool is_shared(const struct lean *l, uintptr_t at, size_t len)
{
	if (l->options.kind == LEAN_RESCUE)
		return false;
	for (size_t i = 0; i < l->choice.n_shared; i++)
		if (l->shared[i].start < at + len && at < l->shared[i].end)
			return true;
	return false;
}

static bool bring(struct lean *l, uintptr_t at, size_t len)
{
	if (len > ARGUMENT_MAX || is_shared(l, at, len))
		return false;
	memory_bring(l, at, len);
	return true;
}

static bool bring_vector(struct lean *l, uintptr_t at, size_t n)
{
	const struct iovec *iov = (const struct iovec *)at;
	size_t left = ARGUMENT_MAX;
	if (n > VECTOR_MAX || !args_reach(l, at, n * sizeof *iov))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (iov[i].iov_len > left || !bring(l, (uintptr_t)iov[i].iov_base, iov[i].iov_len))
			return false;
		left -= iov[i].iov_len;
	}
	return true;
}

static bool bring_message(struct lean *l, uintptr_t at)
{
	const struct msghdr *message = (const struct msghdr *)at;
	if (!args_reach(l, at, sizeof *message))
		return true;
	return bring(l, (uintptr_t)message->msg_name, message->msg_namelen) &&
	       bring(l, (uintptr_t)message->msg_control, message->msg_controllen) &&
	       bring_vector(l, (uintptr_t)message->msg_iov, message->msg_iovlen);
}

static bool bring_sized(struct lean *l, uintptr_t at, uintptr_t size_at)
{
	if (!args_reach(l, size_at, sizeof(int)) || *(const int *)size_at <= 0)
		return true;
	return bring(l, at, (size_t) * (const int *)size_at);
}

static bool bring_argument(struct lean *l, const struct call *call, const struct arg *arg)
{
	uintptr_t at = (uintptr_t)call->args[arg->index];
	size_t n = (size_t)call->args[arg->by];
	if (at == 0)
		return true;
	switch ((enum arg_kind)arg->kind) {
	case ARG_FIXED:
		return bring(l, at, arg->size);
	case ARG_COUNTED:
		return n <= ARGUMENT_MAX && bring(l, at, n * arg->size);
	case ARG_SIZED:
		return bring_sized(l, at, n);
	case ARG_STRING:
		args_reach_string(at);
		return true;
	case ARG_VECTOR:
		return bring_vector(l, at, n);
	case ARG_MESSAGE:
		return bring_message(l, at);
	case ARG_NONE:
		break;
	}
	return true;
}

bool args_bring(struct lean *l, const struct call *call, const struct arg *args)
{
	for (int i = 0; i < 4; i++)
		if (!bring_argument(l, call, &args[i]))
			return false;
	return true;
}
