/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_COMMUNICATE_H
#define PROCESS_COMMUNICATE_H

#include <safespawn.h>

#define IO_FIRST_SIZE SIZED_UP_TO(struct ss_io, timeout_ms)
#define RESULT_FIRST_SIZE SIZED_UP_TO(struct ss_result, usage)

/* ss_communicate, but 0 or -errno. The result may be NULL. */
int ss__communicate(struct ss_child *child, const struct ss_io *io, struct ss_result *result);

#endif
