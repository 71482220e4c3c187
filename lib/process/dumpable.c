/* SPDX-License-Identifier: MIT */
#include "process/dumpable.h"

#include <pthread.h>
#include <sys/prctl.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int holders;
static int flag;

/* The change makes it what the system has for set-user-ID programs, 0 to 2. 2 can't be set again. */
static void restore(void)
{
	if (flag == 0 || flag == 1)
		prctl(PR_SET_DUMPABLE, flag, 0, 0, 0);
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/* Forked by another thread meanwhile: the holders are not in this process. */
static void in_forked_child(void)
{
	if (holders > 0)
		restore();
	holders = 0;
	pthread_mutex_unlock(&lock);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, in_forked_child);
}

void dumpable_hold(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&lock);
	if (holders++ == 0)
		flag = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	pthread_mutex_unlock(&lock);
}

void dumpable_release(void)
{
	pthread_mutex_lock(&lock);
	if (--holders == 0)
		restore();
	pthread_mutex_unlock(&lock);
}
