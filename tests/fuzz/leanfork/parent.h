/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_PARENT_H
#define FUZZ_PARENT_H

#include "fuzz.h"

/* In a process of its own. */
_Noreturn void parent_main(const struct program *p, enum mode mode);

/* Forks; the parent returns when the child has ended. */
void fork_and_attend(const struct program *p, enum mode mode);

/* The same, at the place that the program has it. */
void place_run(const struct program *p, enum mode mode);

/* In the child: the stack of that place is the parent's. */
void place_look(void);

#endif
