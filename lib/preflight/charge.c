/* SPDX-License-Identifier: MIT */
/* What fork charges: bounds from status and maps, or the flags in smaps. */
#include "preflight/model.h"

/*
 * The kernel charges a mapping by flags that only smaps shows. Other sources give bounds: only
 * private mappings can be charged, and private writable ones usually are. MADV_DONTFORK and
 * MAP_NORESERVE may exempt all of them. So bounds can tell that fork passes, but not that it fails.
 */

static uint64_t pages_of_kb(uint64_t kb, uint64_t page_bytes)
{
	return ss__mul_clamped(kb, 1024) / page_bytes;
}

struct charge_facts ss__charge_from_status(const struct status *st, uint64_t page_bytes)
{
	uint64_t total = pages_of_kb(st->size, page_bytes);
	uint64_t data = pages_of_kb(ss__add_clamped(st->data, st->stack), page_bytes);
	if (data > total)
		data = total;
	return (struct charge_facts){
		.look = LOOK_STATUS,
		.sum = {0, data, total},
		.largest = {0, 0, total},
	};
}

static struct charge_facts from_flags(const struct mappings *m, uint64_t page_bytes)
{
	uint64_t sum = m->charged / page_bytes, largest = m->largest_charged / page_bytes;
	return (struct charge_facts){
		.look = LOOK_SMAPS,
		.final = true,
		.mappings = m->n,
		.charged_mappings = m->n_charged,
		.sum = {sum, sum, sum},
		.largest = {largest, largest, largest},
		.huge = m->huge / page_bytes,
	};
}

struct charge_facts ss__charge_from_mappings(const struct mappings *m, uint64_t page_bytes)
{
	/* Kernels before 3.8 print no VmFlags. */
	if (m->with_flags && m->n_flagged == m->n && m->n > 0)
		return from_flags(m, page_bytes);
	uint64_t writable = m->writable / page_bytes;
	return (struct charge_facts){
		.look = LOOK_MAPS,
		.final = m->with_flags,
		.mappings = m->n,
		.charged_mappings = m->n_writable,
		.sum = {0, writable, m->private_bytes / page_bytes},
		.largest = {0, m->largest_writable / page_bytes, m->largest_private / page_bytes},
		.huge = m->huge / page_bytes,
	};
}
