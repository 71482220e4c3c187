/* SPDX-License-Identifier: MIT */
/* A run: a process that is the parent, within a limit of time; and whether two runs are the same. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parent.h"
#include "run.h"

#define LONGEST_MS 60000

static int remove_one(
	const char *path, const struct stat *file, int kind, __attribute__((unused)) struct FTW *at)
{
	(void)file;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

/* Whatever is left of the run is ours, because we are the subreaper. */
static int kill_the_rest(void)
{
	char path[64], text[4096];
	int left = 0, status;
	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	for (int i = 0; i < 100; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof text - 1);
		close(fd);
		if (n <= 0)
			break;
		text[n] = '\0';
		for (char *at = text, *end; *at; at = end) {
			long pid = strtol(at, &end, 10);
			if (end == at)
				break;
			left++;
			kill((pid_t)pid, SIGKILL);
			waitpid((pid_t)pid, &status, 0);
		}
	}
	return left;
}

static char *read_results(void)
{
	struct stat file;
	int fd = open(settings.results, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file))
		abort();
	char *text = calloc(1, (size_t)file.st_size + 1);
	if (!text || read(fd, text, (size_t)file.st_size) != file.st_size)
		abort();
	close(fd);
	return text;
}

static void start_afresh(void)
{
	int fd = open(settings.results, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0666);
	fchmod(fd, 0666);
	close(fd);
	if (mkdir(settings.dir, 0777))
		abort();
	chmod(settings.dir, 0777);
}

static bool run_once(const struct program *p, enum mode mode, char **text)
{
	int status = -1;
	start_afresh();
	fflush(NULL);
	pid_t pid = _Fork();
	if (pid == 0)
		parent_main(p, mode);
	struct pollfd fd = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	int ready = poll(&fd, 1, LONGEST_MS);
	bool ended = ready == 1 || (ready < 0 && poll(&fd, 1, LONGEST_MS) == 1);
	close(fd.fd);
	if (ended)
		waitpid(pid, &status, 0);
	int left = kill_the_rest();
	*text = read_results();
	nftw(settings.dir, remove_one, 10, FTW_DEPTH | FTW_PHYS);
	if (ended && status == 0 && left == 0)
		return true;
	fprintf(stderr, "%s: %s, status %x, %d processes left\n", mode_names[mode],
		ended ? "ended" : "did not end", (unsigned)status, left);
	return false;
}

/* A test of something else may have changed that for a moment. */
bool run_program(const struct program *p, enum mode mode, char **text)
{
	for (int tries = 0;; tries++) {
		bool ended = run_once(p, mode, text);
		if (tries == 20 || !strstr(*text, "overcommit_memory 2"))
			return ended;
		free(*text);
		poll(NULL, 0, 200);
	}
}

static const char *line_end(const char *line)
{
	const char *end = strchr(line, '\n');
	return end ? end : line + strlen(line);
}

static const char *next_line(const char *line)
{
	const char *end = line_end(line);
	return *end ? end + 1 : end;
}

static bool same_line(const char *a, const char *b)
{
	size_t len = (size_t)(line_end(a) - a);
	return len == (size_t)(line_end(b) - b) && !memcmp(a, b, len);
}

void print_difference(const char *a, const char *b, enum mode mode)
{
	for (int printed = 0; (*a || *b) && printed < 8; a = next_line(a), b = next_line(b)) {
		if (same_line(a, b))
			continue;
		printf("    native: %.*s\n    %6s: %.*s\n", (int)(line_end(a) - a), a,
			mode_names[mode], (int)(line_end(b) - b), b);
		printed++;
	}
}

bool differs(const struct program *p, enum mode mode, bool print)
{
	char *native, *other;
	bool fine = run_program(p, MODE_NATIVE, &native);
	bool other_fine = run_program(p, mode, &other);
	bool different = fine != other_fine || strcmp(native, other) != 0;
	if (different && print)
		print_difference(native, other, mode);
	free(native);
	free(other);
	return different;
}

/* Whether it is there again and again. */
static bool differs_surely(const struct program *p, enum mode mode)
{
	for (int i = 0; i < 3; i++)
		if (differs(p, mode, false))
			return true;
	return false;
}

static bool can_do_without(struct program *p, struct step *step, enum mode mode)
{
	if (step->dropped)
		return false;
	step->dropped = true;
	if (differs_surely(p, mode))
		return true;
	step->dropped = false;
	return false;
}

static void simplify(struct program *p, enum mode mode)
{
	struct program simple = *p;
	simple.disturbers = 0;
	if (p->disturbers && differs_surely(&simple, mode))
		*p = simple;
	simple = *p;
	simple.place = PLACE_PLAIN;
	if (p->place && differs_surely(&simple, mode))
		*p = simple;
	simple = *p;
	simple.looks = false;
	if (p->looks && differs_surely(&simple, mode))
		*p = simple;
	simple = *p;
	simple.ending.kind = 0;
	if (p->ending.kind && differs_surely(&simple, mode))
		*p = simple;
}

void shrink(struct program *p, enum mode mode)
{
	bool smaller;
	simplify(p, mode);
	do {
		smaller = false;
		for (size_t i = p->n_steps; i-- > 0;)
			smaller |= can_do_without(p, &p->steps[i], mode);
		for (size_t i = p->n_slots; i-- > 0;)
			smaller |= can_do_without(p, &p->slots[i], mode);
	} while (smaller);
}
