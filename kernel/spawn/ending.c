// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tell the host how this kernel ends, at once and by the doorbell: a panic
 * with its text, a reboot, a power-off.
 *
 * A reboot is also ended here (hazard H6): the last CPU parks with the same
 * mark in the hand-off page that the EFI runtime would set, so that a kernel
 * whose EFI was switched off resets nothing either.  emergency_restart()
 * (sysrq-b, panic=N) does not come by here and has only the EFI runtime.
 */
#include "spawn.h"

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

static int panicked(struct notifier_block *nb, unsigned long action, void *text)
{
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
	if (action != SYS_HALT)
		announce(action == SYS_POWER_OFF ? MKW_ENDING_POWEROFF
						 : MKW_ENDING_REBOOT);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = { .notifier_call = rebooting };

/* All other CPUs are stopped (arch/x86/kernel/reboot.c:native_machine_restart). */
static int restart(struct notifier_block *nb, unsigned long mode, void *command)
{
	WRITE_ONCE(mks_agent.page->reset, cpu_to_le32(MKW_RESET_COLD));
	ring_host();
	for (;;)
		asm volatile("cli; hlt" ::: "memory");
	return NOTIFY_DONE;
}

static struct notifier_block restart_block = {
	.notifier_call = restart,
	.priority = 255, /* before anything that could reach the machine */
};

int mks_ending_start(void)
{
	int err;

	err = register_reboot_notifier(&reboot_block);
	if (err)
		return err;
	err = register_restart_handler(&restart_block);
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
	unregister_restart_handler(&restart_block);
	unregister_reboot_notifier(&reboot_block);
}
