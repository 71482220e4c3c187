/* SPDX-License-Identifier: MIT */
/*
 * Numbers that older headers lack: glibc 2.31 knows the calls of Linux 5.4. System calls from 424
 * on have the same number on every architecture.
 */
#ifndef BASE_KERNEL_NUMBERS_H
#define BASE_KERNEL_NUMBERS_H

#if __has_include(<linux/close_range.h>)
#include <linux/close_range.h>
#endif
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* The kernel's struct termios2, whose header contradicts libc's. glibc 2.42 uses these requests. */
#define KERNEL_TERMIOS2_SIZE 44
#define KERNEL_TCGETS2 _IOR('T', 0x2a, char[KERNEL_TERMIOS2_SIZE])
#define KERNEL_TCSETS2 _IOW('T', 0x2b, char[KERNEL_TERMIOS2_SIZE])
#define KERNEL_TCSETSW2 _IOW('T', 0x2c, char[KERNEL_TERMIOS2_SIZE])
#define KERNEL_TCSETSF2 _IOW('T', 0x2d, char[KERNEL_TERMIOS2_SIZE])

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

#endif
