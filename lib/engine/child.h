/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

/* The child's stack, on its parent's: tests/unit/child_stack.c measures how much of it is used. */
#define CHILD_STACK_SIZE 3072

/* Runs a struct job in the child, up to exec or _exit. */
void ss__child_main(void *job);

/* A child that shows whether memory is shared: sets the int and ends. */
void ss__child_probe(void *shared);

#endif
