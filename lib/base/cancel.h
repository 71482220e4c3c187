/* SPDX-License-Identifier: MIT */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

/* The cancellation state and type of a thread. */
struct cancel {
	int state, type;
};

/* The thread cannot be cancelled until ss__cancel_as_before. */
void ss__cancel_off(struct cancel *before);
void ss__cancel_as_before(const struct cancel *before);

#endif
