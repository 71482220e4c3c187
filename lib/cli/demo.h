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
	int error;          /* of the last failure */
	uint64_t median_ns; /* of those that worked */
	uint64_t worst_ns;
};

/* The memory of the measuring process. */
struct demo_load {
	uint64_t bytes;
	bool promised; /* mapped and never touched */
};

/*
 * Measures in a new process. fork_mode NULL: measures all ways into outcomes[DEMO_WAYS]; otherwise
 * only DEMO_FORK, under `safespawn run --fork=` with this mode. 0 or -errno; -EPROTO: the process
 * ended without an answer.
 */
int demo_measure(
	struct demo_outcome *outcomes, const struct demo_load *load, const char *fork_mode);

/* Starts the measured program once. 0 or -errno; -ECHILD: the program failed. */
int demo_try(void);
#define DEMO_PROGRAM "true"

/* main of the measuring process, which writes its outcomes to standard output. */
#define DEMO_WORKER "--measure"
int demo_main(int argc, char **argv);

#endif
