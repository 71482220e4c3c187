/* SPDX-License-Identifier: MIT */
/* The smallest library that can be preloaded. */
int empty_preload;
