/* SPDX-License-Identifier: MIT */
/*
 * Where the system calls are in the text of a process. Hazards:
 *
 * 1. Text that cannot be read has calls that nobody sees. Text that is writable, or of no file, may
 *    change: it is read for each fork and must have none.
 * 2. Another thread may unmap text while it is read here: nothing is read but by a call that says so.
 * 3. Another thread may map text between this and the clone. A child with other threads looks again.
 * 4. The gate makes the calls of the child's handlers.
 */
#include <sys/syscall.h>

#include "preload/leanfork/maps.h"
#include "preload/leanfork/patch.h"

#define TEXTS_MAX 1024
#define SITES_MAX 32768
#define ANONYMOUS_MAX ((uintptr_t)4 << 20) /* more takes too long each time */

/* What is known, guarded by the lock of lean forks. */
static struct {
	struct text texts[TEXTS_MAX];
	size_t n_texts, n_sites;
	uintptr_t sites[SITES_MAX];
} known;

/* A reading of the mappings. */
struct reading {
	struct lean *l;
	bool scans;     /* text that is not known */
	bool looks;     /* into text that may change */
	size_t n;       /* texts so far */
	bool differs;   /* from what is known */
	bool refused;   /* answers hazard 1 */
	uintptr_t file; /* where the last file's first mapping is */
};

static bool is_in_gate(uintptr_t at)
{
	return at >= (uintptr_t)gate_start && at < (uintptr_t)gate_end;
}

static bool has_gate(struct span at)
{
	return (uintptr_t)gate_start >= at.start && (uintptr_t)gate_start < at.end;
}

static bool take_word(uintptr_t at, uint32_t word, bool may_have)
{
	if (!machine_is_call(word) || is_in_gate(at))
		return true;
	if (!may_have || known.n_sites == SITES_MAX)
		return false;
	known.sites[known.n_sites++] = at;
	return true;
}

static bool take_bytes(uintptr_t at, const unsigned char *bytes, size_t n, bool may_have)
{
	for (size_t i = 0; i + sizeof(uint32_t) <= n; i += MACHINE_ALIGNMENT) {
		uint32_t word;
		__builtin_memcpy(&word, bytes + i, sizeof word);
		if (!take_word(at + i, word, may_have))
			return false;
	}
	return true;
}

/* Answers hazard 2. */
bool patch_read(const struct lean *l, void *to, struct span at)
{
	size_t n = at.end - at.start;
	struct {
		void *at;
		size_t len;
	} local = {to, n}, remote = {(void *)at.start, n};
	return gate6(SYS_process_vm_readv, l->thread, &local, 1, &remote, 1, 0) == (long)n;
}

/* The child's stack for handlers is not in use yet. */
static bool scan(struct lean *l, struct span at, bool may_have)
{
	while (at.start < at.end) {
		size_t n = at.end - at.start < sizeof l->alt ? at.end - at.start : sizeof l->alt;
		if (!patch_read(l, l->alt, (struct span){at.start, at.start + n}) ||
			!take_bytes(at.start, l->alt, n, may_have))
			return false;
		at.start += n;
	}
	return true;
}

static void take_known(struct reading *reading, const struct mapping *mapping)
{
	struct text *text = &known.texts[reading->n];
	if (reading->n == TEXTS_MAX) {
		reading->refused = true;
		return;
	}
	reading->n++;
	if (reading->scans) {
		*text = (struct text){
			.at = mapping->at,
			.identity = mapping->identity,
			.may_move = mapping->text == TEXT_STAYS && !has_gate(mapping->at),
			.first_site = known.n_sites,
		};
		reading->refused = !scan(reading->l, mapping->at, true);
		text->n_sites = known.n_sites - text->first_site;
		text->guarded = text->n_sites && guard_wanted(reading->l, reading->file);
	} else if (reading->n > known.n_texts || text->at.start != mapping->at.start ||
		   text->at.end != mapping->at.end || text->identity != mapping->identity) {
		reading->differs = true;
	}
}

static void take_mapping(void *context, const struct mapping *mapping)
{
	struct reading *reading = context;
	if (mapping->begins_file)
		reading->file = mapping->at.start;
	if (reading->refused || mapping->text == TEXT_NONE ||
		mapping->at.start == image_span().start)
		return;
	if (mapping->text == TEXT_UNREADABLE)
		reading->refused = true;
	else if (mapping->text != TEXT_CHANGES)
		take_known(reading, mapping);
	else if (reading->looks)
		reading->refused = mapping->at.end - mapping->at.start > ANONYMOUS_MAX ||
				   !scan(reading->l, mapping->at, false);
}

static bool read_all(struct reading *reading)
{
	struct lean *l = reading->l;
	return maps_read(l->text, sizeof l->text, take_mapping, reading) && !reading->refused;
}

bool patch_is_current(struct lean *l)
{
	struct reading reading = {.l = l};
	return read_all(&reading) && !reading.differs && reading.n == known.n_texts;
}

bool patch_scan(struct lean *l)
{
	struct reading first = {.l = l, .looks = true}, again = {.l = l, .scans = true};
	if (!read_all(&first))
		return false;
	if (!first.differs && first.n == known.n_texts)
		return true;
	known.n_sites = 0;
	bool good = read_all(&again);
	known.n_texts = good ? again.n : 0;
	image_make(l);
	return good;
}

struct text *patch_texts(size_t *n)
{
	*n = known.n_texts;
	return known.texts;
}

const uintptr_t *patch_sites(void)
{
	return known.sites;
}
