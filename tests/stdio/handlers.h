/* SPDX-License-Identifier: MIT */
#ifndef TEST_HANDLERS_H
#define TEST_HANDLERS_H

#include <signal.h>

/* How often each signal's handler ran. */
extern volatile sig_atomic_t handled[65];

void count_signal(int sig);
void reap_all(int sig);

/* Installs one of the above, SIG_DFL or SIG_IGN. */
void on_signal(int sig, void (*handler)(int), int flags);

/* A name that is the same in every run. */
const char *handler_name(void (*handler)(int));

#endif
