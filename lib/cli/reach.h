/* SPDX-License-Identifier: MIT */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "cli/elf_facts.h"

/* Whether a preloaded library gets into a program, and if not, why. */
enum reach {
	REACH_YES,       /* or not known: it cannot be looked at, or it is nothing that runs */
	REACH_STATIC,    /* has no dynamic loader */
	REACH_MACHINE,   /* is for another architecture */
	REACH_LIBC,      /* has another C library, with a loader of its own */
	REACH_PRIVILEGED /* gains rights by exec: its loader distrusts the environment */
};

/*
 * Looks at `program`, found in PATH as execvp(3) finds it, and through #! lines, and env(1) in
 * them, at what will really run. found, 4096 bytes, is that file's path; unset for REACH_YES.
 */
enum reach reach_program(const char *program, const char *shim, char *found);

/* Whether that program is there, but not what has to run it: found, 4096 bytes, is the path of that. */
bool reach_missing(const char *program, char *found);

/* Pure. The same from what the files say; loader: this program's own, "" if it has none. */
enum reach reach_compare(
	const struct elf_facts *program, const struct elf_facts *shim, const char *loader);

#endif
