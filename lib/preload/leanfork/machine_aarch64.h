/* SPDX-License-Identifier: MIT */
/* aarch64: registers, and what takes an instruction. Included by machine.h alone. */
#ifndef LEANFORK_MACHINE_AARCH64_H
#define LEANFORK_MACHINE_AARCH64_H

#include <elf.h>
#include <linux/audit.h>

#define MACHINE_AUDIT AUDIT_ARCH_AARCH64
#define RESUME_FRAME 32

/* Instructions: svc #0, and a brk of ours. Linux takes any number for a call, and libraries use 0. The
 * others would be found by chance in tables that lie in a mapping of text. */
#define MACHINE_ALIGNMENT 4
#define MACHINE_CALL 0xd4000001U
#define MACHINE_TRAP (0xd4200000U | 0x5afeU << 5)

/* PROT_READ, PROT_EXEC, PROT_BTI */
#define MACHINE_GUARDED_TEXT (1 | 4 | 0x10)

static inline bool machine_is_call(uint32_t word)
{
	return word == MACHINE_CALL;
}

static inline void machine_trap(void)
{
	__asm__ volatile("brk #0x5afe" : : : "memory");
}

static inline uintptr_t thread_pointer(void)
{
	uintptr_t at;
	__asm__("mrs %0, tpidr_el0" : "=r"(at));
	return at;
}

/* struct pthread ends where the thread's own data begin. */
static inline uintptr_t thread_block(size_t size)
{
	return thread_pointer() - size;
}

static inline void copy_words(void *to, const void *from, size_t n)
{
	__asm__ volatile("1: ldp x9, x10, [%1], #16\n\t"
			 "stp x9, x10, [%0], #16\n\t"
			 "subs %2, %2, #16\n\t"
			 "b.ne 1b"
			 : "+r"(to), "+r"(from), "+r"(n)
			 :
			 : "x9", "x10", "cc", "memory");
}

/* memcpy without libc; forwards. */
static inline void copy_bytes(void *to, const void *from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;
	size_t words = n & ~(size_t)15;
	if (words)
		copy_words(t, f, words);
	for (size_t i = words; i < n; i++)
		__asm__ volatile("ldrb w9, [%1]\n\tstrb w9, [%0]"
				 :
				 : "r"(t + i), "r"(f + i)
				 : "x9", "memory");
}

static inline void relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

static inline bool under_valgrind(void)
{
	const uintptr_t request[] = {0x1001, 0, 0, 0, 0, 0};
	register uintptr_t answer __asm__("x3") = 0;
	register const uintptr_t *at __asm__("x4") = request;
	__asm__ volatile("ror x12, x12, #3; ror x12, x12, #13\n\t"
			 "ror x12, x12, #51; ror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(answer)
			 : "r"(at)
			 : "x12", "cc", "memory");
	return answer != 0;
}

/* Whether the kernel can run programs for such a machine, by the ELF header's e_machine. */
static inline bool machine_runs(unsigned machine)
{
	return machine == EM_AARCH64;
}

static inline uintptr_t context_pc(const ucontext_t *uc)
{
	return uc->uc_mcontext.pc;
}

static inline void context_go(ucontext_t *uc, uintptr_t pc)
{
	uc->uc_mcontext.pc = pc;
}

static inline uintptr_t context_stack(const ucontext_t *uc)
{
	return uc->uc_mcontext.sp;
}

static inline void context_return(ucontext_t *uc, long result)
{
	uc->uc_mcontext.regs[0] = (unsigned long)result;
}

/* The call of a dispatched thread. */
static inline long context_call(ucontext_t *uc, long args[6])
{
	for (int i = 0; i < 6; i++)
		args[i] = (long)uc->uc_mcontext.regs[i];
	return (long)uc->uc_mcontext.regs[8];
}

/* Whether a trap is one of ours, which is at the instruction. Then it is over. */
static inline bool context_pass_trap(ucontext_t *uc)
{
	if (*(const uint32_t *)context_pc(uc) != MACHINE_TRAP)
		return false;
	uc->uc_mcontext.pc += 4;
	return true;
}

/* Has the interrupted system call made again when the handler returns. Its first argument is still
 * in place. */
static inline void step_back(ucontext_t *uc, long nr)
{
	uc->uc_mcontext.pc -= 4;
	uc->uc_mcontext.regs[8] = (unsigned long)nr;
}

/* For gate_resume, which puts these two registers back. */
static inline void context_resume(ucontext_t *uc, const long args[6], long done, const char *at)
{
	uintptr_t *frame = (uintptr_t *)(context_stack(uc) - RESUME_FRAME);
	frame[0] = context_pc(uc) + 4;
	frame[1] = (uintptr_t)done;
	frame[2] = uc->uc_mcontext.regs[1];
	frame[3] = uc->uc_mcontext.regs[2];
	uc->uc_mcontext.sp = (uintptr_t)frame;
	uc->uc_mcontext.regs[1] = (unsigned long)args[1];
	uc->uc_mcontext.regs[2] = (unsigned long)args[2];
	context_go(uc, (uintptr_t)at);
}

#endif
