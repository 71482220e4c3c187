/* SPDX-License-Identifier: MIT */
/*
 * Any bytes through every parser of the preflight, and through its model and texts. The first byte
 * chooses. Besides not crashing: the result must not depend on how the stream was cut into reads,
 * and what is counted must agree with itself.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/feed.h"
#include "preflight/model.h"
#include "preflight/parse.h"
#include "preflight/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union parsed {
	struct meminfo meminfo;
	struct vmstat vmstat;
	struct zoneinfo zoneinfo;
	struct status status;
	struct limits limits;
	struct cgroup_paths cgroup;
	struct memory_stat memory_stat;
	struct cpu_count cpus;
	struct cgroup_mount mount;
};

static void parse_twice(const char *text, size_t len, line_fn *fn, const union parsed *start)
{
	static union parsed whole, pieces;
	whole = pieces = *start;
	feed_chunks(text, len, 4096, fn, &whole);
	feed_chunks(text, len, 1 + len % 61, fn, &pieces);
	assert(!memcmp(&whole, &pieces, sizeof whole));
}

static void check_top(const struct top_mappings *top)
{
	assert(top->n <= TOP_MAPPINGS);
	for (size_t i = 0; i < top->n; i++) {
		const struct mapping *m = &top->mapping[i];
		assert(m->end > m->start && strlen(m->name) < sizeof m->name);
		assert(i == 0 || m[-1].end - m[-1].start >= m->end - m->start);
	}
}

static void check_charge(const struct mappings *m)
{
	struct charge_facts c = ss__charge_from_mappings(m, 4096);
	assert(c.sum.low <= c.sum.likely && c.sum.likely <= c.sum.high);
	assert(c.largest.low <= c.largest.likely && c.largest.likely <= c.largest.high);
	assert(c.largest.likely <= c.sum.likely && c.charged_mappings <= c.mappings);
}

static void parse_mappings(const char *text, size_t len, bool with_flags)
{
	struct top_mappings top = {0};
	struct mappings whole = {.with_flags = with_flags, .top = &top};
	struct mappings pieces = {.with_flags = with_flags};
	feed_chunks(text, len, 4096, ss__parse_maps, &whole);
	ss__parse_maps_end(&whole);
	feed_chunks(text, len, 1 + len % 61, ss__parse_maps, &pieces);
	ss__parse_maps_end(&pieces);
	assert(whole.n == pieces.n && whole.n_flagged == pieces.n_flagged);
	assert(whole.charged == pieces.charged && whole.private_bytes == pieces.private_bytes);
	assert(whole.n_charged <= whole.n_flagged && whole.n_flagged <= whole.n);
	assert(whole.largest_charged <= whole.charged && whole.writable <= whole.private_bytes);
	check_top(&top);
	check_charge(&whole);
}

static void parse_values(const char *text)
{
	uint64_t value;
	unsigned version;
	ss__parse_tasks(text, &value);
	ss__parse_version(text, &version);
	ss__parse_cpu_list(text, &value);
	ss__parse_full_uid_map(text);
	ss__parse_namespace(text, &value);
	ss__scan_limit(text, &value);
}

static void number(const uint8_t **data, size_t *size, uint64_t *to)
{
	uint8_t width = *size ? **data % 9 : 0;
	uint64_t value = 0;
	if (*size < (size_t)width + 1) {
		*size = 0;
		return;
	}
	memcpy(&value, *data + 1, width);
	*to = width == 0 ? NO_LIMIT : value;
	*data += width + 1;
	*size -= (size_t)width + 1;
}

static void judge_anything(const uint8_t *data, size_t size)
{
	struct snapshot s = {.system.page_bytes = 4096};
	struct ss_preflight r;
	char line[256];
	uint64_t bits = 0, version = 0;
	/* clang-format off */
	uint64_t *numbers[] = {
		&bits, &version, &s.system.ram, &s.system.swap, &s.system.committed,
		&s.system.commit_limit, &s.system.admin_reserve, &s.system.user_reserve,
		&s.system.cpus,
		&s.system.free, &s.system.file, &s.system.shmem, &s.system.swap_free,
		&s.system.reclaimable, &s.system.reserve, &s.system.tasks, &s.system.threads_max,
		&s.system.pid_max, &s.system.numbered_tasks, &s.task.uid, &s.task.total,
		&s.task.data, &s.task.resident,
		&s.task.anonymous, &s.task.page_table_bytes, &s.task.nproc_limit,
		&s.task.user_tasks_low, &s.task.user_tasks_high, &s.task.pids_room,
		&s.task.memory_room_bytes, &s.charge.mappings, &s.charge.sum.likely,
		&s.charge.sum.high, &s.charge.largest.likely, &s.charge.largest.high,
		&s.charge.huge, &s.task.pids, &s.task.pids_max,
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		number(&data, &size, numbers[i]);
	s.system.overcommit = (int)(bits % 3);
	s.system.version = (unsigned)version;
	s.system.commit_known = bits & 4;
	s.task.first_namespace = bits & 8;
	s.task.cap_admin = bits & 16;
	s.task.cap_resource = bits & 32;
	s.charge.look = (enum look)((bits >> 6 & 3) % 3);
	s.charge.final = bits & 256;
	s.charge.sum.low = bits & 512 ? s.charge.sum.high : 0;
	s.charge.largest.low = bits & 1024 ? s.charge.largest.high : 0;
	ss__fill_report(&r, &s);
	assert((r.verdict == SS_FORK_OK) == (r.cause == SS_CAUSE_NONE));
	ss__reason_text(line, sizeof line, &r);
	for (unsigned n = 0; ss__advice_text(line, sizeof line, &r, n) > 0; n++)
		assert(n < 20);
	assert(ss__risk(&r) >= 0 && ss__risk(&r) < 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const union parsed zero;
	union parsed mount = {.mount = {.controller = ""}};
	if (size == 0)
		return 0;
	char *text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	static line_fn *const plain[] = {
		ss__parse_meminfo,
		ss__parse_vmstat,
		ss__parse_zoneinfo,
		ss__parse_status,
		ss__parse_limits,
		ss__parse_cgroup,
		ss__parse_memory_stat,
		ss__parse_stat_cpus,
	};
	static const char names[] = "MVZSLCTc";
	const char *name = memchr(names, data[0], sizeof names - 1);
	if (name)
		parse_twice(text, size - 1, plain[name - names], &zero);
	else if (data[0] == 'I')
		parse_twice(text, size - 1, ss__parse_mountinfo, &mount);
	else if (data[0] == 'm' || data[0] == 's')
		parse_mappings(text, size - 1, data[0] == 's');
	else if (data[0] == 'v')
		parse_values(text);
	else
		judge_anything(data + 1, size - 1);
	free(text);
	return 0;
}
