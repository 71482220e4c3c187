/* SPDX-License-Identifier: MIT */
/*
 * The image: a copy of the text in which each system call is a trap. The parent keeps it mapped, so
 * each child has it and moves it to the place of its text. Hazards:
 *
 * 1. The text moves aside meanwhile, so that it can come back as it was: pages that were written to,
 *    rights that no line of /proc shows. Our own text cannot move, because it is what runs.
 * 2. A guard against indirect branches (BTI) is the image's only if the text has one: code that was
 *    not made for it would trap. Without it nothing is wrong but the guard.
 * 3. A file of a hardened system's memory may be closed to execution, or memory short. Then there is
 *    no image, and the child writes to its text.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/patch.h"

#define FOR_EXECUTION 0x10U /* MFD_EXEC, newer than some headers */

static struct span image; /* guarded by the lock of lean forks */

struct span image_span(void)
{
	return image;
}

static bool is_in_image(const struct text *text)
{
	return text->may_move && text->n_sites > 0;
}

static size_t size_of(const struct text *text)
{
	return text->at.end - text->at.start;
}

static size_t image_size(void)
{
	size_t n, size = 0;
	const struct text *texts = patch_texts(&n);
	for (size_t i = 0; i < n; i++)
		size += is_in_image(&texts[i]) ? size_of(&texts[i]) : 0;
	return size;
}

static bool is_address(long result)
{
	return result > 0 || result < -4095;
}

/* A file in memory of that size; negative: there is none. */
static long open_file(size_t size)
{
	static const char name[] = "safespawn";
	long fd = gate2(SYS_memfd_create, name, MFD_CLOEXEC | FOR_EXECUTION);
	if (fd < 0)
		fd = gate2(SYS_memfd_create, name, MFD_CLOEXEC);
	if (fd >= 0 && gate2(SYS_ftruncate, fd, size) < 0) {
		gate1(SYS_close, fd);
		return -1;
	}
	return fd;
}

static bool copy_text(const struct lean *l, const struct text *text, uintptr_t to)
{
	const uint32_t trap = MACHINE_TRAP;
	const uintptr_t *sites = patch_sites() + text->first_site;
	if (!patch_read(l, (void *)to, text->at))
		return false;
	for (size_t i = 0; i < text->n_sites; i++)
		copy_bytes((void *)(to + (sites[i] - text->at.start)), &trap, sizeof trap);
	return true;
}

static bool fill(const struct lean *l, uintptr_t to)
{
	size_t n;
	const struct text *texts = patch_texts(&n);
	for (size_t i = 0; i < n; i++) {
		if (!is_in_image(&texts[i]))
			continue;
		if (!copy_text(l, &texts[i], to))
			return false;
		to += size_of(&texts[i]);
	}
	return true;
}

static bool write_file(const struct lean *l, long fd, size_t size)
{
	long at = gate6(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!is_address(at))
		return false;
	bool good = fill(l, (uintptr_t)at);
	__builtin___clear_cache((char *)at, (char *)at + size);
	gate2(SYS_munmap, at, size);
	return good;
}

/* Hazard 2. */
static void guard(void)
{
	size_t n;
	const struct text *texts = patch_texts(&n);
	uintptr_t at = image.start;
	for (size_t i = 0; i < n; i++) {
		if (!is_in_image(&texts[i]))
			continue;
		if (texts[i].guarded)
			gate3(SYS_mprotect, at, size_of(&texts[i]), MACHINE_GUARDED_TEXT);
		at += size_of(&texts[i]);
	}
}

static void drop(void)
{
	if (image.start)
		gate2(SYS_munmap, image.start, image.end - image.start);
	image = (struct span){0};
}

void image_make(const struct lean *l)
{
	size_t size = image_size();
	drop();
	long fd = size ? open_file(size) : -1;
	if (fd < 0)
		return;
	if (write_file(l, fd, size)) {
		long at = gate6(SYS_mmap, 0, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
		if (is_address(at))
			image = (struct span){(uintptr_t)at, (uintptr_t)at + size};
		guard();
	}
	gate1(SYS_close, fd);
}

static bool move(uintptr_t from, uintptr_t to, size_t size)
{
	return gate5(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to;
}

/* Hazard 1. */
static bool move_all(uintptr_t aside)
{
	size_t n;
	struct text *texts = patch_texts(&n);
	uintptr_t from = image.start;
	for (size_t i = 0; i < n; i++) {
		struct text *text = &texts[i];
		if (!is_in_image(text))
			continue;
		size_t size = size_of(text);
		if (!move(text->at.start, aside, size) || !move(from, text->at.start, size))
			return false;
		text->aside = aside;
		aside += size;
		from += size;
	}
	return true;
}

bool image_apply(void)
{
	size_t size = image.end - image.start;
	if (!size)
		return true;
	long aside = gate6(
		SYS_mmap, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return is_address(aside) && move_all((uintptr_t)aside);
}

bool image_undo(void)
{
	size_t n;
	struct text *texts = patch_texts(&n);
	bool good = true;
	for (size_t i = 0; i < n; i++) {
		struct text *text = &texts[i];
		if (!text->aside)
			continue;
		good = good && move(text->aside, text->at.start, size_of(text));
		text->aside = 0;
	}
	image = (struct span){0};
	return good;
}
