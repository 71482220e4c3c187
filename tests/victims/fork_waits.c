/* SPDX-License-Identifier: MIT */
/*
 * A fork whose handlers wait for a lock that another thread has while it runs commands; and a
 * signal handler that forks at any moment of another fork. None of them may wait for ever.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t held, forking;
static FILE *stream;

static int locks;

static void prepare(void)
{
	if (!locks)
		return;
	sem_post(&forking);
	pthread_mutex_lock(&lock);
}

static void after(void)
{
	if (locks)
		pthread_mutex_unlock(&lock);
}

static void *run_commands(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	sem_post(&held);
	sem_wait(&forking);
	printf("system %#x\n", (unsigned)system("exit 3"));
	printf("pclose %#x\n", (unsigned)pclose(popen("exit 4", "r")));
	printf("fclose %d\n", fclose(fopen("/dev/null", "r")));
	printf("pclose %#x\n", (unsigned)pclose(stream));
	pthread_mutex_unlock(&lock);
	return NULL;
}

static int end_of(pid_t pid)
{
	int status = -1;
	if (pid == 0)
		_exit(7);
	while (waitpid(pid, &status, 0) != pid)
		;
	return status;
}

static void fork_beside_commands(void)
{
	pthread_t thread;
	locks = 1;
	sem_init(&held, 0, 0);
	sem_init(&forking, 0, 0);
	pthread_create(&thread, NULL, run_commands, NULL);
	sem_wait(&held);
	printf("child %#x\n", (unsigned)end_of(fork()));
	pthread_join(thread, NULL);
}

/* No second thread by now: with one, glibc's own lock for such handlers would get in the way. */
static volatile sig_atomic_t left = 300;

/* Once each time: a fork is begun anew when a signal comes, and might never get done. */
static void alarm_soon(void)
{
	const struct itimerval soon = {.it_value.tv_usec = 50 + 7 * left % 300};
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void on_alarm(int sig)
{
	(void)sig;
	if (end_of(fork()) == 7 << 8)
		left--;
	if (left > 0)
		alarm_soon();
}

static void fork_beside_handlers(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	alarm_soon();
	while (left > 0)
		if (end_of(fork()) != 7 << 8)
			abort();
	printf("handlers done\n");
	fflush(stdout);
}

int main(void)
{
	pthread_atfork(prepare, after, after);
	/* Handlers that come with the first command come first in fork. */
	printf("system %#x\n", (unsigned)system("exit 5"));
	stream = popen("exit 6", "r");
	fflush(stdout);
	fork_beside_handlers();
	fork_beside_commands();
	return 0;
}
