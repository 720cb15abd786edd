// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notice that a spawn ended, and keep the host from ending under one.
 *
 * A spawn that powers off, reboots or panics says so in its hand-off page
 * (agent, EFI stub or ACPI sleep byte) and halts there.  The page is looked at ten
 * times a second while the instance runs: one read of a cached word, and it
 * works for a spawn without an agent.  What stands there is the word of a
 * stranger: it can only end the spawn's own instance.
 */
#include "host.h"

#include <linux/reboot.h>
#include <linux/suspend.h>

#define LOOK_EVERY (HZ / 10 ?: 1)
#define LOOK_OFTEN (HZ / 100 ?: 1) /* once the agent says that it ends */

static struct workqueue_struct *queue;

static const struct mkw_handoff *handoff(const struct mkh_instance *inst)
{
	return (void *)(inst->memory.view +
			(inst->image.handoff - inst->memory.base));
}

/* True when the spawn has said that it is over. */
static bool ended(const struct mkh_instance *inst, u32 *state, u32 *cause)
{
	const struct mkw_handoff *page = handoff(inst);
	u8 sleep = READ_ONCE(page->sleep);

	*state = MK_STATE_STOPPED;
	switch (le32_to_cpu(READ_ONCE(page->reset))) {
	case MKW_RESET_NONE:
		break;
	case MKW_RESET_WARM:
		*state = MK_STATE_CRASHED;
		*cause = MK_CAUSE_PANIC;
		return true;
	case MKW_RESET_SHUTDOWN:
		*cause = MK_CAUSE_POWEROFF;
		return true;
	default:
		*cause = MK_CAUSE_REBOOT;
		return true;
	}
	if ((sleep & MKW_SLEEP_ENABLE) &&
	    MKW_SLEEP_TYPE(sleep) == MKW_SLEEP_TYPE_S5) {
		*cause = MK_CAUSE_POWEROFF;
		return true;
	}
	return false;
}

/* inst->lock is held, and it runs. */
static void look_at(struct mkh_instance *inst)
{
	u32 state, cause;

	mkh_channel_look(inst);
	if (ended(inst, &state, &cause))
		mkh_instance_end(inst, state, cause);
	else if (mkh_channel_panicked(inst))
		mkh_instance_end(inst, MK_STATE_CRASHED, MK_CAUSE_PANIC);
}

static void look(struct work_struct *work)
{
	struct mkh_instance *inst = container_of(to_delayed_work(work),
						 struct mkh_instance, monitor);
	bool again;

	mutex_lock(&inst->lock);
	if (inst->state == MK_STATE_RUNNING)
		look_at(inst);
	/*
	 * A start that got the lock before us has queued the work again, with
	 * a reference of its own: then this one's is over.
	 */
	again = inst->state == MK_STATE_RUNNING &&
		queue_delayed_work(queue, &inst->monitor,
				   mkh_channel_ending(inst) ? LOOK_OFTEN
							    : LOOK_EVERY);
	mutex_unlock(&inst->lock);
	if (!again)
		mkh_instance_put(inst);
}

void mkh_monitor_setup(struct mkh_instance *inst)
{
	INIT_DELAYED_WORK(&inst->monitor, look);
}

/* inst->lock is held. */
void mkh_monitor_start(struct mkh_instance *inst)
{
	mkh_instance_get(inst);
	/* Still queued from the life before: that one goes on for this. */
	if (!queue_delayed_work(queue, &inst->monitor, LOOK_EVERY))
		mkh_instance_put(inst);
}

bool mkh_monitor_queue(struct work_struct *work)
{
	return queue_work(queue, work);
}

void mkh_monitor_hurry(struct mkh_instance *inst)
{
	mkh_instance_get(inst);
	/* Already queued: that one has a reference. */
	if (mod_delayed_work(queue, &inst->monitor, 0))
		mkh_instance_put(inst);
}

/* Hazard H13: the machine must not reset under running spawns. */
static int host_ends(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct mkh_instance *inst;
	u32 id = 0;

	/* Read under inst->lock by starts: one that is under way ends below. */
	WRITE_ONCE(mkh_closing, true);
	while ((inst = mkh_instance_next(id))) {
		id = inst->id;
		mutex_lock(&inst->lock);
		if (inst->state == MK_STATE_RUNNING) {
			pr_info("instance %s is stopped with the host\n",
				inst->name);
			mkh_instance_end(inst, MK_STATE_STOPPED, MK_CAUSE_HOST);
		}
		mutex_unlock(&inst->lock);
		mkh_instance_put(inst);
	}
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = {
	.notifier_call = host_ends,
	.priority = INT_MAX, /* before drivers take the machine apart */
};

/* A sleeping host would take the machine's memory and clocks with it. */
static int host_sleeps(struct notifier_block *nb, unsigned long action,
		       void *data)
{
	struct mkh_instance *inst;

	if (action != PM_SUSPEND_PREPARE && action != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	/* One that is being made is not in the list yet. */
	if (!mutex_trylock(&mkh_change_lock))
		return notifier_from_errno(-EBUSY);
	inst = mkh_instance_next(0);
	mutex_unlock(&mkh_change_lock);
	if (!inst)
		return NOTIFY_DONE;
	pr_warn("the host cannot sleep while instance %s exists\n", inst->name);
	mkh_instance_put(inst);
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block sleep_block = { .notifier_call = host_sleeps };

int mkh_monitor_init(void)
{
	int err;

	/* Ending a spawn sleeps; unbound, so that no CPU waits behind it. */
	queue = alloc_workqueue("multikernel", WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	err = register_reboot_notifier(&reboot_block);
	if (err)
		goto queue;
	err = register_pm_notifier(&sleep_block);
	if (err)
		goto reboot;
	return 0;

reboot:
	unregister_reboot_notifier(&reboot_block);
queue:
	destroy_workqueue(queue);
	return err;
}

void mkh_monitor_exit(void)
{
	unregister_pm_notifier(&sleep_block);
	unregister_reboot_notifier(&reboot_block);
	destroy_workqueue(queue);
}
