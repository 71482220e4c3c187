/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_RANGES_H
#define LEANFORK_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE ((uintptr_t)4096)
#define CHUNK ((uintptr_t)16384)

struct span {
	uintptr_t start, end;
};

enum mapping_kind {
	MAPPING_OTHER,
	MAPPING_ANONYMOUS, /* private, anonymous, rw-: may be left out */
	MAPPING_RESERVED,  /* private, anonymous, ---: addresses, not memory */
	MAPPING_SHARED,    /* shared and writable: others see what a child writes */
	MAPPING_READONLY   /* shared, and perhaps made writable later */
};

/* What a mapping is to those who look for system calls in its text. */
enum mapping_text {
	TEXT_NONE,
	TEXT_STAYS,   /* a file's */
	TEXT_KERNEL,  /* the kernel's own */
	TEXT_CHANGES, /* it may be anything by the next look */
	TEXT_UNREADABLE
};

struct mapping {
	struct span at;
	enum mapping_kind kind;
	enum mapping_text text;
	bool begins_file;
	uint64_t identity; /* of the part of a file that is mapped, and its rights */
};

/* Pure. Parses a line of /proc/PID/maps without its newline. False: it is none. */
bool mapping_parse(struct mapping *out, const char *line, size_t len);

/* What stays of a mapping on either side of a range. */
#define STAYS_BEFORE PAGE
#define STAYS_AFTER (2 * PAGE)
#define LEAST_PIECE (STAYS_BEFORE + 2 * PAGE + STAYS_AFTER)

/* A range left out. Its chunks have CHUNK bytes at multiples of CHUNK, except at the two ends, and
 * are numbered from first_chunk on. */
struct range {
	struct span at;
	size_t first_chunk;
	uintptr_t mapping_end; /* of its mapping */
	bool complete;         /* in the child all of its mapping is there, as one */
};

/* Pure. Makes spans whole pages, sorted, that neither overlap nor touch. Returns how many. */
size_t spans_tidy(struct span *spans, size_t n);

struct choice {
	/* given */
	const struct span *keep; /* never left out; tidy */
	size_t n_keep;
	size_t least; /* smallest piece of a mapping worth leaving out, in bytes */
	struct range *ranges;
	size_t max_ranges;
	bool (*more)(struct choice *choice); /* makes room for another range, or NULL */
	struct span *shared;
	size_t max_shared;
	struct span *readonly; /* if there are too many, the last one covers all the rest */
	size_t max_readonly;
	/* found */
	size_t n_ranges, n_shared, n_readonly, chunks;
	uint64_t bytes;
	bool too_many_shared;
};

/* Pure. Takes the next mapping, in the order of addresses. */
void choice_add(struct choice *choice, const struct mapping *mapping);

/* Pure. Index of the first of n ranges that ends after an address; n if there is none. */
size_t range_first(const struct range *ranges, size_t n, uintptr_t at);

/* Pure. Number of the chunk of an address in a range, and the part of the range it is. */
size_t range_chunk(const struct range *range, uintptr_t at);
struct span range_chunk_span(const struct range *range, uintptr_t at);

#endif
