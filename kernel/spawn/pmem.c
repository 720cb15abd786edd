// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent memory: what the host gave this spawn as files.
 *
 * It is in the e820 table as type 12, and on a machine with PCI that would be
 * all: e820__reserve_resources_late() enters it into iomem, which is where
 * arch/x86/kernel/pmem.c and nd_e820 look for it.  But that function is called
 * by pcibios_resource_survey() alone, and a spawn has pci=off (hazard H4).  So
 * both is done here: the entries, and the device that nd_e820 binds to.  The
 * same in 6.1 to 7.2; a kernel that has them already is left alone.
 */
#include "spawn.h"

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include <asm/bootparam.h>
#include <asm/e820/types.h>

/* Where the host put boot_params: the start of our memory (lib/plan.h). */
#define BOOT_PARAMS_BYTES 4096

/*
 * One range.  What is entered stays for as long as this kernel runs, and is no
 * part of this module: a file system may be on it.
 */
static bool enter(u64 start, u64 bytes)
{
	struct resource *res;

	if (!bytes || !IS_ALIGNED(start | bytes, SZ_2M) ||
	    bytes > U64_MAX - start)
		return false;
	if (region_intersects(start, bytes, IORESOURCE_MEM,
			      IORES_DESC_PERSISTENT_MEMORY_LEGACY) !=
	    REGION_DISJOINT)
		return false; /* the kernel has done it, or an earlier agent */
	res = kzalloc(sizeof(*res), GFP_KERNEL);
	if (!res)
		return false;
	res->name = kstrdup("Persistent Memory (legacy)", GFP_KERNEL);
	res->start = start;
	res->end = start + bytes - 1;
	res->flags = IORESOURCE_MEM;
	res->desc = IORES_DESC_PERSISTENT_MEMORY_LEGACY;
	if (res->name && !insert_resource(&iomem_resource, res))
		return true;
	pr_err("multikernel: no place in iomem for persistent memory at 0x%llx\n",
	       start);
	kfree(res->name);
	kfree(res);
	return false;
}

void mks_pmem_enter(void)
{
	u64 base = le64_to_cpu(mks_agent.page->memory_base);
	const struct boot_params *params;
	struct platform_device *device;
	unsigned int i, nr, entered = 0;

	params = memremap(base, BOOT_PARAMS_BYTES, MEMREMAP_WB);
	if (!params)
		return;
	nr = min_t(unsigned int, READ_ONCE(params->e820_entries),
		   E820_MAX_ENTRIES_ZEROPAGE);
	for (i = 0; i < nr; i++)
		if (params->e820_table[i].type == E820_TYPE_PRAM &&
		    enter(params->e820_table[i].addr,
			  params->e820_table[i].size))
			entered++;
	memunmap((void *)params);
	if (!entered)
		return;
	/* As register_e820_pmem() does it. */
	device = platform_device_register_simple("e820_pmem",
						 PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		pr_err("multikernel: no device for persistent memory: error %ld\n",
		       PTR_ERR(device));
	else
		pr_info("multikernel: %u ranges of persistent memory\n",
			entered);
}
