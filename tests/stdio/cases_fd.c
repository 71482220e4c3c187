/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "record.h"

/* Bit n: descriptor n is closed. */
static void standard_descriptors_closed(const struct lib *lib, int closed)
{
	for (int fd = 0; fd < 3; fd++)
		if (closed & (1 << fd))
			close(fd);
	say_seen_all_ways(lib);
}

static void close_on_exec_standard(const struct lib *lib, int marked)
{
	for (int fd = 0; fd < 3; fd++)
		if (marked & (1 << fd))
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	say_seen_all_ways(lib);
}

static void other_descriptors(const struct lib *lib, int arg)
{
	(void)arg;
	dup2(0, 5);
	fcntl(0, F_DUPFD_CLOEXEC, 6);
	dup2(1, 9);
	dup2(0, 700);
	fcntl(0, F_DUPFD_CLOEXEC, 701);
	say_seen_all_ways(lib);
}

static void earlier_streams(const struct lib *lib, int closed)
{
	for (int fd = 0; fd < 3; fd++)
		if (closed & (1 << fd))
			close(fd);
	FILE *a = said_popen(lib, "a", "read x; exit 4", "w");
	FILE *b = said_popen(lib, "b", "exit 6", "r");
	FILE *c = said_popen(lib, "c", "read x; exit 5", "we");
	say_process("three open");
	say_seen_all_ways(lib);
	said_pclose(lib, "a close", a);
	said_pclose(lib, "c close", c);
	say_process("b open");
	said_pclose(lib, "b close", b);
	say_process("none open");
}

/* Only if it alone holds the other end does the first one see end of file. */
static void first_stream_ends(const struct lib *lib, int streams)
{
	FILE *open[64];

	for (int i = 0; i < streams; i++)
		open[i] = said_popen(lib, "open", command_line("cat; exit %d", i), "w");
	for (int i = 0; i < streams; i++)
		said_pclose(lib, "close", open[i]);
	say_process("after");
}

static void many_streams(const struct lib *lib, int backwards)
{
	FILE *open[200];

	for (int i = 0; i < 200; i++)
		open[i] = said_popen(
			lib, "open", command_line("read x; exit %d", i), i % 3 == 1 ? "we" : "w");
	say_system(lib, "show", show_command("seen"));
	say_file("system saw", "seen");
	say_popen(lib, "show r", show_command("seen"), "r");
	say_file("popen r saw", "seen");
	say_popen(lib, "show w", show_command("seen"), "w");
	say_file("popen w saw", "seen");
	for (int i = 0; i < 200; i++)
		said_pclose(lib, "close", open[backwards ? 199 - i : (i * 7) % 200]);
	say_process("after");
}

/* All but `free` descriptors under the limit are in use; the command itself has enough. */
static void few_descriptors(const struct lib *lib, int free)
{
	struct rlimit limit = {64, 64};
	int fd = 0;

	setrlimit(RLIMIT_NOFILE, &limit);
	while (fd >= 0 && fd < 63 - free)
		fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	say_seen_all_ways(lib);
	say_popen(lib, "popen re", "echo x", "re");
}

static void no_descriptor_for_the_shell(const struct lib *lib, int limit)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)limit, (rlim_t)limit});
	say_all_ways(lib, "exit 3");
}

static void shared_offset(const struct lib *lib, int arg)
{
	char rest[16] = "";

	(void)arg;
	int fd = open("numbers", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || write(fd, "one\ntwo\nthree\nfour\n", 19) != 19 || lseek(fd, 0, SEEK_SET) < 0)
		skip_case("cannot write a file");
	dup2(fd, 0);
	close(fd);
	say_system(lib, "system", "read x; echo $x");
	say_popen(lib, "popen r", "read x; echo $x", "r");
	say_popen(lib, "popen w", "read x; echo $x", "w");
	ssize_t n = read(0, rest, sizeof rest - 1);
	say("rest", "%d %s", (int)n, rest);
}

const struct test_case fd_cases[] = {
	CASES(standard_descriptors_closed, 0, 7),
	CASES(close_on_exec_standard, 1, 7),
	CASE(other_descriptors),
	CASES(earlier_streams, 0, 3),
	CASES(first_stream_ends, 2, 3),
	CASES(first_stream_ends, 40, 40),
	CASES(many_streams, 0, 1),
	CASES(few_descriptors, 0, 5),
	CASES(no_descriptor_for_the_shell, 0, 5),
	CASE(shared_offset),
	{0},
};
