/* SPDX-License-Identifier: MIT */
/* Finds the shim and preloads it. */
#include "cli/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/elf_facts.h"
#include "preload/inherit.h"

#define NAME "libsafespawn_preload.so"

static bool own_directory(char directory[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", directory, PATH_MAX - 1);
	if (n <= 0)
		return false;
	directory[n] = '\0';
	char *slash = strrchr(directory, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static char *readable(const char *directory, const char *below)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s/" NAME, directory, below);
	if (n >= (int)sizeof path || access(path, R_OK) < 0)
		return NULL;
	return realpath(path, NULL);
}

char *shim_find(void)
{
	static const char *const beside[] = {SAFESPAWN_BIN_TO_LIB, "../preload"};
	char directory[PATH_MAX];

	if (own_directory(directory))
		for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
			char *found = readable(directory, beside[i]);
			if (found)
				return found;
		}
	return readable(SAFESPAWN_LIBDIR, ".");
}

static bool regular_facts(struct elf_facts *facts, const char *path)
{
	struct stat file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
		  elf_facts_read(facts, fd);
	if (fd >= 0)
		close(fd);
	return ok;
}

bool shim_is_usable(const char *shim)
{
	struct elf_facts ours, its;
	if (!regular_facts(&its, shim))
		return false;
	return !regular_facts(&ours, "/proc/self/exe") ||
	       (its.class == ours.class && its.data == ours.data && its.machine == ours.machine);
}

int shim_preload(const char *shim)
{
	if (strpbrk(shim, ": $"))
		return -EINVAL;
	inherit_drop(environ);
	const char *before = getenv("LD_PRELOAD");
	char *list;
	if (asprintf(&list, "%s%s%s", before ? before : "", before ? ":" : "", shim) < 0)
		return -ENOMEM;
	int error = setenv("LD_PRELOAD", list, 1) < 0 ? errno : 0;
	free(list);
	return -error;
}
