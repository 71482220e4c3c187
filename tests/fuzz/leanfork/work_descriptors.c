/* SPDX-License-Identifier: MIT */
/* Work on descriptors: inherited ones, copies, channels, a terminal. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "fuzz.h"

#include "base/kernel_numbers.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

/* Descriptors that are there in each run, and some beyond. Not those by which parent and child talk. */
static int some_fd(uint32_t n)
{
	int fd = (int)(n % (FD_FIRST_FREE + 4));
	return fd >= FD_ASK_IN && fd <= FD_REPLY_OUT ? FD_DATA : fd;
}

WORK(closes)
{
	note_result("close", close(some_fd(s->a)));
}

WORK(closes_many)
{
	unsigned from = 3 + s->a % 20, to = from + s->b % 12;
	note_result("close_range",
		(int)syscall(SYS_close_range, from, to, s->c & 1 ? CLOSE_RANGE_CLOEXEC : 0));
}

WORK(closes_all)
{
	for (int fd = 3; fd < FD_RESULTS; fd++)
		if (fd != FD_ASK_OUT && fd != FD_REPLY_IN)
			close(fd);
}

WORK(duplicates)
{
	int from = some_fd(s->a), to = some_fd(s->b);
	switch (s->c % 5) {
	case 0:
		note_result("dup", dup(from));
		break;
	case 1:
		note_result("dup3", dup3(from, to, O_CLOEXEC));
		break;
	case 2:
		note_result("F_DUPFD", fcntl(from, F_DUPFD, s->b % 30));
		break;
	default:
		note_result("dup2", dup2(from, to));
	}
}

WORK(changes_flags)
{
	int fd = some_fd(s->a), on = s->b & 1;
	switch (s->c % 8) {
	case 0:
		note_result("F_SETFD", fcntl(fd, F_SETFD, on));
		break;
	case 1:
		note("%x", (unsigned)fcntl(fd, F_GETFL));
		note_result("F_SETFL", fcntl(fd, F_SETFL, on ? O_NONBLOCK : O_APPEND));
		break;
	case 2:
		note("%x", (unsigned)fcntl(fd, F_GETFL));
		note_result("FIONBIO", ioctl(fd, FIONBIO, &on));
		break;
	case 3:
		note_result("F_SETPIPE_SZ", fcntl(FD_PIPE_IN, F_SETPIPE_SZ, on ? 4096 : 131072));
		break;
	case 4:
		note_result("F_SETOWN", fcntl(fd, F_SETOWN, on ? getpid() : 0));
		break;
	case 5:
		note_result("FIOCLEX", ioctl(fd, FIOCLEX));
		break;
	case 6:
		note_result("F_SETSIG", fcntl(fd, F_SETSIG, 0));
		break;
	default:
		note("%x %x", (unsigned)fcntl(fd, F_GETFL), (unsigned)fcntl(fd, F_GETFD));
	}
}

WORK(seeks)
{
	int fd = s->a & 1 ? FD_DATA : FD_APPEND;
	note_result("lseek", lseek(fd, s->b % 1000, s->c & 1 ? SEEK_SET : SEEK_CUR));
}

WORK(writes_to_descriptor)
{
	int fd = some_fd(s->a);
	note_result("write", write(fd, "written by the child", 1 + s->b % 20));
}

WORK(reads_from_descriptor)
{
	static const int from[] = {FD_DATA, FD_PIPE_IN, FD_NONBLOCK, FD_NULL, FD_DIR, 0, 35};
	char text[64] = "";
	int fd = from[s->a % 7];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	if (poll(&ready, 1, 0) != 1 && fd != FD_NONBLOCK)
		return;
	note_result("read", read(fd, text, 1 + s->b % 40));
	note("%llx", (unsigned long long)hash_bytes(text, sizeof text, 1));
}

WORK(polls)
{
	struct pollfd fds[] = {{.fd = FD_PIPE_IN, .events = POLLIN},
		{.fd = FD_PAIR, .events = POLLIN | POLLOUT}, {.fd = FD_NONBLOCK, .events = POLLIN}};
	note_result("poll", poll(fds, 3, (int)(s->a % 3)));
	note("%x %x %x", (unsigned)fds[0].revents, (unsigned)fds[1].revents,
		(unsigned)fds[2].revents);
}

