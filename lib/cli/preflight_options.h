/* SPDX-License-Identifier: MIT */
#ifndef CLI_PREFLIGHT_OPTIONS_H
#define CLI_PREFLIGHT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum preflight_format { PREFLIGHT_TEXT, PREFLIGHT_JSON, PREFLIGHT_METRICS };

/* What `safespawn preflight` is asked to do. */
struct preflight_options {
	bool all, exact, check;
	enum preflight_format format;
	uint64_t watch_ms; /* 0: look once */
	const char *dir;   /* NULL: the running kernel's /proc */
	char **pids;       /* up to NULL */
};

/* 0; or the exit status plus one: an error or the help has been printed. */
int preflight_options_parse(int argc, char **argv, struct preflight_options *options);

#endif
