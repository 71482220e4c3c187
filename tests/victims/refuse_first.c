/* SPDX-License-Identifier: MIT */
/* Preloaded behind the shim: libc's fork, which fails for want of memory at the first try (refuse_mark.c). */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

bool refuse_is_first(void);

__attribute__((visibility("default"))) pid_t fork(void)
{
	pid_t (*real)(void);
	if (refuse_is_first()) {
		errno = ENOMEM;
		return -1;
	}
	void *found = dlsym(RTLD_NEXT, "fork");
	memcpy(&real, &found, sizeof real);
	return real();
}
