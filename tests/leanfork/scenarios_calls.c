/* SPDX-License-Identifier: MIT */
/* What children call that has an effect on others, or takes memory of a kind of its own. */
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/kernel_numbers.h"
#include "forking.h"

char *half_shared;

static int closes_what_there_might_be(void)
{
	for (int fd = 10; fd < 20000; fd++)
		close(fd);
	return 40;
}

static int changes_shared_flags(void)
{
	int flags = fcntl(pipes[0], F_GETFL);
	return fcntl(pipes[0], F_SETFL, flags ^ O_NONBLOCK) == 0 ? 41 : 1;
}

static int sets_flags_that_are_set(void)
{
	return fcntl(pipes[0], F_SETFL, fcntl(pipes[0], F_GETFL)) == 0 ? 42 : 1;
}

static int reads_into_shared_memory(void)
{
	int fd = open("/bin/sh", O_RDONLY);
	return read(fd, half_shared, 8192) == 8192 && half_shared[1] == 'E' ? 43 : 1;
}

static int reads_into_a_vector(void)
{
	struct iovec vector[] = {{half_shared + 4000, 4}, {half_shared + 4096, 4}};
	int fd = open("/bin/sh", O_RDONLY);
	return readv(fd, vector, 2) == 8 ? 44 : 1;
}

static int fills_shared_memory(void)
{
	return madvise(shared, 4096, 23 /* MADV_POPULATE_WRITE */) == 0 ? 45 : errno;
}

static int writes_to_read_only_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errno = 0;
	return syscall(SYS_rt_sigprocmask, 0, NULL, page, 8) == -1 && errno == EFAULT ? 46 : 1;
}

/* Elsewhere the end of all addresses may be near. */
#ifdef __x86_64__
#define HUGE_COUNT 0x7ffff000
#else
#define HUGE_COUNT 0x6000000
#endif

static int reads_up_to_2_gib(void)
{
	struct stat file;
	int fd = open("/bin/sh", O_RDONLY);
	fstat(fd, &file);
	return read(fd, block, HUGE_COUNT) == file.st_size && block[1] == 'E' ? 47 : 1;
}

static int reads_its_own_memory(void)
{
	unsigned char got[2] = {0, 0};
	off_t at = (off_t)(uintptr_t)(block + BLOCK_SIZE / 2);
	int fd = open("/proc/self/mem", O_RDONLY);
	return pread(fd, got, 2, at) == 2 && got[1] == block_byte(BLOCK_SIZE / 2 + 1) ? 48 : 1;
}

static int has_a_name_beyond_the_file(void)
{
	char *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 9, 0);
	return access(at + 4096, F_OK) == -1 && errno == EFAULT ? 49 : 1;
}

static int exceeds_its_limit_on_data(void)
{
	struct rlimit limit = {20 << 20, 20 << 20};
	setrlimit(RLIMIT_DATA, &limit);
	void *more =
		mmap(NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return more == MAP_FAILED && errno == ENOMEM ? 60 : 1;
}

static void be_ended_soon(void)
{
	struct itimerval soon = {{0, 0}, {0, 400000}};
	setitimer(ITIMER_REAL, &soon, NULL);
}

static int reads_under_the_number_of_a_file(void)
{
	int pair[2], fd = open("/bin/sh", O_RDONLY);
	char c;
	syscall(SYS_close_range, (unsigned)fd, (unsigned)fd, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pair[0] != fd)
		return 1;
	be_ended_soon();
	return (int)read(fd, &c, 1);
}

static int waits_for_all_of_a_message(void)
{
	int pair[2];
	char text[6];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || write(pair[0], "abc", 3) != 3)
		return 1;
	be_ended_soon();
	return (int)recv(pair[1], text, sizeof text, MSG_WAITALL);
}

const struct scenario call_scenarios[] = {
	{"closes what there might be", closes_what_there_might_be, true},
	{"changes shared flags", changes_shared_flags, true},
	{"sets flags that are set", sets_flags_that_are_set, false},
	{"reads into shared memory", reads_into_shared_memory, true},
	{"reads into a vector", reads_into_a_vector, true},
	{"fills shared memory", fills_shared_memory, true},
	{"writes to read-only memory", writes_to_read_only_memory, true},
	{"reads up to 2 GiB", reads_up_to_2_gib, false},
	{"reads its own memory", reads_its_own_memory, true},
	{"has a name beyond the file", has_a_name_beyond_the_file, true},
	{"exceeds its limit on data", exceeds_its_limit_on_data, true},
	{"reads under the number of a file", reads_under_the_number_of_a_file, true},
	{"waits for all of a message", waits_for_all_of_a_message, true},
};

const size_t n_call_scenarios = sizeof call_scenarios / sizeof call_scenarios[0];
