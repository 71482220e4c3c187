/* SPDX-License-Identifier: MIT */
#include "preflight/text.h"

#include <stdio.h>

const char *ss__size_text(char *text, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;
	if (bytes == UINT64_MAX)
		return "unlimited";
	while (value >= 1024 && unit < sizeof units / sizeof units[0] - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT, unit > 0 && value < 100 ? "%.1f %s" : "%.0f %s", value,
		units[unit]);
	return text;
}

const char *ss__time_text(char *text, uint64_t ns)
{
	double ms = (double)ns / 1e6;
	if (ms < 1)
		snprintf(text, SIZE_TEXT, "%.2f ms", ms);
	else if (ms < 1000)
		snprintf(text, SIZE_TEXT, "%.0f ms", ms);
	else
		snprintf(text, SIZE_TEXT, "%.1f s", ms / 1000);
	return text;
}

const char *ss__verdict_text(enum ss_fork_verdict verdict)
{
	switch (verdict) {
	case SS_FORK_OK:
		return "OK";
	case SS_FORK_ENOMEM:
		return "ENOMEM";
	case SS_FORK_EAGAIN:
		return "EAGAIN";
	case SS_FORK_UNSURE:
		return "UNSURE";
	}
	return "?";
}
