// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables, judged by a walker that knows only the architecture.
 */
#include <stdlib.h>

#include "check.h"
#include "pagetable.h"

#define ROOM (48 * 4096)
#define MB   0x100000ULL
#define GB   0x40000000ULL

static uint8_t room[ROOM];
static struct mk_error error;

static uint64_t get(const uint8_t *b)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | b[i];
	return v;
}

/*
 * Walk as a CPU does (Intel SDM volume 3, 4.5): the physical address that
 * @va is mapped to, or -1 when it is not, or -2 when a table lies outside of
 * the @size bytes at @base or a reserved bit is set.
 */
static int64_t walk(const uint8_t *tables, size_t size, uint64_t base,
		    bool la57, bool gbpages, uint64_t va)
{
	uint64_t table = base, e, mask;
	int shift;

	for (shift = la57 ? 48 : 39; shift >= 21; shift -= 9) {
		if (table < base || table - base > size - 4096 || table & 4095)
			return -2;
		e = get(tables + (table - base) + ((va >> shift) & 511) * 8);
		if (!(e & 1))
			return e ? -2 : -1;
		if (!(e & 2) || e >> 52)
			return -2;
		mask = (1ULL << shift) - 1;
		if (e & 0x80) {
			if (shift > 30 || (shift == 30 && !gbpages))
				return -2;
			if (e & mask & ~0xfffULL)
				return -2;
			return (int64_t)((e & ~mask & ~0xfffULL) | (va & mask));
		}
		table = e & 0x000ffffffffff000ULL;
	}
	return -2;
}

static bool is_in(const struct mk_pagetable *pt, uint64_t va)
{
	uint64_t n = pt->memory_bytes;

	if (n > 32 * GB)
		n = 32 * GB;
	return va < 2 * MB ||
	       (va >= pt->memory_base && va - pt->memory_base < n);
}

static unsigned int wrong(const struct mk_pagetable *pt, size_t size,
			  uint64_t base, uint64_t va)
{
	uint64_t limit = pt->la57 ? 1ULL << 56 : 1ULL << 47;
	int64_t want = is_in(pt, va) ? (int64_t)va : -1;

	if (va >= limit)
		return 0;
	return walk(room, size, base, pt->la57, pt->gbpages, va) != want;
}

/* Every 2 MiB page in and around the map, and far away. */
static void judge(const struct mk_pagetable *pt)
{
	uint64_t base = pt->memory_base + 0x10000, va, span;
	size_t size = mk_pagetable_size(pt);
	unsigned int bad = 0;

	CHECK(size > 0 && size <= ROOM && size % 4096 == 0);
	if (!size || size > ROOM)
		return;
	memset(room, 0xee, ROOM);
	CHECK_EQ(mk_pagetable_build(pt, base, room, size, &error), 0);
	if (size < ROOM)
		CHECK_EQ(room[size], 0xee);
	span = pt->memory_bytes > 33 * GB ? 33 * GB : pt->memory_bytes;
	for (va = 0; va < 4 * GB; va += 2 * MB)
		bad += wrong(pt, size, base, va + 0x1234);
	va = pt->memory_base > 4 * GB ? pt->memory_base - 4 * GB : 0;
	for (; va < pt->memory_base + span + 2 * GB; va += 2 * MB)
		bad += wrong(pt, size, base, va + 0x1fffff);
	for (va = 1; va < 1ULL << 56; va <<= 1) {
		bad += wrong(pt, size, base, va);
		bad += wrong(pt, size, base, pt->memory_base ^ va);
	}
	CHECK_EQ(bad, 0);
	if (bad)
		printf("# base %#llx bytes %#llx la57 %d gbpages %d\n",
		       (unsigned long long)pt->memory_base,
		       (unsigned long long)pt->memory_bytes, pt->la57,
		       pt->gbpages);
}

