/* SPDX-License-Identifier: MIT */
/* Work on files by name, and on descriptors. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

static const char *const names[] = {
	"data", "new", "other", "sub/inner", "sub", "link", "append", "dangling"};

static const char *some_name(uint32_t n)
{
	return names[n % (sizeof names / sizeof names[0])];
}

WORK(opens)
{
	static const int flags[] = {O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_CREAT,
		O_WRONLY | O_CREAT | O_EXCL, O_WRONLY | O_TRUNC, O_RDWR | O_CREAT | O_TRUNC,
		O_WRONLY | O_APPEND, O_RDONLY | O_DIRECTORY, O_PATH, O_RDONLY | O_NOFOLLOW,
		O_RDONLY | O_CLOEXEC, O_RDONLY | O_NOATIME, O_WRONLY | O_CREAT | O_APPEND,
		O_RDWR | O_TMPFILE};
	int fd = open(some_name(s->b), flags[s->a % 15], 0640);
	note_result("open", fd);
	if (s->c & 1)
		note_result("write", write(fd, "some text\n", 10));
	if (s->c & 2)
		close(fd);
}

WORK(creates)
{
	int fd = s->a & 1 ? creat(some_name(s->b), 0600)
			  : openat(FD_DIR, some_name(s->b), O_CREAT | O_RDWR, 0600);
	note_result("creat", fd);
	if (s->c & 1)
		close(fd);
}

WORK(changes_names)
{
	const char *a = some_name(s->a), *b = some_name(s->b);
	switch (s->c % 10) {
	case 0:
		note_result("unlink", unlink(a));
		break;
	case 1:
		note_result("rename", rename(a, b));
		break;
	case 2:
		note_result("link", link(a, b));
		break;
	case 3:
		note_result("symlink", symlink(a, b));
		break;
	case 4:
		note_result("mkdir", mkdir(b, 0700));
		break;
	case 5:
		note_result("rmdir", rmdir(a));
		break;
	case 6:
		note_result("chmod", chmod(a, 0604));
		break;
	case 7:
		note_result("truncate", truncate(a, 77));
		break;
	case 8:
		note_result("mkfifo", mkfifo(b, 0600));
		break;
	default:
		note_result("unlinkat", unlinkat(FD_DIR, a, 0));
	}
}

WORK(looks_at_a_file)
{
	struct stat file = {0};
	note_result("lstat", lstat(some_name(s->a), &file));
	note("%o %ld %u %lu", file.st_mode, S_ISDIR(file.st_mode) ? 0 : (long)file.st_size,
		file.st_uid, (unsigned long)file.st_nlink);
}

WORK(changes_directory)
{
	note_result("chdir", s->a & 1 ? chdir("sub") : fchdir(FD_DIR));
}

WORK(sets_umask)
{
	note("umask %o", umask(s->a & 0777));
}

WORK(locks_a_file)
{
	struct flock lock = {.l_type = s->a & 1 ? F_WRLCK : F_RDLCK, .l_len = 10};
	int fd = s->b & 1 ? FD_DATA : FD_APPEND;
	switch (s->c % 4) {
	case 0:
		note_result("flock", flock(fd, LOCK_EX | LOCK_NB));
		break;
	case 1:
		note_result("F_SETLK", fcntl(fd, F_SETLK, &lock));
		break;
	case 2:
		note_result("F_GETLK", fcntl(fd, F_GETLK, &lock));
		note("%d", lock.l_type);
		break;
	default:
		note_result("F_OFD_SETLK", fcntl(fd, F_OFD_SETLK, &lock));
	}
}

WORK(truncates)
{
	note_result("ftruncate", ftruncate(s->a & 1 ? FD_DATA : FD_APPEND, s->b % 100000));
}

const struct work work_on_files[] = {
	{"opens", opens, 8, 0},
	{"creates", creates, 5, 0},
	{"changes_names", changes_names, 6, 0},
	{"looks_at_a_file", looks_at_a_file, 4, 0},
	{"changes_directory", changes_directory, 3, 0},
	{"sets_umask", sets_umask, 4, 0},
	{"locks_a_file", locks_a_file, 5, 0},
	{"truncates", truncates, 4, 0},
	{NULL, NULL, 0, WORK_LAST},
};
