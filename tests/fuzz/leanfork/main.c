/* SPDX-License-Identifier: MIT */
/*
 * The differential fuzzer of lean fork. A seed makes a program: a process with many kinds of memory
 * (mappings.c), perhaps with threads that disturb it (forks.c), that forks; its child does a random
 * sequence of work (work_*.c) and ends in some way (endings.c). What the child saw, what the program
 * that it became finds (victim.c), and what is left of the world and of the parent (world.c, self.c)
 * has to be the same whichever way fork was made (forks.c).
 *
 * Left out of the comparison, because it differs between two native runs or has nothing to do with
 * what a program may rely on:
 *   - time, process ids, inode numbers, addresses that the kernel chooses, random bytes;
 *   - what is resident, faults, processor time: lean fork is there to change these;
 *   - how often a signal was handled that the child sent more than once: signals merge;
 *   - SIGCHLD of orphans: the same;
 *   - SIGCHLD ignored: whether a child of the child is an orphan then depends on who ends first;
 *   - memory after MADV_FREE, which the kernel may or may not have dropped;
 *   - malloc, exit and what uses them in the child of a process with other threads: POSIX allows
 *     such a child async-signal-safe functions only;
 *   - clone by the bare call where the kernel refuses it: nobody can rescue that;
 *   - /proc/self/maps of a child that is not an ordinary process yet;
 *   - the flag of a mapping that says it was written to since somebody last looked.
 *
 * leanfork_fuzz -V VICTIM [-m MODE,...] [-s FIRST] [-n SEEDS] [-t SECONDS] [-f FILE: its programs first]
 *               [-x KIND,...: without such work, memory, place, or threads] [-S: don't shorten]
 *               [-p: print the program and what came of it]
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "forks.h"
#include "run.h"

struct settings settings;

static struct {
	bool modes[MODES];
	uint64_t first, n;
	long seconds;
	const char *file, *without;
	bool print, whole;
} options = {.n = UINT64_MAX};

static char dir[64], results[80];
static unsigned long different[MODES], unsteady;

static bool choose_modes(char *names)
{
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		size_t i = 0;
		while (i < MODES && strcmp(name, mode_names[i]) != 0)
			i++;
		if (i == MODES)
			return false;
		options.modes[i] = true;
	}
	return true;
}

static bool take_options(int argc, char **argv)
{
	int option;
	while ((option = getopt(argc, argv, "V:m:s:n:t:f:x:pS")) != -1) {
		switch (option) {
		case 'V':
			settings.victim = optarg;
			break;
		case 'm':
			if (!choose_modes(optarg))
				return false;
			break;
		case 's':
			options.first = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options.n = strtoull(optarg, NULL, 0);
			break;
		case 't':
			options.seconds = strtol(optarg, NULL, 0);
			break;
		case 'f':
			options.file = optarg;
			break;
		case 'x':
			options.without = optarg;
			break;
		case 'p':
			options.print = true;
			break;
		case 'S':
			options.whole = true;
			break;
		default:
			return false;
		}
	}
	return settings.victim && optind == argc;
}

/* Whether the name is one of those in the list, between commas. */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *at = list;
	while (at && (at = strstr(at, name))) {
		if ((at == list || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
		at += len;
	}
	return false;
}

static void drop_unwanted(struct program *p)
{
	if (is_listed(options.without, "threads"))
		p->disturbers = 0;
	if (is_listed(options.without, place_names[p->place]))
		p->place = PLACE_PLAIN;
	for (size_t i = 0; i < p->n_steps; i++)
		p->steps[i].dropped = is_listed(options.without, work_of(p->steps[i].kind)->name);
	for (size_t i = 0; i < p->n_slots; i++)
		p->slots[i].dropped = is_listed(options.without, slot_kinds[p->slots[i].kind].name);
}

/* A native run that differs from another is the fuzzer's own fault. */
static bool is_steady(const struct program *p)
{
	for (int i = 0; i < 3; i++)
		if (differs(p, MODE_NATIVE, false))
			return false;
	return true;
}

static void report(struct program *p, enum mode mode, const char *native, const char *other)
{
	if (!is_steady(p)) {
		unsteady++;
		printf("seed %llu: two native runs differ\n", (unsigned long long)p->seed);
		print_difference(native, other, mode);
		differs(p, MODE_NATIVE, true);
		return;
	}
	different[mode]++;
	printf("DIFFERENT: seed %llu, mode %s\n", (unsigned long long)p->seed, mode_names[mode]);
	if (!options.whole)
		shrink(p, mode);
	program_print(p, stdout);
	if (!differs(p, mode, true) && !differs(p, mode, true)) {
		printf("    (not each time)\n");
		print_difference(native, other, mode);
	}
}

static void try_mode(const struct program *p, const char *native, bool fine, enum mode mode)
{
	char *other;
	bool other_fine = run_program(p, mode, &other);
	if (options.print)
		printf("--- %s\n%s", mode_names[mode], other);
	if (other_fine != fine || strcmp(native, other) != 0) {
		struct program copy = *p;
		report(&copy, mode, native, other);
		fflush(stdout);
	}
	free(other);
}

static void try_program(const struct program *p)
{
	char *native;
	if (options.print)
		program_print(p, stdout);
	bool fine = run_program(p, MODE_NATIVE, &native);
	if (options.print)
		printf("--- native\n%s", native);
	for (size_t mode = 0; mode < MODES; mode++)
		if (options.modes[mode])
			try_mode(p, native, fine, (enum mode)mode);
	if (!fine)
		printf("seed %llu does not come to an end natively\n", (unsigned long long)p->seed);
	free(native);
}

static void try_seed(uint64_t seed)
{
	struct program p;
	program_make(&p, seed);
	drop_unwanted(&p);
	try_program(&p);
}

static uint64_t try_file(void)
{
	struct program p;
	int got;
	uint64_t n = 0;
	FILE *file = fopen(options.file, "re");
	for (; file && (got = program_read(&p, file)) > 0; n++)
		try_program(&p);
	if (!file || got < 0) {
		fprintf(stderr, "%s: not readable, or program %llu is nonsense\n", options.file,
			(unsigned long long)n);
		exit(2);
	}
	fclose(file);
	return n;
}

static volatile sig_atomic_t told_to_stop;

static void on_stop(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static int summary(uint64_t seeds, time_t seconds)
{
	unsigned long all = 0;
	printf("%llu programs in %ld s, %lu unsteady\n", (unsigned long long)seeds, (long)seconds,
		unsteady);
	for (size_t mode = 0; mode < MODES; mode++) {
		const unsigned long *outcomes = fork_stats->outcomes[mode];
		if (!options.modes[mode])
			continue;
		all += different[mode];
		printf("%s: %lu runs, %lu different; forks done %lu, native %lu, restarted %lu; "
		       "longest fork "
		       "%u ms\n",
			mode_names[mode], fork_stats->runs[mode], different[mode], outcomes[0],
			outcomes[1], outcomes[2], fork_stats->worst_us[mode] / 1000);
	}
	return all || unsteady ? 1 : 0;
}

/* Short, so that it runs out at times; longer on a slow machine, as in other tests. */
static unsigned limit_ms(void)
{
	const char *factor = getenv("PATIENCE");
	int times = factor ? atoi(factor) : 1;
	return 30 * (unsigned)(times > 1 ? times : 1);
}

static void prepare(void)
{
	snprintf(dir, sizeof dir, "/dev/shm/leanfork-fuzz-%d", getpid());
	snprintf(results, sizeof results, "%s-results", dir);
	settings.dir = dir;
	settings.results = results;
	settings.limit_ms = limit_ms();
	settings.victim = realpath(settings.victim, NULL);
	fork_stats = mmap(NULL, sizeof *fork_stats, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!settings.victim || fork_stats == MAP_FAILED) {
		perror("leanfork_fuzz");
		exit(2);
	}
	world_prepare();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGTERM, on_stop);
	signal(SIGINT, on_stop);
}

static bool is_over(uint64_t seeds, time_t start)
{
	if (options.file && options.n == UINT64_MAX && !options.seconds)
		return true;
	return told_to_stop || seeds == options.n ||
	       (options.seconds && time(NULL) - start >= options.seconds);
}

int main(int argc, char **argv)
{
	if (!take_options(argc, argv)) {
		fprintf(stderr, "usage: see the start of tests/fuzz/leanfork/main.c\n");
		return 2;
	}
	prepare();
	time_t start = time(NULL);
	uint64_t from_file = options.file ? try_file() : 0, n = 0;
	while (!is_over(n, start))
		try_seed(options.first + n++);
	unlink(results);
	return summary(from_file + n, time(NULL) - start);
}
