/* SPDX-License-Identifier: MIT */
/* What patch_hook.c and an architecture's hook share. */
#ifndef LEANFORK_PATCH_HOOK_H
#define LEANFORK_PATCH_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#if defined __aarch64__

/* As far as a branch goes, less some. */
#define HOOK_REACH ((uintptr_t)120 << 20)

/* As hook_aarch64.S saves them. */
struct hook_registers {
	uint64_t x[19]; /* 16 and 17 are not there */
	uint64_t stack; /* libc's */
};

#endif

/* Called by the hook. Returns whether the call has been made. */
bool hook_call(struct hook_registers *regs);

/* The registers to a context and its result back. */
void hook_context(ucontext_t *uc, const struct hook_registers *regs);
void hook_result(struct hook_registers *regs, const ucontext_t *uc);

/* Pure. The place of the one clone in n instructions; 0 if there is not one. */
uintptr_t hook_find(const uint32_t *code, size_t n);

/* Writes the page that the place branches to. Returns that branch. */
uint32_t hook_trampoline(void *page, uintptr_t at);

#endif
