/* SPDX-License-Identifier: MIT */
/*
 * The code whose addresses matter: see gate.h. It is a file of its own, because link-time optimisation
 * does not see inside an asm statement, and would drop it. It has no note that it supports a shadow
 * stack, because nobody knows whether a lean child does.
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
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 8(%rsp), %r9
	syscall
	ret
.cfi_endproc
.size gate_call, . - gate_call
.type gate_call_on, @function
gate_call_on:
.cfi_startproc
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rsp, %r8
	.cfi_def_cfa_register %r8
	mov %rcx, %rsp
	syscall
	mov %r8, %rsp
	.cfi_def_cfa_register %rsp
	ret
.cfi_endproc
.size gate_call_on, . - gate_call_on
.type gate_restorer, @function
gate_restorer:
	mov $15, %eax
	syscall
	ud2
.size gate_restorer, . - gate_restorer
gate_end:
gate_resume:
	syscall
	test %rax, %rax
	jns 1f
	xor %eax, %eax
1:	add 8(%rsp), %rax
	mov (%rsp), %rcx
	lea 144(%rsp), %rsp
	jmp *%rcx
.type probe_string, @function
probe_string:
.cfi_startproc
	xor %eax, %eax
1:	cmp %rsi, %rax
	jae 2f
probe_start:
	cmpb $0, (%rdi,%rax)
	je 2f
	inc %rax
	jmp 1b
2:	ret
.type probe_write, @function
probe_write:
	lock orb $0, (%rdi)
probe_end:
	xor %eax, %eax
	ret
probe_failed:
	mov $-1, %rax
	ret
.cfi_endproc
.size probe_string, . - probe_string

.section .note.GNU-stack, "", @progbits
