/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "preload/leanfork/marks.h"

/* Kept of the stack on both sides of where it stands, and round the thread's own block: struct
 * pthread with its rseq area, the static TLS below it. */
#define STACK_MARGIN 65536
#define THREAD_MARGIN 65536

static struct span image; /* the shim's own writable memory */
static bool valgrind;
static struct hot hot; /* guarded by the lock of lean forks */

/*
 * The object with this very function in it; of its segments those that can be written. Valgrind,
 * which has an object of its own in each process that it runs, makes the system calls itself: to
 * have them dispatched would be its end.
 */
static int find_image(struct dl_phdr_info *info, size_t size, void *data)
{
	if (strstr(info->dlpi_name, "/vgpreload_"))
		valgrind = true;
	struct span all = {UINTPTR_MAX, 0}, writable = {UINTPTR_MAX, 0};
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type != PT_LOAD)
			continue;
		all.start = at < all.start ? at : all.start;
		all.end = at + segment->p_memsz;
		if (!(segment->p_flags & PF_W))
			continue;
		writable.start = at < writable.start ? at : writable.start;
		writable.end = at + segment->p_memsz;
	}
	if ((uintptr_t)gate_start >= all.start && (uintptr_t)gate_start < all.end)
		*(struct span *)data = writable;
	return 0;
}

__attribute__((constructor)) static void find_own_image(void)
{
	dl_iterate_phdr(find_image, &image);
}

bool plan_possible(void)
{
	return image.start < image.end && !valgrind;
}

static void keep(struct lean *l, uintptr_t start, uintptr_t end)
{
	l->keep[l->choice.n_keep++] = (struct span){start, end};
}

static void keep_needed(struct lean *l, uintptr_t stack)
{
	uintptr_t thread = thread_pointer();

	keep(l, image.start, image.end);
	keep(l, (uintptr_t)l, (uintptr_t)(l + 1));
	keep(l, stack - STACK_MARGIN, stack + STACK_MARGIN);
	keep(l, thread - THREAD_MARGIN, thread + THREAD_MARGIN);
	for (size_t i = 0; l->wish.learn && i < hot.n; i++)
		keep(l, hot.spans[i].start, hot.spans[i].end);
}

/* What is left of the text after its last whole line moves to its start. Returns its length. */
static size_t take_lines(struct lean *l, size_t len)
{
	size_t start = 0;
	for (size_t i = 0; i < len; i++) {
		struct mapping mapping;
		if (l->text[i] != '\n')
			continue;
		if (mapping_parse(&mapping, l->text + start, i - start))
			choice_add(&l->choice, &mapping);
		start = i + 1;
	}
	copy_bytes(l->text, l->text + start, len - start);
	return len - start;
}

static bool read_maps(struct lean *l)
{
	long fd = gate3(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	long n;
	if (fd < 0)
		return false;
	while ((n = gate3(SYS_read, fd, l->text + len, sizeof l->text - len)) > 0)
		len = take_lines(l, len + (size_t)n);
	gate1(SYS_close, fd);
	return n == 0;
}

/* Whether reading our own memory this way is allowed here. */
static bool can_read_self(struct lean *l)
{
	char to, from = 1;
	struct {
		void *at;
		size_t len;
	} local = {&to, 1}, remote = {&from, 1};
	return gate6(SYS_process_vm_readv, l->parent, &local, 1, &remote, 1, 0) == 1;
}

/* Whether we can look for a child: nobody is a child of its own. */
static bool can_wait(const struct lean *l)
{
	return gate5(SYS_waitid, P_PID, l->parent, NULL, WEXITED | WNOHANG, NULL) == -ECHILD;
}

static enum lean_reason make_bitmap(struct lean *l)
{
	l->settled_size = (l->choice.chunks / 64 + 1) * sizeof(uint64_t);
	long at = gate6(SYS_mmap, 0, l->settled_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return LEAN_MEMORY;
	l->settled = (uint64_t *)at;
	return LEAN_FINE;
}

static uint64_t make_token(const struct lean *l)
{
	struct timespec now = {0, 0};
	gate2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	uint64_t n = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return (n ^ (uint64_t)l->thread << 40) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

enum lean_reason plan_make(struct lean *l, uintptr_t stack)
{
	l->token = make_token(l);
	keep_needed(l, stack);
	l->choice.keep = l->keep;
	l->choice.least = l->wish.least_range;
	l->choice.ranges = l->ranges;
	l->choice.max_ranges = RANGES_MAX;
	l->choice.shared = l->shared;
	l->choice.max_shared = SHARED_MAX;
	if (!marks_possible(l) || !can_read_self(l) || !can_wait(l) || !read_maps(l))
		return LEAN_KERNEL;
	if (l->choice.too_many_shared && l->wish.kind == LEAN_EAGER)
		return LEAN_FAULT;
	if (l->choice.bytes < l->wish.least_total || l->choice.n_ranges == 0)
		return LEAN_SMALL;
	return make_bitmap(l);
}

void plan_learn(const struct lean *l)
{
	uint64_t n = l->result.chunks < PLACES_MAX ? l->result.chunks : PLACES_MAX;
	for (uint64_t i = 0; l->wish.learn && i < n; i++)
		hot_add(&hot, l->mail->places[i]);
}
