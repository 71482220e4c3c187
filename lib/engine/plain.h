/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_PLAIN_H
#define ENGINE_PLAIN_H

/*
 * A function that runs in a child sharing its parent's memory must stay plain. A sanitizer would
 * write to the parent thread's shadow state. The hook of a stack protector or a profiler may call
 * libc.
 *
 * None is always_inline: gcc refuses this where only one of the two functions is profiled.
 */
#if defined __clang__
#if __has_attribute(disable_sanitizer_instrumentation)
#define PLAIN_UNSANITIZED __attribute__((disable_sanitizer_instrumentation, no_sanitize("all")))
#else
#define PLAIN_UNSANITIZED __attribute__((no_sanitize("all")))
#endif
#else
#define PLAIN_UNSANITIZED                                                                          \
	__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))
#endif

#if __has_attribute(no_profile_instrument_function)
#define PLAIN_UNPROFILED __attribute__((no_instrument_function, no_profile_instrument_function))
#else
#define PLAIN_UNPROFILED __attribute__((no_instrument_function))
#endif

#if __has_attribute(no_stack_protector)
#define PLAIN_UNPROTECTED __attribute__((no_stack_protector))
#else
#define PLAIN_UNPROTECTED
#endif

#define PLAIN PLAIN_UNSANITIZED PLAIN_UNPROFILED PLAIN_UNPROTECTED

#endif
