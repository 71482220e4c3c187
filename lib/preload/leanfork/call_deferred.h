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

/* Notes an open and returns a descriptor that stands for it; -1 if it is not to be deferred. */
long deferred_take(struct lean *l, const struct open_args *open);

/* What fstat says of it. False: that is not known before the file is made. */
bool deferred_stat(const struct lean *l, size_t i, struct stat *to);

/* Makes what has been noted. False: one of them failed. */
bool deferred_make(struct lean *l);

/* Whether exec may be expected to succeed with these arguments, of that many bytes: 0, the -errno it
 * fails with, or EXEC_UNKNOWN. */
#define EXEC_UNKNOWN 1
long deferred_expects(const struct call *exec, size_t bytes);

#endif
