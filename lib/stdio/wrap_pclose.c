/* SPDX-License-Identifier: MIT */
/*
 * For programs linked with --wrap=pclose. In such a program ss_pclose of a stream that is not ours
 * comes back here; the shared library is linked with the option as well.
 */
#include <safespawn.h>

#include "stdio/streams.h"

SS_API int __wrap_pclose(FILE *file);
int __real_pclose(FILE *file);

int __wrap_pclose(FILE *file)
{
	return ss__stream_is_ours(file) ? ss_pclose(file) : __real_pclose(file);
}
