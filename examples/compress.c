/* SPDX-License-Identifier: MIT */
/* How do I send a big file through a filter, show how far it is, and stop when the disk is full? */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <safespawn.h>

struct job {
	int from, to;
	off_t size;
};

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The file's offset is shared with gzip, so it says how much gzip has read. Not 0: gzip is ended. */
static int take(void *context, int stream, const char *data, size_t len)
{
	struct job *job = context;
	if (stream != 1)
		return write_all(STDERR_FILENO, data, len);
	off_t done = lseek(job->from, 0, SEEK_CUR);
	fprintf(stderr, "\r%3d%%", job->size ? (int)(done * 100 / job->size) : 100);
	return write_all(job->to, data, len);
}

int main(int argc, char **argv)
{
	struct stat st;
	struct job job;
	if (argc != 3 || (job.from = open(argv[1], O_RDONLY | O_CLOEXEC)) < 0 ||
		fstat(job.from, &st) < 0 ||
		(job.to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0) {
		fprintf(stderr, "usage: compress FROM TO\n");
		return 1;
	}
	job.size = st.st_size;
	char *const gzip[] = {"gzip", "-c", NULL};
	const struct ss_io io = {.size = sizeof io, .on_output = take, .context = &job};
	struct ss_result result = {.size = sizeof result};
	int r = ss_run(gzip, SS_OPTIONS(.in = SS_FD(job.from)), &io, &result);
	fprintf(stderr, "\r");
	if (r < 0)
		fprintf(stderr, "gzip: %s\n", errno == ECANCELED ? "not written" : strerror(errno));
	return r < 0 || result.status != 0 || close(job.to) < 0;
}
