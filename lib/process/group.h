/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_GROUP_H
#define PROCESS_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether a process of the group is more than a zombie, as far as /proc tells; true if it does not.
 * For kill(2) a zombie is a member, and where process 1 does not reap, as in many containers, it
 * remains one.
 */
bool group_lives(pid_t group);

#endif
