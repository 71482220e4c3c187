/* SPDX-License-Identifier: MIT */
#include <sys/socket.h>
#include <sys/uio.h>

#include "preload/leanfork/calls.h"
#include "preload/leanfork/memory.h"

/* The kernel takes no longer string (MAX_ARG_STRLEN) and no longer vector. */
#define STRING_MAX 131072
#define VECTOR_MAX 1024

bool args_reach_string(uintptr_t at)
{
	return probe_string((const char *)at, STRING_MAX) >= 0;
}

bool args_reach(struct lean *l, uintptr_t at, size_t len)
{
	if (len == 0)
		return true;
	memory_bring(l, at, len);
	for (size_t i = 0; i < len; i += PAGE)
		if (probe_string((const char *)(at + i), 1) < 0)
			return false;
	return probe_string((const char *)(at + len - 1), 1) >= 0;
}

static void bring_vector(struct lean *l, uintptr_t at, size_t n)
{
	if (n > VECTOR_MAX || !args_reach(l, at, n * sizeof(struct iovec)))
		return;
	const struct iovec *iov = (const struct iovec *)at;
	for (size_t i = 0; i < n; i++)
		memory_bring(l, (uintptr_t)iov[i].iov_base, iov[i].iov_len);
}

static void bring_message(struct lean *l, uintptr_t at)
{
	if (!args_reach(l, at, sizeof(struct msghdr)))
		return;
	const struct msghdr *message = (const struct msghdr *)at;
	memory_bring(l, (uintptr_t)message->msg_name, message->msg_namelen);
	memory_bring(l, (uintptr_t)message->msg_control, message->msg_controllen);
	bring_vector(l, (uintptr_t)message->msg_iov, message->msg_iovlen);
}

static void bring_sized(struct lean *l, uintptr_t at, uintptr_t size_at)
{
	if (args_reach(l, size_at, sizeof(int)) && *(const int *)size_at > 0)
		memory_bring(l, at, (size_t) * (const int *)size_at);
}

void args_bring(struct lean *l, const struct call *call, const struct arg *args)
{
	for (int i = 0; i < 4; i++) {
		const struct arg *arg = &args[i];
		uintptr_t at = (uintptr_t)call->args[arg->index];
		size_t n = (size_t)call->args[arg->by];
		if (arg->kind == ARG_NONE || at == 0)
			continue;
		switch ((enum arg_kind)arg->kind) {
		case ARG_FIXED:
			memory_bring(l, at, arg->size);
			break;
		case ARG_COUNTED:
			if (n <= SIZE_MAX / arg->size)
				memory_bring(l, at, n * arg->size);
			break;
		case ARG_SIZED:
			bring_sized(l, at, n);
			break;
		case ARG_STRING:
			args_reach_string(at);
			break;
		case ARG_VECTOR:
			bring_vector(l, at, n);
			break;
		case ARG_MESSAGE:
			bring_message(l, at);
			break;
		case ARG_NONE:
			break;
		}
	}
}
