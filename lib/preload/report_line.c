/* SPDX-License-Identifier: MIT */
/* A line of the report: JSON. */
#include "preload/report_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* For the escaped name of the program. The rest of the longest line fits in 1536 - 256 bytes. */
#define PROGRAM_MAX 256

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text->at, text->left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= text->left)
		return;
	text->at += n;
	text->left -= (size_t)n;
}

/* A name is bytes, JSON is UTF-8. A byte above ASCII becomes the code point of its number. */
static size_t escape(char out[8], unsigned char c)
{
	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	return (size_t)snprintf(out, 8, "\\u%04x", c);
}

/* Cuts the beginning: the end of a path tells more. */
static void add_program(struct text *text, const char *program)
{
	char piece[8];
	size_t used = 0;
	const char *from = program + strlen(program);

	while (from > program) {
		used += escape(piece, (unsigned char)from[-1]);
		if (used > PROGRAM_MAX)
			break;
		from--;
	}
	for (; *from; from++)
		add(text, "%.*s", (int)escape(piece, (unsigned char)*from), piece);
}

static void add_counts(struct text *text, const uint64_t *counts, int first, int last, bool zeros)
{
	static const char names[REPORT_COUNTS][16] = {
		[REPORT_SYSTEM] = "system",
		[REPORT_POPEN] = "popen",
		[REPORT_PCLOSE] = "pclose",
		[REPORT_FCLOSE] = "fclose",
		[REPORT_FORK] = "fork",
		[REPORT_FORKPTY] = "forkpty",
		[REPORT_SPAWNED] = "spawned",
		[REPORT_FORK_NATIVE] = "native",
		[REPORT_FORK_LEAN] = "lean",
		[REPORT_FORK_RESCUED] = "rescued",
		[REPORT_FORK_FAILED] = "failed",
		[REPORT_FORK_RESTARTED] = "restarted",
		[REPORT_UNCHARGED_BYTES] = "uncharged_bytes",
		[REPORT_CHUNKS] = "chunks",
		[REPORT_FORK_NS] = "fork_ns",
		[REPORT_WHY_CALL] = "call",
		[REPORT_WHY_FAULT] = "fault",
		[REPORT_WHY_TIME] = "time",
		[REPORT_WHY_MEMORY] = "memory",
		[REPORT_WHY_EXIT] = "exit",
		[REPORT_WHY_AGAIN] = "again",
		[REPORT_WHY_PARENT] = "parent",
		[REPORT_WHY_STACK] = "stack",
		[REPORT_WHY_SMALL] = "small",
		[REPORT_WHY_KERNEL] = "kernel",
		[REPORT_WHY_SIGSYS] = "sigsys",
		[REPORT_WHY_FOREIGN] = "foreign",
		[REPORT_WHY_BUSY] = "busy",
	};
	const char *comma = "";
	for (int i = first; i <= last; i++) {
		if (!zeros && !counts[i])
			continue;
		add(text, "%s\"%s\":%llu", comma, names[i], (unsigned long long)counts[i]);
		comma = ",";
	}
}

int report_line_start(char *out, size_t size, pid_t pid)
{
	return snprintf(out, size, "{\"safespawn\":1,\"pid\":%d,", (int)pid);
}

size_t report_line_format(char out[REPORT_LINE_MAX], const struct report_line *line, size_t width)
{
	struct text text = {out, REPORT_LINE_MAX - 1};
	const uint64_t *counts = line->counts;
	uint64_t avoided =
		counts[REPORT_SPAWNED] + counts[REPORT_FORK_LEAN] + counts[REPORT_FORK_RESCUED];

	int n = report_line_start(out, text.left, line->pid);
	text.at += n;
	text.left -= (size_t)n;
	add(&text, "\"ppid\":%d,\"program\":\"", (int)line->ppid);
	add_program(&text, line->program);
	add(&text, "\",\"ended\":%s,\"calls\":{", line->ended ? "true" : "false");
	add_counts(&text, counts, REPORT_SYSTEM, REPORT_FORKPTY, true);
	add(&text, "},\"done\":{");
	add_counts(&text, counts, REPORT_SPAWNED, REPORT_FORK_RESTARTED, true);
	add(&text, "},\"forks_avoided\":%llu,", (unsigned long long)avoided);
	add_counts(&text, counts, REPORT_UNCHARGED_BYTES, REPORT_FORK_NS, true);
	add(&text, ",\"elapsed_ns\":%llu,\"reasons\":{", (unsigned long long)line->elapsed_ns);
	add_counts(&text, counts, REPORT_WHY_CALL, REPORT_WHY_BUSY, false);
	add(&text, "}");
	if (line->call >= 0)
		add(&text, ",\"last_call\":%lld", (long long)line->call);
	add(&text, "}");
	while (text.at - out + 1 < (ptrdiff_t)width && text.left) {
		*text.at++ = ' ';
		text.left--;
	}
	*text.at++ = '\n';
	return (size_t)(text.at - out);
}
