/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a kernel maps all its memory, and how far its image reaches: what it
 * does not tell in VMCOREINFO, found in its page tables.
 *
 * The direct map is where virtual = physical + page_offset_base.  The base is a
 * multiple of 1 GiB, 0xffff888000000000 (4 levels) or 0xff11000000000000 (5),
 * or higher with KASLR, and the direct map is the first of what a kernel has
 * from there on (Linux Documentation/arch/x86/x86_64/mm.rst,
 * arch/x86/mm/kaslr.c: kernel_randomize_memory(), 6.1 to 7.2).  So the base is
 * the lowest one that maps the page of init_top_pgt to where it is.
 */
#ifndef MK_DIRECTMAP_H
#define MK_DIRECTMAP_H

#include "pagewalk.h"

/*
 * Places looked at before such tables are not believed.  Some 1300 are enough:
 * a table of each level above 1 GiB.
 */
#define MK_DIRECTMAP_TRIES 4096u

/*
 * page_offset_base in *@base.  MK_E_NOTFOUND: there is none, which is said of
 * tables that lead nowhere.
 */
int mk_directmap_find(const struct mk_pagewalk *walk, uint64_t *base,
		      struct mk_error *err);

/*
 * The image as the tables map it: from virtual @start (_stext) to behind the
 * last page that is mapped to where the image is.  Gaps, left by what was freed
 * after the boot, lie within.  *@bytes is a multiple of 4096 and inside the
 * memory.  MK_E_NOTFOUND: not even @start is mapped.
 */
int mk_directmap_image(const struct mk_pagewalk *walk, uint64_t start,
		       uint64_t *bytes, struct mk_error *err);

#endif /* MK_DIRECTMAP_H */
