/* SPDX-License-Identifier: MIT */
/*
 * Writes the report from inside a program that knows nothing of it. Hazards:
 *
 *  1. Many processes write to one file. So a line is appended by one write with O_APPEND. Later
 *     writes change only the line's own bytes.
 *  2. The file may have been truncated, removed or replaced since. So the line is looked for before
 *     it is overwritten, and appended again if it is gone.
 *  3. The file may be a FIFO without a reader, or a terminal: O_NONBLOCK, O_NOCTTY.
 *  4. SIGPIPE or SIGXFSZ from the write would end the program. Both are blocked and discarded.
 *  5. The reader of a FIFO takes the close of its only writer for the end. So only a regular file
 *     is opened before the last line.
 */
#include "preload/report_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write_guard.h"

/* The width of a line that is to grow. Only the longest names and numbers need more. */
#define WIDTH 640

/* Hazard 4. offset -1: the descriptor's own. */
static ssize_t quiet_write(int fd, const char *line, size_t len, off_t offset)
{
	struct write_guard guard;
	ss__write_guard_hold(&guard);
	ssize_t n = offset < 0 ? write(fd, line, len) : pwrite(fd, line, len, offset);
	ss__write_guard_release(&guard);
	return n;
}

static int open_report(const char *path, int flags)
{
	return open(path, O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, 0666);
}

/* Hazard 2. */
static bool still_there(int fd, const struct report_place *place)
{
	char start[64], found[64];
	struct stat file;
	int len = report_line_start(start, sizeof start, place->pid);

	return fstat(fd, &file) == 0 && file.st_dev == place->dev && file.st_ino == place->ino &&
	       file.st_size >= place->offset + (off_t)place->width &&
	       pread(fd, found, (size_t)len, place->offset) == len &&
	       !memcmp(start, found, (size_t)len);
}

static bool write_over(
	const struct report_place *place, const char *path, const struct report_line *line)
{
	char text[REPORT_LINE_MAX];
	size_t len = report_line_format(text, line, place->width);
	if (place->pid != line->pid || len != place->width)
		return false;
	int fd = open_report(path, O_RDWR);
	if (fd < 0)
		return false;
	bool there = still_there(fd, place);
	if (there)
		quiet_write(fd, text, len, place->offset);
	close(fd);
	return there;
}

/* Hazard 5. O_PATH looks at the file without opening it. A missing file is created later. */
static bool worth_opening(const struct report_target *target, bool ended)
{
	struct stat file;
	int fd = open_report(target->path, O_PATH);
	if (fd < 0)
		return !target->only_this;
	bool worth = fstat(fd, &file) == 0 && report_target_is(target, &file) &&
		     (ended || S_ISREG(file.st_mode));
	close(fd);
	return worth;
}

static void append(struct report_place *place, const struct report_target *target,
	const struct report_line *line)
{
	char text[REPORT_LINE_MAX];
	struct stat file;
	if (!worth_opening(target, line->ended))
		return;
	int fd = open_report(target->path, O_WRONLY | O_APPEND | O_CREAT);
	if (fd < 0)
		return;
	if (fstat(fd, &file) < 0 || (!S_ISREG(file.st_mode) && !line->ended)) {
		close(fd);
		return;
	}
	size_t len = report_line_format(text, line, line->ended ? 0 : WIDTH);
	ssize_t n = quiet_write(fd, text, len, -1);
	if (n == (ssize_t)len && S_ISREG(file.st_mode)) {
		place->pid = line->pid;
		place->dev = file.st_dev;
		place->ino = file.st_ino;
		place->offset = lseek(fd, 0, SEEK_CUR) - (off_t)len;
		place->width = len;
	}
	close(fd);
}

static void write_to_stderr(const struct report_target *target, const struct report_line *line)
{
	char text[REPORT_LINE_MAX];
	struct stat file;
	if (!line->ended)
		return;
	if (target->only_this &&
		(fstat(STDERR_FILENO, &file) < 0 || !report_target_is(target, &file)))
		return;
	quiet_write(STDERR_FILENO, text, report_line_format(text, line, 0), -1);
}

void report_write(struct report_place *place, const struct report_target *target,
	const struct report_line *line)
{
	if (!target->path)
		write_to_stderr(target, line);
	else if (!write_over(place, target->path, line))
		append(place, target, line);
}
