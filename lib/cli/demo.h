/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <stdbool.h>
#include <stdint.h>

#define DEMO_ROUNDS 20

enum demo_way { DEMO_FORK, DEMO_LIBC, DEMO_SPAWN, DEMO_WAYS };

/* How it went with one way of starting a program. */
struct demo_outcome {
	int worked;         /* of DEMO_ROUNDS */
	int error;          /* why the last one that failed did */
	uint64_t median_ns; /* of those that worked */
	uint64_t worst_ns;
};

/* What a measuring process is to be like. */
struct demo_load {
	uint64_t bytes;
	bool promised; /* mapped and never touched */
};

/*
 * Measures in a process of its own, started by the library. fork_mode: NULL, then outcomes has
 * DEMO_WAYS elements; or what `safespawn run --fork=` is given, then there is only DEMO_FORK.
 * 0 or -errno; -EPROTO: that process did not live to tell.
 */
int demo_measure(
	struct demo_outcome *outcomes, const struct demo_load *load, const char *fork_mode);

/* Starts what is measured once, from here: 0, or -errno; -ECHILD: it failed. */
int demo_try(void);
#define DEMO_PROGRAM "true"

/* What that process does: demo_main is its main. Tells its outcomes on standard output. */
#define DEMO_WORKER "--measure"
int demo_main(int argc, char **argv);

#endif
