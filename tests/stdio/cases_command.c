/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

static void null_command(const struct lib *lib, int arg)
{
	(void)arg;
	say_system(lib, "system", NULL);
	say_process("after");
}

static void null_command_to_popen(const struct lib *lib, int arg)
{
	const char *volatile none = NULL;

	(void)arg;
	say_popen(lib, "popen r", none, "r");
}

static void empty_command(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(lib, "");
	say_all_ways(lib, " ");
	say_all_ways(lib, "\n#\n");
}

static const char *echo_of_length(size_t length)
{
	static const char tail[] = "' | wc -c";
	char *text = malloc(length + 1);

	memset(text, 'x', length);
	memcpy(text, "echo '", 6);
	memcpy(text + length - (sizeof tail - 1), tail, sizeof tail);
	return text;
}

/* The kernel takes 128 KiB with the NUL for one argument. */
static void long_command(const struct lib *lib, int kib)
{
	say_all_ways(lib, echo_of_length((size_t)kib << 10));
}

static void longest_command(const struct lib *lib, int less)
{
	say_all_ways(lib, echo_of_length((128 << 10) - (size_t)less));
}

/* Command and environment together over ARG_MAX. */
static void full_environment(const struct lib *lib, int arg)
{
	char name[32];

	(void)arg;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "FILLER_%d", i);
		setenv(name, echo_of_length(100 << 10), 1);
	}
	say_all_ways(lib, "echo fits");
}

static void looks_like_an_option(const struct lib *lib, int which)
{
	static const char *const commands[] = {"-c", "-c echo", "--", "-x", "+x", "-", "-e echo"};

	say_all_ways(lib, commands[which]);
}

static void arguments_of_the_shell(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(lib, "tr '\\0' '|' </proc/$$/cmdline");
	say_all_ways(lib, "echo $0 $# $* $-");
}

static void special_bytes(const struct lib *lib, int arg)
{
	(void)arg;
	say_all_ways(
		lib, "echo \"$HOME\" '\\\\' \"a  b\" '*' `echo q` \xff\xfe \t |  cat; echo $?");
}

const struct test_case command_cases[] = {
	CASE(null_command),
	CASE(null_command_to_popen),
	CASE(empty_command),
	CASES(long_command, 1, 2),
	CASES(long_command, 100, 100),
	CASES(long_command, 127, 130),
	CASES(long_command, 4000, 4000),
	CASES(longest_command, 0, 3),
	CASE(full_environment),
	CASES(looks_like_an_option, 0, 6),
	CASE(arguments_of_the_shell),
	CASE(special_bytes),
	{0},
};
