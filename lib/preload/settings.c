/* SPDX-License-Identifier: MIT */
#include "preload/settings.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define DEFAULT_MIN_BYTES (UINT64_C(64) << 20)

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

	out->fork = parse_fork(value_of(env, "SAFESPAWN_FORK"));
	out->min_bytes = DEFAULT_MIN_BYTES;
	if (min)
		settings_parse_size(&out->min_bytes, min);
	out->inherit = !inherit || strcmp(inherit, "0");
	out->report = report && report[0] ? report : NULL;
}

/* Most processes have no wish: this is all that they pay. */
static bool has_wishes(char *const *env)
{
	static const char prefix[] = "SAFESPAWN_";
	for (; env && *env; env++)
		if (**env == prefix[0] && !strncmp(*env, prefix, sizeof prefix - 1))
			return true;
	return false;
}

/* Copied, as programs overwrite the block their environment came in (setproctitle). A program that
 * gained rights by exec takes no wishes from its environment. */
const struct settings *settings(void)
{
	static struct settings mine;
	static atomic_bool done;
	static char *const none[] = {NULL};

	if (!atomic_load_explicit(&done, memory_order_acquire)) {
		bool heard = has_wishes(environ) && !getauxval(AT_SECURE);
		settings_parse(&mine, heard ? environ : none);
		if (mine.report)
			mine.report = strdup(mine.report);
		atomic_store_explicit(&done, true, memory_order_release);
	}
	return &mine;
}
