/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_SELF_H
#define FUZZ_SELF_H

#include "fuzz.h"

void note_overcommit(void);
void self_note(const struct program *p);

/* Those of the slots. Joined: neighbours that differ in nothing are one. */
void note_mappings(bool joined);

#endif
