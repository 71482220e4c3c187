/* SPDX-License-Identifier: MIT */
/* The settings of this process, from its environment. */
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "preload/plt/plt.h"
#include "preload/report_target.h"
#include "preload/settings.h"

/* Most processes set none. This loop is their whole cost, so it calls no function of libc's. */
static bool is_any_set(char *const *env)
{
	static const char prefix[] = "SAFESPAWN_";
	for (; env && *env; env++) {
		size_t n = 0;
		while (prefix[n] && (*env)[n] == prefix[n])
			n++;
		if (!prefix[n])
			return true;
	}
	return false;
}

/* Made absolute now, because programs change their directory. */
static char *copy_of(const char *report)
{
	char directory[PATH_MAX];
	const char *path = report_target_parse(report).path;
	if (!path || path[0] == '/' || !getcwd(directory, sizeof directory))
		return strdup(report);
	size_t size = strlen(directory) + strlen(path) + 2;
	char *copy = malloc(size);
	if (copy)
		snprintf(copy, size, "%s/%s", directory, path);
	return copy;
}

/* The values are copied, because setproctitle overwrites the block of the environment. A program
 * that gained rights by exec ignores them. */
static void read_environment(struct settings *out)
{
	if (!lazy_bind() || getauxval(AT_SECURE))
		return;
	settings_parse(out, environ);
	if (out->report)
		out->report = copy_of(out->report);
}

const struct settings *settings(void)
{
	static struct settings mine = SETTINGS_DEFAULT;
	static atomic_bool done;

	if (!atomic_load_explicit(&done, memory_order_acquire)) {
		if (is_any_set(environ))
			read_environment(&mine);
		atomic_store_explicit(&done, true, memory_order_release);
	}
	return &mine;
}
