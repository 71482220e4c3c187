/* SPDX-License-Identifier: MIT */
/* Has another process measure, and reads its outcomes. */
#include "cli/demo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <safespawn.h>

#include "cli/shim.h"

static int read_outcome(FILE *from, struct demo_outcome *outcome)
{
	unsigned long long median_ns, worst_ns;
	if (fscanf(from, "%d %d %llu %llu", &outcome->worked, &outcome->error, &median_ns,
		    &worst_ns) != 4)
		return -EPROTO;
	outcome->median_ns = median_ns;
	outcome->worst_ns = worst_ns;
	return 0;
}

static int read_outcomes(FILE *from, struct demo_outcome *outcomes, int count)
{
	int error;
	if (fscanf(from, "%d", &error) != 1)
		return -EPROTO;
	for (int i = 0; !error && i < count; i++)
		error = -read_outcome(from, &outcomes[i]);
	return -error;
}

static int collect(struct ss_child *child, struct demo_outcome *outcomes, int count)
{
	FILE *from = fdopen(child->out, "r");
	int error = from ? read_outcomes(from, outcomes, count) : -errno;
	if (from) {
		fclose(from);
		child->out = -1;
	}
	while (ss_wait(child, NULL, -1) < 0 && errno == EINTR)
		;
	ss_release(child);
	return error;
}

int demo_measure(struct demo_outcome *outcomes, const struct demo_load *load, const char *fork_mode)
{
	char name[] = "safespawn", sub[] = "demo", worker[] = DEMO_WORKER, bytes[32], count[2];
	char promised[] = "promised", grown[] = "grown", mode[32];
	int ways = fork_mode ? 1 : DEMO_WAYS;
	char *direct[] = {name, sub, worker, bytes, load->promised ? promised : grown, count, NULL};
	char self[] = "/proc/self/exe", run[] = "run";
	char *shimmed[] = {name, run, mode, self, sub, worker, bytes, direct[4], count, NULL};
	struct ss_child child;

	snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)load->bytes);
	snprintf(count, sizeof count, "%d", ways);
	snprintf(mode, sizeof mode, "--fork=%s", fork_mode ? fork_mode : "");
	if (ss_spawn(&child, fork_mode ? shimmed : direct,
		    SS_OPTIONS(.file = self, .out = SS_PIPE)) < 0)
		return -errno;
	return collect(&child, outcomes, ways);
}
