/* SPDX-License-Identifier: MIT */
/* What /bin/sh may be, in a root directory of the case's own. */
#include "cases.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers.h"
#include "record.h"

static void write_shell(const char *text, mode_t mode)
{
	int fd = open("bin/sh", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0 || close(fd) < 0)
		skip_case("cannot write a shell");
}

static void enter_root(void)
{
	if (chroot(".") < 0 && (unshare(CLONE_NEWUSER) < 0 || chroot(".") < 0))
		skip_case("needs chroot");
}

static void say_without_shell(const struct lib *lib)
{
	on_signal(SIGCHLD, count_signal, SA_RESTART);
	enter_root();
	say_system(lib, "system NULL", NULL);
	say_all_ways(lib, "exit 3");
	say("children reported", "%s", handled[SIGCHLD] ? "yes" : "no");
}

static void no_bin(const struct lib *lib, int arg)
{
	(void)arg;
	say_without_shell(lib);
}

static void null_command_without_shell(const struct lib *lib, int arg)
{
	(void)arg;
	enter_root();
	say_system(lib, "system", NULL);
}

static void no_shell(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	say_without_shell(lib);
}

static void shell_is_a_directory(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	mkdir("bin/sh", 0755);
	say_without_shell(lib);
}

static void shell_is_a_file(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	write_shell("#!/bin/is-not-there\n", 0644);
	say_without_shell(lib);
}

static void shell_is_a_script_of_none(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	write_shell("#!/bin/is-not-there\n", 0755);
	say_without_shell(lib);
}

static void shell_is_not_executable_format(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	write_shell("\177ELF and no more", 0755);
	say_without_shell(lib);
}

static void shell_is_a_loop(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	if (symlink("sh", "bin/sh") < 0)
		skip_case("cannot link");
	say_without_shell(lib);
}

static void shell_runs_itself(const struct lib *lib, int arg)
{
	(void)arg;
	mkdir("bin", 0755);
	write_shell("#!/bin/sh\n", 0755);
	say_without_shell(lib);
}

const struct test_case shell_cases[] = {
	CASE(no_bin),
	CASE(null_command_without_shell),
	CASE(no_shell),
	CASE(shell_is_a_directory),
	CASE(shell_is_a_file),
	CASE(shell_is_a_script_of_none),
	CASE(shell_is_not_executable_format),
	CASE(shell_is_a_loop),
	CASE(shell_runs_itself),
	{0},
};
