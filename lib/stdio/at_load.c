/* SPDX-License-Identifier: MIT */
#include "stdio/forks.h"

__attribute__((constructor)) static void watch(void)
{
	forks_register();
}

void forks_watch(void)
{
}
