/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_PLAIN_H
#define ENGINE_PLAIN_H

/*
 * A function that runs in a child sharing its parent's memory must stay plain: a sanitizer would
 * write the child's doings into the parent thread's shadow state, and a stack protector's or
 * profiler's hook may call into libc.
 */
#if defined __clang__
#if __has_attribute(disable_sanitizer_instrumentation)
#define PLAIN                                                                                      \
	__attribute__((disable_sanitizer_instrumentation, no_sanitize("all"),                      \
		no_profile_instrument_function))
#else
#define PLAIN __attribute__((no_sanitize("all")))
#endif
#else
#define PLAIN                                                                                      \
	__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined"),    \
		no_instrument_function, no_profile_instrument_function))
#endif

#endif
