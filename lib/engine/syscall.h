/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_SYSCALL_H
#define ENGINE_SYSCALL_H

#include <stdint.h>

#include "base/kernel_numbers.h"

/*
 * System calls without libc: no errno, no cancellation, no lazily bound symbol, no sanitizer. They
 * return what the kernel does: a value, or -errno.
 *
 * ENGINE_RAW is defined on architectures that have them. Elsewhere, or with ENGINE_POSIX_SPAWN, the
 * engine on posix_spawn is used.
 */
#if defined ENGINE_POSIX_SPAWN
#elif defined __x86_64__ && !defined __ILP32__
#define ENGINE_RAW 1
#include "engine/arch_x86_64.h"
#elif defined __aarch64__ && !defined __ILP32__
#define ENGINE_RAW 1
#include "engine/arch_aarch64.h"
#elif defined __riscv && __riscv_xlen == 64
#define ENGINE_RAW 1
#include "engine/arch_riscv64.h"
#endif

#ifdef ENGINE_RAW

#define raw0(nr) raw_call(nr, 0, 0, 0, 0, 0, 0)
#define raw1(nr, a) raw_call(nr, (long)(a), 0, 0, 0, 0, 0)
#define raw2(nr, a, b) raw_call(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define raw3(nr, a, b, c) raw_call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw4(nr, a, b, c, d) raw_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw5(nr, a, b, c, d, e)                                                                    \
	raw_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

#endif

/* P_PIDFD of waitid, Linux 5.4 */
#define WAIT_PIDFD 3

#endif
