/* SPDX-License-Identifier: MIT */
/*
 * Include it, or compile with -include safespawn/dropin.h, and link with -lsafespawn: the calls of
 * system, popen and pclose in this file then go to ss_system, ss_popen and ss_pclose, pointers to
 * these functions and std::system in C++ too. In glibc pclose and fclose are one function, so
 * there fclose goes to ss_pclose as well, which passes on what is not from ss_popen.
 *
 * The names stay as they are, only the symbols behind them change: members of structs called
 * popen, and headers that declare these functions again, are not affected.
 */
#ifndef SAFESPAWN_DROPIN_H
#define SAFESPAWN_DROPIN_H

#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

extern int system(const char *command) __asm__("ss_system");
extern FILE *popen(const char *command, const char *mode) __asm__("ss_popen");
extern int pclose(FILE *stream) __asm__("ss_pclose");
#ifdef __GLIBC__
extern int fclose(FILE *stream) __asm__("ss_pclose");
#endif

#ifdef __cplusplus
}
#endif

#endif
