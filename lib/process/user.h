/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_USER_H
#define PROCESS_USER_H

#include <safespawn.h>

/*
 * Replaces options->user by the account's ids. 0, -ENOENT: no such account, -ENOMEM, -errno; then
 * options->failure says so. The caller frees *groups after the options have been used, in any case,
 * and has cancellation off.
 */
int ss__user_put(struct ss_options *options, gid_t **groups);

#endif
