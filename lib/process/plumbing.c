/* SPDX-License-Identifier: MIT */
/* Makes the pipes, and records the files, for a child's descriptors 0 to 2. */
#include "process/plumbing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/block.h"

/* From this number on, naming a pipe is quicker than closing what is below it. */
enum { MANY_DESCRIPTORS = 256 };

static int open_pipe(struct plumbing *p, int fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	p->child[fd] = ends[fd == 0 ? 0 : 1];
	p->parent[fd] = ends[fd == 0 ? 1 : 0];
	p->made[fd] = true;
	return 0;
}

/* O_NOCTTY: a session leader would acquire a terminal that it opens. */
static int name_file(struct plumbing *p, int fd, const char *path, int flags)
{
	if (!ss__block_readable(path))
		return -EFAULT;
	p->files[fd] =
		(struct job_file){.path = path, .flags = flags | O_CLOEXEC | O_NOCTTY, .to = fd};
	return 0;
}

/* Where the child's stdout goes if options->out does not say so. */
static int mapped_stdout(const struct ss_options *options)
{
	for (size_t i = 0; i < options->n_fds; i++)
		if (options->fds[i].to == 1)
			return options->fds[i].from;
	return 1;
}

/* Asked first, because a descriptor opened here may get the number 1. */
static bool merges_with_nothing(const struct ss_options *options)
{
	return options->err.kind == SS_STDIO_MERGE && options->out.kind == SS_STDIO_INHERIT &&
	       fcntl(mapped_stdout(options), F_GETFD) < 0;
}

static void merge(struct plumbing *p, const struct ss_options *options)
{
	p->closed[2] |= p->closed[1];
	p->merged = p->files[1].path != NULL;
	if (!p->closed[2] && !p->merged)
		p->child[2] = p->child[1] >= 0 ? p->child[1] : mapped_stdout(options);
}

static int open_one(
	struct plumbing *p, int fd, const struct ss_stdio *s, const struct ss_options *options)
{
	switch (s->kind) {
	case SS_STDIO_INHERIT:
		return 0;
	case SS_STDIO_PIPE:
		return open_pipe(p, fd);
	case SS_STDIO_NULL:
		return name_file(p, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
	case SS_STDIO_CLOSED:
		p->closed[fd] = true;
		return 0;
	case SS_STDIO_FD:
		p->child[fd] = s->fd;
		return 0;
	case SS_STDIO_READ:
		return name_file(p, fd, s->path, O_RDONLY);
	case SS_STDIO_WRITE:
		return name_file(p, fd, s->path, O_WRONLY | O_CREAT | O_TRUNC);
	case SS_STDIO_APPEND:
		return name_file(p, fd, s->path, O_WRONLY | O_CREAT | O_APPEND);
	case SS_STDIO_MERGE:
		merge(p, options);
		return 0;
	}
	return -EINVAL;
}

int ss__plumbing_open(struct plumbing *p, const struct ss_options *options, enum ss_stage *stage)
{
	const struct ss_stdio *wanted[] = {&options->in, &options->out, &options->err};
	p->closed[2] = merges_with_nothing(options);
	for (int fd = 0; fd < 3; fd++) {
		int error = open_one(p, fd, wanted[fd], options);
		if (error) {
			*stage = wanted[fd]->kind == SS_STDIO_PIPE ? SS_STAGE_PIPE : SS_STAGE_STDIO;
			ss__plumbing_close(p);
			return error;
		}
	}
	return 0;
}

bool ss__plumbing_has_pipes(const struct plumbing *p)
{
	return p->made[0] || p->made[1] || p->made[2];
}

bool ss__plumbing_is_used(const struct plumbing *p)
{
	for (int fd = 0; fd < 3; fd++)
		if (p->child[fd] >= 0 || p->closed[fd] || p->files[fd].path)
			return true;
	return false;
}

static char *put_number(char *end, unsigned n)
{
	do {
		*--end = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return end;
}

static char *put_text(char *end, const char *text)
{
	for (size_t len = strlen(text); len > 0; len--)
		*--end = text[len - 1];
	return end;
}

static const char *proc_path(char path[PLUMBING_PROC_PATH], pid_t pid, int fd)
{
	char *at = path + PLUMBING_PROC_PATH - 1;
	*at = '\0';
	at = put_text(put_number(at, (unsigned)fd), "/fd/");
	return put_text(put_number(at, (unsigned)pid), "/proc/");
}

static bool is_high(const struct plumbing *p, int fd)
{
	return p->made[fd] && p->child[fd] >= MANY_DESCRIPTORS;
}

static void name_pipe(struct plumbing *p, int fd, pid_t pid)
{
	struct stat st;
	if (fstat(p->child[fd], &st) < 0)
		return;
	p->files[fd] = (struct job_file){
		.path = proc_path(p->proc_paths[fd], pid, p->child[fd]),
		.flags = (fd == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC,
		.to = fd,
		.inode = st.st_ino,
		.device = st.st_dev,
	};
}

void ss__plumbing_by_name(struct plumbing *p)
{
	bool merged = !p->made[2] && p->child[2] >= 0 && p->child[2] == p->child[1];
	if (!is_high(p, 0) && !is_high(p, 1) && !is_high(p, 2))
		return;
	/* By thread ID, because a thread may have a descriptor table of its own. */
	const pid_t pid = (pid_t)syscall(SYS_gettid);
	for (int fd = 0; fd < 3; fd++)
		if (is_high(p, fd))
			name_pipe(p, fd, pid);
	if (merged && p->files[1].inode) {
		p->merged = true;
		p->child[2] = -1;
	}
}

void ss__plumbing_by_number(struct plumbing *p)
{
	if (p->merged && p->files[1].inode) {
		p->merged = false;
		p->child[2] = p->child[1];
	}
	for (int fd = 0; fd < 3; fd++)
		if (p->files[fd].inode)
			p->files[fd] = (struct job_file){0};
}

void ss__plumbing_close_child_ends(struct plumbing *p)
{
	for (int fd = 0; fd < 3; fd++)
		if (p->made[fd])
			close(p->child[fd]);
}

void ss__plumbing_close(struct plumbing *p)
{
	ss__plumbing_close_child_ends(p);
	for (int fd = 0; fd < 3; fd++)
		if (p->parent[fd] >= 0)
			close(p->parent[fd]);
}

void ss__plumbing_list(const struct plumbing *p, struct fd_pair *pairs, size_t *n_pairs,
	int *closes, size_t *n_closes)
{
	for (int fd = 0; fd < 3; fd++) {
		if (p->child[fd] >= 0 && !p->files[fd].path)
			pairs[(*n_pairs)++] = (struct fd_pair){p->child[fd], fd};
		if (p->closed[fd])
			closes[(*n_closes)++] = fd;
	}
}
