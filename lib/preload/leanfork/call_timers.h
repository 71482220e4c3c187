/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_TIMERS_H
#define LEANFORK_CALL_TIMERS_H

#include "preload/leanfork/call.h"

/* POSIX timers, which a child doesn't inherit and exec deletes: those that it makes are its own. */
enum verdict timers_create(struct lean *l, struct call *call);
enum verdict timers_own(struct lean *l, struct call *call);
enum verdict timers_delete(struct lean *l, struct call *call);

/* Before exec lets the signals of the program through, and after it has failed. */
void timers_stop(struct lean *l);
void timers_go_on(struct lean *l);

#endif
