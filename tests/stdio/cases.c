/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record.h"

const char *show_self, *this_program;

void skip_case(const char *why)
{
	say("SKIPPED", "%s", why);
	_exit(0);
}

const char *command_line(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return text;
}

const char *show_command(const char *file)
{
	return command_line("exec %s %s", show_self, file);
}

void say_system(const struct lib *lib, const char *key, const char *command)
{
	errno = 0;
	int status = lib->system(command);
	say_result(key, status);
}

FILE *said_popen(const struct lib *lib, const char *key, const char *command, const char *mode)
{
	errno = 0;
	FILE *f = lib->popen(command, mode);
	int error = errno;

	if (!f)
		say(key, "NULL errno %d", error);
	else
		say(key, "fileno %d cloexec %d flags %#x errno %d", fileno(f),
			fcntl(fileno(f), F_GETFD), fcntl(fileno(f), F_GETFL), error);
	return f;
}

void said_pclose(const struct lib *lib, const char *key, FILE *stream)
{
	errno = 0;
	int status = lib->pclose(stream);
	say_result(key, status);
}

static void say_lines(const char *key, FILE *f)
{
	char line[4096], name[128];

	for (int i = 0; fgets(line, sizeof line, f); i++) {
		snprintf(name, sizeof name, "%s[%d]", key, i);
		say(name, "%s", line);
	}
	snprintf(name, sizeof name, "%s end", key);
	say(name, "eof %d error %d", feof(f) != 0, ferror(f) != 0);
}

void say_popen(const struct lib *lib, const char *key, const char *command, const char *mode)
{
	FILE *f = said_popen(lib, command_line("%s open", key), command, mode);

	if (!f)
		return;
	if (strchr(mode, 'r'))
		say_lines(command_line("%s line", key), f);
	said_pclose(lib, command_line("%s close", key), f);
}

void say_all_ways(const struct lib *lib, const char *command)
{
	say_system(lib, "system", command);
	say_popen(lib, "popen r", command, "r");
	say_popen(lib, "popen w", command, "w");
	say_process("after");
}

static void say_seen(const char *key)
{
	say_file(key, "seen");
	unlink("seen");
}

void say_seen_all_ways(const struct lib *lib)
{
	say_system(lib, "system", show_command("seen"));
	say_seen("system saw");
	say_popen(lib, "popen r", show_command("seen"), "r");
	say_seen("popen r saw");
	say_popen(lib, "popen w", show_command("seen"), "w");
	say_seen("popen w saw");
	say_process("after");
}
