// SPDX-License-Identifier: GPL-2.0-only
/* Page walks over tables built by hand: levels, leaves, lies. */
#include "check.h"
#include "pagewalk.h"

#define BASE	  0x40000000ull /* physical */
#define SIZE	  0x200000ull
#define PRESENT	  0x63ull
#define LEAF	  0x80ull
#define NX	  (1ull << 63)
#define SME	  (1ull << 47)
#define TOP	  0x0000u /* tables, offsets in the memory */
#define TABLE(n)  (0x1000u * (n))
#define DIRECT	  0xffff888000000000ull
#define VMALLOC	  0xffffc90000000000ull
#define IN_IMAGE  0xffffffff81000000ull
#define PHYS_BASE (BASE - 0x1000000) /* IN_IMAGE is at BASE */

static _Alignas(4096) uint8_t memory[SIZE];
static const struct mk_memory view = { .base = BASE,
				       .size = SIZE,
				       .mapped = memory };
static struct mk_vmcoreinfo info;
static struct mk_pagewalk walk;
static struct mk_error err;

static void tell(enum mk_vmcoreinfo_key key, uint64_t value)
{
	info.have |= 1ull << key;
	info.value[key] = value;
}

static void reset(unsigned int level5, uint64_t sme)
{
	memset(memory, 0, sizeof(memory));
	memset(&info, 0, sizeof(info));
	tell(MK_VMC_INIT_TOP_PGT, IN_IMAGE + TOP);
	tell(MK_VMC_PHYS_BASE, PHYS_BASE);
	tell(MK_VMC_L5_ENABLED, level5);
	tell(MK_VMC_SME_MASK, sme);
	tell(MK_VMC_IMAGE_SIZE, 1 << 30);
	CHECK_EQ(mk_pagewalk_open(&walk, &view, &info, &err), 0);
}

static void entry(unsigned int table, unsigned int level, uint64_t address,
		  uint64_t value)
{
	uint64_t raw = htole64(value);

	memcpy(memory + TABLE(table) +
		       (address >> (12 + 9 * (level - 1)) & 511) * 8,
	       &raw, sizeof(raw));
}

/* Tables from the top down to @level, in pages 0, 1, 2 ...; the last one. */
static unsigned int chain(unsigned int level, uint64_t address, uint64_t extra)
{
	unsigned int table = 0, at;

	for (at = walk.levels; at > level; at--, table++)
		entry(table, at, address,
		      (BASE + TABLE(table + 1)) | PRESENT | extra);
	return table;
}

static uint64_t physical, left;

static int translate(uint64_t address)
{
	physical = left = 0;
	return mk_pagewalk_translate(&walk, address, &physical, &left, &err);
}

static void image_needs_no_tables(void)
{
	reset(0, 0);
	CHECK_EQ(translate(IN_IMAGE + 0x1234), 0);
	CHECK_EQ(physical, BASE + 0x1234);
	CHECK_EQ(left, (1 << 30) - 0x1001234);
	CHECK_EQ(translate(MK_KERNEL_MAP), 0);
	CHECK_EQ(physical, PHYS_BASE);
	/* negative phys_base; modules are beyond the image */
	tell(MK_VMC_PHYS_BASE, -0x200000ull);
	tell(MK_VMC_INIT_TOP_PGT, MK_KERNEL_MAP + BASE + 0x200000);
	CHECK_EQ(mk_pagewalk_open(&walk, &view, &info, &err), 0);
	CHECK_EQ(walk.top, BASE);
	CHECK_EQ(translate(MK_KERNEL_MAP + 0x200000), 0);
	CHECK_EQ(physical, 0);
	CHECK_EQ(translate(0xffffffffc0000000ull), MK_E_NOTFOUND);
}

static void leaves(unsigned int level5, uint64_t sme)
{
	uint64_t va = level5 ? 0xff11000040000000ull : DIRECT + 0x40000000;
	unsigned int table;

	reset(level5, sme);
	CHECK_EQ(translate(va), MK_E_NOTFOUND);
	table = chain(3, va, sme);
	entry(table, 3, va, 0x40000000 | PRESENT | LEAF | NX | sme);
	CHECK_EQ(translate(va + 0x123456), 0);
	CHECK_EQ(physical, 0x40123456);
	CHECK_EQ(left, 0x40000000 - 0x123456);

	table = chain(2, va, sme);
	/* bit 12 is PAT here, not part of the address */
	entry(table, 2, va, 0x40000000 | PRESENT | LEAF | NX | 0x1000 | sme);
	CHECK_EQ(translate(va + 0x12345), 0);
	CHECK_EQ(physical, 0x40012345);
	CHECK_EQ(left, 0x200000 - 0x12345);

	table = chain(1, va, sme);
	/* bit 7 is PAT here, not a leaf's mark */
	entry(table, 1, va + 0x5000, 0x40077000 | PRESENT | LEAF | NX | sme);
	CHECK_EQ(translate(va + 0x5abc), 0);
	CHECK_EQ(physical, 0x40077abc);
	CHECK_EQ(left, 0x1000 - 0xabc);
	CHECK_EQ(translate(va + 0x6000), MK_E_NOTFOUND);
}

static void leaves_4_levels(void)
{
	leaves(0, 0);
}

static void leaves_5_levels(void)
{
	leaves(1, 0);
}

static void leaves_encrypted(void)
{
	leaves(0, SME);
	leaves(1, SME);
}

