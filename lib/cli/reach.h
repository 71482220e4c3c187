/* SPDX-License-Identifier: MIT */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "cli/elf_facts.h"

/* Whether a preloaded library gets into a program; if not, why. */
enum reach {
	REACH_YES,       /* or unknown: unreadable, or not a program */
	REACH_STATIC,    /* statically linked */
	REACH_MACHINE,   /* for another architecture */
	REACH_LIBC,      /* another C library, with its own loader */
	REACH_PRIVILEGED /* gains rights by exec, so its loader distrusts the environment */
};

/* Finds `program` in PATH as execvp(3) does, follows #! lines and env(1) in them, and looks at the
 * file that really runs. found[4096] gets the path of that file, except for REACH_YES. */
enum reach reach_program(const char *program, const char *shim, char *found);

/*
 * Whether the program exists but its interpreter does not. found[4096] gets the interpreter's path.
 */
bool reach_missing(const char *program, char *found);

/* Pure. The verdict from the facts of both files. loader: that of this program, or "". */
enum reach reach_compare(
	const struct elf_facts *program, const struct elf_facts *shim, const char *loader);

#endif
