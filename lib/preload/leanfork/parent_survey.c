/* SPDX-License-Identifier: MIT */
/*
 * Which of the parent's pages are resident or swapped. A read of a page that was never touched
 * would grow the parent's page tables, and most of a large mapping may be such. There are three
 * ways to know; each is for where the one before is missing:
 *
 *  1. PAGEMAP_SCAN (Linux 6.7) skips what is not there.
 *  2. /proc/PID/pagemap has a word for each page.
 *  3. mincore has a byte, but does not know swap. So it is used only if nothing is swapped.
 *
 * Without these, every page counts as resident.
 */
#include "preload/leanfork/parent_survey.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/proc.h"

/* Newer than some headers. */
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct scan)
#define IS_PRESENT (UINT64_C(1) << 3)
#define IS_SWAPPED (UINT64_C(1) << 4)
#define IS_ZERO (UINT64_C(1) << 5)

#define WORDS 256 /* of pagemap, or bytes of mincore, at a time */
#define WORD_THERE (UINT64_C(3) << 62)

struct answer {
	struct region *regions;
	size_t n;
	uintptr_t at; /* surveyed so far */
};

/* Returns false if there is no room. */
static bool add(struct answer *answer, struct span span, uint64_t what)
{
	struct region *last = answer->n ? &answer->regions[answer->n - 1] : NULL;
	if (last && last->end == span.start && last->what == what) {
		last->end = span.end;
	} else {
		if (answer->n == REGIONS_MAX)
			return false;
		answer->regions[answer->n++] = (struct region){span.start, span.end, what};
	}
	return true;
}

/* (1) The shared page of zeros need not be copied. */
static bool scan(long fd, struct answer *answer, struct span at)
{
	struct scan scan = {
		.size = sizeof scan,
		.start = at.start,
		.end = at.end,
		.vec = (uintptr_t)(answer->regions + answer->n),
		.vec_len = REGIONS_MAX - answer->n,
		.category_inverted = IS_ZERO,
		.category_mask = IS_ZERO,
		.category_anyof_mask = IS_PRESENT | IS_SWAPPED,
	};
	if (!scan.vec_len)
		return true;
	long n = gate3(SYS_ioctl, fd, SCAN, &scan);
	if (n < 0 || scan.walk_end <= at.start)
		return false;
	answer->n += (size_t)n;
	answer->at = scan.walk_end;
	return true;
}

static uintptr_t page_after(struct span at, uintptr_t pages)
{
	return (at.end - at.start) / PAGE < pages ? at.end : at.start + pages * PAGE;
}

/* (2) */
static bool read_words(long fd, struct answer *answer, struct span at)
{
	uint64_t words[WORDS];
	while (at.start < at.end) {
		uintptr_t stop = page_after(at, WORDS);
		size_t size = (stop - at.start) / PAGE * sizeof *words;
		if (gate4(SYS_pread64, fd, words, size, at.start / PAGE * sizeof *words) !=
			(long)size)
			return false;
		for (size_t i = 0; at.start < stop; i++, at.start += PAGE) {
			struct span page = {at.start, at.start + PAGE};
			if (words[i] & WORD_THERE && !add(answer, page, IS_PRESENT))
				return true;
			answer->at = page.end;
		}
	}
	return true;
}

static bool nothing_swapped(void)
{
	struct proc_value swapped = {.name = "VmSwap:"};
	proc_values(PROC_SELF "status", &swapped, 1);
	return swapped.text[0] && proc_number(swapped.text) == 0;
}

/* (3) */
static bool read_bytes(struct answer *answer, struct span at)
{
	unsigned char bytes[WORDS];
	while (at.start < at.end) {
		uintptr_t stop = page_after(at, WORDS);
		if (gate3(SYS_mincore, at.start, stop - at.start, bytes) < 0)
			return false;
		for (size_t i = 0; at.start < stop; i++, at.start += PAGE) {
			struct span page = {at.start, at.start + PAGE};
			if (bytes[i] & 1 && !add(answer, page, IS_PRESENT))
				return true;
			answer->at = page.end;
		}
	}
	return true;
}

static void survey_mapped(long fd, struct answer *answer, struct span at)
{
	if (fd >= 0 && (scan(fd, answer, at) || read_words(fd, answer, at)))
		return;
	if (nothing_swapped() && read_bytes(answer, at))
		return;
	at.start = answer->at > at.start ? answer->at : at.start;
	if (add(answer, at, IS_PRESENT))
		answer->at = at.end;
}

static bool is_mapped(struct span at)
{
	return gate3(SYS_msync, at.start, at.end - at.start, MS_ASYNC) != -ENOMEM;
}

/* How far a span is mapped from its start. Another thread may have unmapped some. */
static uintptr_t mapped_until(struct span at)
{
	if (is_mapped(at))
		return at.end;
	uintptr_t good = at.start, bad = at.end;
	while (bad - good > PAGE) {
		uintptr_t middle = (good + (bad - good) / 2) & ~(PAGE - 1);
		if (is_mapped((struct span){at.start, middle}))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

void survey_answer(struct lean *l)
{
	struct answer answer = {(struct region *)(void *)l->mail->buffer, 0, l->mail->start};
	uintptr_t end = l->mail->end;
	long fd = gate4(SYS_openat, AT_FDCWD, PROC_SELF "pagemap", O_RDONLY | O_CLOEXEC, 0);
	while (answer.at < end && answer.n < REGIONS_MAX) {
		uintptr_t stop = mapped_until((struct span){answer.at, end});
		if (stop > answer.at) {
			survey_mapped(fd, &answer, (struct span){answer.at, stop});
			continue;
		}
		struct span page = {answer.at, answer.at + PAGE};
		if (add(&answer, page, REGION_GONE))
			answer.at = page.end;
	}
	if (fd >= 0)
		gate1(SYS_close, fd);
	l->mail->pages = (uint32_t)answer.n;
	l->mail->start = answer.at;
}

int survey_ask(struct lean *l, struct span *at, struct region *regions)
{
	l->mail->request = REQUEST_RESIDENT;
	bool answered = mailbox_ask(l->mail, *at, l->parent);
	l->mail->request = REQUEST_BYTES;
	if (!answered)
		return -1;
	copy_bytes(regions, l->mail->buffer, l->mail->pages * sizeof *regions);
	at->start = l->mail->start;
	return (int)l->mail->pages;
}
