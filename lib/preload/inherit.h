/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_INHERIT_H
#define PRELOAD_INHERIT_H

/* Takes the shim out of LD_PRELOAD in env, in place; the variable too when nothing is left. */
void inherit_drop(char **env);

#endif
