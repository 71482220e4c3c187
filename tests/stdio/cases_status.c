/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <sys/resource.h>

#include "record.h"

static void exits(const struct lib *lib, int code)
{
	say_all_ways(lib, command_line("exit %d", code));
}

static void dies(const struct lib *lib, int sig)
{
	say_all_ways(lib, command_line("kill -%d $$", sig));
}

static void dumps_core(const struct lib *lib, int sig)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		skip_case("core dumps are not allowed");
	say_all_ways(lib, command_line("kill -%d $$", sig));
}

static void stops_and_goes_on(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(
		lib, command_line("%s --continue $$ & kill -STOP $$; wait $!; exit 7", show_self));
}

static void program_is_missing(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(lib, "./is-not-there 2>/dev/null");
	say_all_ways(lib, "/ 2>/dev/null");
	say_all_ways(lib, "if then 2>/dev/null");
}

static void succeeds_with_errno_set(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(lib, "true");
	say_all_ways(lib, "echo to stderr >&2; echo to stdout; false");
}

static void state_of_the_caller(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(lib, "sleep 0.1; grep -E '^Sig(Blk|Ign)|^Threads' /proc/$PPID/status");
}

const struct test_case status_cases[] = {
	CASES(exits, 0, 255),
	CASES(dies, 1, 18), /* 19 to 22 stop */
	CASES(dies, 23, 64),
	CASES(dumps_core, 3, 8),
	CASE(state_of_the_caller),
	CASE(stops_and_goes_on),
	CASE(program_is_missing),
	CASE(succeeds_with_errno_set),
	{0},
};
