/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subreaper.h"

/* ---- Arguments ----------------------------------------------------------------------------- */

static char arguments[4096]; /* each ended by NUL; the last one by two */

static bool is_name(const char *argument)
{
	return isalpha((unsigned char)argument[0]) && !strpbrk(argument, "/.");
}

static bool has_name(const char *wanted)
{
	for (const char *at = arguments; *at; at += strlen(at) + 1)
		if (is_name(at) && (!wanted || !strcmp(at, wanted)))
			return true;
	return false;
}

static void read_arguments(void)
{
	char text[sizeof arguments - 2];
	FILE *file = fopen("/proc/self/cmdline", "re");
	size_t n = file ? fread(text, 1, sizeof text, file) : 0;
	if (file)
		fclose(file);
	size_t first = n ? strnlen(text, n) + 1 : 0;
	if (first < n)
		memcpy(arguments, text + first, n - first);
}

/* ---- Where tests begin ------------------------------------------------------------------------ */

/* Signals as a shell gives them: none ignored by nohup, none blocked by the test's parent. */
static void usual_signals(void)
{
	struct sigaction action;
	sigset_t none;
	for (int sig = 1; sig < NSIG; sig++)
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void begin(void)
{
	static bool begun;
	if (begun)
		return;
	begun = true;
	usual_signals();
	run_under_subreaper();
}

/* ---- Running ------------------------------------------------------------------------------- */

static size_t select_tests(struct CMUnitTest *to, const struct CMUnitTest *tests, size_t n)
{
	size_t selected = 0;
	for (size_t i = 0; i < n; i++)
		if (!has_name(NULL) || has_name(tests[i].name))
			to[selected++] = tests[i];
	return selected;
}

int run_group(const char *name, const struct CMUnitTest *tests, size_t n,
	int (*setup)(void **state), int (*teardown)(void **state))
{
	struct CMUnitTest *selected = calloc(n, sizeof *selected);
	if (!selected)
		return 1;
	begin();
	size_t n_selected = select_tests(selected, tests, n);
	int bad = 0;
	if (n_selected)
		bad = _cmocka_run_group_tests(name, selected, n_selected, setup, teardown) != 0;
	free(selected);
	return bad;
}

static bool knows_names(const struct CMUnitTest *tests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_name(tests[i].name))
			return true;
	return !has_name(NULL);
}

int run_these_tests(const struct CMUnitTest *tests, size_t n, int (*setup)(void **state),
	int (*teardown)(void **state))
{
	if (knows_names(tests, n))
		return run_group("tests", tests, n, setup, teardown);
	fprintf(stderr, "No test of that name. There are:\n");
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s\n", tests[i].name);
	return 1;
}

/* ---- Programs that tests start ------------------------------------------------------------- */

/* victim_print_env: PRINT_ENV; libvictim_other_preload.so: OTHER_PRELOAD. */
static bool variable_of(const char *file, char *variable, size_t size)
{
	const char *from = strstr(file, "victim_");
	from = from ? from + strlen("victim_") : !strcmp(file, "nothing") ? file : NULL;
	if (!from || strcspn(from, ".") >= size)
		return false;
	size_t len = strcspn(from, ".");
	for (size_t i = 0; i < len; i++)
		variable[i] = (char)toupper((unsigned char)from[i]);
	variable[len] = '\0';
	return !from[len] || !strcmp(from + len, ".so");
}

static void set_path(const char *variable, const char *top, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", top, name);
	if (n < (int)sizeof path && access(path, F_OK) == 0)
		setenv(variable, path, 0);
}

static void set_victims(const char *top)
{
	char path[PATH_MAX], variable[64];
	DIR *dir = NULL;
	if (snprintf(path, sizeof path, "%s/tests/victims", top) < (int)sizeof path)
		dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		if (variable_of(e->d_name, variable, sizeof variable))
			set_path(variable, path, e->d_name);
	if (dir)
		closedir(dir);
}

/* The build's folder, above tests/SUITE/PROGRAM. */
static bool find_top(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	path[n < 0 ? 0 : n] = '\0';
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

static void __attribute__((constructor)) prepare(void)
{
	char top[PATH_MAX];
	read_arguments();
	if (!find_top(top))
		return;
	set_victims(top);
	set_path("SAFESPAWN", top, "lib/cli/safespawn");
	set_path("SHIM", top, "lib/preload/libsafespawn_preload.so");
	set_path("CROWD", top, "tests/leanfork/crowd");
	set_path("CALL_AND_END_MUSL", top, "tests/preload/call_and_end_musl");
}

/* ---- Patience ------------------------------------------------------------------------------ */

static int slowness(void)
{
	const char *factor = getenv("PATIENCE");
	int times = factor ? atoi(factor) : 1;
	return times > 1 ? times : 1;
}

unsigned patience(unsigned seconds)
{
	return in_debugger() ? 0 : seconds * (unsigned)slowness();
}

int workload(int times)
{
	const int least = times < 6 ? times : 6, fewer = times / slowness();
	return fewer > least ? fewer : least;
}

void assert_passed(int status)
{
	if (status == 77 << 8)
		skip();
	assert_int_equal(status, 0);
}

void skip_in_valgrind(const char *why)
{
	if (!in_valgrind())
		return;
	print_message("valgrind %s.\n", why);
	skip();
}

void assert_child_passes(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_passed(status);
}
