/* SPDX-License-Identifier: MIT */
/* Where slots.S has no code for the processor: ld.so has done all of it. */
#include "preload/plt/plt.h"

bool lazy_bind(void)
{
	return true;
}
