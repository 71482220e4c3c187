/* SPDX-License-Identifier: MIT */
/*
 * The differential table: every case once with libc's functions and once with ours, in identical
 * conditions, and all that could be observed compared. Differences that are meant are in known.c.
 *
 *	stdio_diff SHOW_SELF [--same | --wrong] [-v] [CASE]
 *
 * --same compares libc with itself, which shows that the conditions are identical; --wrong compares
 * it with implementations that each have one fault, all of which must be noticed.
 */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "known.h"
#include "record.h"
#include "runner.h"

static const struct test_case *const tables[] = {status_cases, command_cases, shell_cases,
	signal_cases, fd_cases, stream_cases, mode_cases, environment_cases, limit_cases,
	cancel_cases};

struct totals {
	int cases, skipped, observations, intended, unexplained;
	int occurred[128]; /* of each known difference */
};

static const char *only;
static bool verbose;

struct line {
	char *key, *value;
};

struct lines {
	struct line *line;
	size_t n;
};

static struct lines split(char *text)
{
	struct lines all = {calloc(strlen(text) / 2 + 1, sizeof *all.line), 0};

	for (char *next, *at = text; *at; at = next) {
		char *end = strchr(at, '\n'), *colon = strstr(at, ": ");
		next = end + 1;
		*end = *colon = '\0';
		all.line[all.n++] = (struct line){at, colon + 2};
	}
	return all;
}

static const struct known *find_known(
	const char *name, const char *key, const char *a, const char *b)
{
	for (const struct known *k = known; k->title; k++)
		if (!fnmatch(k->test_case, name, 0) && !fnmatch(k->key, key, 0) &&
			!fnmatch(k->libc, a, 0) && !fnmatch(k->ours, b, 0))
			return k;
	return NULL;
}

static void differ(
	struct totals *totals, const char *name, const char *key, const char *a, const char *b)
{
	const struct known *k = find_known(name, key, a, b);

	if (k) {
		totals->intended++;
		totals->occurred[k - known]++;
	} else {
		totals->unexplained++;
	}
	if (!k || verbose)
		printf("%s %s: %s\n\t- %s\n\t+ %s\n", k ? "meant" : "DIFFERS", name, key, a, b);
}

/* A key may occur often: its nth occurrence is compared with the nth on the other side. */
static struct line *take(struct lines *from, size_t guess, const char *key)
{
	if (guess < from->n && from->line[guess].key && !strcmp(from->line[guess].key, key))
		return &from->line[guess];
	for (size_t i = 0; i < from->n; i++)
		if (from->line[i].key && !strcmp(from->line[i].key, key))
			return &from->line[i];
	return NULL;
}

static void compare(struct totals *totals, const char *name, struct lines a, struct lines b)
{
	for (size_t i = 0; i < a.n; i++) {
		struct line *other = take(&b, i, a.line[i].key);
		const char *value = other ? other->value : "nothing";
		if (strcmp(a.line[i].value, value))
			differ(totals, name, a.line[i].key, a.line[i].value, value);
		if (other)
			other->key = NULL;
		totals->observations++;
	}
	for (size_t i = 0; i < b.n; i++)
		if (b.line[i].key)
			differ(totals, name, b.line[i].key, "nothing", b.line[i].value);
}

static void run_both(struct totals *totals, const struct test_case *c, int arg,
	const struct lib *left, const struct lib *right)
{
	char name[128];

	if (c->first == 0 && c->last == 0)
		snprintf(name, sizeof name, "%s", c->name);
	else
		snprintf(name, sizeof name, "%s[%d]", c->name, arg);
	if (only && fnmatch(only, name, 0))
		return;
	if (verbose)
		printf("%s\n", name);
	char *a = run_case(c, arg, left), *b = run_case(c, arg, right);
	if (verbose && only)
		printf("%s\n----\n%s", a, b);
	totals->cases++;
	if (strstr(a, "SKIPPED: ")) {
		totals->skipped++;
		printf("skipped %s: %s\n", name, strstr(a, "SKIPPED: ") + 9);
	}
	struct lines in_a = split(a), in_b = split(b);
	compare(totals, name, in_a, in_b);
	free(in_a.line);
	free(in_b.line);
	free(a);
	free(b);
}

static struct totals run_all(const struct lib *left, const struct lib *right)
{
	struct totals totals = {0};

	for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
		for (const struct test_case *c = tables[t]; c->name; c++)
			for (int arg = c->first; arg <= c->last; arg++)
				run_both(&totals, c, arg, left, right);
	return totals;
}

static int report(const struct totals *t, const char *left, const char *right)
{
	for (size_t i = 0; !only && known[i].title; i++)
		if (!t->occurred[i])
			printf("did not occur here: %s (%s, %s)\n", known[i].title,
				known[i].test_case, known[i].key);
	printf("%s and %s: %d cases (%d skipped), %d observations, %d differences that are meant, "
	       "%d that are not\n",
		left, right, t->cases, t->skipped, t->observations, t->intended, t->unexplained);
	return t->unexplained != 0 || t->cases == 0;
}

static int compare_libs(const struct lib *left, const struct lib *right)
{
	struct totals totals = run_all(left, right);

	return report(&totals, left->name, right->name);
}

