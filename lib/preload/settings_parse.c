/* SPDX-License-Identifier: MIT */
/* Reads settings from the text of an environment. */
#include "preload/settings.h"

#include <string.h>

static const char *value_of(char *const *env, const char *name)
{
	size_t len = strlen(name);
	for (; env && *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

bool settings_parse_size(uint64_t *out, const char *text)
{
	static const char suffixes[] = "KkMmGg";
	uint64_t n = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (unsigned)(*p - '0'), &n))
			return false;
	if (p == text)
		return false;
	const char *suffix = *p ? strchr(suffixes, *p) : NULL;
	if (*p && (!suffix || p[1]))
		return false;
	int shift = suffix ? 10 * (int)((suffix - suffixes) / 2 + 1) : 0;
	if (n << shift >> shift != n)
		return false;
	*out = n << shift;
	return true;
}

static enum fork_mode parse_fork(const char *text)
{
	if (text && !strcmp(text, "lean"))
		return FORK_LEAN;
	if (text && !strcmp(text, "off"))
		return FORK_OFF;
	return FORK_RESCUE;
}

void settings_parse(struct settings *out, char *const *env)
{
	const char *min = value_of(env, "SAFESPAWN_MIN");
	const char *inherit = value_of(env, "SAFESPAWN_INHERIT");
	const char *report = value_of(env, "SAFESPAWN_REPORT");

	*out = (struct settings)SETTINGS_DEFAULT;
	out->fork = parse_fork(value_of(env, "SAFESPAWN_FORK"));
	if (min)
		settings_parse_size(&out->min_bytes, min);
	out->inherit = !inherit || strcmp(inherit, "0");
	out->report = report && report[0] ? report : NULL;
}
