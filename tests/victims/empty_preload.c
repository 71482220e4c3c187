/* SPDX-License-Identifier: MIT */
/* As little of a library as can be preloaded. */
int empty_preload;
