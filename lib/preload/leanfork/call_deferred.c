/* SPDX-License-Identifier: MIT */
/*
 * Others notice an open for writing: it makes or empties a file, and wakes watchers of the
 * directory. A child that may yet be thrown away gets /dev/null instead. The open is made just
 * before exec. Hazards:
 *
 *  1. Directory, root, umask and credentials must stay the same until then. No call may look at
 *     files, because natively the open has happened. Such a call is a LOOKUP: the child is thrown
 *     away at it.
 *  2. The open may fail. Then the child is thrown away, and the native one gets the error.
 *  3. exec may fail after the opens, and the child may be thrown away at a later call. The native
 *     child would make the opens again. So exec is checked first, as far as is possible without
 *     doing it.
 *  4. Copies of a descriptor share one description. So each number gets a copy of the same open.
 */
#include "preload/leanfork/call_deferred.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "preload/leanfork/call.h"

#define KERNEL_LARGEFILE 0100000 /* libc's O_LARGEFILE may be 0 */
#define HEADER_SIZE 256

/* Room for arguments: the least and the most that the kernel allows, and what it adds itself. */
#define ARGUMENTS_LEAST ((uint64_t)128 << 10)
#define ARGUMENTS_MOST ((uint64_t)6 << 20)
#define ARGUMENTS_MARGIN 8192

static const long plain_flags =
	O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY | KERNEL_LARGEFILE;

static bool is_null_device(long fd)
{
	struct stat file;
	return gate2(SYS_fstat, fd, &file) == 0 && S_ISCHR(file.st_mode) &&
	       file.st_rdev == makedev(1, 3);
}

/* The stand-in has the number that the file would get. Like a new file it is no terminal, and has
 * these flags and an offset of 0. */
