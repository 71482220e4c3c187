/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_SETTINGS_H
#define PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum fork_mode {
	FORK_RESCUE, /* libc's fork; a lean one if it fails with ENOMEM */
	FORK_LEAN,   /* a lean one at once, if it saves min_bytes */
	FORK_OFF     /* libc's fork, whatever happens */
};

/* The settings in the environment. An undocumented value counts as not set. */
struct settings {
	enum fork_mode fork; /* SAFESPAWN_FORK */
	uint64_t min_bytes;  /* SAFESPAWN_MIN */
	bool inherit;        /* SAFESPAWN_INHERIT: children get the preload too */
	const char *report;  /* SAFESPAWN_REPORT; NULL: no report */
};

#define SETTINGS_DEFAULT                                                                           \
	{                                                                                          \
		.fork = FORK_RESCUE, .min_bytes = UINT64_C(64) << 20, .inherit = true              \
	}

/* The settings of this process, read once when the shim is loaded. */
const struct settings *settings(void);

/* Pure: the settings in env, a vector of NAME=VALUE. `report` points into it. */
void settings_parse(struct settings *out, char *const *env);

/* Pure: "64M" -> 64 << 20. Suffixes K M G, either case. False, out untouched: not a size. */
bool settings_parse_size(uint64_t *out, const char *text);

#endif
