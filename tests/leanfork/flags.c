/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

/* A line at a time; the text of a mapping is its rights and the line of its flags. Returns false
 * beyond the piece asked for. */
static int take_line(struct flags *flags, char *line, uintptr_t start, uintptr_t end)
{
	unsigned long from, to;
	char rights[5];
	struct flagged *last = flags->n ? &flags->of[flags->n - 1] : NULL;

	if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3) {
		if (from >= end)
			return 0;
		if (to <= start)
			return 1;
		assert_true(flags->n < sizeof flags->of / sizeof flags->of[0]);
		last = &flags->of[flags->n++];
		last->start = from;
		last->end = to;
		snprintf(last->text, sizeof last->text, "%s ", rights);
	} else if (last && !strncmp(line, "VmFlags:", 8) && strlen(last->text) == 5) {
		snprintf(last->text + 5, sizeof last->text - 5, "%s", line + 9);
	}
	return 1;
}

void flags_read(struct flags *flags, const void *start, size_t len)
{
	static char text[65536];
	size_t have = 0;
	ssize_t n;
	int more = 1, fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	flags->n = 0;
	while (more && (n = read(fd, text + have, sizeof text - 1 - have)) > 0) {
		char *line = text, *end;
		have += (size_t)n;
		text[have] = '\0';
		while (more && (end = strchr(line, '\n'))) {
			*end = '\0';
			more = take_line(flags, line, (uintptr_t)start, (uintptr_t)start + len);
			line = end + 1;
		}
		have -= (size_t)(line - text);
		memmove(text, line, have);
	}
	close(fd);
}

void assert_same_flags(const struct flags *a, const struct flags *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		assert_int_equal(a->of[i].start, b->of[i].start);
		assert_int_equal(a->of[i].end, b->of[i].end);
		assert_string_equal(a->of[i].text, b->of[i].text);
	}
	assert_int_equal(a->n, b->n);
}

int flags_have(const struct flags *flags, const void *start, size_t len, const char *flag)
{
	uintptr_t at = (uintptr_t)start, end = at + len;
	char word[8];
	snprintf(word, sizeof word, " %s ", flag);
	for (size_t i = 0; i < flags->n; i++)
		if (flags->of[i].start <= at && at < flags->of[i].end &&
			strstr(flags->of[i].text, word))
			at = flags->of[i].end;
	return at >= end;
}

void flags_join(struct flags *flags)
{
	size_t n = 0;
	for (size_t i = 0; i < flags->n; i++) {
		struct flagged *last = n ? &flags->of[n - 1] : NULL;
		if (last && last->end == flags->of[i].start &&
			!strcmp(last->text, flags->of[i].text))
			last->end = flags->of[i].end;
		else
			flags->of[n++] = flags->of[i];
	}
	flags->n = n;
}
