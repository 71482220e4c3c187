/* SPDX-License-Identifier: MIT */
/* Asks the running kernel for features that tests need. */
#include "kernel.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Newer than some headers. */
enum { SET_SYSCALL_USER_DISPATCH = 59, DISPATCH_OFF = 0 };

long kernel_figure(const char *path, const char *name)
{
	char line[256];
	long figure = -1;
	FILE *file = fopen(path, "re");
	while (file && figure < 0 && fgets(line, sizeof line, file))
		if (!strncmp(line, name, strlen(name)))
			figure = atol(line + strlen(name));
	if (file)
		fclose(file);
	return figure;
}

bool kernel_dispatches_calls(void)
{
#ifdef __aarch64__ /* lean forks need none there */
	return true;
#endif
	return prctl(SET_SYSCALL_USER_DISPATCH, DISPATCH_OFF, 0, 0, 0) == 0;
}

bool kernel_has_execveat(void)
{
	syscall(SYS_execveat, -1, "", NULL, NULL, 0);
	return errno != ENOSYS;
}

bool kernel_shares_memory(void)
{
	volatile int *shared = mmap(
		NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return false;
	pid_t pid = vfork();
	if (pid == 0) {
		*shared = 1;
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	bool is = *shared;
	munmap((void *)(uintptr_t)shared, sizeof *shared);
	return is;
}

int try_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid(pid, NULL, 0);
	return 0;
}
