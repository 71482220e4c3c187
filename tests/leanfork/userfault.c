/* SPDX-License-Identifier: MIT */
/*
 * Memory registered with userfaultfd: a native child finds zeros where nothing was put yet, a lean
 * one that or what is put there when it asks. Neither waits for ever.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "forking.h"

#define SIDE ((size_t)4096)
#define AREA ((size_t)4 << 20)
#define PUT 0x5a

static unsigned char *area; /* its first half is there */
static int faults = -1, stop[2];

/* In musl's ioctl a request is an int, which these are too large for. */
static bool control(unsigned long request, void *argument)
{
	return syscall(SYS_ioctl, faults, request, argument) == 0;
}

static bool make_area(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(area, MAP_FAILED);
	madvise(area, AREA, MADV_NOHUGEPAGE); /* such a page would reach into the other half */
	memset(area, 1, AREA / 2);
	struct uffdio_register all = {
		.range = {(uintptr_t)area, AREA}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	return faults >= 0 && control(UFFDIO_API, &api) && control(UFFDIO_REGISTER, &all);
}

static void drop_area(void)
{
	if (faults >= 0)
		close(faults);
	munmap(area, AREA);
}

static void put_page(uintptr_t at)
{
	static _Alignas(4096) unsigned char page[4096];
	memset(page, PUT, sizeof page);
	struct uffdio_copy copy = {
		.dst = at & ~(SIDE - 1), .src = (uintptr_t)page, .len = sizeof page};
	control(UFFDIO_COPY, &copy);
}

static void *puts_pages(void *arg)
{
	struct pollfd fds[] = {{.fd = faults, .events = POLLIN}, {.fd = stop[0], .events = POLLIN}};
	struct uffd_msg message;
	(void)arg;
	while (poll(fds, 2, -1) > 0 && !fds[1].revents)
		if (read(faults, &message, sizeof message) == sizeof message &&
			message.event == UFFD_EVENT_PAGEFAULT)
			put_page((uintptr_t)message.arg.pagefault.address);
	return NULL;
}

static int reads_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < AREA; i += SIDE) {
		bool there = i < AREA / 2;
		if (area[i] != area[i + SIDE - 1] ||
			(there ? area[i] != 1 : area[i] != 0 && area[i] != PUT))
			return 7;
	}
	return 0;
}

static int reads_what_is_missing(void *arg)
{
	(void)arg;
	return area[AREA / 2 + 5 * SIDE] == 0 ? 0 : 7;
}

static void pages_put_by_a_thread(void **state)
{
	pthread_t thread;
	(void)state;
	if (!make_area()) {
		drop_area();
		skip();
	}
	assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, puts_pages, NULL), 0);
	int eager = run_lean(LEAN_EAGER, reads_all, NULL);
	int rescue = run_lean(LEAN_RESCUE, reads_all, NULL);
	assert_int_equal(write(stop[1], "", 1), 1);
	pthread_join(thread, NULL);
	close(stop[0]);
	close(stop[1]);
	drop_area();
	assert_int_equal(eager, 0);
	assert_int_equal(rescue, 0);
}

/* The only one who could put it there is the one who forks. */
static void pages_put_by_nobody(void **state)
{
	(void)state;
	if (!make_area()) {
		drop_area();
		skip();
	}
	int status = run_lean(LEAN_EAGER, reads_what_is_missing, NULL);
	drop_area();
	assert_int_equal(status, 0);
	assert_int_equal(last.outcome, LEAN_RESTARTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pages_put_by_a_thread),
		TEST(pages_put_by_nobody),
	};
	return RUN_TESTS(tests);
}
