/* SPDX-License-Identifier: MIT */
/* A look into the library's pool of blocks, from inside. */
#ifndef POOL_H
#define POOL_H

struct pool {
	int blocks; /* there are */
	int kib;    /* that they may take */
	int used;   /* by a spawn that runs, or has been left and not been found yet */
};

struct pool pool_look(void);

#endif
