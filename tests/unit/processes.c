/* SPDX-License-Identifier: MIT */
/* Whether anything of a process group runs, as /proc tells. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"
#include "process/processes.h"

static void ours_lives(void **unused)
{
	(void)unused;
	assert_int_equal(ss__group_lives(getpgrp()), 1);
}

/* kill counts a zombie as a member. */
static void a_zombie_does_not_count(void **unused)
{
	(void)unused;
	siginfo_t info;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(0);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(kill(-pid, 0), 0);
	assert_int_equal(ss__group_lives(pid), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(ss__group_lives(pid), 0);
}

static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void end_the_first_thread(void)
{
	pthread_t thread;
	setpgid(0, 0);
	alarm(patience(60));
	if (pthread_create(&thread, NULL, stay, NULL))
		_exit(1);
	pthread_exit(NULL);
}

static char state_of(pid_t pid)
{
	char path[32], state = '?';
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
	fclose(file);
	return state;
}

/* Such a process looks like a zombie. */
static void one_without_its_first_thread_counts(void **unused)
{
	(void)unused;
	int status;
	pid_t pid = fork();
	if (pid == 0)
		end_the_first_thread();
	while (state_of(pid) != 'Z')
		usleep(1000);
	assert_int_equal(ss__group_lives(pid), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, SIGKILL);
}

/* The request is there beforehand, so that the first cancellation point takes it. */
static void *look_though_cancelled(void *lives)
{
	pthread_cancel(pthread_self());
	*(int *)lives = ss__group_lives(getpgrp());
	return NULL;
}

static void a_look_is_no_cancellation_point(void **unused)
{
	(void)unused;
	int lives = -1;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, look_though_cancelled, &lives), 0);
	pthread_join(thread, NULL);
	assert_int_equal(lives, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ours_lives),
		TEST(a_zombie_does_not_count),
		TEST(one_without_its_first_thread_counts),
		TEST(a_look_is_no_cancellation_point),
	};
	return RUN_TESTS(tests);
}
