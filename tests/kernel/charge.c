/* SPDX-License-Identifier: MIT */
/*
 * The predicted charge against the kernel's own count, for random layouts: pages for pages.
 * SAFESPAWN_LAYOUTS says how many (default 50), SAFESPAWN_SEED where they begin.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layout.h"
#include "leak.h"
#include "measure.h"
#include "sysctl_guard.h"

struct outcome {
	int64_t predicted, measured;
	int readings, again;
};

/* A mapping's flags stay as the mode of its birth made them. */
static const struct {
	const char *born, *forked;
} modes[] = {{"0", "0"}, {"1", "1"}, {"2", "2"}, {"0", "2"}, {"1", "2"}, {"2", "0"}};

static unsigned number_from(const char *variable, unsigned otherwise)
{
	const char *value = getenv(variable);
	return value ? (unsigned)atoi(value) : otherwise;
}

static void victim(unsigned seed, int in, int out)
{
	static char description[1024];
	struct outcome o = {0};
	char go;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	layout_build(seed, description, sizeof description);
	if (write(out, description, sizeof description) < 0 || read(in, &go, 1) != 1)
		_exit(1);
	/* What others do may look like a charge, but not three times the same in a row. */
	for (int i = 0; i < 3 && (i == 0 || o.predicted != o.measured); i++) {
		o.predicted = predicted_charge(getpid());
		o.measured = measured_charge(&o.readings);
		o.again = i;
	}
	_exit(write(out, &o, sizeof o) != sizeof o);
}

static void one_layout(
	struct sysctl_guard *guard, unsigned seed, struct outcome *o, char description[1024])
{
	int to[2], from[2];
	size_t mode = seed % (sizeof modes / sizeof modes[0]);
	assert_int_equal(sysctl_guard_set(guard, "vm/overcommit_memory", modes[mode].born), 0);
	assert_int_equal(pipe(to) | pipe(from), 0);
	pid_t pid = fork();
	if (pid == 0)
		victim(seed, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	assert_int_equal(read(from[0], description, 1024), 1024);
	assert_int_equal(sysctl_guard_set(guard, "vm/overcommit_memory", modes[mode].forked), 0);
	assert_int_equal(write(to[1], "g", 1), 1);
	assert_int_equal(read(from[0], o, sizeof *o), sizeof *o);
	close(to[1]);
	close(from[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int check(unsigned seed, const struct outcome *o, const char *description)
{
	if (o->predicted == o->measured && o->predicted > 0)
		return 0;
	size_t mode = seed % (sizeof modes / sizeof modes[0]);
	print_message("seed %u, mode %s then %s: predicted %lld, measured %lld (%d readings):%s\n",
		seed, modes[mode].born, modes[mode].forked, (long long)o->predicted,
		(long long)o->measured, o->readings, description);
	return 1;
}

static void charge_is_exact_for_random_layouts(void **state)
{
	(void)state;
	if (!sysctl_guard_may("vm/overcommit_memory"))
		skip();
	struct sysctl_guard guard;
	char description[1024], kbytes[32];
	unsigned n = number_from("SAFESPAWN_LAYOUTS", 50), first = number_from("SAFESPAWN_SEED", 1);
	long long readings = 0, pages = 0, again = 0;
	int wrong = 0;
	snprintf(kbytes, sizeof kbytes, "%lld", (long long)committed_pages() * 4 + (32 << 20));
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_kbytes", kbytes), 0);
	/* For the huge pages of some layouts; a kernel without them goes without. */
	sysctl_guard_set(&guard, "vm/nr_hugepages", "16");
	for (unsigned seed = first; seed < first + n; seed++) {
		struct outcome o = {0};
		one_layout(&guard, seed, &o, description);
		wrong += check(seed, &o, description);
		readings += o.readings;
		pages += o.measured;
		again += o.again;
	}
	assert_int_equal(sysctl_guard_end(&guard), 0);
	print_message("%u layouts, %lld pages charged, %lld readings, %lld measured again, "
		      "%d wrong\n",
		n, pages, readings, again, wrong);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(charge_is_exact_for_random_layouts),
	};
	return RUN_TESTS(tests);
}
