// SPDX-License-Identifier: GPL-2.0-only
/*
 * multikernel_virtio.ko: the virtio bus of a spawn.  Which devices there are,
 * and the messages that come in.
 *
 * Messages are handled in the channel's thread, which must not wait for a
 * response that it would have to bring itself: it only takes note.
 */
#include "virtio.h"
#include "../../version.h"

#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../spawn/spawn.h"

struct mkc_peer *mkv_host;

#define TURN_MS	  10000 /* for a device that is added earlier */
#define SETTLE_MS 3000 /* for all that there are at first */

/* A device number: what there is, and what the host wants there to be. */
struct slot {
	struct work_struct work;
	struct mkv_device *device; /* the work's; to look: mkv_devices_lock */
	bool wanted; /* mkv_devices_lock, like all below */
	bool coming; /* to be added: those behind it wait for that */
	bool attend; /* its configuration changed, or its supervisor is back */
};

DEFINE_SPINLOCK(mkv_devices_lock);
static struct slot slots[MKV_DEVICES];
static struct workqueue_struct *workqueue;
static struct device *parent;
static bool leaving; /* mkv_devices_lock: nothing is wanted any more */
static bool scanned; /* mkv_devices_lock: the host has said what there is */
static DECLARE_WAIT_QUEUE_HEAD(turn); /* coming, leaving, scanned */

static void scan(struct work_struct *work);
static DECLARE_WORK(scan_work, scan);

/* --- adding and removing ------------------------------------------------------ */

static void set_device(struct slot *slot, struct mkv_device *device)
{
	spin_lock(&mkv_devices_lock);
	slot->device = device;
	spin_unlock(&mkv_devices_lock);
}

static void add(struct slot *slot)
{
	struct mkv_device *device = mkv_device_create(slot - slots, parent);
	int err;

	if (!device)
		return;
	set_device(slot, device);
	err = mkv_device_ask(device);
	if (err) {
		set_device(slot, NULL);
		kfree(device);
		goto failed;
	}
	/* A driver that is there already is bound in here. */
	err = register_virtio_device(&device->vdev);
	if (err) {
		set_device(slot, NULL);
		put_device(&device->vdev.dev);
		goto failed;
	}
	return;

failed:
	pr_err("device %d cannot be added: %d\n", (int)(slot - slots), err);
}

static void remove(struct slot *slot)
{
	struct mkv_device *device = slot->device;

	/* Messages find it in the slot until the last moment. */
	get_device(&device->vdev.dev);
	/* The driver writes back what it has, and resets the device. */
	unregister_virtio_device(&device->vdev);
	/* Or nobody does: it has no driver, or one whose probe failed. */
	mkv_device_end(device);
	set_device(slot, NULL);
	put_device(&device->vdev.dev);
}

static void look(struct slot *slot, bool *unwanted, bool *wanted, bool *attend)
{
	spin_lock(&mkv_devices_lock);
	*wanted = slot->wanted && !leaving;
	*unwanted = slot->device && (!*wanted || slot->device->leaving);
	*attend = slot->attend;
	slot->attend = false;
	spin_unlock(&mkv_devices_lock);
}

/* Is none of the slots up to that one still to be added? */
static bool have_come(unsigned int slot)
{
	bool coming = false;
	unsigned int i;

	spin_lock(&mkv_devices_lock);
	for (i = 0; i < slot; i++)
		coming |= slots[i].coming;
	coming &= !leaving;
	spin_unlock(&mkv_devices_lock);
	return !coming;
}

/*
 * Drivers name devices in the order in which they meet them: vda is to be the
 * first disk each time.  One whose driver waits for ever does not hold up the
 * others.
 */
static void add_in_turn(struct slot *slot)
{
	bool wanted;

	wait_event_timeout(turn, have_come(slot - slots),
			   msecs_to_jiffies(TURN_MS));
	spin_lock(&mkv_devices_lock);
	wanted = slot->wanted && !leaving;
	spin_unlock(&mkv_devices_lock);
	if (wanted)
		add(slot);
}

