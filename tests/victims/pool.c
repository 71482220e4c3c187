/* SPDX-License-Identifier: MIT */
/* The pool itself, in place of the archive's, because nothing of it is visible from outside. */
#include "engine/block.c"

#include "pool.h"

struct pool pool_look(void)
{
	struct pool pool = {0};
	for (const struct chunk *chunk = &first; chunk; chunk = chunk->next) {
		pool.blocks += (int)chunk->n;
		pool.kib += (int)(chunk->n * sizeof(struct block) / 1024);
		for (size_t i = 0; i < chunk->n; i++)
			pool.used += kind(chunk->blocks[i].state) != FREE;
	}
	return pool;
}
