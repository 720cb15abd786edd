/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF half of image.h: a vmlinux, bare or just unpacked from a bzImage.
 *
 * Internal to the library.
 */
#ifndef MK_ELF_IMAGE_H
#define MK_ELF_IMAGE_H

#include "image.h"

/*
 * Linux links its 64-bit kernel at this virtual address plus the physical one,
 * and gives it at most this room (asm/page_64_types.h: __START_KERNEL_map,
 * KERNEL_IMAGE_SIZE with CONFIG_RANDOMIZE_BASE; 6.1 to 7.2).
 */
#define MK_KERNEL_MAP	   0xffffffff80000000ull
#define MK_KERNEL_SPAN_MAX (1ull << 30)

/* A kernel is placed on multiples of this: one entry of a page directory. */
#define MK_KERNEL_ALIGN (2ull << 20)

/*
 * Parse an ELF file into parts, span, entry and the limits that every 64-bit
 * Linux has.  Release, protocol and setup header stay empty: the payload of a
 * bzImage takes them from there, a bare file gets them from mk_elf_finish().
 * Errors as mk_image_parse().
 */
int mk_elf_parse(struct mk_image *image, const void *bytes, size_t length,
		 struct mk_error *err);

/* Find the release in the kernel's own text and make up a setup header. */
void mk_elf_finish(struct mk_image *image);

#endif /* MK_ELF_IMAGE_H */
