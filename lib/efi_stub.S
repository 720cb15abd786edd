/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The code of the EFI runtime that a spawn is given: three functions.
 *
 * It is data to this library: efi.c copies it into the instance's memory and
 * stores the address of the reset word of the hand-off page in its last eight
 * bytes.  It runs in the spawn's kernel, in long mode at any address, called
 * with the EFI convention (UEFI 2.10, section 2.3.4: rcx, rdx, r8, r9), on the
 * page tables that the kernel keeps for EFI, where the page it lies in and the
 * hand-off page are mapped 1:1.  It uses no stack beyond the return address.
 *
 * Each function begins with endbr64, for kernels that keep indirect branch
 * tracking on while they are here.
 */
	.section .rodata.mk_efi_stub, "a", @progbits

	.globl	mk_efi_stub, mk_efi_stub_layout
	.hidden	mk_efi_stub, mk_efi_stub_layout

	.balign	16
mk_efi_stub:
	/* Any service that we do not have: EFI_UNSUPPORTED (appendix D). */
	endbr64
	movabsq	$0x8000000000000003, %rax
	ret

	.balign	16
success:
	/*
	 * SetVirtualAddressMap (8.4.1): nothing moves.  The kernel reads the
	 * runtime table's address again afterwards, finds the physical one and
	 * goes on calling through its 1:1 map.
	 */
	endbr64
	xorl	%eax, %eax
	ret

	.balign	16
reset:
	/*
	 * ResetSystem (8.5.1), type in ecx: tell the host, as 1 + type, and
	 * stay.  A type that there is not becomes "platform specific", so that
	 * the word never becomes zero again.
	 */
	endbr64
	movq	word(%rip), %rax
	cmpl	$3, %ecx
	jbe	1f
	movl	$3, %ecx
1:	incl	%ecx
	cli
	movl	%ecx, (%rax)
	mfence
2:	hlt
	jmp	2b

	.balign	8
word:
	.quad	0 /* filled in by efi.c */
end:

	/* struct stub_layout in efi.c */
	.balign	4
mk_efi_stub_layout:
	.long	success - mk_efi_stub
	.long	reset - mk_efi_stub
	.long	word - mk_efi_stub
	.long	end - mk_efi_stub

	.section .note.GNU-stack, "", @progbits
