/* SPDX-License-Identifier: MIT */
/*
 * A program that knows of libc alone, in C and C++. It ends with 0 if its calls went to the library
 * all the same: only that has mode "r+", passes "--" to the shell and knows its own streams.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct service {
	int (*system)(const char *command);
	FILE *(*popen)(const char *command, const char *mode);
};

static int system_goes_to_the_library(int (*call)(const char *command))
{
	return call("tr '\\0' ' ' </proc/$$/cmdline | grep -q -e '-c -- tr'") == 0;
}

static int popen_goes_to_the_library(FILE *(*call)(const char *command, const char *mode))
{
	char line[16] = "";
	FILE *f = call("read x; echo $x; exit 3", "r+");

	if (!f)
		return 0;
	fputs("said\n", f);
	fflush(f);
	return fgets(line, sizeof line, f) && !strcmp(line, "said\n") && pclose(f) == 3 << 8;
}

static int fclose_waits(void)
{
	FILE *f = popen("exit 4", "r"), *file = fopen("/dev/null", "r");

#ifdef __GLIBC__
	return f && fclose(f) == 4 << 8 && file && fclose(file) == 0;
#else
	return f && pclose(f) == 4 << 8 && file && fclose(file) == 0;
#endif
}

/* As glibc's pclose does it; musl's wants a stream from its popen. */
static int other_streams_are_closed(void)
{
#ifdef __GLIBC__
	FILE *f = fopen("/dev/null", "r");

	return f && pclose(f) == 0;
#else
	return 1;
#endif
}

int main(int argc, char *argv[])
{
	struct service service = {system, popen};

	if (!system_goes_to_the_library(service.system))
		return 1;
	if (!popen_goes_to_the_library(service.popen))
		return 2;
	if (argc > 1 && !strcmp(argv[1], "fclose") && !fclose_waits())
		return 3;
	if (!other_streams_are_closed())
		return 4;
#ifdef __cplusplus
	if (std::system("exit 5") != 5 << 8)
		return 5;
#endif
	return 0;
}
