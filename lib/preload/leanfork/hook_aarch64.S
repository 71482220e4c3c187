/* SPDX-License-Identifier: MIT */
/*
 * In place of libc's clone: all registers but x0 are kept, as by a system call. The page that comes
 * here has saved x16 and x17 on the stack, and restores them.
 */
#define FRAME 592
#define FLAGS 160
#define VECTORS 176
.text
.balign 16
.hidden hook_entry, hook_back, hook_call
.globl hook_entry, hook_back
.type hook_entry, @function
hook_entry:
	hint 36 /* bti j */
	sub sp, sp, #FRAME
	stp x0, x1, [sp]
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	stp x8, x9, [sp, #64]
	stp x10, x11, [sp, #80]
	stp x12, x13, [sp, #96]
	stp x14, x15, [sp, #112]
	str x18, [sp, #144]
	add x16, sp, #(FRAME + 16)
	str x16, [sp, #152]
	mrs x16, nzcv
	stp x16, x30, [sp, #FLAGS]
	stp q0, q1, [sp, #VECTORS]
	stp q2, q3, [sp, #VECTORS + 32]
	stp q4, q5, [sp, #VECTORS + 64]
	stp q6, q7, [sp, #VECTORS + 96]
	stp q16, q17, [sp, #VECTORS + 128]
	stp q18, q19, [sp, #VECTORS + 160]
	stp q20, q21, [sp, #VECTORS + 192]
	stp q22, q23, [sp, #VECTORS + 224]
	stp q24, q25, [sp, #VECTORS + 256]
	stp q26, q27, [sp, #VECTORS + 288]
	stp q28, q29, [sp, #VECTORS + 320]
	stp q30, q31, [sp, #VECTORS + 352]
	mov x0, sp
	bl hook_call
	and w17, w0, #255
	ldp q0, q1, [sp, #VECTORS]
	ldp q2, q3, [sp, #VECTORS + 32]
	ldp q4, q5, [sp, #VECTORS + 64]
	ldp q6, q7, [sp, #VECTORS + 96]
	ldp q16, q17, [sp, #VECTORS + 128]
	ldp q18, q19, [sp, #VECTORS + 160]
	ldp q20, q21, [sp, #VECTORS + 192]
	ldp q22, q23, [sp, #VECTORS + 224]
	ldp q24, q25, [sp, #VECTORS + 256]
	ldp q26, q27, [sp, #VECTORS + 288]
	ldp q28, q29, [sp, #VECTORS + 320]
	ldp q30, q31, [sp, #VECTORS + 352]
	ldp x16, x30, [sp, #FLAGS]
	msr nzcv, x16
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldr x18, [sp, #144]
	ldp x0, x1, [sp]
	add sp, sp, #FRAME
	cbnz w17, 1f
	svc #0
1:	adrp x16, hook_back
	ldr x16, [x16, :lo12:hook_back]
	br x16
.size hook_entry, . - hook_entry

.bss
.balign 8
.type hook_back, @object
.size hook_back, 8
hook_back:
	.zero 8
.section .note.GNU-stack, "", @progbits
