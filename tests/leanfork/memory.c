/* SPDX-License-Identifier: MIT */
/*
 * Never wrong silently: what a lean child sees and does with memory is what a native one would, by
 * access and by system call, in random order. A child that finds a difference says which.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"

#define ACCESSES 3000000
#define CALLS 20000

/* A child's own record of what it has written, in memory that was left out as well. */
static unsigned char *shadow;
static int in_fd = -1; /* a file that is the block's contents */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static unsigned char expected(size_t i)
{
	return shadow[i] ? (unsigned char)(shadow[i] - 1) : block_byte(i);
}

static void put(size_t i, unsigned char value)
{
	block[i] = value;
	shadow[i] = (unsigned char)(value % 255 + 1);
}

static void put_checked(size_t i, uint64_t random)
{
	put(i, (unsigned char)(random % 255));
}

static int check_all(void)
{
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		if (block[i] != expected(i))
			return 10;
	return 0;
}

static int random_accesses(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	for (int n = 0; n < ACCESSES; n++) {
		uint64_t random = next_random(&seed);
		size_t i = (size_t)(random >> 8) % BLOCK_SIZE;
		if (block[i] != expected(i))
			return 1;
		if (random & 1)
			put_checked(i, random >> 1);
	}
	return check_all();
}

static int sequential_accesses(void *arg)
{
	(void)arg;
	return check_all();
}

/* Reads of part of the file into the same place must change nothing that a write has not. */
static int by_read(size_t at, size_t len)
{
	if (pread(in_fd, block + at, len, (off_t)at) != (ssize_t)len)
		return 20;
	memset(shadow + at, 0, len);
	return 0;
}

static int by_readv(size_t at, size_t len)
{
	size_t other = (at + BLOCK_SIZE / 2) % (BLOCK_SIZE - len);
	struct iovec iov[] = {{block + at, len / 2}, {block + other, len - len / 2}};
	if (lseek(in_fd, (off_t)at, SEEK_SET) < 0 || readv(in_fd, iov, 2) != (ssize_t)len)
		return 21;
	memset(shadow + at, 0, len / 2);
	for (size_t i = 0; i < len - len / 2; i++)
		put(other + i, block_byte(at + len / 2 + i));
	for (size_t i = 0; i < len - len / 2; i++)
		shadow[other + i] = 0;
	for (size_t i = 0; i < len - len / 2; i++)
		block[other + i] = block_byte(other + i);
	return 0;
}

static int by_path(size_t at)
{
	struct stat *file = (struct stat *)(void *)(block + (at & ~(size_t)7));
	unsigned char saved[sizeof *file + 16], *path = (unsigned char *)file + sizeof *file;
	size_t start = at & ~(size_t)7;
	if (start + sizeof saved > BLOCK_SIZE)
		return 0;
	for (size_t i = 0; i < sizeof saved; i++)
		saved[i] = expected(start + i);
	memcpy(path, "/dev/null", 10);
	if (stat((char *)path, file) || !S_ISCHR(file->st_mode))
		return 22;
	memcpy(file, saved, sizeof saved);
	return 0;
}

static int random_calls(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	in_fd = open("/proc/self/fd/9", O_RDONLY); /* one of its own */
	if (in_fd < 0)
		return 30;
	for (int n = 0, r = 0; n < CALLS; n++) {
		uint64_t random = next_random(&seed);
		size_t at = (size_t)(random >> 8) % (BLOCK_SIZE - 200000);
		size_t len = (size_t)(random >> 40) % (random & 16 ? 150000 : 300) + 2;
		switch (random & 3) {
		case 0:
			r = by_read(at, len);
			break;
		case 1:
			r = by_readv(at, len);
			break;
		case 2:
			r = by_path(at);
			break;
		case 3:
			for (size_t i = 0; i < 64; i++)
				put_checked(at + i, random >> i % 32);
			break;
		}
		if (r)
			return r;
	}
	return check_all();
}

