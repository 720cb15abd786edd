// SPDX-License-Identifier: GPL-2.0-only
/*
 * Included at the end of host/boot.c: the trampoline's page tables map two
 * pages, and none of them both writable and executable.
 */

static u64 walk(u64 root, unsigned int levels, u64 address)
{
	u64 entry = root;
	unsigned int level;

	for (level = levels; level; level--) {
		u64 *table = phys_to_virt(entry & PTE_PFN_MASK);

		entry = table[(address >> (12 + 9 * (level - 1))) & 511];
		if (!(entry & _PAGE_PRESENT))
			return 0;
	}
	return entry;
}

bool __init mkh_boot_selftest(void)
{
	u64 root4 = *(u32 *)(phys_to_virt(low_page) + MKH_TRAMP_ROOT4);
	u64 root5 = *(u32 *)(phys_to_virt(low_page) + MKH_TRAMP_ROOT5);
	u64 there = virt_to_phys(order), entry, page;
	unsigned int mapped = 0;
	bool good = true;

	for (page = 0; page < 0x100000; page += PAGE_SIZE)
		mapped += walk(root4, 4, page) != 0;
	if (mapped != 1) {
		pr_err("self-test boot: %u low pages mapped\n", mapped);
		good = false;
	}
	entry = walk(root4, 4, low_page);
	if ((entry & PTE_PFN_MASK) != low_page || entry & _PAGE_RW ||
	    entry & _PAGE_NX || walk(root5, 5, low_page) != entry) {
		pr_err("self-test boot: code page %#llx\n", entry);
		good = false;
	}
	entry = walk(root4, 4, there);
	if ((entry & PTE_PFN_MASK) != there || !(entry & _PAGE_RW) ||
	    !(entry & _PAGE_NX) || walk(root5, 5, there) != entry) {
		pr_err("self-test boot: order page %#llx\n", entry);
		good = false;
	}
	if (order->command != MKH_COMMAND_NONE) {
		pr_err("self-test boot: an order at rest\n");
		good = false;
	}
	return good;
}
