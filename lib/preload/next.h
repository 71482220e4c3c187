/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_NEXT_H
#define PRELOAD_NEXT_H

#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

/* The functions that the shim interposes, as defined in the next library: another preload or libc.
 * They are looked up at the first call. */
int next_system(const char *command);
FILE *next_popen(const char *command, const char *mode);
int next_pclose(FILE *stream);
int next_fclose(FILE *stream);
pid_t next_fork(void);
int next_prctl(int option, const unsigned long args[4]);

int next_forkpty(
	int *master, char *name, const struct termios *termios, const struct winsize *size);

/* The parts of forkpty. Older libcs have them in libutil, so forkpty looks them up. ENOSYS: not
 * found. */
int next_openpty(int *master, int *slave, char *name, const struct termios *termios,
	const struct winsize *size);
int next_login_tty(int fd);

#endif
