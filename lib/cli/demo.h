/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <stdbool.h>
#include <stdint.h>

#define DEMO_ROUNDS 20

enum demo_way { DEMO_FORK, DEMO_LIBC, DEMO_SPAWN, DEMO_WAYS };

/* The result of one way to start a program. */
struct demo_outcome {
	int worked;         /* of DEMO_ROUNDS */
	int error;          /* why the last one that failed did */
	uint64_t median_ns; /* of those that worked */
	uint64_t worst_ns;
};

/* The memory of the process that measures. */
struct demo_load {
	uint64_t bytes;
	bool promised; /* mapped and never touched */
};

/*
 * Measures in a new process. With fork_mode NULL it measures all ways and fills in
 * outcomes[DEMO_WAYS]; else it measures DEMO_FORK alone, under `safespawn run --fork=` and that
 * mode. Returns 0 or -errno; -EPROTO: the process ended without an answer.
 */
int demo_measure(
	struct demo_outcome *outcomes, const struct demo_load *load, const char *fork_mode);

/* Starts the measured program once. Returns 0 or -errno; -ECHILD: the program failed. */
int demo_try(void);
#define DEMO_PROGRAM "true"

/* The main function of the process that measures. It writes its outcomes to standard output. */
#define DEMO_WORKER "--measure"
int demo_main(int argc, char **argv);

#endif
