/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

/* tests/unit/child_stack.c measures how much of each is used. */
#define CHILD_STACK_SIZE 4096
#define MIDDLE_STACK_SIZE 1024

/* Runs a struct job in the child, up to exec or _exit. */
void ss__child_main(void *job);

/* Makes a second process that runs the job, and ends. */
void ss__child_middle(void *job);

#endif