static void maps_what_it_should(void)
{
	static const struct {
		uint64_t base, bytes;
	} cases[] = {
		{ 2 * MB, 2 * MB },
		{ 2 * MB, 64 * MB },
		{ 256 * MB, 256 * MB },
		{ GB, GB },
		{ GB - 2 * MB, 4 * MB }, /* over a gigabyte's boundary */
		{ GB, 3 * GB + 2 * MB },
		{ 2 * MB, 40 * GB }, /* more than is mapped */
		{ 512 * GB - 64 * MB, 128 * MB }, /* over a PDPT's */
		{ 512 * GB - 3 * GB, 7 * GB + 6 * MB },
		{ 510 * GB - 2 * MB, 33 * GB },
		{ (1ULL << 46) + 6 * MB, 5 * GB },
		{ (1ULL << 47) - GB, GB }, /* the last that four levels reach */
	};
	static const struct {
		uint64_t base, bytes;
	} five[] = {
		{ (1ULL << 47) - GB, 2 * GB },
		{ (1ULL << 48) - 2 * GB - 2 * MB, 4 * GB },
		{ (1ULL << 52) - 40 * GB + 2 * MB, 39 * GB },
	};
	struct mk_pagetable pt;
	unsigned int i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (k = 0; k < 4; k++) {
			pt = (struct mk_pagetable){ cases[i].base,
						    cases[i].bytes, k & 1,
						    k & 2 };
			judge(&pt);
		}
	}
	for (i = 0; i < sizeof(five) / sizeof(five[0]); i++) {
		for (k = 0; k < 2; k++) {
			pt = (struct mk_pagetable){ five[i].base, five[i].bytes,
						    true, k };
			judge(&pt);
		}
	}
}

/* The plan's area has 48 pages: nothing needs more. */
static void never_above_48_pages(void)
{
	struct mk_pagetable pt = { .memory_bytes = 1ULL << 40 };
	unsigned int shift, k;
	int delta;

	for (shift = 21; shift < 52; shift++) {
		for (delta = -3; delta < 4; delta++) {
			for (k = 0; k < 4; k++) {
				pt.memory_base = (1ULL << shift) +
						 (uint64_t)delta * 2 * MB;
				pt.la57 = k & 1;
				pt.gbpages = k & 2;
				CHECK(mk_pagetable_size(&pt) <= ROOM);
			}
		}
	}
}

static void every_size(void)
{
	struct mk_pagetable pt = { 512 * GB - 64 * MB, 128 * MB, true, false };
	size_t need = mk_pagetable_size(&pt), size;
	uint8_t *exact;

	CHECK_EQ(mk_pagetable_build(&pt, pt.memory_base, room, need, &error),
		 0);
	for (size = 0; size <= need; size++) {
		/* Only the edges of pages are worth a heap block. */
		if (size % 4096 > 1 && size % 4096 < 4095)
			continue;
		exact = malloc(size ? size : 1);
		if (!exact)
			abort();
		CHECK_EQ(mk_pagetable_build(&pt, pt.memory_base, exact, size,
					    &error),
			 size < need ? MK_E_NOSPACE : 0);
		if (size == need)
			CHECK(memcmp(exact, room, need) == 0);
		free(exact);
	}
}

static void bad_arguments(void)
{
	static const struct mk_pagetable bad[] = {
		{ 0, 2 * MB, false, false },
		{ 2 * MB, 0, false, false },
		{ 3 * MB, 2 * MB, false, false },
		{ 2 * MB, 3 * MB, false, false },
		{ (1ULL << 47) - GB, GB + 2 * MB, false, true },
		{ 1ULL << 47, 2 * MB, false, false },
		{ 1ULL << 52, 2 * MB, true, false },
		{ (1ULL << 52) - 2 * MB, 4 * MB, true, false },
		{ -2 * MB, 2 * MB, true, false },
		{ 2 * MB, -2 * MB, true, false },
		{ -2 * MB, -2 * MB, true, true },
	};
	struct mk_pagetable good = { GB, GB, false, true };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(mk_pagetable_size(&bad[i]), 0);
		CHECK_EQ(mk_pagetable_build(&bad[i], GB, room, ROOM, &error),
			 MK_E_CALL);
	}
	CHECK_EQ(mk_pagetable_build(&good, GB + 8, room, ROOM, &error),
		 MK_E_CALL);
	CHECK_EQ(mk_pagetable_build(&good, -4096ULL, room, ROOM, &error),
		 MK_E_CALL);
	CHECK_EQ(mk_pagetable_build(&good, GB, NULL, ROOM, NULL), MK_E_CALL);
}

int main(void)
{
	TEST(maps_what_it_should);
	TEST(never_above_48_pages);
	TEST(every_size);
	TEST(bad_arguments);
	return done();
}
