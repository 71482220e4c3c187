/* SPDX-License-Identifier: MIT */
/* Ends at once. Without libc where possible, so that nearly all of its time is the spawn. */
#if defined __x86_64__
__asm__(".globl _start\n_start:\n\tmovl $60, %eax\n\txorl %edi, %edi\n\tsyscall\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x8, #93\n\tmov x0, #0\n\tsvc 0\n");
#elif defined __riscv
__asm__(".globl _start\n_start:\n\tli a7, 93\n\tli a0, 0\n\tecall\n");
#else
int main(void)
{
	return 0;
}
#endif
