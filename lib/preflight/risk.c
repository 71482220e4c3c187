/* SPDX-License-Identifier: MIT */
#include "preflight/text.h"

static double share(uint64_t part, uint64_t whole)
{
	double s = (double)part / ((double)whole + 1);
	return s < 1 ? s : 1;
}

/* The verdict first; then a warning; then how much of the room is used, and the time it takes. */
double ss__risk(const struct ss_preflight *r)
{
	static const double ranks[] = {
		[SS_FORK_OK] = 0,
		[SS_FORK_ENOMEM] = 8,
		[SS_FORK_EAGAIN] = 7,
		[SS_FORK_UNSURE] = 6,
	};
	size_t verdict = (size_t)r->verdict;
	double rank = verdict < sizeof ranks / sizeof ranks[0] ? ranks[verdict] : 0;
	double used = 0;
	if (r->overcommit != 1)
		used = share(
			r->overcommit == 2 ? r->charge_bytes : r->largest_bytes, r->headroom_bytes);
	return rank + (r->warnings ? 3 : 0) + used + share(r->estimated_ns, 1000000000);
}
