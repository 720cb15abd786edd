// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start a CPU on an image, or park it: INIT, SIPI, and the trampoline's page.
 *
 * It sends INIT and SIPI, and only to one CPU at a time by its physical APIC
 * id, as the host kernel itself does
 * (arch/x86/kernel/smpboot.c:wakeup_secondary_cpu_via_init, 6.1 to 7.2).
 */
#include "host.h"
#include "trampoline.h"
#include "../channel/icr.h"

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>
#include <asm/apic.h>
#include <asm/apicdef.h>

/*
 * How long a CPU may take to answer.  Hardware needs microseconds; an emulated
 * CPU answers when the thread behind it is scheduled.
 */
#define ANSWER_MS 5000
/* Intel MultiProcessor Specification 1.4, B.4: 10 ms between INIT and SIPI. */
#define INIT_TO_SIPI_US 10000

#define TABLES_MAX	8

static DEFINE_MUTEX(boot_lock); /* one order at a time */
static struct mkh_order *order;
static u64 low_page; /* physical, below 1 MiB */

/* Long-mode tables of the trampoline: pages below 4 GiB, for a 32-bit CR3. */
static u64 *tables[TABLES_MAX];
static unsigned int nr_tables;

static u64 *low_table(void)
{
	struct page *page;

	if (nr_tables == TABLES_MAX)
		return NULL;
	page = alloc_page(GFP_KERNEL | __GFP_ZERO | GFP_DMA32);
	if (!page)
		return NULL;
	tables[nr_tables] = page_address(page);
	return tables[nr_tables++];
}

/* Map the page @address 1:1 below @root, a 4-level table. */
static int map_page(u64 *root, u64 address, u64 flags)
{
	u64 *table = root;
	int shift;

	for (shift = 39; shift > 12; shift -= 9) {
		u64 *entry = &table[(address >> shift) & 511];

		if (*entry) {
			table = phys_to_virt(*entry & PTE_PFN_MASK);
			continue;
		}
		table = low_table();
		if (!table)
			return -ENOMEM;
		*entry = virt_to_phys(table) | _PAGE_PRESENT | _PAGE_RW;
	}
	table[(address >> 12) & 511] = address | _PAGE_PRESENT | flags;
	return 0;
}

static void set_word(unsigned int offset, u32 value)
{
	*(u32 *)(phys_to_virt(low_page) + offset) = value;
}

static void install(u64 *root4, u64 *root5)
{
	memcpy(phys_to_virt(low_page), mkh_trampoline,
	       mkh_trampoline_end - mkh_trampoline);

	*(u16 *)(phys_to_virt(low_page) + MKH_TRAMP_GDTR) = 4 * 8 - 1;
	/* The base follows the 16-bit limit, unaligned as lgdt wants it. */
	set_word(MKH_TRAMP_GDTR + 2, low_page + MKH_TRAMP_GDT);
	set_word(MKH_TRAMP_VECTOR32,
		 low_page + (mkh_trampoline_32 - mkh_trampoline));
	set_word(MKH_TRAMP_VECTOR32 + 4, 0x08);
	set_word(MKH_TRAMP_VECTOR64,
		 low_page + (mkh_trampoline_64 - mkh_trampoline));
	set_word(MKH_TRAMP_VECTOR64 + 4, 0x10);
	set_word(MKH_TRAMP_ORDER, virt_to_phys(order));
	set_word(MKH_TRAMP_ROOT4, virt_to_phys(root4));
	set_word(MKH_TRAMP_ROOT5, virt_to_phys(root5));
}

static void free_tables(void)
{
	while (nr_tables)
		free_page((unsigned long)tables[--nr_tables]);
}

int mkh_boot_init(void)
{
	u64 *root4, *root5;
	int err = -ENOMEM;

	BUILD_BUG_ON(MK_PROGRESS_PROTECTED != 2 || MK_PROGRESS_LONG != 3 ||
		     MK_PROGRESS_ENTERED != 4);
	if (mkh_trampoline_end - mkh_trampoline > PAGE_SIZE)
		return -E2BIG;

	low_page = mkh_low_take(PAGE_SIZE);
	if (!low_page) {
		pr_err("no page below 640 KiB for the trampoline\n");
		return -ENOMEM;
	}
	order = (struct mkh_order *)low_table();
	root4 = low_table();
	root5 = low_table();
	if (!order || !root4 || !root5)
		goto undo;
	err = map_page(root4, low_page, 0);
	if (!err)
		err = map_page(root4, virt_to_phys(order), _PAGE_RW | _PAGE_NX);
	if (err)
		goto undo;
	/* Everything is below 512 GiB: a 5-level root has the one entry. */
	root5[0] = virt_to_phys(root4) | _PAGE_PRESENT | _PAGE_RW;
	install(root4, root5);
	return 0;

undo:
	free_tables();
	mkh_low_give(low_page, PAGE_SIZE);
	return err;
}

