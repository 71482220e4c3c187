/* SPDX-License-Identifier: MIT */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdbool.h>

/* What a thread had set about its cancellation. */
struct cancel {
	int state, type;
};

/* No cancellation until cancel_as_before. */
void ss__cancel_off(struct cancel *before);
void ss__cancel_as_before(const struct cancel *before);

/* Whether nobody can cancel the calling thread until it makes another one. */
bool ss__cancel_is_impossible(void);

#endif
