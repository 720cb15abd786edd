/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a kernel's virtual addresses to physical ones, by its own page tables.
 *
 * Addresses inside the kernel's image (0xffffffff80000000 and up, as far as
 * the image may reach) need no tables: they are linked address + phys_base.
 * All others, in practice the direct map, are looked up in init_top_pgt: 4 or
 * 5 levels, leaves of 1 GiB, 2 MiB and 4 KiB, the encryption bit (sme_mask)
 * masked out.  Intel SDM volume 3, chapter 4; Linux arch/x86/mm.
 *
 * Five reads at most an address; a table outside the memory is an error.
 */
#ifndef MK_PAGEWALK_H
#define MK_PAGEWALK_H

#include "error.h"
#include "memory.h"
#include "vmcoreinfo.h"

struct mk_pagewalk {
	const struct mk_memory *memory;
	uint64_t top; /* physical address of the top table */
	unsigned int levels; /* 4 or 5 */
	uint64_t sme_mask; /* not part of an address in an entry */
	uint64_t image_size; /* of the window at MK_KERNEL_MAP, bytes */
	uint64_t phys_base; /* added to an address in the image, minus
			     * MK_KERNEL_MAP; two's complement */
};

/*
 * Prepare a walk from what the kernel told about itself.  @memory must stay.
 * MK_E_INPUT when a number is missing or absurd.
 */
int mk_pagewalk_open(struct mk_pagewalk *walk, const struct mk_memory *memory,
		     const struct mk_vmcoreinfo *info, struct mk_error *err);

/*
 * The physical address of virtual @address in *@physical, and in *@left (may
 * be NULL) how many bytes from there belong to the same page or image.  The
 * result is not checked against the memory's range: it may be a device's.
 * MK_E_NOTFOUND: not mapped; MK_E_INPUT: not canonical, or a table lies
 * outside the memory.
 */
int mk_pagewalk_translate(const struct mk_pagewalk *walk, uint64_t address,
			  uint64_t *physical, uint64_t *left,
			  struct mk_error *err);

/*
 * The same by the tables alone, also within the image.  *@left is how far the
 * entry reaches that decided, also after MK_E_NOTFOUND and when a table lies
 * outside: nothing up to there can be found either.  0: not canonical.
 */
int mk_pagewalk_tables(const struct mk_pagewalk *walk, uint64_t address,
		       uint64_t *physical, uint64_t *left,
		       struct mk_error *err);

/*
 * The same for an array of @length bytes, which must be one piece in physical
 * memory (as the image and the direct map are) and inside the memory.
 * MK_E_INPUT when it is not; otherwise as mk_pagewalk_translate().
 */
int mk_pagewalk_range(const struct mk_pagewalk *walk, uint64_t address,
		      uint64_t length, uint64_t *physical,
		      struct mk_error *err);

#endif /* MK_PAGEWALK_H */
