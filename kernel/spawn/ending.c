// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tell the host how this kernel ends, at once and by the doorbell: a panic
 * with its text, a reboot, a power-off.
 *
 * A restart is also ended here (hazard H6), whatever started it: reboot(2),
 * sysrq-b, the time-out of a panic.  All of them tell the kmsg dumpers last of
 * all (kernel/reboot.c:kernel_restart, emergency_restart, 6.1 to 7.2), and that
 * is where the CPU parks, with the mark in the hand-off page that the EFI
 * runtime would set.  So a kernel whose EFI was switched off resets nothing
 * either.  (Restart handlers are not called on x86: seen on 6.1.)
 */
#include "spawn.h"

#include <linux/kmsg_dump.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/string.h>

#include "../channel/doorbell.h"

/*
 * Ring the host for what stands in the page.  No lock, no check of who else
 * rings: this may be the last thing that the kernel does.
 */
static void ring_host(void)
{
	u64 word = le64_to_cpu(READ_ONCE(mks_agent.page->host_doorbell));

	if (MKW_DOORBELL_VECTOR(word) >= 0x20)
		mkc_doorbell_ring(word);
}

static void announce(u32 ending)
{
	/* A panic's text is there first. */
	smp_store_release(&mks_agent.page->ending, cpu_to_le32(ending));
	ring_host();
}

static bool has_panicked, restarts;

static int panicked(struct notifier_block *nb, unsigned long action, void *text)
{
	has_panicked = true;
	mks_report_panic();
	strscpy((char *)mks_agent.page->panic_text, text ?: "panic",
		MKW_PANIC_BYTES);
	announce(MKW_ENDING_PANIC);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = { .notifier_call = panicked };

/* A halt is no end: the kernel stays, and says nothing any more. */
static int rebooting(struct notifier_block *nb, unsigned long action,
		     void *command)
{
	/* kernel/kexec_core.c:kernel_kexec: the next kernel goes on here. */
	bool kexec = command && !strcmp(command, "kexec reboot");

	if (kexec)
		mks_report_kexec(true);

	restarts = action == SYS_RESTART && !kexec;
	if (restarts || action == SYS_POWER_OFF)
		announce(restarts ? MKW_ENDING_REBOOT : MKW_ENDING_POWEROFF);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = { .notifier_call = rebooting };

/* The host takes this CPU and all others when it sees the mark. */
static void last_words(enum kmsg_dump_reason reason)
{
	u32 reset = has_panicked ? MKW_RESET_WARM : MKW_RESET_COLD;

	if (reason != KMSG_DUMP_EMERG &&
	    (reason != KMSG_DUMP_SHUTDOWN || !restarts))
		return;
	WRITE_ONCE(mks_agent.page->reset, cpu_to_le32(reset));
	ring_host();
	for (;;)
		asm volatile("cli; hlt" ::: "memory");
}

COMPAT_KMSG_DUMPER(dump, last_words)

static struct kmsg_dumper dumper = {
	.dump = dump,
	.max_reason = KMSG_DUMP_SHUTDOWN,
};

int mks_ending_start(void)
{
	int err;

	err = register_reboot_notifier(&reboot_block);
	if (err)
		return err;
	err = kmsg_dump_register(&dumper);
	if (err) {
		unregister_reboot_notifier(&reboot_block);
		return err;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	return 0;
}

void mks_ending_stop(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	kmsg_dump_unregister(&dumper);
	unregister_reboot_notifier(&reboot_block);
}