void mkh_boot_exit(void)
{
	free_tables();
	mkh_low_give(low_page, PAGE_SIZE);
}

u64 mkh_boot_host_bytes(void)
{
	return (u64)nr_tables * PAGE_SIZE;
}

bool mkh_boot_x2apic(void)
{
	return x2apic_mode;
}

static void send_init(u32 apicid)
{
	mkc_icr_write(APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT,
		      apicid);
	mkc_icr_write(APIC_INT_LEVELTRIG | APIC_DM_INIT, apicid);
}

/*
 * Test builds only: the APIC id of a CPU that gets no SIPI any more and so
 * never answers, for the rules about lost CPUs.
 */
#ifdef MKH_SELFTEST
static uint silent_apic = BAD_APICID;
module_param(silent_apic, uint, 0600);
#else
#define silent_apic BAD_APICID
#endif

static void send_sipi(u32 apicid)
{
	if (apicid == silent_apic)
		return;
	mkc_icr_write(APIC_DM_STARTUP | (low_page >> PAGE_SHIFT), apicid);
}

void mkh_boot_stop(u32 apicid)
{
	send_init(apicid);
}

/*
 * INIT the CPU, start it at the trampoline and wait until it reports at least
 * @want.  The order must be filled but for @apic; boot_lock is held.
 */
static int summon(u32 apicid, u32 want)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(ANSWER_MS);
	bool again = false, late;

	WRITE_ONCE(order->progress, MK_PROGRESS_NONE);
	/* Pairs with the CPU's look at @apic, which it takes first. */
	smp_store_release(&order->apic, apicid);
	send_init(apicid);
	usleep_range(INIT_TO_SIPI_US, INIT_TO_SIPI_US + 1000);
	send_sipi(apicid);
	for (;;) {
		/* Before the look: this thread may have waited long itself. */
		late = time_after(jiffies, deadline);
		if (READ_ONCE(order->progress) >= want)
			return 0;
		if (late)
			return -ETIMEDOUT;
		/* A second SIPI for CPUs that need it; others ignore it. */
		if (!again && READ_ONCE(order->progress) == MK_PROGRESS_NONE) {
			again = true;
			udelay(200);
			if (READ_ONCE(order->progress) == MK_PROGRESS_NONE)
				send_sipi(apicid);
		}
		usleep_range(50, 100);
	}
}

/* No CPU may find an order any more. */
static void withdraw(void)
{
	WRITE_ONCE(order->command, MKH_COMMAND_NONE);
	WRITE_ONCE(order->apic, BAD_APICID);
}

int mkh_boot_park(u32 apicid)
{
	int err;

	mutex_lock(&boot_lock);
	WRITE_ONCE(order->command, MKH_COMMAND_PARK);
	err = summon(apicid, MKH_PROGRESS_PARKED);
	withdraw();
	/* From hlt back to waiting for a SIPI, where not even an NMI counts. */
	send_init(apicid);
	mutex_unlock(&boot_lock);
	return err;
}

int mkh_boot_enter(u32 apicid, const struct mkh_image *image, u32 *progress)
{
	int err;

	mutex_lock(&boot_lock);
	order->flags = image->la57 ? MKH_ORDER_F_LA57 : 0;
	order->page_table = image->page_table;
	order->entry = image->entry;
	order->argument = image->argument;
	WRITE_ONCE(order->command, MKH_COMMAND_ENTER);
	err = summon(apicid, MK_PROGRESS_ENTERED);
	*progress = READ_ONCE(order->progress);
	withdraw();
	mutex_unlock(&boot_lock);
	return err;
}

#ifdef MKH_SELFTEST
#include "../selftest/boot.c"
#endif