static void lies(void)
{
	reset(0, 0);
	CHECK_EQ(translate(0x0000800000000000ull), MK_E_INPUT);
	CHECK_EQ(translate(0xff11000000000000ull), MK_E_INPUT);
	CHECK_EQ(translate(0), MK_E_NOTFOUND);
	/* a table behind the memory, and one right at its end */
	entry(0, 4, DIRECT, (BASE + SIZE) | PRESENT);
	CHECK_EQ(translate(DIRECT), MK_E_INPUT);
	entry(0, 4, DIRECT, (BASE - 0x1000) | PRESENT);
	CHECK_EQ(translate(DIRECT), MK_E_INPUT);
	entry(0, 4, DIRECT, 0x000ffffffffff000ull | PRESENT);
	CHECK_EQ(translate(DIRECT), MK_E_INPUT);
	/* a table that is its own child: five reads and out */
	entry(0, 4, DIRECT, BASE | PRESENT);
	CHECK_EQ(translate(DIRECT), MK_E_NOTFOUND);
	memset(memory, 0xff, sizeof(memory));
	CHECK_EQ(translate(DIRECT), MK_E_INPUT);
	/* "leaf" in the top table is reserved: taken for a table */
	reset(0, 0);
	entry(0, 4, DIRECT, (BASE + TABLE(1)) | PRESENT | LEAF);
	CHECK_EQ(translate(DIRECT), MK_E_NOTFOUND);
}

static void open_refuses(void)
{
	static const struct {
		enum mk_vmcoreinfo_key key;
		uint64_t value;
	} bad[] = {
		{ MK_VMC_L5_ENABLED, 2 },
		{ MK_VMC_SME_MASK, 1 },
		{ MK_VMC_SME_MASK, 3ull << 46 },
		{ MK_VMC_SME_MASK, ~0ull },
		{ MK_VMC_IMAGE_SIZE, 0 },
		{ MK_VMC_IMAGE_SIZE, 1ull << 32 },
		{ MK_VMC_INIT_TOP_PGT, IN_IMAGE + 8 },
		{ MK_VMC_INIT_TOP_PGT, IN_IMAGE + SIZE },
		{ MK_VMC_INIT_TOP_PGT, IN_IMAGE - 0x1000 },
		{ MK_VMC_PHYS_BASE, 1ull << 63 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reset(0, 0);
		tell(bad[i].key, bad[i].value);
		CHECK_EQ(mk_pagewalk_open(&walk, &view, &info, &err),
			 MK_E_INPUT);
	}
	reset(0, 0);
	info.have &= ~(1ull << MK_VMC_PHYS_BASE);
	CHECK_EQ(mk_pagewalk_open(&walk, &view, &info, &err), MK_E_INPUT);
	CHECK_STR(err.text, "the kernel does not tell NUMBER(phys_base)");
	reset(0, 0);
	info.have &= ~(1ull << MK_VMC_INIT_TOP_PGT);
	CHECK_EQ(mk_pagewalk_open(&walk, &view, &info, &err), MK_E_INPUT);
	tell(MK_VMC_SWAPPER_PG_DIR, IN_IMAGE + TOP);
	CHECK_EQ(mk_pagewalk_open(&walk, &view, &info, &err), 0);
}

static int range(uint64_t address, uint64_t length)
{
	return mk_pagewalk_range(&walk, address, length, &physical, &err);
}

static void ranges(void)
{
	unsigned int table, i;

	reset(0, 0);
	CHECK_EQ(range(IN_IMAGE, SIZE), 0);
	CHECK_EQ(physical, BASE);
	CHECK_EQ(range(IN_IMAGE + 1, SIZE), MK_E_INPUT);
	CHECK_EQ(range(IN_IMAGE, SIZE + 1), MK_E_INPUT);
	CHECK_EQ(range(IN_IMAGE, UINT64_MAX), MK_E_INPUT);
	CHECK_EQ(range(IN_IMAGE - 1, 2), MK_E_INPUT);
	CHECK_EQ(range(UINT64_MAX, 2), MK_E_INPUT);
	CHECK_EQ(range(IN_IMAGE, 0), 0);
	/* pages in a row, then one out of order, then a hole */
	table = chain(1, VMALLOC, 0);
	for (i = 0; i < 8; i++)
		entry(table, 1, VMALLOC + i * 0x1000,
		      (BASE + TABLE(16 + i)) | PRESENT);
	CHECK_EQ(range(VMALLOC + 0x10, 0x7ff0), 0);
	CHECK_EQ(physical, BASE + TABLE(16) + 0x10);
	CHECK_EQ(range(VMALLOC + 0x10, 0x7ff1), MK_E_NOTFOUND);
	entry(table, 1, VMALLOC + 0x5000, (BASE + TABLE(40)) | PRESENT);
	CHECK_EQ(range(VMALLOC, 0x5000), 0);
	CHECK_EQ(range(VMALLOC, 0x5001), MK_E_INPUT);
	/* mapped, but to a device */
	entry(table, 1, VMALLOC + 0x9000, 0xfee00000 | PRESENT);
	CHECK_EQ(translate(VMALLOC + 0x9000), 0);
	CHECK_EQ(physical, 0xfee00000);
	CHECK_EQ(range(VMALLOC + 0x9000, 8), MK_E_INPUT);
}

int main(void)
{
	TEST(image_needs_no_tables);
	TEST(leaves_4_levels);
	TEST(leaves_5_levels);
	TEST(leaves_encrypted);
	TEST(lies);
	TEST(open_refuses);
	TEST(ranges);
	return done();
}
