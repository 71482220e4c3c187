/* SPDX-License-Identifier: MIT */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

/* A thread's own settings for its cancellation. */
struct cancel {
	int state, type;
};

/* No cancellation until cancel_as_before. */
void ss__cancel_off(struct cancel *before);
void ss__cancel_as_before(const struct cancel *before);

#endif
