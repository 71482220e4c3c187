/* SPDX-License-Identifier: MIT */
/*
 * A child that fails is reaped though signals interrupt the wait for it. The test decides which
 * calls are interrupted: another thread spawns, and this one answers its calls in place of the
 * kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE 1
#endif

/* So many of each kind. */
enum { INTERRUPTIONS = 3 };

struct subject {
	bool no_wait_by_pidfd; /* as before Linux 5.4 */
	sem_t listening;
	int listener; /* of the calls that wait; -1 where the kernel has none */
	int done[2];  /* a pipe: its end of file says that there won't be more */
	int failures; /* spawns that failed as they should */
	int left[2];  /* interruptions to come: of waitid, of wait4 */
};

static int listen_to_waits(void)
{
	const uint32_t nr = offsetof(struct seccomp_data, nr);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_waitid, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_wait4, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void *spawn_what_fails(void *arg)
{
	struct subject *s = arg;
	struct ss_child child;
	s->listener = listen_to_waits();
	sem_post(&s->listening);
	for (int i = 0; s->listener >= 0 && i < 2; i++)
		s->failures += ss_spawn(&child, ARGV("/nonexistent"),
				       SS_OPTIONS(.flags = i ? SS_NO_PIDFD : 0)) < 0 &&
			       errno == ENOENT;
	close(s->done[1]);
	return NULL;
}

static bool interrupts(int *left)
{
	return *left > 0 && (*left)-- > 0;
}

/* In musl's ioctl a request is an int, which these are too large for. */
static long listener_call(const struct subject *s, unsigned long request, void *argument)
{
	return syscall(SYS_ioctl, s->listener, request, argument);
}

static void answer(struct subject *s)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp response;
	memset(&call, 0, sizeof call);
	memset(&response, 0, sizeof response);
	if (listener_call(s, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	bool is_waitid = call.data.nr == SYS_waitid;
	response.id = call.id;
	if (interrupts(&s->left[is_waitid ? 0 : 1]))
		response.error = -EINTR;
	else if (is_waitid && s->no_wait_by_pidfd)
		response.error = -EINVAL;
	else
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	listener_call(s, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void answer_all(struct subject *s)
{
	struct pollfd from[] = {{s->done[0], POLLIN, 0}, {s->listener, POLLIN, 0}};
	while (poll(from, 2, -1) >= 0 && !from[0].revents)
		if (from[1].revents & POLLIN)
			answer(s);
}

/* The leak check finds the child that has not been reaped. */
static void check(bool no_wait_by_pidfd)
{
	struct subject s = {
		.no_wait_by_pidfd = no_wait_by_pidfd,
		.left = {INTERRUPTIONS, INTERRUPTIONS},
	};
	pthread_t thread;
	needs_shared_memory();
	assert_int_equal(pipe2(s.done, O_CLOEXEC), 0);
	sem_init(&s.listening, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, spawn_what_fails, &s), 0);
	sem_wait(&s.listening);
	if (s.listener >= 0)
		answer_all(&s);
	pthread_join(thread, NULL);
	close(s.done[0]);
	if (s.listener < 0)
		skip();
	close(s.listener);
	assert_int_equal(s.failures, 2);
	assert_int_equal(s.left[0] + s.left[1], 0);
}

static void what_failed_is_reaped_all_the_same(void **unused)
{
	(void)unused;
	check(false);
}

static void also_where_no_pidfd_can_be_waited_for(void **unused)
{
	(void)unused;
	check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_failed_is_reaped_all_the_same),
		TEST(also_where_no_pidfd_can_be_waited_for),
	};
	return RUN_TESTS(tests);
}