WORK(selects)
{
	fd_set in;
	FD_ZERO(&in);
	FD_SET(FD_PIPE_IN, &in);
	FD_SET(FD_NONBLOCK, &in);
	struct timeval shortly = {0, 1000};
	note_result("select", select(FD_NONBLOCK + 1, &in, NULL, NULL, &shortly));
}

WORK(watches)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5}, got = {0};
	int epoll = epoll_create1(s->a & 1 ? EPOLL_CLOEXEC : 0),
	    fd = eventfd(s->b & 1, EFD_NONBLOCK);
	note_result("epoll", epoll);
	note_result("eventfd", fd);
	note_result("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	note_result("epoll_wait", epoll_wait(epoll, &got, 1, 1));
	note("%u", got.data.u32);
	close(fd);
}

WORK(waits_for_a_timer)
{
	struct itimerspec soon = {.it_value = {0, 200000}};
	uint64_t n = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	note_result("timerfd", fd);
	timerfd_settime(fd, 0, &soon, NULL);
	note_result("read", read(fd, &n, sizeof n));
	close(fd);
}

WORK(makes_sockets)
{
	int pair[2], one = 1, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char c = 0;
	note_result("socket", fd);
	note_result("setsockopt", setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
	note_result("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	note_result("send", send(pair[0], "x", 1, 0));
	note_result("recv", recv(pair[1], &c, 1, s->a & 1 ? MSG_WAITALL : 0));
	note_result("shutdown", shutdown(pair[0], SHUT_RDWR));
	note_result("send", send(pair[0], "x", 1, MSG_NOSIGNAL));
}

WORK(passes_a_descriptor)
{
	char room[CMSG_SPACE(sizeof(int))] = "", c = 'd';
	struct iovec v = {&c, 1};
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &(int){FD_DATA}, sizeof(int));
	note_result("sendmsg", sendmsg(FD_PAIR, &m, MSG_DONTWAIT));
}

WORK(asks_how_much)
{
	int n = 0;
	note_result("FIONREAD", ioctl(some_fd(s->a), FIONREAD, &n));
	note("%d", n);
}

WORK(changes_terminal)
{
	struct termios t;
	struct winsize size = {25, (unsigned short)(80 + s->b % 10), 0, 0};
	note_result("tcgetattr", tcgetattr(FD_SLAVE, &t));
	t.c_lflag ^= ECHO;
	if (s->a & 1)
		note_result("tcsetattr", tcsetattr(FD_SLAVE, TCSANOW, &t));
	if (s->a & 2)
		note_result("TIOCSWINSZ", ioctl(FD_SLAVE, TIOCSWINSZ, &size));
	if (s->a & 4)
		note_result("write", write(FD_SLAVE, "tty\n", 4));
	note_result("TIOCGPGRP", ioctl(FD_SLAVE, TIOCGPGRP, &(int){0}) < 0 ? -1 : 0);
	if (s->a & 8)
		note_result("TIOCSCTTY", ioctl(FD_SLAVE, TIOCSCTTY, 0));
}

const struct work work_on_descriptors[] = {
	{"closes", closes, 6, 0},
	{"closes_many", closes_many, 4, 0},
	{"closes_all", closes_all, 2, 0},
	{"duplicates", duplicates, 8, 0},
	{"changes_flags", changes_flags, 8, 0},
	{"seeks", seeks, 4, 0},
	{"writes_to_descriptor", writes_to_descriptor, 5, 0},
	{"reads_from_descriptor", reads_from_descriptor, 6, 0},
	{"polls", polls, 4, 0},
	{"selects", selects, 3, 0},
	{"watches", watches, 3, 0},
	{"waits_for_a_timer", waits_for_a_timer, 3, 0},
	{"makes_sockets", makes_sockets, 4, 0},
	{"passes_a_descriptor", passes_a_descriptor, 3, 0},
	{"asks_how_much", asks_how_much, 3, 0},
	{"changes_terminal", changes_terminal, 4, WORK_TERMINAL},
	{NULL, NULL, 0, WORK_LAST},
};
