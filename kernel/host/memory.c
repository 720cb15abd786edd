// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous physical memory: taken from the host at run time, or a range set
 * aside at its boot.
 *
 * Run-time memory comes as single pages with one reference each, evacuated by
 * alloc_contig_range(); candidates are tried from the top of each node down,
 * first in large steps, then at every 2 MiB.
 */
#include "host.h"

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>

#define ALIGN_PFN (MK_MEMORY_ALIGN >> PAGE_SHIFT)
/* How long to wait for somebody's short-lived hold on a page. */
#define HOLD_WAIT_MS 5000

/*
 * Whether [start, end) could be taken: online memory of one zone without
 * reserved pages.  Otherwise *@retry is where the next candidate must end.
 */
static bool candidate(unsigned long start, unsigned long end,
		      unsigned long *retry)
{
	struct zone *zone = NULL;
	unsigned long pfn = end;

	while (pfn-- > start) {
		struct page *page = pfn_to_online_page(pfn);

		if (IS_ALIGNED(pfn, ALIGN_PFN))
			cond_resched();
		if (page && !zone)
			zone = page_zone(page);
		/* ZONE_MOVABLE promises that its pages can be moved away. */
		if (!page || PageReserved(page) || page_zone(page) != zone ||
		    zone_idx(zone) == ZONE_MOVABLE) {
			*retry = round_down(pfn, ALIGN_PFN);
			return false;
		}
	}
	return true;
}

static int take_below(struct mkh_memory *memory, unsigned long floor,
		      unsigned long top, unsigned long pages,
		      unsigned long step)
{
	unsigned long end = round_down(top, ALIGN_PFN);

	while (end >= pages && end - pages >= floor) {
		unsigned long start = end - pages, retry;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!candidate(start, end, &retry)) {
			end = retry;
			continue;
		}
		if (!compat_alloc_contig_range(start, end,
					       GFP_KERNEL | __GFP_NOWARN)) {
			memory->base = (u64)start << PAGE_SHIFT;
			return 0;
		}
		end -= step;
	}
	return -ENOMEM;
}

static int take_from_node(struct mkh_memory *memory, int node, u64 bytes)
{
	unsigned long pages = bytes >> PAGE_SHIFT;
	unsigned long floor = node_start_pfn(node);
	unsigned long top = node_end_pfn(node);
	unsigned long coarse = round_up(pages / 4 + 1, ALIGN_PFN);
	int err;

	/* The first 16 MiB are for devices that can reach nothing else. */
	floor = max(floor, 16UL << (20 - PAGE_SHIFT));
	err = take_below(memory, floor, top, pages, coarse);
	if (err == -ENOMEM && coarse > ALIGN_PFN)
		err = take_below(memory, floor, top, pages, ALIGN_PFN);
	return err;
}

static int took(struct mkh_memory *memory, u64 bytes)
{
	memory->bytes = bytes;
	memory->view = phys_to_virt(memory->base);
	mkh_memory_wipe(memory);
	return 0;
}

/* Do not press the host for what it cannot give. */
bool mkh_memory_enough(u64 bytes)
{
	long available = si_mem_available();

	return available > 0 && bytes >> PAGE_SHIFT <= available;
}

int mkh_memory_take(struct mkh_memory *memory, u64 bytes, int node)
{
	int err = -ENOMEM, at;

	for_each_online_node(at) {
		if (node != NUMA_NO_NODE && at != node)
			continue;
		err = take_from_node(memory, at, bytes);
		if (err != -ENOMEM)
			break;
	}
	return err ?: took(memory, bytes);
}

/*
 * Memory that the host's boot set aside (memmap=SIZE$ADDRESS).  The kernel
 * knows it as reserved, like what the firmware keeps for itself; that it is
 * RAM in the firmware's own table (/sys/firmware/memmap) is for user space to
 * check, since no exported function of 7.2 tells.
 */
static int take_reserved(struct mkh_memory *memory, u64 base, u64 bytes)
{
	struct resource *reserved;
	void *view;

	if (region_intersects(base, bytes, IORESOURCE_MEM,
			      IORES_DESC_RESERVED) != REGION_INTERSECTS)
		return -EINVAL;
	reserved = request_mem_region(base, bytes, "multikernel");
	if (!reserved)
		return -EBUSY;
	view = memremap(base, bytes, MEMREMAP_WB);
	if (!view) {
		release_mem_region(base, bytes);
		return -ENOMEM;
	}
	memory->base = base;
	memory->bytes = bytes;
	memory->view = view;
	memory->reserved = reserved;
	mkh_memory_wipe(memory);
	return 0;
}

int mkh_memory_take_at(struct mkh_memory *memory, u64 base, u64 bytes)
{
	unsigned long start = base >> PAGE_SHIFT, retry;
	unsigned long end = start + (bytes >> PAGE_SHIFT);
	int err;

	switch (region_intersects(base, bytes, IORESOURCE_SYSTEM_RAM,
				  IORES_DESC_NONE)) {
	case REGION_DISJOINT:
		return take_reserved(memory, base, bytes);
	case REGION_INTERSECTS:
		break;
	default:
		return -EINVAL;
	}
	if (!candidate(start, end, &retry))
		return -EINVAL;
	err = compat_alloc_contig_range(start, end, GFP_KERNEL | __GFP_NOWARN);
	if (err)
		return err == -EINTR ? err : -EBUSY;
	memory->base = base;
	return took(memory, bytes);
}

/* Whether somebody but us holds a page: a reader, a pinned buffer. */
static bool held(const struct mkh_memory *memory)
{
	unsigned long pfn = memory->base >> PAGE_SHIFT;
	unsigned long end = pfn + (memory->bytes >> PAGE_SHIFT);

	for (; pfn < end; pfn++) {
		if (IS_ALIGNED(pfn, ALIGN_PFN))
			cond_resched();
		if (page_count(pfn_to_page(pfn)) != 1)
			return true;
	}
	return false;
}

/*
 * As free_contig_range() does, but without its warning: a page that somebody
 * pinned (O_DIRECT, a registered buffer) is freed by the last to let it go.
 */
static void free_pages_of(const struct mkh_memory *memory)
{
	unsigned long pfn = memory->base >> PAGE_SHIFT;
	unsigned long end = pfn + (memory->bytes >> PAGE_SHIFT);

	for (; pfn < end; pfn++) {
		if (IS_ALIGNED(pfn, ALIGN_PFN))
			cond_resched();
		__free_page(pfn_to_page(pfn));
	}
}

void mkh_memory_give(struct mkh_memory *memory)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(HOLD_WAIT_MS);

	if (memory->reserved) {
		mkh_memory_wipe(memory);
		memunmap(memory->view);
		release_mem_region(memory->base, memory->bytes);
		memory->bytes = 0;
		return;
	}
	/* A courtesy to I/O under way, which else would write behind the wipe. */
	while (held(memory) && !time_after(jiffies, deadline))
		msleep(20);
	mkh_memory_wipe(memory);
	free_pages_of(memory);
	memory->bytes = 0;
}

void mkh_memory_wipe(const struct mkh_memory *memory)
{
	u64 done;

	for (done = 0; done < memory->bytes; done += MK_MEMORY_ALIGN) {
		memset(memory->view + done, 0, MK_MEMORY_ALIGN);
		cond_resched();
	}
}