/* Which case must notice which fault; without the fault it must see no difference. */
static const struct {
	enum fault fault;
	const char *test_case;
} noticed_by[] = {
	{FAULT_EXIT_STATUS_ALONE, "dies[[]9]"},
	{FAULT_NULL_IS_ALWAYS_1, "null_command_without_shell"},
	{FAULT_INT_NOT_IGNORED, "parent_is_interrupted[[]0]"},
	{FAULT_INT_STAYS_IGNORED, "parent_is_interrupted[[]0]"},
	{FAULT_INT_SET_TO_DEFAULT, "parent_is_interrupted[[]0]"},
	{FAULT_CHILD_IGNORES_INT, "untouched"},
	{FAULT_CHILD_RESETS_INT, "interrupt_ignored_before[[]0]"},
	{FAULT_CHLD_NOT_BLOCKED, "state_of_the_caller"},
	{FAULT_CHILD_BLOCKS_CHLD, "untouched"},
	{FAULT_CHLD_STAYS_BLOCKED, "untouched"},
	{FAULT_EINTR_GIVES_UP, "interval_timer[[]0]"},
	{FAULT_CANCELLED_CHILD_LIVES, "waiting_in_system"},
	{FAULT_CANCELLED_CHILD_ZOMBIE, "waiting_in_system"},
	{FAULT_EARLIER_STREAMS_OPEN, "first_stream_ends[[]2]"},
	{FAULT_THEIR_END_OPEN, "untouched"},
	{FAULT_NEVER_CLOEXEC, "mode[[]2]"},
	{FAULT_ALWAYS_CLOEXEC, "mode[[]0]"},
	{FAULT_ACCEPTS_RW, "mode[[]14]"},
	{FAULT_REFUSES_E, "mode[[]2]"},
	{FAULT_STDERR_TOO, "untouched"},
	{FAULT_EMPTY_ENVIRONMENT, "untouched"},
	{FAULT_NEW_GROUP, "untouched"},
	{FAULT_SHELL_FROM_PATH, "shell_in_path"},
	{FAULT_DUP_ONTO_ITSELF, "standard_descriptors_closed[[]1]"},
	{FAULT_PCLOSE_DOES_NOT_WAIT, "exits[[]3]"},
};

/* Whether the case sees the fault, and nothing without it. One that is skipped is not asked. */
static bool notices(size_t i, int *skipped)
{
	only = noticed_by[i].test_case;
	fault = FAULT_NONE;
	printf("without fault, %s:\n", only);
	struct totals right = run_all(&libc_lib, &wrong_lib);
	if (right.skipped) {
		*skipped += 1;
		return true;
	}
	fault = noticed_by[i].fault;
	printf("with fault %d, %s:\n", fault, only);
	struct totals wrong = run_all(&libc_lib, &wrong_lib);
	return right.cases == 1 && wrong.unexplained > right.unexplained;
}

static int compare_wrong(void)
{
	int failures = 0, skipped = 0;

	case_timeout_ms = 3000;
	for (size_t i = 0; i < sizeof noticed_by / sizeof noticed_by[0]; i++) {
		if (notices(i, &skipped))
			continue;
		printf("NOT NOTICED: fault %d by %s\n", noticed_by[i].fault, only);
		failures++;
	}
	printf("%zu faults, %d not noticed, %d of cases that are skipped\n",
		sizeof noticed_by / sizeof noticed_by[0], failures, skipped);
	return failures != 0;
}

static const struct lib *lib_named(const char *name)
{
	const struct lib *const libs[] = {&libc_lib, &our_lib, &wrong_lib};

	for (size_t i = 0; i < sizeof libs / sizeof libs[0]; i++)
		if (!strcmp(libs[i]->name, name))
			return libs[i];
	abort();
}

/* For popen_in_popen: `--nested LIB DEPTH`. */
static int nested(const struct lib *lib, int depth)
{
	char command[256], line[256];

	printf("depth %d\n", depth);
	fflush(stdout);
	if (depth == 0)
		return 10;
	snprintf(command, sizeof command, "exec /proc/%d/exe --nested %s %d", (int)getpid(),
		lib->name, depth - 1);
	FILE *f = lib->popen(command, "r");
	while (f && fgets(line, sizeof line, f))
		printf("from below: %s", line);
	return f ? (lib->pclose(f) >> 8) + 1 : 99;
}

int main(int argc, char *argv[])
{
	bool same = false, wrong = false;

	if (argc == 4 && !strcmp(argv[1], "--nested"))
		return nested(lib_named(argv[2]), atoi(argv[3]));
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (const char *const *title = known_titles; *title; title++)
			puts(*title);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--same"))
			same = true;
		else if (!strcmp(argv[i], "--wrong"))
			wrong = true;
		else if (!strcmp(argv[i], "-v"))
			verbose = true;
		else if (!show_self)
			show_self = realpath(argv[i], NULL);
		else
			only = argv[i];
	}
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	puts("skipped: under a sanitizer libc is not itself");
	return 77;
#endif
	if (!show_self) {
		fputs("usage: stdio_diff SHOW_SELF [--same | --wrong] [-v] [CASE]\n", stderr);
		return 2;
	}
	this_program = realpath("/proc/self/exe", NULL);
	runner_start();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (wrong)
		return compare_wrong();
	return compare_libs(&libc_lib, same ? &libc_lib : &our_lib);
}
