/* SPDX-License-Identifier: MIT */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the UTF-8 sequence at s; 0: it is none. */
size_t utf8_length(const char *s);

/* Whether the sequence at s is a control character: U+0000 to U+001F, U+007F to U+009F. */
bool utf8_is_control(const char *s);

#endif
