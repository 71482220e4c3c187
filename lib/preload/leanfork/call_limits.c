/* SPDX-License-Identifier: MIT */
/* Resource limits as the program sets them; a lean child needs some of them lifted. */
#include "preload/leanfork/call_limits.h"

#include <errno.h>
#include <sys/syscall.h>

#include "preload/leanfork/parent_charge.h"
#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/child_memory.h"

static const int resources[] = {RLIMIT_DATA, RLIMIT_AS};

static int index_of(long resource)
{
	return resource == RLIMIT_DATA ? 0 : resource == RLIMIT_AS ? 1 : -1;
}

static void get(struct lean *l, int i, struct rlimit *out)
{
	if (l->limited[i])
		*out = l->limits[i];
	else
		gate4(SYS_prlimit64, 0, resources[i], NULL, out);
}

static bool lowers(const struct rlimit *from, const struct rlimit *to)
{
	return to->rlim_cur <= to->rlim_max && to->rlim_max <= from->rlim_max;
}

static enum verdict change(struct lean *l, struct call *call, long resource,
	const struct rlimit *to, struct rlimit *old)
{
	int i = index_of(resource);
	struct rlimit before, wanted = {0, 0};

	if (i < 0)
		return INVISIBLE;
	if ((to && !args_reach(l, (uintptr_t)to, sizeof *to)) ||
		(old && !args_reach_output(l, (uintptr_t)old, sizeof *old)))
		return NEEDS_FULL_CHILD;
	get(l, i, &before);
	if (to) {
		wanted = *to;
		if (!lowers(&before, &wanted))
			return NEEDS_FULL_CHILD;
		l->limits[i] = wanted;
		l->limited[i] = true;
	}
	if (old)
		*old = before;
	call->result = 0;
	return DONE;
}

enum verdict limits_prlimit(struct lean *l, struct call *call)
{
	if (call->args[0] && call->args[0] != gate0(SYS_getpid))
		return VISIBLE;
	return change(l, call, call->args[1], (const struct rlimit *)call->args[2],
		(struct rlimit *)call->args[3]);
}

enum verdict limits_set(struct lean *l, struct call *call)
{
	if (!call->args[1])
		return INVISIBLE;
	return change(l, call, call->args[0], (const struct rlimit *)call->args[1], NULL);
}

enum verdict limits_get(struct lean *l, struct call *call)
{
	if (!call->args[1])
		return INVISIBLE;
	return change(l, call, call->args[0], NULL, (struct rlimit *)call->args[1]);
}

void limits_lift(struct lean *l)
{
	static const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	for (int i = 0; i < 2; i++) {
		struct rlimit *limit = &l->limits[i];
		if (gate4(SYS_prlimit64, 0, resources[i], NULL, limit) < 0 ||
			limit->rlim_cur == RLIM_INFINITY)
			continue;
		struct rlimit most = {limit->rlim_max, limit->rlim_max};
		l->limited[i] = gate4(SYS_prlimit64, 0, resources[i], &none, NULL) == 0 ||
				gate4(SYS_prlimit64, 0, resources[i], &most, NULL) == 0;
	}
}

bool limits_allow(const struct lean *l, uint64_t more, bool data)
{
	if (l->limited[1] && charge_mapped() + more > l->limits[1].rlim_cur)
		return false;
	return !data || !l->limited[0] ||
	       charge_data() + memory_absent(l) + more <= l->limits[0].rlim_cur;
}

void limits_enforce(struct lean *l)
{
	for (int i = 0; i < 2; i++)
		if (l->limited[i])
			gate4(SYS_prlimit64, 0, resources[i], &l->limits[i], &l->relaxed[i]);
}

void limits_relax(struct lean *l)
{
	for (int i = 0; i < 2; i++)
		if (l->limited[i])
			gate4(SYS_prlimit64, 0, resources[i], &l->relaxed[i], NULL);
}