static void has_come(struct slot *slot)
{
	spin_lock(&mkv_devices_lock);
	slot->coming = false;
	spin_unlock(&mkv_devices_lock);
	wake_up_all(&turn);
}

/* What is asked for while it runs queues the work again. */
static void update(struct work_struct *work)
{
	struct slot *slot = container_of(work, struct slot, work);
	bool unwanted, wanted, attend;

	look(slot, &unwanted, &wanted, &attend);
	if (unwanted)
		remove(slot);
	if (!slot->device && wanted)
		add_in_turn(slot);
	else if (slot->device && attend)
		virtio_config_changed(&slot->device->vdev);
	has_come(slot);
}

/* There is such a device, and somebody who serves it. */
static void want(unsigned int number)
{
	struct slot *slot = &slots[number];

	spin_lock(&mkv_devices_lock);
	slot->wanted = true;
	/* What changed while nobody was there was not told. */
	if (slot->device)
		atomic_inc(&slot->device->config_event);
	else
		slot->coming = true;
	slot->attend = slot->device;
	spin_unlock(&mkv_devices_lock);
	queue_work(workqueue, &slot->work);
}

/*
 * The first time it is asked for, the second time it is a fact.  An object that
 * was told so stays told: another device may come in its place.
 */
static void unwant(unsigned int number)
{
	struct slot *slot = &slots[number];
	struct mkv_device *device;

	spin_lock(&mkv_devices_lock);
	device = slot->device;
	if (device && device->leaving) {
		WRITE_ONCE(device->gone, true);
		/*
		 * Who waits for a buffer to come back shall see that.  In
		 * virtio_console nobody does but in notify() of queue.c.
		 */
		if (device->has_queues &&
		    device->vdev.id.device != VIRTIO_ID_CONSOLE)
			virtio_break_device(&device->vdev);
	}
	if (device)
		device->leaving = true;
	slot->wanted = false;
	spin_unlock(&mkv_devices_lock);
	queue_work(workqueue, &slot->work);
}

/* Ask which devices there are; those that come later are told of. */
static void scan(struct work_struct *work)
{
	struct mkv_get_devices ask = { .count = cpu_to_le16(MKV_DEVICES) };
	struct {
		struct mkv_devices head;
		u8 bits[MKV_DEVICES / 8];
	} __packed answer;
	struct mkv_reply reply = { &answer, sizeof(answer) };
	unsigned int i;

	if (mkv_request(NULL, MKV_GET_DEVICES, &ask, sizeof(ask), &reply,
			sizeof(answer)))
		return;
	for (i = 0; i < MKV_DEVICES; i++)
		if (answer.bits[i / 8] & 1 << i % 8)
			want(i);
	mkv_scanned();
}

void mkv_scanned(void)
{
	spin_lock(&mkv_devices_lock);
	scanned = true;
	spin_unlock(&mkv_devices_lock);
	wake_up_all(&turn);
}

static bool has_settled(void)
{
	bool done;

	spin_lock(&mkv_devices_lock);
	done = scanned;
	spin_unlock(&mkv_devices_lock);
	return done && have_come(MKV_DEVICES);
}

/* --- messages ----------------------------------------------------------------- */

static void config_event(u16 number)
{
	if (number >= MKV_DEVICES)
		return;
	spin_lock(&mkv_devices_lock);
	slots[number].attend = true;
	if (slots[number].device)
		atomic_inc(&slots[number].device->config_event);
	spin_unlock(&mkv_devices_lock);
	queue_work(workqueue, &slots[number].work);
}

static int bus_event(const struct mkv_event_device *event, size_t length)
{
	u16 number;

	if (length < sizeof(*event))
		return -EINVAL;
	number = le16_to_cpu(event->device);
	if (number >= MKV_DEVICES)
		return -EINVAL;
	switch (le16_to_cpu(event->state)) {
	case MKV_DEVICE_READY:
		want(number);
		break;
	case MKV_DEVICE_REMOVED:
		unwant(number);
		break;
	}
	/* The supervisor is there. */
	mkv_requests_wake();
	return 0;
}

