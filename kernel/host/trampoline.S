/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few instructions a CPU runs between two kernels.
 *
 * A SIPI starts a CPU in real mode at the low page that this blob is copied
 * to (boot.c).  It looks whether it is the CPU that the host expects, and
 * then either acknowledges and halts (parked), or goes on through protected
 * to long mode into an image.  One order at a time: struct mkh_order, in a
 * host page below 4 GiB, is the only command there is, and a CPU that finds
 * another's APIC id in it came too late and halts without a word.
 *
 * Nothing here touches memory of an instance.  Long mode runs on the host's
 * own small page tables, where this page is read-only and executable and the
 * order's page writable and not executable.  The words at the beginning are
 * set by boot.c (trampoline.h); EBP holds the page's address.
 */
#include <linux/linkage.h>
#include "trampoline.h"

#define CR0_ENTER	0x80010033	/* PG WP NE ET MP PE */
#define CR0_KEEP	0x9fffffff	/* all but CD and NW, which INIT keeps */
#define CR4_PAE		0x20
#define CR4_LA57	0x1000
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900

	.section .rodata
	.balign 16
	.code16
SYM_DATA_START(mkh_trampoline)
	cli
	jmp	.Lreal
	.org	mkh_trampoline + MKH_TRAMP_GDT
	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08: 32-bit code */
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
	.org	mkh_trampoline + MKH_TRAMP_CODE
.Lreal:
	cld
	xorl	%ebp, %ebp
	movw	%cs, %bp
	movw	%bp, %ds
	shll	$4, %ebp
	lgdtl	MKH_TRAMP_GDTR
	movl	%cr0, %eax
	andl	$CR0_KEEP, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	*MKH_TRAMP_VECTOR32

	.code32
SYM_INNER_LABEL(mkh_trampoline_32, SYM_L_GLOBAL)
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss

	/* ESI = own APIC id: CPUID leaf 0xb where there is one, else leaf 1 */
	xorl	%eax, %eax
	cpuid
	cmpl	$0xb, %eax
	jb	1f
	movl	$0xb, %eax
	xorl	%ecx, %ecx
	cpuid
	movl	%edx, %esi
	testl	%ebx, %ebx
	jnz	2f
1:	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movl	%ebx, %esi
2:
	movl	MKH_TRAMP_ORDER(%ebp), %edi
	cmpl	%esi, MKH_ORDER_APIC(%edi)
	jne	.Lhalt
	cmpl	$MKH_COMMAND_ENTER, MKH_ORDER_COMMAND(%edi)
	je	.Lenter
	cmpl	$MKH_COMMAND_PARK, MKH_ORDER_COMMAND(%edi)
	jne	.Lhalt
	movl	$MKH_PROGRESS_PARKED, MKH_ORDER_PROGRESS(%edi)
.Lhalt:
	cli
	hlt
	jmp	.Lhalt

.Lenter:
	movl	$2, MKH_ORDER_PROGRESS(%edi)	/* MK_PROGRESS_PROTECTED */
	movl	$CR4_PAE, %eax
	movl	MKH_TRAMP_ROOT4(%ebp), %ebx
	testl	$MKH_ORDER_F_LA57, MKH_ORDER_FLAGS(%edi)
	jz	3f
	orl	$CR4_LA57, %eax
	movl	MKH_TRAMP_ROOT5(%ebp), %ebx
3:	movl	%eax, %cr4
	movl	%ebx, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME_NXE, %eax
	wrmsr
	movl	$CR0_ENTER, %eax
	movl	%eax, %cr0
	ljmpl	*MKH_TRAMP_VECTOR64(%ebp)

	.code64
SYM_INNER_LABEL(mkh_trampoline_64, SYM_L_GLOBAL)
	movl	%edi, %edi		/* upper halves are undefined so far */
	movl	$3, MKH_ORDER_PROGRESS(%rdi)	/* MK_PROGRESS_LONG */
	movq	MKH_ORDER_PAGE_TABLE(%rdi), %rax
	movq	MKH_ORDER_ENTRY(%rdi), %rdx
	movq	MKH_ORDER_ARGUMENT(%rdi), %rsi
	/* From here on the host may reuse the order. */
	movl	$4, MKH_ORDER_PROGRESS(%rdi)	/* MK_PROGRESS_ENTERED */
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%ebp, %ebp
	xorl	%edi, %edi
	xorl	%esp, %esp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	/* The image's tables map this page too, executable, at its place. */
	movq	%rax, %cr3
	jmp	*%rdx
SYM_DATA_END_LABEL(mkh_trampoline, SYM_L_GLOBAL, mkh_trampoline_end)
