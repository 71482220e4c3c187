/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_TIMERS_H
#define LEANFORK_CALL_TIMERS_H

#include "preload/leanfork/call.h"

/* POSIX timers. A child does not inherit them and exec deletes them, so those that it makes are its
 * own. */
enum verdict timers_create(struct lean *l, struct call *call);
enum verdict timers_own(struct lean *l, struct call *call);
enum verdict timers_delete(struct lean *l, struct call *call);

/* Before exec lets the program's signals through, and after it has failed. */
void timers_stop(struct lean *l);
void timers_go_on(struct lean *l);

#endif
