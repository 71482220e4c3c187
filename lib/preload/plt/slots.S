/* SPDX-License-Identifier: MIT */
/*
 * Names, slots and jumps of plt.c, in the same order. It is a file of its own, because link-time
 * optimisation does not see inside an asm statement, and would drop it.
 */

/* Names: one string after the other. */
.section .rodata.shim_plt, "a", %progbits
.hidden plt_names
.globl plt_names
plt_names:
#define SLOT(name) .Lname_##name: .asciz #name;
#include <plt_names.h>
#undef SLOT

/* Where each begins. A loop that looks for the end of a name is a call of strlen to some compilers. */
.section .rodata.shim_plt_offsets, "a", %progbits
.balign 4
.hidden plt_offsets
.globl plt_offsets
plt_offsets:
#define SLOT(name) .long .Lname_##name - plt_names;
#include <plt_names.h>
#undef SLOT

/* Slots: the address of each function, after lazy_bind. */
.section .bss.shim_plt, "aw", %nobits
.balign 8
.hidden plt_slots, plt_slots_end
.globl plt_slots, plt_slots_end
plt_slots:
#define SLOT(name) .Lslot_##name: .zero 8;
#include <plt_names.h>
#undef SLOT
plt_slots_end:

/* Jumps through them: the linker's --wrap sends each call of NAME to __wrap_NAME. */
#if defined __x86_64__
#define JUMP(slot) jmp *slot(%rip)
#elif defined __aarch64__
#define JUMP(slot)                                                                                 \
	adrp x16, slot;                                                                            \
	ldr x16, [x16, :lo12:slot];                                                                \
	br x16
#elif defined __riscv
#define JUMP(slot)                                                                                 \
	ld t1, slot;                                                                               \
	jr t1
#endif

/* No .type, because ld of binutils 2.40 crashes on the debug information of such symbols. */
.section .text.shim_plt, "ax", %progbits
#define SLOT(name)                                                                                 \
	.balign 8;                                                                                 \
	.hidden __wrap_##name;                                                                     \
	.globl __wrap_##name;                                                                      \
	__wrap_##name: JUMP(.Lslot_##name);
#include <plt_names.h>

.section .note.GNU-stack, "", %progbits
