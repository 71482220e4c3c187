/* SPDX-License-Identifier: MIT */
/* Where in the parent fork is called: from a thread, a handler, deep in a stack. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "parent.h"

/* Deep in the stack, each of them. */
enum { ROOM = 100000, DEPTH = 20 };
static const volatile char *rooms[DEPTH + 1];

static void look_at_room(const volatile char *room, int depth)
{
	for (size_t i = 0; room && i < ROOM; i += 1000)
		if (room[i] != (char)(depth + (int)i))
			note("another stack at %d, %zu", depth, i);
}

void place_look(void)
{
	for (int depth = 0; depth <= DEPTH; depth++)
		look_at_room(rooms[depth], depth);
}

static struct {
	const struct program *p;
	enum mode mode;
} here;

static void *in_thread(void *arg)
{
	fork_and_attend(here.p, here.mode);
	return arg;
}

static void run_in_thread(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, in_thread, NULL))
		abort();
	pthread_join(thread, NULL);
}

static void in_handler(int sig)
{
	(void)sig;
	fork_and_attend(here.p, here.mode);
}

static void run_in_handler(bool other_stack)
{
	static char room[1 << 18];
	stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
	struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_ONSTACK};
	if (other_stack)
		sigaltstack(&stack, NULL);
	sigaction(SIGPROF, &action, NULL);
	raise(SIGPROF);
}

/* The caller goes on to look at its room, in the child as well. */
static void run_below(int depth)
{
	volatile char room[ROOM];
	for (size_t i = 0; i < ROOM; i += 1000)
		room[i] = (char)(depth + (int)i);
	rooms[depth] = room;
	if (depth)
		run_below(depth - 1);
	else
		fork_and_attend(here.p, here.mode);
	rooms[depth] = NULL;
	look_at_room(room, depth);
}

void place_run(const struct program *p, enum mode mode)
{
	here.p = p;
	here.mode = mode;
	switch (p->place) {
	case PLACE_THREAD:
		run_in_thread();
		break;
	case PLACE_HANDLER:
	case PLACE_OTHER_STACK:
		run_in_handler(p->place == PLACE_OTHER_STACK);
		break;
	case PLACE_DEEP:
		run_below(DEPTH);
		break;
	default:
		fork_and_attend(p, mode);
	}
}
