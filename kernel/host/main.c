// SPDX-License-Identifier: GPL-2.0-only
/* Load and unload: what is set up, in order, and undone in reverse. */
#include "host.h"
#include "../../version.h"

#include <linux/cc_platform.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <asm/apic.h>

DEFINE_MUTEX(mkh_change_lock);
DEFINE_MUTEX(mkh_lock);
DEFINE_SRCU(mkh_memory_srcu);
struct mkh_ledger mkh_ledger;
bool mkh_closing;
atomic_t mkh_running = ATOMIC_INIT(0);
atomic_t mkh_lost = ATOMIC_INIT(0);

static int ledger_init(void)
{
	mkh_ledger.entries =
		vzalloc(MKH_LEDGER_ENTRIES * sizeof(*mkh_ledger.entries));
	mkh_ledger.room = MKH_LEDGER_ENTRIES;
	return mkh_ledger.entries ? 0 : -ENOMEM;
}

static void ledger_exit(void)
{
	vfree(mkh_ledger.entries);
}

/* What the way a CPU is started here takes for granted. */
static int __init check_machine(void)
{
	if (!boot_cpu_has(X86_FEATURE_APIC) || !boot_cpu_has(X86_FEATURE_NX)) {
		pr_err("this machine has no local APIC, or no NX\n");
		return -ENODEV;
	}
	/* Real mode would read our trampoline without the encryption bit. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_err("memory encryption is on (SME, SEV or TDX)\n");
		return -EOPNOTSUPP;
	}
	/* The platform starts CPUs by other means than INIT and SIPI. */
	if (apic->wakeup_secondary_cpu_64) {
		pr_err("this platform does not start CPUs by INIT-SIPI\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

#ifdef MKH_SELFTEST
static int __init selftest(void)
{
	if (mkh_low_selftest() && mkh_image_selftest() && mkh_boot_selftest()) {
		pr_info("self-tests passed\n");
		return 0;
	}
	pr_err("a self-test failed\n");
	return -ENOTRECOVERABLE;
}
#else
static int __init selftest(void)
{
	return 0;
}
#endif

static int __init multikernel_init(void)
{
	int err;

	err = check_machine();
	if (err)
		return err;
	err = ledger_init();
	if (err)
		return err;
	err = mkh_event_init();
	if (err)
		goto ledger;
	err = mkh_low_init();
	if (err)
		goto event;
	err = mkh_boot_init();
	if (err)
		goto low;
	err = mkh_cpu_init();
	if (err)
		goto boot;
	err = mkh_monitor_init();
	if (err)
		goto cpu;
	err = mkh_channel_init();
	if (err)
		goto monitor;
	err = mkh_proc_init();
	if (err)
		goto channel;
	err = selftest();
	if (err)
		goto proc;
	err = mkh_chardev_init();
	if (err)
		goto proc;
	mkh_kexec_init();
	pr_info("version %s, %s, %llu KiB free below 640 KiB\n", MK_VERSION,
		mkh_boot_x2apic() ? "x2APIC" : "xAPIC",
		mkh_low_free_bytes() >> 10);
	return 0;

proc:
	mkh_proc_exit();
channel:
	mkh_channel_exit();
monitor:
	mkh_monitor_exit();
cpu:
	mkh_cpu_exit();
boot:
	mkh_boot_exit();
low:
	mkh_low_exit();
event:
	mkh_event_exit();
ledger:
	ledger_exit();
	return err;
}

/*
 * Every instance holds a reference on the module, and so does what was lost:
 * there is none left.
 */
static void __exit multikernel_exit(void)
{
	mkh_kexec_exit();
	mkh_chardev_exit();
	mkh_proc_exit();
	mkh_channel_exit();
	mkh_monitor_exit();
	mkh_cpu_exit();
	mkh_boot_exit();
	mkh_low_exit();
	mkh_event_exit();
	ledger_exit();
}

module_init(multikernel_init);
module_exit(multikernel_exit);

MODULE_DESCRIPTION("Run several kernels side by side on one machine");
MODULE_LICENSE("GPL");
MODULE_VERSION(MK_VERSION);
MODULE_ALIAS("devname:multikernel");
