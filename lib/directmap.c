// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a kernel maps all its memory, and how far its image reaches. */
#include "directmap.h"

#define GIB	(1ull << 30)
#define PAGE	4096ull
#define FIRST_4 0xffff888000000000ull
#define FIRST_5 0xff11000000000000ull
/* cpu_entry_area and all behind it: no direct map is that high. */
#define LAST_BASE 0xfffffe0000000000ull

int mk_directmap_find(const struct mk_pagewalk *walk, uint64_t *base,
		      struct mk_error *err)
{
	uint64_t at = walk->levels == 5 ? FIRST_5 : FIRST_4;
	uint64_t known = walk->top, physical, left;
	unsigned int tries;
	int ret;

	/* @at is where @known would be seen if the base were at - known. */
	at += known;
	for (tries = 0; tries < MK_DIRECTMAP_TRIES; tries++) {
		if (at - known >= LAST_BASE || at < known)
			break;
		ret = mk_pagewalk_tables(walk, at, &physical, &left, NULL);
		if (!ret && physical == known) {
			*base = at - known;
			return 0;
		}
		/* Over all that this entry leaves out, in steps of 1 GiB. */
		if (left < GIB || at + left < at)
			left = GIB;
		at += (left + GIB - 1) / GIB * GIB;
	}
	return mk_fail(err, MK_E_NOTFOUND,
		       "the kernel's page tables show no direct map");
}

int mk_directmap_image(const struct mk_pagewalk *walk, uint64_t start,
		       uint64_t *bytes, struct mk_error *err)
{
	uint64_t first = (start & ~(PAGE - 1)) - MK_KERNEL_MAP, end = 0;
	uint64_t offset, physical, left, expected, rest;
	int ret;

	/* Offsets from MK_KERNEL_MAP; 2^19 pages at worst. */
	for (offset = first; offset < walk->image_size; offset += left) {
		ret = mk_pagewalk_tables(walk, MK_KERNEL_MAP + offset,
					 &physical, &left, NULL);
		if (left < PAGE)
			left = PAGE;
		if (left > walk->image_size - offset)
			left = walk->image_size - offset;
		expected = offset + walk->phys_base;
		if (!ret && physical == expected &&
		    mk_memory_holds(walk->memory, expected, PAGE)) {
			rest = walk->memory->base + walk->memory->size -
			       expected;
			end = offset + (left < rest ? left : rest);
		}
		if (!end)
			break;
	}
	end &= ~(PAGE - 1);
	if (end <= first)
		return mk_fail(err, MK_E_NOTFOUND,
			       "the kernel's page tables do not map its image");
	*bytes = end - first;
	return 0;
}
