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

typedef unsigned long block_state;

/* The memory that a child uses until its exec: its stack, its job and all that the job points to.
 * It outlives a caller that leaves early. The child owns it while *in_child is not 0. */
struct block {
	/* Spawns that have not claimed the block read the atomic members. */
	_Atomic block_state state;
	/* The kernel writes 0 and wakes the caller when the child has exec'ed or ended. */
	atomic_int *_Atomic in_child;
	_Atomic uint32_t number;                /* of the spawn */
	const _Atomic uint32_t *_Atomic canary; /* in the frame of the waiting caller */
	pid_t pid;                              /* the child's */
	int pidfd;                              /* -1: none */
	int held[BLOCK_HELD];                   /* closed if the caller leaves; -1: none */
	void (*release)(void); /* called when the child no longer uses the block; may be NULL */
	char *more;            /* a mapping, where BLOCK_ROOM is too small */
	size_t more_size;
	struct job job;
	struct fd_plan plan;
	alignas(64) char stack[CHILD_STACK_SIZE];
	char middle_stack[MIDDLE_STACK_SIZE];
	alignas(16) char room[BLOCK_ROOM];
};

/* Takes a block for one spawn. All signals are blocked. NULL: no memory. */
struct block *ss__block_take(void);

/* Maps `size` bytes to use instead of BLOCK_ROOM, or of fewer bytes mapped before. NULL: no memory. */
char *ss__block_more(struct block *b, size_t size);

/* The caller is about to wait with signals open. The block holds all that the caller will own. */
void ss__block_await(struct block *b, const _Atomic uint32_t *canary);

/* The caller is about to take what the block holds. The block no longer owns it. */
void ss__block_hand_over(struct block *b);

/* The child no longer uses the block. */
void ss__block_free(struct block *b);

/* Reaps the block's child, which has ended, and closes its pidfd. */
void ss__block_reap(struct block *b);

/* The child has been killed but still uses the block. A later spawn reaps it. */
void ss__block_leave(struct block *b);

/* The same for an exec'ed child that has been killed but does not end. The pidfd, which may be -1,
 * is no longer the caller's. False: no memory. */
bool ss__block_adopt(pid_t pid, int pidfd);

/* Whether the block still belongs to this spawn. It does not in a process that a handler has
 * forked. */
bool ss__block_is_ours(const struct block *b, uint32_t number);

/* Whether *in_child is 0 in a forked process. */
bool ss__block_word_is_wiped(void);

/* Whether the memory can be read. */
bool ss__block_readable(const void *memory);

#endif
