/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "record.h"

static void set_limit(int resource, rlim_t value)
{
	if (setrlimit((unsigned)resource, &(struct rlimit){value, value}) < 0)
		skip_case("cannot set the limit");
}

static void no_more_processes(const struct lib *lib, int arg)
{
	(void)arg;
	if (getuid() == 0 &&
		(setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
		skip_case("cannot become an ordinary user");
	set_limit(RLIMIT_NPROC, 0);
	say_system(lib, "system NULL", NULL);
	say_all_ways(lib, "exit 3");
}

/* Room for a shell, none for the caller to grow. */
static void no_more_address_space(const struct lib *lib, int pages)
{
	unsigned long size = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%lu", &size) != 1)
		skip_case("no /proc");
	fclose(f);
	set_limit(RLIMIT_AS, (size + (unsigned long)pages) * (unsigned long)getpagesize());
	say_system(lib, "system", "exit 3");
	say_process("after");
}

/* Not even the shell can run: what the kernel does to it is its status. */
static void no_address_space_for_the_shell(const struct lib *lib, int kib)
{
	set_limit(RLIMIT_AS, (rlim_t)kib << 10);
	say_system(lib, "system", "exit 3");
}

static void little_stack(const struct lib *lib, int kib)
{
	set_limit(RLIMIT_STACK, (rlim_t)kib << 10);
	say_all_ways(lib, "exit 3");
}

static void small_files(const struct lib *lib, int arg)
{
	(void)arg;
	set_limit(RLIMIT_FSIZE, 10);
	say_all_ways(lib, "echo 0123456789012345 >file; exit 3");
	say_file("file", "file");
}

const struct test_case limit_cases[] = {
	CASE(no_more_processes),
	CASES(no_more_address_space, 0, 1),
	CASES(no_address_space_for_the_shell, 4, 4),
	CASES(no_address_space_for_the_shell, 512, 512),
	CASES(little_stack, 16, 16),
	CASES(little_stack, 256, 256),
	CASE(small_files),
	{0},
};
