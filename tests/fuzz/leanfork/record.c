/* SPDX-License-Identifier: MIT */
/* What a process has to say of what it sees. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

static struct log own_log;
struct log *log_now = &own_log;
static char who_now[48];

void note_at(const char *who, unsigned number)
{
	snprintf(who_now, sizeof who_now, "%u %s", number, who);
}

void note(const char *format, ...)
{
	struct log *log = log_now;
	int before = errno;
	va_list args;
	int n = snprintf(log->text + log->len, LOG_SIZE - log->len, "%s: ", who_now);
	va_start(args, format);
	n += vsnprintf(log->text + log->len + n, LOG_SIZE - log->len - (size_t)n, format, args);
	va_end(args);
	if (log->len + (size_t)n + 300 < LOG_SIZE) {
		log->len += (uint32_t)n;
		log->text[log->len++] = '\n';
		log->text[log->len] = '\0';
	}
	errno = before;
}

void note_result(const char *what, long result)
{
	note("%s %ld %s", what, result, result == -1 ? strerrorname_np(errno) : "");
}

void log_empty(void)
{
	log_now->len = 0;
	log_now->text[0] = '\0';
}

void log_pass_on(void)
{
	struct log *log = log_now;
	ssize_t n = write(FD_RESULTS, log->text, log->len);
	(void)n;
	log_empty();
}

uint64_t hash_bytes(const void *at, size_t len, uint64_t hash)
{
	const unsigned char *p = at;
	uint64_t word;
	for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
		memcpy(&word, p, sizeof word);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	for (; len > 0; p++, len--)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}
