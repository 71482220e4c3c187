/* SPDX-License-Identifier: MIT */
/* Which file really runs for a program, and whether a preloaded library gets into it. */
#include "cli/reach.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/path.h"

/* The number of #! lines that the kernel follows. */
#define SCRIPTS_MAX 5

static bool runnable(const char *path)
{
	struct stat file;
	return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

/* Searches as ss_spawn does. */
static bool find_in_path(const char *program, char *found)
{
	const char *path = getenv("PATH");
	if (!path)
		path = "/bin:/usr/bin";
	char *list = malloc(ss__path_candidates_size(program, path));
	if (!list)
		return false;
	ss__path_candidates(list, program, path);
	const char *each = list;
	while (*each && !runnable(each))
		each += strlen(each) + 1;
	bool is_there = *each && snprintf(found, PATH_MAX, "%s", each) < PATH_MAX;
	free(list);
	return is_there;
}

static bool find(const char *program, char *found)
{
	if (!strchr(program, '/'))
		return find_in_path(program, found);
	return snprintf(found, PATH_MAX, "%s", program) < PATH_MAX && runnable(found);
}

/* The number of bytes that the kernel reads of a script. */
#define LINE_MAX_READ 256

/* Replaces a script's path by its interpreter's, and stores the one argument, or "". */
static bool script_interpreter(int fd, char *path, char argument[LINE_MAX_READ])
{
	char line[LINE_MAX_READ + 1];
	ssize_t n = pread(fd, line, sizeof line - 1, 0);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	char *start = line + 2 + strspn(line + 2, " \t");
	size_t len = strcspn(start, " \t");
	if (!len)
		return false;
	snprintf(path, PATH_MAX, "%.*s", (int)len, start);
	start += len + strspn(start + len, " \t");
	for (len = strlen(start); len && strchr(" \t", start[len - 1]); len--)
		;
	snprintf(argument, LINE_MAX_READ, "%.*s", (int)len, start);
	return true;
}

/* The kernel sets AT_SECURE for such a program, and the loader drops LD_PRELOAD. */
static bool gains_rights(int fd)
{
	struct stat file;
	struct statvfs mount;
	if (fstat(fd, &file) < 0 || fstatvfs(fd, &mount) < 0)
		return false;
	if (mount.f_flag & ST_NOSUID || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
	if (file.st_mode & S_ISUID && file.st_uid != getuid())
		return true;
	if ((file.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && file.st_gid != getgid())
		return true;
	return getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Replaces env by the program of #!/usr/bin/env PROGRAM. False: not found. */
static bool look_through_env(char *found, const char *argument)
{
	if (strcmp(base_name(found), "env") || !argument[0] || argument[0] == '-' ||
		strpbrk(argument, "= \t"))
		return true;
	return find(argument, found);
}

enum reach reach_compare(
	const struct elf_facts *program, const struct elf_facts *shim, const char *loader)
{
	if (program->class != shim->class || program->data != shim->data ||
		program->machine != shim->machine)
		return REACH_MACHINE;
	if (!program->interp[0])
		return REACH_STATIC;
	if (loader[0] && strcmp(base_name(program->interp), base_name(loader)))
		return REACH_LIBC;
	return REACH_YES;
}

static bool facts_of(struct elf_facts *facts, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok = fd >= 0 && elf_facts_read(facts, fd);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The loader can run as a program: ld-linux-x86-64.so.2 PROGRAM. It is not static. */
static bool is_loader(int fd, const char *loader)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && stat(loader, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static enum reach reach_binary(int fd, const char *shim)
{
	struct elf_facts program, ours = {0}, library;
	if (gains_rights(fd))
		return REACH_PRIVILEGED;
	if (!elf_facts_read(&program, fd) || !facts_of(&library, shim))
		return REACH_YES;
	facts_of(&ours, "/proc/self/exe");
	if (is_loader(fd, ours.interp))
		return REACH_YES;
	return reach_compare(&program, &library, ours.interp);
}

enum reach reach_program(const char *program, const char *shim, char *found)
{
	char argument[LINE_MAX_READ];
	if (!find(program, found))
		return REACH_YES;
	for (int i = 0; i < SCRIPTS_MAX; i++) {
		int fd = open(found, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return REACH_YES;
		bool script = script_interpreter(fd, found, argument);
		enum reach reach = script ? REACH_YES : reach_binary(fd, shim);
		close(fd);
		if (!script || !look_through_env(found, argument))
			return reach;
	}
	return REACH_YES;
}

/* Replaces a program's path by the interpreter or loader that the kernel runs first. */
static bool runs_first(char *found)
{
	struct elf_facts facts = {0};
	char argument[LINE_MAX_READ];
	int fd = open(found, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool script = script_interpreter(fd, found, argument);
	if (!script && elf_facts_read(&facts, fd) && facts.interp[0])
		snprintf(found, PATH_MAX, "%s", facts.interp);
	close(fd);
	return script || facts.interp[0];
}

bool reach_missing(const char *program, char *found)
{
	if (!find(program, found))
		return false;
	for (int i = 0; i < SCRIPTS_MAX && runs_first(found); i++)
		if (access(found, F_OK) < 0)
			return true;
	return false;
}
