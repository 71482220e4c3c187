/* SPDX-License-Identifier: MIT */
/*
 * Include it first of all, or compile with -include safespawn/dropin.h, and link with -lsafespawn:
 * the calls of system, popen and pclose in this file then go to ss_system, ss_popen and ss_pclose,
 * pointers to these functions and std::system in C++ too. In glibc pclose and fclose are one
 * function, so there fclose goes to ss_pclose as well, which passes on what is not from ss_popen.
 * After an inline function that calls one of them it is too late: to clang that is an error.
 *
 * The names stay as they are, only the symbols behind them change: members of structs called popen,
 * and headers that declare these functions again, are not affected. Nothing is included: what the
 * file defines for libc's headers, _GNU_SOURCE for one, would come too late.
 */
#ifndef SAFESPAWN_DROPIN_H
#define SAFESPAWN_DROPIN_H
#ifndef __ASSEMBLER__

/* As libc's headers are: what -Wredundant-decls says of them is not shown. */
#pragma GCC system_header

/* The second is musl's, which may have glibc's folder behind its own for the kernel's headers. */
#ifdef __has_include
#if __has_include(<gnu/libc-version.h>) && !__has_include(<bits/alltypes.h>)
#define SAFESPAWN_DROPIN_FCLOSE
#endif
#elif defined __gnu_linux__
#define SAFESPAWN_DROPIN_FCLOSE
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct _IO_FILE;

extern int system(const char *) __asm__("ss_system");
extern struct _IO_FILE *popen(const char *, const char *) __asm__("ss_popen");
extern int pclose(struct _IO_FILE *) __asm__("ss_pclose");
#ifdef SAFESPAWN_DROPIN_FCLOSE
extern int fclose(struct _IO_FILE *) __asm__("ss_pclose");
#endif

#ifdef __cplusplus
}
#endif

#endif
#endif
