/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_USER_H
#define PROCESS_USER_H

#include <safespawn.h>

/*
 * Puts the ids of the account that options->user names, if it names one, in its place. 0, -ENOENT: no such
 * account, -ENOMEM, -errno; options->failure says so. *groups is to be freed once the options have been
 * used, in any case. To be called with cancellation off.
 */
int ss__user_put(struct ss_options *options, gid_t **groups);

#endif