static int random_messages(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 30;
	for (int n = 0; n < 3000; n++) {
		uint64_t random = next_random(&seed);
		size_t from = (size_t)(random >> 8) % (BLOCK_SIZE - 5000);
		size_t to = (size_t)(random >> 36) % (BLOCK_SIZE - 5000);
		struct iovec out[] = {{block + from, 1000}, {block + from + 3000, 1000}};
		struct iovec in[] = {{block + to, 700}, {block + to + 2000, 1300}};
		struct msghdr send = {.msg_iov = out, .msg_iovlen = 2};
		struct msghdr receive = {.msg_iov = in, .msg_iovlen = 2};
		unsigned char message[2000];
		for (size_t i = 0; i < 1000; i++) {
			message[i] = expected(from + i);
			message[1000 + i] = expected(from + 3000 + i);
		}
		if (sendmsg(pair[0], &send, 0) != 2000 || recvmsg(pair[1], &receive, 0) != 2000)
			return 31;
		for (size_t i = 0; i < 2000; i++) {
			size_t there = i < 700 ? to + i : to + 2000 + i - 700;
			if (block[there] != message[i])
				return 32;
			put(there, (unsigned char)(message[i] % 255));
		}
	}
	return check_all();
}

static int setup(void **state)
{
	if (block_setup(state))
		return -1;
	shadow = mmap(NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("block", 0);
	if (shadow == MAP_FAILED || fd < 0 || dup2(fd, 9) != 9 || (fd != 9 && close(fd)))
		return -1;
	return pwrite(9, block, BLOCK_SIZE, 0) != (ssize_t)BLOCK_SIZE;
}

static int teardown(void **state)
{
	close(9);
	munmap(shadow, BLOCK_SIZE);
	return block_teardown(state);
}

static void with_seeds(enum lean_kind kind, int (*body)(void *arg), uint64_t n)
{
	for (uint64_t seed = 1; seed <= n; seed++) {
		ask_only = seed & 1;
		uint64_t start = seed * UINT64_C(0x9e3779b97f4a7c15);
		int status = run_lean(kind, body, &start);
		if (status != 0)
			print_error("seed %d: status %#x, reason %d\n", (int)seed, (unsigned)status,
				(int)last.reason);
		assert_int_equal(status, 0);
		assert_int_equal(last.outcome, LEAN_DONE);
		assert_true(last.chunks > 0);
	}
	/* and the parent's is untouched */
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		if (block[i] != block_byte(i))
			fail_msg("the parent's memory has changed");
}

static void all_is_there(void **state)
{
	(void)state;
	with_seeds(LEAN_EAGER, sequential_accesses, 2);
	with_seeds(LEAN_RESCUE, sequential_accesses, 2);
}

static void access_by_access(void **state)
{
	(void)state;
	with_seeds(LEAN_RESCUE, random_accesses, 4);
}

static void call_by_call(void **state)
{
	(void)state;
	with_seeds(LEAN_RESCUE, random_calls, 3);
}

static void message_by_message(void **state)
{
	(void)state;
	with_seeds(LEAN_RESCUE, random_messages, 3);
}

static int a_few_places(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < 8; i++) {
		size_t at = BLOCK_SIZE / 4 + i * 100000;
		if (block[at] != block_byte(at))
			return 11;
		block[at]++;
	}
	return 0;
}

static int the_whole_block(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		if (block[i] != block_byte(i))
			return 12;
	return 0;
}

/* The kernel copies next time what this child has to ask for; what another one wants is still
 * left out. */
static void what_was_asked_for_once(void **state)
{
	(void)state;
	learn = true;
	assert_int_equal(run_lean(LEAN_EAGER, a_few_places, NULL), 0);
	assert_between(last.chunks, 7, 200);
	uint64_t bytes = last.bytes;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run_lean(LEAN_EAGER, a_few_places, NULL), 0);
		assert_int_equal(last.outcome, LEAN_DONE);
		assert_int_equal(last.chunks, 0);
		assert_between(bytes - last.bytes, 1 << 18, 8 << 20);
	}
	assert_int_equal(run_lean(LEAN_EAGER, the_whole_block, NULL), 0);
	assert_true(last.chunks > 100);
	learn = false;
	assert_int_equal(run_lean(LEAN_EAGER, a_few_places, NULL), 0);
	assert_int_equal(last.bytes, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_there),
		TEST(access_by_access),
		TEST(call_by_call),
		TEST(message_by_message),
		TEST(what_was_asked_for_once),
	};
	return RUN_TESTS_WITH(tests, setup, teardown);
}
