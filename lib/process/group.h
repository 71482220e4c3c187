/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_GROUP_H
#define PROCESS_GROUP_H

#include <sys/types.h>

/*
 * 1: a process of the group is more than a zombie, 0: none is, -errno: /proc does not tell. For
 * kill(2) a zombie is a member, and where process 1 does not reap, as in many containers, it remains
 * one. Not a cancellation point.
 */
int ss__group_lives(pid_t group);

#endif
