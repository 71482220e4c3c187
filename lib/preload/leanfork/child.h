/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CHILD_H
#define LEANFORK_CHILD_H

#include "preload/leanfork/child_end.h"

/* The first steps of the child, in the handler in which clone returned; `uc` is the context of
 * libc's clone. From then on the child is lean. */
void child_start(struct lean *l, ucontext_t *uc);

/* Brings in everything and makes the child an ordinary process when the handler returns. False: no
 * memory for that; the child is as lean as before. */
bool child_become_ordinary(struct lean *l, ucontext_t *uc);

/* The child cannot go on leanly: it ends or becomes ordinary, by its kind of fork. */
void child_leave(struct lean *l, ucontext_t *uc, enum lean_reason reason);

/* The parent wants to go on. Returns whether the child is ordinary now; otherwise its parent gives
 * it more time. */
bool child_is_called_back(const struct lean *l);
bool child_answer(struct lean *l, ucontext_t *uc);

/* The first makes the child end with its parent, because a child that asks for nothing would not
 * notice. The others restore the program's own setting (PR_SET_PDEATHSIG). */
void child_mind_parent(void);
void child_mind_parent_no_more(const struct lean *l);
int child_death_signal(const struct lean *l);

/* Makes the system call of the interrupted code, which stands behind it. */
void child_do_call(struct lean *l, ucontext_t *uc);

/* The handlers of a lean child, and what sets them all. 0 or -errno. */
long child_set_handlers(void);
void child_on_fault(int sig, siginfo_t *info, void *context);
void child_on_other_fault(int sig, siginfo_t *info, void *context);
void child_on_call(int sig, siginfo_t *info, void *context);

#endif
