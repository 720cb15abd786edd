// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hazard H13: the host does not kexec while spawns run.
 *
 * A reboot notifier hears of it but cannot refuse (kernel/kexec_core.c:
 * kernel_kexec() ignores what kernel_restart_prepare() finds), and the next
 * kernel would know nothing of the spawns' CPUs and memory.  So kernel_kexec()
 * is probed with the kernel's own kprobes and returns EBUSY instead.  Where
 * that cannot be had (CONFIG_KPROBES off, the function renamed or patched by
 * somebody else) the notifier in monitor.c ends the spawns first, as before
 * any other restart.  A crash kernel is not affected: that is entered from
 * __crash_kexec().
 */
#include "host.h"

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

/* What kernel_kexec() becomes: called in its place, with its caller's stack. */
static noinline int refused(void)
{
	struct mk_event event = { .kind = MK_EVENT_KEXEC_REFUSED };

	pr_warn("kexec refused: %d spawns run, %d CPUs are lost (mkctl list)\n",
		atomic_read(&mkh_running), atomic_read(&mkh_lost));
	mkh_event_add(&event);
	module_put(THIS_MODULE);
	return -EBUSY;
}

static int kexec_begins(struct kprobe *probe, struct pt_regs *regs)
{
	/* One that is being started now is ended by the notifier. */
	if (!atomic_read(&mkh_running) && !atomic_read(&mkh_lost))
		return 0;
	/* Our code is to stay until refused() has returned, or nearly so. */
	if (!try_module_get(THIS_MODULE))
		return 0;
	regs->ip = (unsigned long)refused;
	return 1;
}

/* Says that the probe may change where it goes on (ftrace's IPMODIFY). */
static void after(struct kprobe *probe, struct pt_regs *regs,
		  unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "kernel_kexec",
	.pre_handler = kexec_begins,
	.post_handler = after,
};
static bool probed;

void mkh_kexec_init(void)
{
	int err = register_kprobe(&probe);

	probed = !err;
	if (err)
		pr_info("a kexec of this kernel is not refused but ends all spawns (%d)\n",
			err);
}

void mkh_kexec_exit(void)
{
	if (!probed)
		return;
	unregister_kprobe(&probe);
	/* Its last instructions, after the reference is gone. */
	synchronize_rcu_tasks();
}
