/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_VISIBLE_H
#define PRELOAD_VISIBLE_H

/* The shim's few symbols for others; they are in libsafespawn_preload.map too. */
#define VISIBLE __attribute__((visibility("default")))

#endif
