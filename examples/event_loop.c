/* SPDX-License-Identifier: MIT */
/* How do I put children into my event loop? Output and end are descriptors like any other. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

struct source {
	int fd;
	void (*ready)(struct source *);
};

static struct ss_child child;
static struct source output, end;
static int loop, open_sources;

static void add(struct source *source, int fd, void (*ready)(struct source *))
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
	*source = (struct source){fd, ready};
	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0) {
		perror("epoll_ctl");
		exit(1);
	}
	open_sources++;
}

static void drop(struct source *source)
{
	epoll_ctl(loop, EPOLL_CTL_DEL, source->fd, NULL);
	open_sources--;
}

static void read_output(struct source *source)
{
	char text[4096];
	ssize_t n = read(source->fd, text, sizeof text);
	if (n <= 0)
		drop(source);
	else
		printf("output: %.*s", (int)n, text);
}

static void reap(struct source *source)
{
	int status;
	if (ss_wait(&child, &status, 0) == 0) /* it has ended: no wait */
		printf("ended with exit status %d\n", WEXITSTATUS(status));
	drop(source);
}

int main(void)
{
	char *const argv[] = {"sh", "-c", "echo one; sleep 0.1; exec >&-; sleep 0.1; exit 3", NULL};
	struct epoll_event event;
	loop = epoll_create1(EPOLL_CLOEXEC);
	if (ss_spawn(&child, argv, SS_OPTIONS(.flags = SS_NEED_PIDFD, .out = SS_PIPE)) < 0) {
		perror("sh");
		return 1;
	}
	add(&output, child.out, read_output);
	add(&end, child.pidfd, reap);
	while (open_sources > 0 && epoll_wait(loop, &event, 1, -1) == 1) {
		struct source *source = event.data.ptr;
		source->ready(source);
	}
	ss_release(&child);
	close(loop);
	return 0;
}
