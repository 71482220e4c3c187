/* SPDX-License-Identifier: MIT */
/*
 * Names, slots and jumps of late.c, in the same order. A file of its own, because link-time
 * optimisation does not see what is inside of an asm statement, and throws it away.
 */

/* Names: one string after the other. */
.section .rodata.late, "a", %progbits
.hidden late_names
.globl late_names
late_names:
#define LATE(name) .Lname_##name: .asciz #name;
#include <late_names.h>
#undef LATE

/* Where each begins. Whoever looked for the end of a name would call strlen, with some compilers. */
.section .rodata.late_offsets, "a", %progbits
.balign 4
.hidden late_offsets
.globl late_offsets
late_offsets:
#define LATE(name) .long .Lname_##name - late_names;
#include <late_names.h>
#undef LATE

/* Slots: where each function is, once lazy_bind has looked. */
.section .bss.late, "aw", %nobits
.balign 8
.hidden late_slots, late_slots_end
.globl late_slots, late_slots_end
late_slots:
#define LATE(name) .Lslot_##name: .zero 8;
#include <late_names.h>
#undef LATE
late_slots_end:

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
.section .text.late, "ax", %progbits
#define LATE(name)                                                                                 \
	.balign 8;                                                                                 \
	.hidden __wrap_##name;                                                                     \
	.globl __wrap_##name;                                                                      \
	__wrap_##name: JUMP(.Lslot_##name);
#include <late_names.h>

.section .note.GNU-stack, "", %progbits
