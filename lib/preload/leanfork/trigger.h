/* SPDX-License-Identifier: MIT */
/*
 * What brings libc's clone to the parent's half of a lean fork, and the child's system calls to its
 * handlers. Of two kinds, one is compiled in:
 *
 * dispatch   Syscall User Dispatch: the kernel sends SIGSYS (dispatch.c, parent_dispatch.c)
 * patch      the child's copy of the text has a trap for each system call, and libc's clone is a
 *            branch to us in all processes (patch.c, patch_scan.c, patch_hook.c)
 */
#ifndef LEANFORK_TRIGGER_H
#define LEANFORK_TRIGGER_H

#include "preload/leanfork/state.h"

/* Parent, before the lock: whether libc's fork has the shape that is needed. */
bool trigger_possible(void);

/* Parent, with the lock held and signals blocked: the thread's next clone by libc's fork comes to
 * clone_leanly(). */
enum lean_reason trigger_arm(struct lean *l, bool filtered);

/* Parent, just before the clone. False: a lean child's calls would not all be seen. */
bool trigger_prepare(struct lean *l);

/* Parent: the thread's calls are its own again. */
void trigger_disarm(struct lean *l);

/* Child: its calls come to child_do_call(). Returns 0 or -errno; -EAGAIN: another clone may help. */
long trigger_start(struct lean *l);

/* Child: its calls are its own, before it becomes ordinary and at its end. The first may fail. */
bool trigger_stop(struct lean *l);
void trigger_stopped(void);

/* Child: whether memory that becomes executable has system calls that nobody sees. */
bool trigger_misses_new_code(void);

/* Child: sets the handlers of the signals that bring its calls. Returns 0 or -errno. */
long trigger_set_handlers(uint64_t let_through);

/* In a child that a seccomp filter may kill: makes the calls that the trigger takes. */
void trigger_try(void);

#endif
