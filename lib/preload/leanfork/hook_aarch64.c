/* SPDX-License-Identifier: MIT */
/* How libc's clone branches to us on aarch64. */
#include <sys/syscall.h>

#include "preload/leanfork/machine.h"
#include "preload/leanfork/patch_hook.h"

#define SCHEDULED 12 /* instructions between the number of a call and the call, at most */

/* hook_aarch64.S: where the page branches to, and where that goes on when the call is made. */
extern const char hook_entry[];
extern uintptr_t hook_back;

void hook_context(ucontext_t *uc, const struct hook_registers *regs)
{
	for (int i = 0; i < 9; i++)
		uc->uc_mcontext.regs[i] = regs->x[i];
	uc->uc_mcontext.sp = regs->stack;
	uc->uc_mcontext.pc = (uintptr_t)hook_entry;
}

void hook_result(struct hook_registers *regs, const ucontext_t *uc)
{
	regs->x[0] = uc->uc_mcontext.regs[0];
}

/* The number that "mov x8, #n" before the instruction sets; -1: none is near. */
static long number_before(const uint32_t *code, size_t i)
{
	for (size_t back = 1; back <= SCHEDULED && back <= i; back++) {
		uint32_t word = code[i - back];
		if ((word & 0x7fe0001fU) == 0x52800008U)
			return word >> 5 & 0xffff;
		if (machine_is_call(word))
			return -1;
	}
	return -1;
}

uintptr_t hook_find(const uint32_t *code, size_t n)
{
	uintptr_t found = 0;
	for (size_t i = 0; i < n; i++) {
		if (!machine_is_call(code[i]) || number_before(code, i) != SYS_clone)
			continue;
		if (found)
			return 0;
		found = (uintptr_t)&code[i];
	}
	return found;
}

static uint32_t branch(uintptr_t from, uintptr_t to)
{
	return 0x14000000U | ((uint32_t)((to - from) >> 2) & 0x03ffffffU);
}

uint32_t hook_trampoline(void *page, uintptr_t at)
{
	uint32_t *code = page;
	uintptr_t entry = (uintptr_t)hook_entry;
	code[0] = 0xa9bf47f0U; /* stp x16, x17, [sp, #-16]! */
	code[1] = 0x58000090U; /* ldr x16, code + 5 */
	code[2] = 0xd61f0200U; /* br x16 */
	code[3] = 0xa8c147f0U; /* ldp x16, x17, [sp], #16 */
	code[4] = branch((uintptr_t)&code[4], at + 4);
	copy_bytes(&code[5], &entry, sizeof entry);
	hook_back = (uintptr_t)&code[3];
	return branch(at, (uintptr_t)page);
}
