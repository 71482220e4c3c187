/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_SELF_H
#define FUZZ_SELF_H

#include "fuzz.h"

void self_note(const struct program *p);
void note_mappings(void);

#endif
