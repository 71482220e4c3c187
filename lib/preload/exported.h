/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_EXPORTED_H
#define PRELOAD_EXPORTED_H

/* The few symbols that the shim exports. libsafespawn_preload.map lists them, too. */
#define EXPORTED __attribute__((visibility("default")))

#endif
