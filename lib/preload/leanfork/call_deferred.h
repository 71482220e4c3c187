/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_DEFERRED_H
#define LEANFORK_CALL_DEFERRED_H

#include <sys/stat.h>

#include "preload/leanfork/call.h"

struct open_args {
	long dir;
	uintptr_t path;
	long flags, mode;
};

/* Records an open and returns a descriptor that stands for it; -1: it cannot be deferred. */
long deferred_take(struct lean *l, const struct open_args *open);

/* fstat of the file. False: unknown before the file is made. */
bool deferred_stat(const struct lean *l, size_t i, struct stat *to);

/* Makes the recorded opens. False: one of them failed. */
bool deferred_make(struct lean *l);

/* Whether exec with these arguments, of so many bytes, will succeed: 0, its -errno, or
 * EXEC_UNKNOWN. */
#define EXEC_UNKNOWN 1
long deferred_expects(const struct call *exec, size_t bytes);

#endif
