/* SPDX-License-Identifier: MIT */
/* Keeps the shim from the program's children (SAFESPAWN_INHERIT=0). */
#include "preload/inherit.h"

#include <stdbool.h>
#include <string.h>

static const char shim[] = "libsafespawn_preload.so";
static const char separators[] = ": ";

static bool is_shim(const char *name, size_t len)
{
	size_t own = sizeof shim - 1;
	return len >= own && !memcmp(name + len - own, shim, own) &&
	       (len == own || name[len - own - 1] == '/');
}

/* Names that stay move down over names that go. A separator belongs to the name before it. */
static bool drop_from_list(char *list)
{
	char *to = list;
	for (const char *from = list; *from;) {
		size_t len = strcspn(from, separators);
		size_t with_separator = len + (from[len] != '\0');
		if (!is_shim(from, len)) {
			memmove(to, from, with_separator);
			to += with_separator;
		}
		from += with_separator;
	}
	while (to > list && strchr(separators, to[-1]))
		to--;
	*to = '\0';
	return to > list;
}

void inherit_drop(char **env)
{
	static const char name[] = "LD_PRELOAD=";
	char **to = env;
	for (char **from = env; *from; from++)
		if (strncmp(*from, name, sizeof name - 1) ||
			drop_from_list(*from + sizeof name - 1))
			*to++ = *from;
	*to = NULL;
}