static long placeholder(long flags)
{
	long fd = gate3(
		SYS_openat, AT_FDCWD, "/dev/null", flags & (O_ACCMODE | O_APPEND | O_CLOEXEC));
	if (fd >= 0 && fd < OWN_FDS && is_null_device(fd))
		return fd;
	if (fd >= 0)
		gate1(SYS_close, fd);
	return -1;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The name of a path without its links, because one below /proc/self/fd may lead elsewhere at exec.
 * Returns its length, or -1. */
static long resolve(const char *path, char *name, size_t size)
{
	struct stat file, named;
	long fd = gate4(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	long len = opens_name(fd, name, size - 1);
	bool good = len > 0 && len < (long)size - 1 && name[0] == '/' &&
		    gate2(SYS_fstat, fd, &file) == 0;
	gate1(SYS_close, fd);
	if (!good)
		return -1;
	name[len] = '\0';
	good = gate4(SYS_newfstatat, AT_FDCWD, name, &named, 0) == 0 && is_same_file(&file, &named);
	return good ? len : -1;
}

static bool is_in_proc(const char *name)
{
	static const char proc[] = "/proc/";
	for (size_t i = 0; i < sizeof proc - 1; i++)
		if (name[i] != proc[i])
			return false;
	return true;
}

/* The same for a file that does not exist: its directory without links, and its own name. */
static bool resolve_new(const char *path, size_t len, char *name)
{
	char dir[DEFERRED_PATH] = ".";
	size_t last = len;
	while (last > 0 && path[last - 1] != '/')
		last--;
	if (last > 0) {
		copy_bytes(dir, path, last);
		dir[last] = '\0';
	}
	long n = resolve(dir, name, DEFERRED_PATH);
	if (n < 0 || is_in_proc(name) || (size_t)n + 1 + len - last >= DEFERRED_PATH)
		return false;
	name[n] = '/';
	copy_bytes(name + n + 1, path + last, len - last + 1);
	return true;
}

long deferred_take(struct lean *l, const struct open_args *open)
{
	const char *path = (const char *)open->path;
	struct deferred_open *deferred = &l->deferred[l->n_deferred];
	long len = probe_string(path, DEFERRED_PATH);
	if (l->n_deferred == DEFERRED_MAX || len <= 0 || len >= DEFERRED_PATH ||
		open->flags & ~plain_flags || (path[0] != '/' && (int)open->dir != AT_FDCWD))
		return -1;
	if (resolve(path, deferred->path, DEFERRED_PATH) < 0 &&
		!resolve_new(path, (size_t)len, deferred->path))
		return -1;
	long fd = placeholder(open->flags);
	if (fd < 0)
		return -1;
	deferred->flags = open->flags;
	deferred->mode = open->mode;
	l->own_fds[fd] = (uint8_t)(OWN_DEFERRED + l->n_deferred++);
	return fd;
}

bool deferred_stat(const struct lean *l, size_t i, struct stat *to)
{
	const struct deferred_open *open = &l->deferred[i];
	struct stat file;
	if (gate4(SYS_newfstatat, AT_FDCWD, open->path, &file, 0) < 0)
		return false;
	if (open->flags & O_TRUNC) {
		file.st_size = file.st_blocks = 0;
		gate2(SYS_clock_gettime, CLOCK_REALTIME_COARSE, &file.st_mtim);
		file.st_ctim = file.st_mtim;
	}
	copy_bytes(to, &file, sizeof file);
	return true;
}

/* Hazard 4. The lowest free number from `fd` on is `fd` itself. */
static void put_in_place(struct lean *l, size_t i, long opened)
{
	for (long fd = 0; fd < OWN_FDS; fd++) {
		if (l->own_fds[fd] != OWN_DEFERRED + i)
			continue;
		bool cloexec = gate2(SYS_fcntl, fd, F_GETFD) & FD_CLOEXEC;
		gate1(SYS_close, fd);
		gate3(SYS_fcntl, opened, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, fd);
		l->own_fds[fd] = OWN_NOT;
	}
	gate1(SYS_close, opened);
}

bool deferred_make(struct lean *l)
{
	for (size_t i = 0; i < l->n_deferred; i++) {
		const struct deferred_open *open = &l->deferred[i];
		long fd = gate4(
			SYS_openat, AT_FDCWD, open->path, open->flags | O_CLOEXEC, open->mode);
		if (fd < 0)
			return false;
		put_in_place(l, i, fd);
	}
	l->n_deferred = 0;
	return true;
}

static bool is_program(const unsigned char *header)
{
	const Elf64_Ehdr *elf = (const void *)header;
	static const unsigned char magic[SELFMAG] = {0x7f, 'E', 'L', 'F'};
	for (int i = 0; i < SELFMAG; i++)
		if (header[i] != magic[i])
			return false;
	return machine_runs(elf->e_machine) && (elf->e_type == ET_EXEC || elf->e_type == ET_DYN);
}

/* Whether everybody may execute the file. Only the kernel knows the other cases. */
static long may_execute(long dir, uintptr_t path)
{
	struct stat file;
	long r = gate4(SYS_newfstatat, dir, path, &file, 0);
	if (r < 0)
		return r;
	return S_ISREG(file.st_mode) && (file.st_mode & 0111) == 0111 ? 0 : EXEC_UNKNOWN;
}

static bool ends_name(char c)
{
	return c == '\0' || c == '\n' || c == ' ' || c == '\t';
}

/* Whether this is a script whose interpreter exists. */
static bool is_script(char *header)
{
	char *name = header + 2, *end;
	if (header[0] != '#' || header[1] != '!')
		return false;
	while (*name == ' ' || *name == '\t')
		name++;
	for (end = name; !ends_name(*end); end++)
		;
	if (end == name || end == header + HEADER_SIZE)
		return false;
	*end = '\0';
	return may_execute(AT_FDCWD, (uintptr_t)name) == 0;
}

/* Whether the kernel can run the file. A program may be unreadable. */
static bool is_known_format(long dir, uintptr_t path)
{
	_Alignas(8) char header[HEADER_SIZE + 1] = "";
	long fd = gate4(SYS_openat, dir, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	long n = gate3(SYS_read, fd, header, HEADER_SIZE);
	gate1(SYS_close, fd);
	return (n >= (long)sizeof(Elf64_Ehdr) && is_program((const unsigned char *)header)) ||
	       (n > 0 && is_script(header));
}

static bool are_few(size_t bytes)
{
	struct rlimit stack;
	if (bytes + ARGUMENTS_MARGIN <= ARGUMENTS_LEAST)
		return true;
	if (gate4(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &stack) < 0)
		return false;
	uint64_t most = stack.rlim_cur / 4 < ARGUMENTS_MOST ? stack.rlim_cur / 4 : ARGUMENTS_MOST;
	return bytes + ARGUMENTS_MARGIN <= most;
}

long deferred_expects(const struct call *exec, size_t bytes)
{
	bool at = exec->nr == SYS_execveat;
	long dir = at ? exec->args[0] : AT_FDCWD;
	uintptr_t path = (uintptr_t)exec->args[at];
	if (!are_few(bytes) || (at && exec->args[4]))
		return EXEC_UNKNOWN;
	long r = may_execute(dir, path);
	if (r != 0)
		return r;
	return is_known_format(dir, path) ? 0 : EXEC_UNKNOWN;
}
