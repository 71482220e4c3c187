/* SPDX-License-Identifier: MIT */
#ifndef TEST_KERNEL_LAYOUT_H
#define TEST_KERNEL_LAYOUT_H

#include <stddef.h>

/*
 * Builds mappings of kinds chosen at random, the same for the same seed, in this process and for
 * good. What the kernel does not have (huge pages, MAP_DROPPABLE) is left out. Fills in a
 * description of what was built.
 */
void layout_build(unsigned seed, char *description, size_t size);

#endif
