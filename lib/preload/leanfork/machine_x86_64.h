/* SPDX-License-Identifier: MIT */
/* x86-64: registers, and what takes an instruction. Included by machine.h alone. */
#ifndef LEANFORK_MACHINE_X86_64_H
#define LEANFORK_MACHINE_X86_64_H

#include <elf.h>
#include <linux/audit.h>

#define MACHINE_AUDIT AUDIT_ARCH_X86_64

/* Two words, and the red zone. */
#define RESUME_FRAME 144

/* The thread pointer, and where struct pthread is. */
static inline uintptr_t thread_pointer(void)
{
	uintptr_t at;
	__asm__("mov %%fs:0, %0" : "=r"(at));
	return at;
}

static inline uintptr_t thread_block(size_t size)
{
	(void)size;
	return thread_pointer();
}

/* memcpy without libc. */
static inline void copy_bytes(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline void relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* A system call that is not made by the gate. */
static inline void call_outside(long nr)
{
	__asm__ volatile("syscall" : "+a"(nr) : : "rcx", "r11", "memory");
}

/* Valgrind answers to instructions that do nothing elsewhere (a client request, valgrind.h). */
static inline bool under_valgrind(void)
{
	const uintptr_t request[] = {0x1001, 0, 0, 0, 0, 0};
	uintptr_t answer = 0;
	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(answer)
			 : "a"(request)
			 : "cc", "memory");
	return answer != 0;
}

/* Whether the kernel can run programs for such a machine, by the ELF header's e_machine. */
static inline bool machine_runs(unsigned machine)
{
	return machine == EM_X86_64 || machine == EM_386;
}

static inline greg_t *reg(ucontext_t *uc, int which)
{
	return &uc->uc_mcontext.gregs[which];
}

static inline uintptr_t context_pc(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}

static inline void context_go(ucontext_t *uc, uintptr_t pc)
{
	*reg(uc, REG_RIP) = (greg_t)pc;
}

static inline uintptr_t context_stack(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
}

static inline void context_return(ucontext_t *uc, long result)
{
	*reg(uc, REG_RAX) = result;
}

/* The call of a dispatched thread. */
static inline long context_call(ucontext_t *uc, long args[6])
{
	static const int regs[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
	for (int i = 0; i < 6; i++)
		args[i] = *reg(uc, regs[i]);
	return *reg(uc, REG_RAX);
}

/* Has the interrupted system call made again when the handler returns, without dispatch. */
static inline void step_back(ucontext_t *uc, long nr)
{
	*reg(uc, REG_RIP) -= 2;
	*reg(uc, REG_RAX) = nr;
}

/* For gate_resume. */
static inline void context_resume(ucontext_t *uc, const long args[6], long done, const char *at)
{
	uintptr_t *frame = (uintptr_t *)(context_stack(uc) - RESUME_FRAME);
	frame[0] = context_pc(uc) + 2;
	frame[1] = (uintptr_t)done;
	*reg(uc, REG_RSP) = (greg_t)(uintptr_t)frame;
	*reg(uc, REG_RSI) = args[1];
	*reg(uc, REG_RDX) = args[2];
	context_go(uc, (uintptr_t)at);
}

#endif
