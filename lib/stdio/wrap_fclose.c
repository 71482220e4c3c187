/* SPDX-License-Identifier: MIT */
/*
 * For programs linked with --wrap=fclose: glibc's fclose waits for the command of a popen stream.
 */
#include <safespawn.h>

#include "stdio/streams.h"

SS_API int __wrap_fclose(FILE *file);
int __real_fclose(FILE *file);

int __wrap_fclose(FILE *file)
{
	return ss__stream_is_ours(file) ? ss_pclose(file) : __real_fclose(file);
}
