/* SPDX-License-Identifier: MIT */
/*
 * For programs linked with --wrap=pclose. There ss_pclose of another stream comes back here. The
 * shared library is linked with the same option.
 */
#include <safespawn.h>

#include "stdio/streams.h"

SS_API int __wrap_pclose(FILE *file);
int __real_pclose(FILE *file);

int __wrap_pclose(FILE *file)
{
	return ss__stream_is_ours(file) ? ss_pclose(file) : __real_pclose(file);
}
