/* SPDX-License-Identifier: MIT */
#include "lib.h"

#include <stdlib.h>

#include <safespawn.h>

const struct lib libc_lib = {"libc", system, popen, pclose};
const struct lib our_lib = {"ours", ss_system, ss_popen, ss_pclose};
