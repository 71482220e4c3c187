/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_EXEC_H
#define LEANFORK_CALL_EXEC_H

#include "preload/leanfork/call.h"

/* Does execve or execveat; returns only if it fails. */
enum verdict exec_call(struct lean *l, struct call *call);

#endif
