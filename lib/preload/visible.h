/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_VISIBLE_H
#define PRELOAD_VISIBLE_H

/* Marks the few symbols that the shim exports. libsafespawn_preload.map lists them too. */
#define VISIBLE __attribute__((visibility("default")))

#endif
