/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_INHERIT_H
#define PRELOAD_INHERIT_H

/* Removes the shim from LD_PRELOAD in env, in place, and the variable if it is empty then. */
void inherit_drop(char **env);

#endif
