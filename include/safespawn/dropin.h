/* SPDX-License-Identifier: MIT */
/*
 * Include this first of all, or compile with -include safespawn/dropin.h, and link with
 * -lsafespawn. Calls of system, popen and pclose in this file then go to ss_system, ss_popen and
 * ss_pclose; so do pointers to these functions, and std::system in C++. In glibc pclose and fclose
 * are one function, so there fclose goes to ss_pclose, too, which passes on what is not from
 * ss_popen. It is too late after an inline function that calls one of them: clang reports an error.
 *
 * Only the symbols change, not the names: members of structs called popen, and headers that declare
 * these functions again, are not affected. This header includes nothing, because what the file
 * defines for libc's headers, such as _GNU_SOURCE, would come too late.
 */
#ifndef SAFESPAWN_DROPIN_H
#define SAFESPAWN_DROPIN_H
#ifndef __ASSEMBLER__

/* A system header, so that -Wredundant-decls does not warn. */
#pragma GCC system_header

/*
 * The second is musl's. Its path may have glibc's folder behind its own, for the kernel's headers.
 */
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
