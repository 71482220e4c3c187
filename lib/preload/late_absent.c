/* SPDX-License-Identifier: MIT */
/* Where late.c has no code for the processor: ld.so has done all of it. */
#include "preload/late.h"

void late_bind(void)
{
}
