/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_BLOCK_H
#define ENGINE_BLOCK_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/child.h"
#include "engine/fd_plan.h"
#include "engine/job.h"

enum { BLOCK_ROOM = 10240, BLOCK_HELD = 9 };

/*
 * The memory that a child uses until its exec: its stack, its job and all that the job points to. It
 * outlives a caller that leaves early. It belongs to the child for as long as *in_child is not 0.
 */
struct block {
	_Atomic uint32_t state;
	/* The kernel writes 0 there and wakes the caller when the child has exec'ed or ended. */
	atomic_int *in_child;
	_Atomic uint32_t number;        /* of the spawn */
	const _Atomic uint32_t *canary; /* in the frame of the caller that waits: the number */
	pid_t pid;                      /* the child's */
	int pidfd;                      /* -1: none */
	int held[BLOCK_HELD];           /* descriptors to close for a caller that has left, or -1 */
	void (*release)(void); /* called when the child no longer uses the block, or NULL */
	char *more;            /* a mapping, if the room here is too small */
	size_t more_size;
	struct job job;
	struct fd_plan plan;
	alignas(64) char stack[CHILD_STACK_SIZE];
	char middle_stack[MIDDLE_STACK_SIZE];
	alignas(16) char room[BLOCK_ROOM];
};

/* A block for one spawn, with all signals blocked. NULL: no memory. */
struct block *ss__block_take(void);

/* Room for so many bytes instead of BLOCK_ROOM. NULL: no memory. */
char *ss__block_more(struct block *b, size_t size);

/* The caller waits from here on, with signals open. The block holds all that the caller is about
 * to own. */
void ss__block_await(struct block *b, const _Atomic uint32_t *canary);

/* The caller is about to store what the block holds. The block no longer owns it. */
void ss__block_hand_over(struct block *b);

/* The child no longer uses it. */
void ss__block_free(struct block *b);

/* Reaps the block's child, which has ended, and closes its pidfd. */
void ss__block_reap(struct block *b);

/* The caller gives up a child that has been killed but still uses the block. A later spawn reaps
 * the child. */
void ss__block_leave(struct block *b);

/* Whether the block still belongs to the spawn of that number in this process. It does not in a
 * process that a handler has forked. */
bool ss__block_is_ours(const struct block *b, uint32_t number);

/* Whether a forked process sees 0 in the place of *in_child. */
bool ss__block_word_is_wiped(void);

/* Whether the memory can be read. */
bool ss__block_readable(const void *memory);

#endif
