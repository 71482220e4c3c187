/* SPDX-License-Identifier: MIT */
/*
 * The code whose addresses matter: see gate.h. The system calls between gate_start and gate_end are
 * never replaced.
 */
.text
.balign 64
.hidden gate_start, gate_end, gate_call, gate_call_on, gate_restorer, gate_resume
.hidden probe_string, probe_write, probe_start, probe_end, probe_failed
.globl gate_start, gate_end, gate_call, gate_call_on, gate_restorer, gate_resume
.globl probe_string, probe_write, probe_start, probe_end, probe_failed
gate_start:
.type gate_call, @function
gate_call:
.cfi_startproc
	hint 34 /* bti c */
	mov x8, x0
	mov x0, x1
	mov x1, x2
	mov x2, x3
	mov x3, x4
	mov x4, x5
	mov x5, x6
	svc #0
	ret
.cfi_endproc
.size gate_call, . - gate_call
.type gate_call_on, @function
gate_call_on:
.cfi_startproc
	hint 34
	mov x8, x0
	mov x0, x1
	mov x1, x2
	mov x9, sp
	.cfi_def_cfa_register x9
	mov sp, x3
	svc #0
	mov sp, x9
	.cfi_def_cfa_register sp
	ret
.cfi_endproc
.size gate_call_on, . - gate_call_on
.type gate_restorer, @function
gate_restorer:
	hint 34
	mov x8, #139
	svc #0
	udf #0
.size gate_restorer, . - gate_restorer
gate_resume:
	svc #0
	cmp x0, #0
	csel x0, xzr, x0, lt
	ldp x17, x1, [sp], #16
	add x0, x0, x1
	ldp x1, x2, [sp], #16
	br x17
gate_end:
.type probe_string, @function
probe_string:
.cfi_startproc
	hint 34
	mov x2, x0
	mov x0, #0
1:	cmp x0, x1
	b.hs 2f
probe_start:
	ldrb w3, [x2, x0]
	cbz w3, 2f
	add x0, x0, #1
	b 1b
2:	ret
.type probe_write, @function
probe_write:
	hint 34
1:	ldxrb w1, [x0]
	stxrb w2, w1, [x0]
	cbnz w2, 1b
probe_end:
	mov x0, #0
	ret
probe_failed:
	mov x0, #-1
	ret
.cfi_endproc
.size probe_string, . - probe_string

.section .note.GNU-stack, "", @progbits
