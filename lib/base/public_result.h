/* SPDX-License-Identifier: MIT */
#ifndef BASE_PUBLIC_RESULT_H
#define BASE_PUBLIC_RESULT_H

#include <errno.h>

/* What a public function returns for 0 or -errno. On success errno is what the caller had. */
static inline int ss__public_result(int error, int saved_errno)
{
	errno = error ? -error : saved_errno;
	return error ? -1 : 0;
}

#endif
