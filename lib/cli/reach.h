/* SPDX-License-Identifier: MIT */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "cli/elf_facts.h"

/* Whether a preloaded library gets into a program, and if not, why. */
enum reach {
	REACH_YES,       /* or not known: not readable, or not a program */
	REACH_STATIC,    /* has no dynamic loader */
	REACH_MACHINE,   /* is for another architecture */
	REACH_LIBC,      /* has another C library, with a loader of its own */
	REACH_PRIVILEGED /* gains rights by exec: its loader distrusts the environment */
};

/*
 * Finds `program` in PATH as execvp(3) does, follows #! lines and env(1) in them, and looks at the
 * file that will really run. found, 4096 bytes, gets that file's path, except for REACH_YES.
 */
enum reach reach_program(const char *program, const char *shim, char *found);

/* Whether the program is there but its interpreter is not. found, 4096 bytes, gets the path of the
 * interpreter. */
bool reach_missing(const char *program, char *found);

/* Pure. The verdict from the facts of both files. loader: that of this program, "" if none. */
enum reach reach_compare(
	const struct elf_facts *program, const struct elf_facts *shim, const char *loader);

#endif