static int handle(struct mkc_incoming *message, void *context)
{
	const struct mkv_header *header = message->bytes;
	const void *payload = header + 1;
	size_t length = message->length;

	if (length < sizeof(*header) || le16_to_cpu(header->size) != length)
		return -EINVAL;
	length -= sizeof(*header);
	if (header->type & MKV_TYPE_RESPONSE)
		mkv_response(header, payload, length);
	else if (header->type == MKV_TYPE_BUS && header->id == MKV_EVENT_DEVICE)
		return bus_event(payload, length);
	else if (!header->type && header->id == MKV_EVENT_CONFIG)
		config_event(le16_to_cpu(header->device));
	return 0;
}

static struct mkc_handler handler = {
	.type = MKW_TYPE_VIRTIO,
	.handle = handle,
};

static int peer_event(struct notifier_block *nb, unsigned long event,
		      void *peer)
{
	if (event == MKC_PEER_UP && peer == mkv_host)
		queue_work(workqueue, &scan_work);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = peer_event };

/* Who waits for a response looks up: nobody waits for long from now on. */
static int shutting_down(struct notifier_block *nb, unsigned long event,
			 void *unused)
{
	mkv_requests_wake();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = shutting_down,
};

/* --- the module ---------------------------------------------------------------- */

/*
 * Each driver resets its device, which takes a supervisor to answer: without
 * one this waits.
 */
static void end_devices(void)
{
	unsigned int i;

	mkv_requests_end();
	cancel_work_sync(&scan_work);
	spin_lock(&mkv_devices_lock);
	leaving = true;
	spin_unlock(&mkv_devices_lock);
	wake_up_all(&turn);
	for (i = 0; i < MKV_DEVICES; i++)
		queue_work(workqueue, &slots[i].work);
	flush_workqueue(workqueue);
}

static int __init virtio_bus_init(void)
{
	unsigned int i;
	int err = -ENOMEM;

	mkv_host = mks_host();
	if (!mkv_host)
		return -ENODEV;
	for (i = 0; i < MKV_DEVICES; i++)
		INIT_WORK(&slots[i].work, update);
	workqueue = alloc_workqueue("multikernel_virtio", WQ_UNBOUND, 0);
	if (!workqueue)
		goto host;
	parent = root_device_register("multikernel-virtio");
	if (IS_ERR(parent)) {
		err = PTR_ERR(parent);
		goto queue;
	}
	handler.peer = mkv_host;
	err = mkc_register(&handler);
	if (err)
		goto parent;
	err = register_reboot_notifier(&reboot_notifier);
	if (err)
		goto handler;
	err = mkc_register_notifier(&notifier);
	if (err)
		goto reboot;
	/* A driver that is loaded after us is to meet them in their order. */
	wait_event_timeout(turn, has_settled(), msecs_to_jiffies(SETTLE_MS));
	return 0;

reboot:
	unregister_reboot_notifier(&reboot_notifier);
handler:
	end_devices();
	mkc_unregister(&handler);
parent:
	root_device_unregister(parent);
queue:
	destroy_workqueue(workqueue);
host:
	mkc_peer_put(mkv_host);
	return err;
}

static void __exit virtio_bus_exit(void)
{
	mkc_unregister_notifier(&notifier);
	unregister_reboot_notifier(&reboot_notifier);
	end_devices();
	mkc_unregister(&handler);
	/* What came in at last found that we leave. */
	destroy_workqueue(workqueue);
	root_device_unregister(parent);
	mkc_peer_put(mkv_host);
}

module_init(virtio_bus_init);
module_exit(virtio_bus_exit);

MODULE_DESCRIPTION("virtio devices that another kernel serves");
MODULE_LICENSE("GPL");
MODULE_VERSION(MK_VERSION);
