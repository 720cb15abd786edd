// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Identity page tables, built breadth-first; see pagetable.h.
 *
 * Each level is a contiguous run of tables: one for every block of address
 * space, as large as a table of that level covers, that the map touches.  A
 * table's place is thus the number of touched blocks before its own, and the
 * size is known before anything is written.
 */
#include "pagetable.h"

#include "writer.h"

#define TABLE_BYTES    4096
#define LOW_BYTES      (2ULL << 20) /* mapped from address 0 */

#define ENTRY_PRESENT  0x001
#define ENTRY_WRITABLE 0x002
#define ENTRY_ACCESSED 0x020
#define ENTRY_DIRTY    0x040 /* a set bit is not written by the CPU */
#define ENTRY_LARGE    0x080
#define TABLE_FLAGS    (ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_ACCESSED)
#define LARGE_FLAGS    (TABLE_FLAGS | ENTRY_DIRTY | ENTRY_LARGE)

/* Address bits below an entry: level 2 (page directory) maps 2 MiB pages. */
static unsigned int entry_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static unsigned int top_level(const struct mk_pagetable *pt)
{
	return pt->la57 ? 5 : 4;
}

/* One past the last byte that is mapped. */
static uint64_t map_end(const struct mk_pagetable *pt)
{
	uint64_t bytes = pt->memory_bytes;

	if (bytes > MK_PAGETABLE_MOST)
		bytes = MK_PAGETABLE_MOST;
	return pt->memory_base + bytes;
}

static bool is_sane(const struct mk_pagetable *pt)
{
	uint64_t limit = pt->la57 ? 1ULL << 52 : 1ULL << 47;

	return !((pt->memory_base | pt->memory_bytes) & (LOW_BYTES - 1)) &&
	       pt->memory_base && pt->memory_bytes && pt->memory_base < limit &&
	       pt->memory_bytes <= limit - pt->memory_base;
}

/* May the gigabyte at @address be one page? */
static bool is_gigabyte(const struct mk_pagetable *pt, uint64_t address)
{
	return pt->gbpages && address >= pt->memory_base &&
	       map_end(pt) - address >= 1ULL << 30;
}

/*
 * The tables of one level: block 0 for the low 2 MiB, then blocks @first to
 * @last for the memory.  Page directories are needed for the gigabytes that
 * are not whole: with 1 GiB pages that is at most the first and the last one.
 */
struct level {
	uint64_t first, last; /* blocks touched by the memory */
	uint64_t nr; /* tables */
};

static bool needs_table(const struct mk_pagetable *pt, unsigned int level,
			uint64_t block)
{
	uint64_t address = block << entry_shift(level + 1);

	return level != 2 || address < pt->memory_base ||
	       !is_gigabyte(pt, address);
}

/* Place of a block's table within its level. */
static uint64_t place(const struct mk_pagetable *pt, unsigned int level,
		      uint64_t block)
{
	uint64_t first = pt->memory_base >> entry_shift(level + 1), n = 0, b;

	if (!block)
		return 0;
	n = 1;
	for (b = first ? first : 1; b < block; b++)
		n += needs_table(pt, level, b);
	return n;
}

static struct level describe(const struct mk_pagetable *pt, unsigned int level)
{
	unsigned int shift = entry_shift(level + 1);
	struct level l;

	/* The top table is one, whatever it could cover. */
	if (level == top_level(pt))
		return (struct level){ 0, 0, 1 };
	l.first = pt->memory_base >> shift;
	l.last = (map_end(pt) - 1) >> shift;
	l.nr = place(pt, level, l.last + 1);
	return l;
}

size_t mk_pagetable_size(const struct mk_pagetable *pt)
{
	unsigned int level;
	size_t nr = 0;

	if (!is_sane(pt))
		return 0;
	for (level = top_level(pt); level >= 2; level--)
		nr += (size_t)describe(pt, level).nr;
	return nr * TABLE_BYTES;
}

/* Is any byte of [address, address + 2^shift) to be mapped? */
static bool is_mapped(const struct mk_pagetable *pt, uint64_t address,
		      unsigned int shift)
{
	uint64_t end = address + (1ULL << shift);

	return address < LOW_BYTES ||
	       (address < map_end(pt) && end > pt->memory_base);
}

static uint64_t entry(const struct mk_pagetable *pt, unsigned int level,
		      uint64_t address, uint64_t next)
{
	unsigned int shift = entry_shift(level);

	if (!is_mapped(pt, address, shift))
		return 0;
	if (level == 2 || (level == 3 && is_gigabyte(pt, address)))
		return address | LARGE_FLAGS;
	return (next + place(pt, level - 1, address >> shift) * TABLE_BYTES) |
	       TABLE_FLAGS;
}

int mk_pagetable_build(const struct mk_pagetable *pt, uint64_t base,
		       void *buffer, size_t size, struct mk_error *err)
{
	size_t need = mk_pagetable_size(pt);
	uint8_t *to = buffer;
	uint64_t next = base, block, address;
	unsigned int level, i;
	struct level l;

	if (!buffer || !need || base & (TABLE_BYTES - 1) ||
	    need > UINT64_MAX - base)
		return mk_fail(err, MK_E_CALL, "page tables: a bad argument");
	if (size < need)
		return mk_fail(err, MK_E_NOSPACE,
			       "page tables: the buffer is too small");

	for (level = top_level(pt); level >= 2; level--) {
		l = describe(pt, level);
		next += l.nr * TABLE_BYTES;
		for (block = 0; block <= l.last;
		     block = block < l.first ? l.first : block + 1) {
			if (!needs_table(pt, level, block))
				continue;
			address = block << entry_shift(level + 1);
			for (i = 0; i < 512; i++, to += 8) {
				mk_store(to, entry(pt, level, address, next),
					 8);
				address += 1ULL << entry_shift(level);
			}
		}
	}
	return 0;
}
