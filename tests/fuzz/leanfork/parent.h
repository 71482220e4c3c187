/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_PARENT_H
#define FUZZ_PARENT_H

#include "fuzz.h"

/* In a process of its own. */
_Noreturn void parent_main(const struct program *p, enum mode mode);

#endif
