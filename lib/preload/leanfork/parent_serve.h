/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SERVE_H
#define LEANFORK_PARENT_SERVE_H

#include "preload/leanfork/state.h"

enum service {
	SERVED,     /* the child no longer needs its parent */
	SERVED_DEAD /* the child was thrown away and reaped: l->result.reason */
};

/* The parent's part from clone until the child execs, ends or is released. */
enum service serve(struct lean *l);

#endif
