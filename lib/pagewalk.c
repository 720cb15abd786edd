// SPDX-License-Identifier: LGPL-2.1-or-later
/* Virtual to physical addresses by another kernel's page tables. */
#include "pagewalk.h"

#define TABLE_SIZE  4096ull
#define PRESENT	    (1ull << 0)
#define LEAF	    (1ull << 7) /* PS, in levels 2 and 3 */
#define FRAME_MASK  0x000ffffffffff000ull
#define IMAGE_SIZE  (1ull << 30) /* KERNEL_IMAGE_SIZE with KASLR */
#define INDEX_BITS  9
#define OFFSET_BITS 12

int mk_pagewalk_open(struct mk_pagewalk *walk, const struct mk_memory *memory,
		     const struct mk_vmcoreinfo *info, struct mk_error *err)
{
	enum mk_vmcoreinfo_key table = MK_VMC_INIT_TOP_PGT;
	uint64_t sme, level5, size = IMAGE_SIZE;

	if (!mk_vmcoreinfo_has(info, table))
		table = MK_VMC_SWAPPER_PG_DIR;
	if (!mk_vmcoreinfo_has(info, table) ||
	    !mk_vmcoreinfo_has(info, MK_VMC_PHYS_BASE))
		return mk_fail(
			err, MK_E_INPUT, "the kernel does not tell %s",
			mk_vmcoreinfo_name(mk_vmcoreinfo_has(info, table)
						   ? MK_VMC_PHYS_BASE
						   : MK_VMC_INIT_TOP_PGT));
	sme = info->value[MK_VMC_SME_MASK];
	level5 = info->value[MK_VMC_L5_ENABLED];
	if (mk_vmcoreinfo_has(info, MK_VMC_IMAGE_SIZE))
		size = info->value[MK_VMC_IMAGE_SIZE];
	/* The image's window ends below the modules; 2 GiB is all there is. */
	if ((sme & ~FRAME_MASK) || (sme & (sme - 1)) || level5 > 1 || !size ||
	    size > -MK_KERNEL_MAP)
		return mk_fail(err, MK_E_INPUT,
			       "the kernel tells absurd numbers about its page "
			       "tables");
	walk->memory = memory;
	walk->phys_base = info->value[MK_VMC_PHYS_BASE];
	walk->image_size = size;
	walk->sme_mask = sme;
	walk->levels = level5 ? 5 : 4;
	walk->top = mk_vmcoreinfo_phys(info, info->value[table]);
	if (walk->top % TABLE_SIZE ||
	    !mk_memory_holds(memory, walk->top, TABLE_SIZE))
		return mk_fail(err, MK_E_INPUT,
			       "the kernel's page tables are not in its "
			       "memory");
	return 0;
}

static bool canonical(uint64_t address, unsigned int levels)
{
	unsigned int bits = OFFSET_BITS + INDEX_BITS * levels;
	uint64_t high = address >> (bits - 1);

	return high == 0 || high == UINT64_MAX >> (bits - 1);
}

int mk_pagewalk_tables(const struct mk_pagewalk *walk, uint64_t address,
		       uint64_t *physical, uint64_t *left, struct mk_error *err)
{
	uint64_t table = walk->top, entry, size, frame;
	unsigned int level, shift;
	int ret;

	*left = 0;
	if (!canonical(address, walk->levels))
		return mk_fail(err, MK_E_INPUT,
			       "%#llx is no address of the kernel's",
			       (unsigned long long)address);
	for (level = walk->levels;; level--) {
		shift = OFFSET_BITS + INDEX_BITS * (level - 1);
		size = 1ull << shift;
		*left = size - (address & (size - 1));
		ret = mk_memory_u64(walk->memory,
				    table + (address >> shift & 0x1ff) *
						    sizeof(entry),
				    &entry, err);
		if (ret)
			return ret;
		if (!(entry & PRESENT))
			return mk_fail(err, MK_E_NOTFOUND,
				       "%#llx is not mapped by the kernel",
				       (unsigned long long)address);
		frame = entry & FRAME_MASK & ~walk->sme_mask;
		if (level == 1 || (level <= 3 && (entry & LEAF)))
			break;
		table = frame;
	}
	/* Bit 12 of a large leaf is an attribute (PAT), hence the masking. */
	*physical = (frame & ~(size - 1)) | (address & (size - 1));
	return 0;
}

int mk_pagewalk_translate(const struct mk_pagewalk *walk, uint64_t address,
			  uint64_t *physical, uint64_t *left,
			  struct mk_error *err)
{
	uint64_t in_image = address - MK_KERNEL_MAP, rest;
	int ret = 0;

	if (address >= MK_KERNEL_MAP && in_image < walk->image_size) {
		*physical = in_image + walk->phys_base;
		rest = walk->image_size - in_image;
	} else {
		ret = mk_pagewalk_tables(walk, address, physical, &rest, err);
	}
	if (left && !ret)
		*left = rest;
	return ret;
}

int mk_pagewalk_range(const struct mk_pagewalk *walk, uint64_t address,
		      uint64_t length, uint64_t *physical, struct mk_error *err)
{
	uint64_t done = 0, left, at, first = 0;
	int ret;

	/* Also bounds the loop by the number of pages in the memory. */
	if (length > walk->memory->size || address + length < address)
		return mk_fail(err, MK_E_INPUT,
			       "an array of the kernel's is larger than its "
			       "memory");
	do {
		ret = mk_pagewalk_translate(walk, address + done, &at, &left,
					    err);
		if (ret)
			return ret;
		if (!done)
			first = at;
		if (at - done != first ||
		    !mk_memory_holds(walk->memory, at,
				     left < length - done ? left
							  : length - done))
			return mk_fail(err, MK_E_INPUT,
				       "an array of the kernel's is not in "
				       "one piece in its memory");
		done += left < length - done ? left : length - done;
	} while (done < length);
	*physical = first;
	return 0;
}
