/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * boot_params, the "zero page": what a boot loader tells a Linux kernel.
 *
 * Everything that is not set here is zero, which for the rest means "there is
 * none": no screen (so that no VGA register is touched), no APM, no EDD, no
 * list of disks, a sentinel of 0 (the page is trusted as it is), and
 * hardware_subarch 0, an ordinary PC.  Offsets: Documentation/arch/x86/
 * zero-page.rst and boot.rst, 7.2; struct boot_params, the same in 6.1.
 */
#ifndef MK_BOOTPARAMS_H
#define MK_BOOTPARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "efi.h"
#include "error.h"
#include "image.h"
#include "plan.h"

#define MK_BOOTPARAMS_BYTES 4096
#define MK_BOOTPARAMS_E820  128 /* entries that fit in it */

/* Types of an e820 entry (ACPI 6.5, table 15.3). */
#define MK_E820_RAM	 1
#define MK_E820_RESERVED 2
#define MK_E820_ACPI	 3
/* Of no standard: E820_TYPE_PRAM in arch/x86/include/asm/e820/types.h. */
#define MK_E820_PMEM 12

struct mk_bootparams {
	const struct mk_image *image; /* its setup header is taken */
	uint64_t rsdp; /* physical, like all addresses here */
	uint64_t cmdline;
	uint64_t initrd, initrd_bytes; /* 0, 0 = none */
	const struct mk_efi *efi;
	const struct mk_e820 *e820;
	unsigned int nr_e820;
};

/* Errors: MK_E_CALL, MK_E_NOSPACE. */
int mk_bootparams_build(const struct mk_bootparams *bp, void *buffer,
			size_t size, struct mk_error *err);

#endif /* MK_BOOTPARAMS_H */
