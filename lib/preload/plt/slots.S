/* SPDX-License-Identifier: MIT */
/*
 * Names, slots and jumps of plt.c, in the same order. A file of its own, because link-time
 * optimisation does not see what is inside of an asm statement, and throws it away.
 */

/* Names: one string after the other. */
.section .rodata.shim_plt, "a", %progbits
.hidden plt_names
.globl plt_names
plt_names:
#define SLOT(name) .Lname_##name: .asciz #name;
#include <plt_names.h>
#undef SLOT

/* Where each begins. Whoever looked for the end of a name would call strlen, with some compilers. */
.section .rodata.shim_plt_offsets, "a", %progbits
.balign 4
.hidden plt_offsets
.globl plt_offsets
plt_offsets:
#define SLOT(name) .long .Lname_##name - plt_names;
#include <plt_names.h>
#undef SLOT

/* Slots: where each function is, once lazy_bind has looked. */
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

/* No .type: ld of binutils 2.40 crashes on what the assembler then says of them to debuggers. */
.section .text.shim_plt, "ax", %progbits
#define SLOT(name)                                                                                 \
	.balign 8;                                                                                 \
	.hidden __wrap_##name;                                                                     \
	.globl __wrap_##name;                                                                      \
	__wrap_##name: JUMP(.Lslot_##name);
#include <plt_names.h>

.section .note.GNU-stack, "", %progbits
