/* SPDX-License-Identifier: MIT */
/* UTF-8, for names that are printed. */
#include "cli/utf8.h"

/* Overlong forms, surrogates, and values above U+10FFFF. */
static bool is_forbidden(const unsigned char *s)
{
	return s[0] == 0xc0 || s[0] == 0xc1 || (s[0] == 0xe0 && s[1] < 0xa0) ||
	       (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	       (s[0] == 0xf4 && s[1] > 0x8f) || s[0] > 0xf4;
}

size_t utf8_length(const char *text)
{
	static const struct {
		unsigned char mask, lead;
	} kinds[] = {{0x80, 0x00}, {0xe0, 0xc0}, {0xf0, 0xe0}, {0xf8, 0xf0}};
	const unsigned char *s = (const unsigned char *)text;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		if ((s[0] & kinds[k].mask) != kinds[k].lead)
			continue;
		for (size_t i = 1; i <= k; i++)
			if (s[i] < 0x80 || s[i] > 0xbf)
				return 0;
		return is_forbidden(s) ? 0 : k + 1;
	}
	return 0;
}

bool utf8_is_control(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f);
}
