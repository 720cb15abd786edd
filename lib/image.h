/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel file, checked and taken apart: where its bytes go and where to enter.
 *
 * Nothing is copied: the parsed image points into the caller's bytes, which
 * must stay as long as it is used.  Offsets in it count from the *load
 * address*, a multiple of @alignment that the planner chooses.
 */
#ifndef MK_IMAGE_H
#define MK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum mk_image_kind {
	MK_IMAGE_BZIMAGE, /* entered at load + 0x200, unpacks itself */
	MK_IMAGE_ELF, /* vmlinux: entered at its own 64-bit entry */
};

#define MK_IMAGE_PARTS	    16
#define MK_SETUP_HEADER_MAX 0x7f /* boot_params 0x1f1..0x26f */

struct mk_image_part {
	const uint8_t *bytes;
	uint64_t length; /* bytes in the file */
	uint64_t offset; /* from the load address */
	uint64_t memory; /* >= length; the rest is zero */
};

struct mk_image {
	enum mk_image_kind kind;
	char release[65]; /* "6.1.0-50-cloud-amd64"; "" when not known */
	uint16_t protocol; /* boot protocol, 0x20f; 0 for a bare ELF file */
	uint64_t alignment; /* of the load address; a power of two >= 2 MiB */
	uint64_t preferred; /* lowest load offset it likes, e.g. 16 MiB */
	uint64_t span; /* bytes from the load address that it uses to start */
	uint64_t entry; /* offset of the 64-bit entry from the load address */
	bool la57; /* may be entered with 5-level paging on */
	bool kaslr; /* moves itself (a bzImage without nokaslr) */
	uint32_t cmdline_max; /* longest command line, without its NUL */
	unsigned int nr_parts;
	struct mk_image_part parts[MK_IMAGE_PARTS];
	/* Raw setup header, to be copied to boot_params at 0x1f1. */
	uint8_t setup_header[MK_SETUP_HEADER_MAX];
	unsigned int setup_header_length;
};

/*
 * Parse a bzImage (boot protocol >= 2.12, 64-bit) or an ELF x86-64 vmlinux.
 * Errors: MK_E_INPUT (truncated, not a kernel, a field that lies),
 * MK_E_SUPPORT (32-bit only, another architecture, older protocol, not
 * relocatable).
 */
int mk_image_parse(struct mk_image *image, const void *bytes, size_t length,
		   struct mk_error *err);

/*
 * Unpack the payload of a bzImage into a vmlinux, once, so that every later
 * start skips the decompressor.  On success *@bytes is malloc'ed (caller
 * frees) and @elf describes it, with the release, setup header and limits of
 * @bzimage.  Errors: MK_E_SUPPORT when the compression is not built in or not
 * known (boot the bzImage itself then), MK_E_INPUT when the payload is
 * damaged, MK_E_SYSTEM without memory.
 */
int mk_image_unpack(const struct mk_image *bzimage, struct mk_image *elf,
		    void **bytes, size_t *length, struct mk_error *err);

#endif /* MK_IMAGE_H */
