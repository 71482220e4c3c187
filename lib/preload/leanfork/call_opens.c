/* SPDX-License-Identifier: MIT */
/*
 * What others notice of an open: nothing for a directory or a file opened for reading, something
 * for a file opened for writing (call_deferred.c), anything for a device or FIFO, which may even
 * block.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "preload/leanfork/call_deferred.h"
#include "preload/leanfork/call.h"
#include "preload/leanfork/child_memory.h"
#include "preload/leanfork/proc.h"

#define KERNEL_TMPFILE 020000000 /* O_TMPFILE without O_DIRECTORY */
#define DEBUGFS 0x64626720
#define TRACEFS 0x74726163

long opens_name(long fd, char *name, size_t size)
{
	char link[32] = "/proc/self/fd/";
	size_t len = sizeof "/proc/self/fd/" - 1;
	for (long unit = 1000000000; unit > 0; unit /= 10)
		if (fd >= unit || unit == 1)
			link[len++] = (char)('0' + fd / unit % 10);
	return proc_readlink(link, name, size);
}

static bool is_same(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* A file in /proc or in a similar file system. */
enum special {
	SPECIAL_NOT,
	SPECIAL_MEMORY,  /* a process's memory */
	SPECIAL_PROCESS, /* tells of a process; a lean child differs in mappings, mask, handlers */
	SPECIAL_CONSUMED /* a read takes data from others, or blocks */
};

static enum special special_of_name(const char *name, size_t len)
{
	if (len < 7 || !is_same(name, "/proc/", 6))
		return SPECIAL_NOT;
	if (len == 10 && is_same(name + 6, "kmsg", 4))
		return SPECIAL_CONSUMED;
	if (name[6] < '0' || name[6] > '9')
		return SPECIAL_NOT;
	return is_same(name + len - 4, "/mem", 4) ? SPECIAL_MEMORY : SPECIAL_PROCESS;
}

static enum special special_of(long fd)
{
	char name[64] = "";
	struct statfs system;
	if (gate2(SYS_fstatfs, fd, &system) == 0 &&
		(system.f_type == DEBUGFS || system.f_type == TRACEFS))
		return SPECIAL_CONSUMED;
	long len = opens_name(fd, name, sizeof name);
	return len > 0 ? special_of_name(name, (size_t)len) : SPECIAL_NOT;
}

/* Whether it is special. Most files have a size, or lie on a disk. */
static enum special specialty(const struct open_args *open, const struct stat *file)
{
	if (file->st_size || major(file->st_dev))
		return SPECIAL_NOT;
	long fd = gate4(SYS_openat, open->dir, open->path, O_PATH | O_CLOEXEC, 0);
	enum special special = fd >= 0 ? special_of(fd) : SPECIAL_NOT;
	if (fd >= 0)
		gate1(SYS_close, fd);
	return special;
}

static bool is_memory_device(const struct stat *file)
{
	unsigned n = minor(file->st_rdev);
	return S_ISCHR(file->st_mode) && major(file->st_rdev) == 1 &&
	       (n == 3 || n == 5 || n == 7 || n == 8 || n == 9); /* null zero full random urandom */
}

static bool leads_to_null(const struct stat *file)
{
	return S_ISCHR(file->st_mode) && file->st_rdev == makedev(1, 3);
}

/* Whether another name leads to the stand-in of a deferred open, such as /dev/stdout. */
static bool is_its_name(uintptr_t path)
{
	static const char name[] = "/dev/null";
	return args_reach_string(path) == sizeof name - 1 &&
	       is_same((const char *)path, name, sizeof name - 1);
}

/* Whether others may notice this open of a regular file. */
static bool changes(long flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
}

static enum verdict to_be_deferred(struct lean *l, struct call *call, const struct open_args *open)
{
	if (l->options.kind == LEAN_RESCUE)
		return VISIBLE;
	call->result = deferred_take(l, open);
	return call->result < 0 ? NEEDS_FULL_CHILD : DONE;
}

static enum verdict of_file(
	struct lean *l, struct call *call, const struct open_args *open, const struct stat *file)
{
	enum special special = specialty(open, file);
	bool eager = l->options.kind == LEAN_EAGER;
	if (special == SPECIAL_MEMORY || (special == SPECIAL_PROCESS && eager))
		return NEEDS_FULL_CHILD;
	if (special == SPECIAL_CONSUMED)
		return VISIBLE;
	return changes(open->flags) ? to_be_deferred(l, call, open) : INVISIBLE;
}

static enum verdict verdict_on(struct lean *l, struct call *call, const struct open_args *open)
{
	struct stat file;
	if (open->flags & O_PATH)
		return LOOKUP;
	if ((open->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ||
		open->flags & KERNEL_TMPFILE)
		return VISIBLE;
	long r = gate4(SYS_newfstatat, open->dir, open->path, &file, 0);
	if (r == -ENOENT && open->flags & O_CREAT)
		return to_be_deferred(l, call, open);
	if (r < 0)
		return LOOKUP;
	if (S_ISREG(file.st_mode))
		return of_file(l, call, open, &file);
	if (l->n_deferred && leads_to_null(&file) && !is_its_name(open->path))
		return NEEDS_FULL_CHILD;
	if (S_ISDIR(file.st_mode) || is_memory_device(&file))
		return INVISIBLE;
	return S_ISFIFO(file.st_mode) ? NEEDS_FULL_CHILD : VISIBLE;
}

static enum verdict judge(struct lean *l, struct call *call, const struct open_args *open)
{
	args_reach_string(open->path);
	enum verdict verdict = verdict_on(l, call, open);
	if (verdict != INVISIBLE)
		return verdict;
	call->result = call_do(call);
	own_set(l, call->result, OWN_FILE);
	return DONE;
}

enum verdict judge_open(struct lean *l, struct call *call)
{
	struct open_args open = {AT_FDCWD, (uintptr_t)call->args[0], call->args[1], call->args[2]};
	return judge(l, call, &open);
}

enum verdict judge_openat(struct lean *l, struct call *call)
{
	struct open_args open = {
		call->args[0], (uintptr_t)call->args[1], call->args[2], call->args[3]};
	return judge(l, call, &open);
}

enum verdict judge_creat(struct lean *l, struct call *call)
{
	struct open_args open = {
		AT_FDCWD, (uintptr_t)call->args[0], O_CREAT | O_TRUNC | O_WRONLY, call->args[1]};
	return judge(l, call, &open);
}
