/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_OPTIONS_H
#define PROCESS_OPTIONS_H

#include <stdbool.h>

#include <safespawn.h>

/*
 * Reads the caller's options, which may be NULL or of another release, into *options and checks
 * them. 0, -EINVAL, -EBADF, -E2BIG. Even then *options has the caller's `failure`, if it could be
 * read.
 */
int ss__options_read(struct ss_options *options, const struct ss_options *given);

/*
 * Whether root's supplementary groups are dropped: the uid changes, and the options name no groups.
 */
bool ss__options_drop_groups(const struct ss_options *options);

#endif
