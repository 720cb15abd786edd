// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages between 64 KiB and 640 KiB that the host kernel does not use.
 *
 * Every x86 kernel needs RAM below 1 MiB for its own SMP trampoline, so every
 * instance needs a piece of the machine's.  The host kernel reserves the whole
 * first MiB at its boot (arch/x86/realmode/init.c:reserve_real_mode) and uses
 * of it only its own real-mode blob, which has no exported name: it is found
 * by what it looks like.  Handing out a page of the blob would make the host's
 * next CPU start fault the whole machine, so every page that could be one is
 * left alone, and without a blob nothing is handed out.
 */
#include "host.h"

#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/mm.h>

#define LOW_START 0x10000 /* below it BIOSes scribble */
#define LOW_END	  0xa0000
/* The host kernel's own limit (arch/x86/kernel/ebda.c:BIOS_START_MAX). */
#define LOW_USABLE_END	   0x9f000
#define LOW_PAGES	   (LOW_END >> PAGE_SHIFT)

#define BDA_EBDA_SEGMENT   0x40e /* u16, address >> 4 */
#define BDA_BASE_MEMORY_KB 0x413 /* u16 */

/*
 * The last word of the blob (arch/x86/realmode/rm/header.S) and how large the
 * blob may be; seen: 0x6264 bytes.
 */
#define BLOB_SIGNATURE 0x65a22c82
#define BLOB_BYTES_MAX 0x10000
/*
 * Its first words: addresses of places inside it, in ascending order for the
 * first two (struct real_mode_header: text_start, ro_end, trampoline_start,
 * trampoline_header).
 */
#define BLOB_HEADER_WORDS 4

static DECLARE_BITMAP(usable, LOW_PAGES);
static DECLARE_BITMAP(taken, LOW_PAGES);
static DEFINE_MUTEX(low_lock);

static u32 word_at(const u8 *low, u64 address)
{
	return READ_ONCE(*(const u32 *)(low + address));
}

/*
 * Bytes of the real-mode blob that begins at @page, or 0.  @low is where
 * physical address 0 is seen.
 */
static u64 blob_at(const u8 *low, u64 page)
{
	u64 last = min_t(u64, page + BLOB_BYTES_MAX, LOW_END), at;
	int i;

	for (i = 0; i < BLOB_HEADER_WORDS; i++) {
		u32 word = word_at(low, page + 4 * i);

		if (word <= page || word >= last)
			return 0;
	}
	if (word_at(low, page) >= word_at(low, page + 4))
		return 0;
	for (at = round_up(word_at(low, page + 4), 4); at + 4 <= last; at += 4)
		if (word_at(low, at) == BLOB_SIGNATURE)
			return at + 4 - page;
	return 0;
}

/* Where the firmware's own data begins. */
static u64 firmware_start(void)
{
	u64 ebda = (u64) * (u16 *)phys_to_virt(BDA_EBDA_SEGMENT) << 4;
	u64 base = (u64) * (u16 *)phys_to_virt(BDA_BASE_MEMORY_KB) << 10;
	u64 start = LOW_USABLE_END;

	/* Values outside are nonsense: reserve_bios_regions() ignores them. */
	if (ebda >= 0x20000 && ebda < start)
		start = ebda;
	if (base >= 0x20000 && base < start)
		start = base;
	return start;
}

int mkh_low_init(void)
{
	u64 end = firmware_start(), page;
	bool found = false;

	for (page = LOW_START; page + PAGE_SIZE <= end; page += PAGE_SIZE) {
		unsigned long pfn = page >> PAGE_SHIFT;

		if (page_is_ram(pfn) && pfn_valid(pfn) &&
		    PageReserved(pfn_to_page(pfn)))
			__set_bit(pfn, usable);
	}
	/* From the second page: EFI machines may have the blob below 64 KiB. */
	for (page = PAGE_SIZE; page < LOW_END; page += PAGE_SIZE) {
		u64 bytes;

		if (!page_is_ram(page >> PAGE_SHIFT))
			continue;
		bytes = blob_at(phys_to_virt(0), page);
		if (!bytes)
			continue;
		found = true;
		bitmap_clear(usable, page >> PAGE_SHIFT,
			     PAGE_ALIGN(bytes) >> PAGE_SHIFT);
		pr_debug("host's real-mode blob at %#llx, %#llx bytes\n", page,
			 bytes);
	}
	if (!found) {
		pr_err("the host's own SMP trampoline was not found: no low page is safe\n");
		return -ENODEV;
	}
	return 0;
}

void mkh_low_exit(void)
{
	WARN_ON(!bitmap_empty(taken, LOW_PAGES));
}

void mkh_low_wipe(u64 base, u64 bytes)
{
	memset(phys_to_virt(base), 0, bytes);
}

u64 mkh_low_take(u64 bytes)
{
	unsigned int want = bytes >> PAGE_SHIFT, at, run = 0;
	u64 base = 0;

	mutex_lock(&low_lock);
	for (at = 0; at < LOW_PAGES && !base; at++) {
		run = test_bit(at, usable) && !test_bit(at, taken) ? run + 1
								   : 0;
		if (run == want)
			base = (u64)(at + 1 - want) << PAGE_SHIFT;
	}
	if (base) {
		bitmap_set(taken, base >> PAGE_SHIFT, want);
		mkh_low_wipe(base, bytes);
	}
	mutex_unlock(&low_lock);
	return base;
}

void mkh_low_give(u64 base, u64 bytes)
{
	mutex_lock(&low_lock);
	mkh_low_wipe(base, bytes);
	bitmap_clear(taken, base >> PAGE_SHIFT, bytes >> PAGE_SHIFT);
	mutex_unlock(&low_lock);
}

u64 mkh_low_free_bytes(void)
{
	DECLARE_BITMAP(unused, LOW_PAGES);

	mutex_lock(&low_lock);
	bitmap_andnot(unused, usable, taken, LOW_PAGES);
	mutex_unlock(&low_lock);
	return (u64)bitmap_weight(unused, LOW_PAGES) << PAGE_SHIFT;
}

#ifdef MKH_SELFTEST
#include "../selftest/low.c"
#endif
