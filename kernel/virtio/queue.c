// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtqueues: ordinary rings in this kernel's memory, at their true physical
 * addresses, with a line of the channel as doorbell each way.
 */
#include "virtio.h"

#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/string.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

/*
 * The host's part, when nobody is there to do it: give back, unused, what the
 * driver made available, and ask to be told of the next.
 *
 * A supervisor lets go of the line after its last look at the ring, and of a
 * driver that spins there is one buffer at most.  So one that comes meanwhile
 * (we saw that nobody is there a moment before) has at most the same words to
 * write to the same places, and the driver does not go on until we return.  It
 * looks at the index after it has joined: serve/queue.c:serve_queues_resume().
 */
static void give_back(struct virtqueue *vq)
{
	const struct vring *ring = virtqueue_get_vring(vq);
	u16 used = le16_to_cpu((__force __le16)READ_ONCE(ring->used->idx));
	u16 end = le16_to_cpu((__force __le16)ring->avail->idx);
	struct vring_used_elem *entry;
	unsigned int i;
	__le16 head;

	for (i = 0; used != end && i < ring->num; i++, used++) {
		entry = &ring->used->ring[used & (ring->num - 1)];
		head = (__force __le16)ring->avail->ring[used & (ring->num - 1)];
		entry->id = (__force __virtio32)cpu_to_le32(le16_to_cpu(head));
		entry->len = 0;
	}
	vring_avail_event(ring) = (__force __virtio16)cpu_to_le16(end);
	ring->used->flags = 0;
	/* As the host does: the entry before the index. */
	smp_store_release(&ring->used->idx,
			  (__force __virtio16)cpu_to_le16(used));
}

static bool is_used(struct virtqueue *vq)
{
	const struct vring *ring = virtqueue_get_vring(vq);

	return READ_ONCE(ring->used->idx) == ring->avail->idx;
}

/*
 * The driver is about to wait for this buffer in a loop, and the supervisor may
 * die meanwhile.  To break the queue then would end the loop, but leave the
 * buffer in the ring, and virtio_console would later take what it has freed
 * for a struct port_buffer (put_chars(), then reclaim_consumed_buffers(), 6.1
 * to 7.2).  So the wait is here.
 */
static void wait_for_use(struct mkv_queue *q, struct virtqueue *vq)
{
	while (!is_used(vq)) {
		if (!mkc_line_has_peer(&q->line)) {
			give_back(vq);
			return;
		}
		cpu_relax();
	}
}

static bool notify(struct virtqueue *vq)
{
	struct mkv_queue *q = vq->priv;
	bool heard = mkc_line_ring(&q->line);

	if (q->spins && heard)
		wait_for_use(q, vq);
	else if (q->spins)
		give_back(vq);
	/* Whoever comes later finds what was made available. */
	return true;
}

static void rung(struct mkc_line *line)
{
	struct mkv_queue *q = container_of(line, struct mkv_queue, line);
	struct virtqueue *vq = READ_ONCE(q->vq);

	if (vq)
		vring_interrupt(line->bell.irq, vq);
}

/* How many entries the host's side takes. */
static int ask_size(struct mkv_device *device, unsigned int index)
{
	struct mkv_index ask = { .index = cpu_to_le32(index) };
	struct mkv_vqueue queue;
	struct mkv_reply reply = { &queue, sizeof(queue) };
	u32 size;
	int err;

	if (index >= device->max_queues)
		return -ENOENT;
	err = mkv_request(device, MKV_GET_VQUEUE, &ask, sizeof(ask), &reply,
			  sizeof(queue));
	if (err)
		return err;
	size = le32_to_cpu(queue.max_size);
	if (!size)
		return -ENOENT;
	return rounddown_pow_of_two(min_t(u32, size, MKV_QUEUE_MAX));
}

static int tell_place(struct mkv_device *device, struct virtqueue *vq)
{
	struct mkv_vqueue queue = {
		.index = cpu_to_le32(vq->index),
		.size = cpu_to_le32(virtqueue_get_vring_size(vq)),
		.descriptors = cpu_to_le64(virtqueue_get_desc_addr(vq)),
		.driver = cpu_to_le64(virtqueue_get_avail_addr(vq)),
		.device = cpu_to_le64(virtqueue_get_used_addr(vq)),
	};

	return mkv_request(device, MKV_SET_VQUEUE, &queue, sizeof(queue), NULL,
			   0);
}

static void undo(struct mkv_queue *q)
{
	struct virtqueue *vq = q->vq;

	if (!vq)
		return;
	mkc_line_close(&q->line);
	WRITE_ONCE(q->vq, NULL);
	vring_del_virtqueue(vq);
}

/*
 * Drivers that wait for a buffer in a loop: drivers/char/virtio_console.c:
 * __send_to_port, with interrupts off, and drivers/net/virtio_net.c:
 * virtnet_send_command, 6.1 to 7.2.  Our consoles have one port, whose output
 * is queue 1.
 */
static bool driver_spins(const struct mkv_device *device, unsigned int index,
			 const char *name)
{
	return (device->vdev.id.device == VIRTIO_ID_CONSOLE && index == 1) ||
	       (device->vdev.id.device == VIRTIO_ID_NET &&
		!strcmp(name, "control"));
}

struct virtqueue *mkv_queue_add(struct virtio_device *vdev, unsigned int index,
				void (*callback)(struct virtqueue *vq),
				const char *name, bool ctx)
{
	struct mkv_device *device = mkv_device_of(vdev);
	struct mkv_queue *q;
	struct virtqueue *vq;
	int size, err;

	size = ask_size(device, index);
	if (size < 0)
		return ERR_PTR(size);
	q = &device->queues[index];
	vq = vring_create_virtqueue(index, size, SMP_CACHE_BYTES, vdev, true,
				    true, ctx, notify, callback, name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->priv = q;
	vq->num_max = size;
	q->spins = driver_spins(device, index, name);
	q->line.index = MKW_LINE(device->number, index);
	q->line.rung = rung;
	err = mkc_line_open(&q->line, mkv_host);
	if (err) {
		vring_del_virtqueue(vq);
		if (err == -ENOSPC)
			dev_err(&vdev->dev,
				"no interrupt vector is left for queue %u\n",
				index);
		return ERR_PTR(err);
	}
	/* It may be rung already, for nothing. */
	WRITE_ONCE(q->vq, vq);
	spin_lock(&mkv_devices_lock);
	device->has_queues = true;
	spin_unlock(&mkv_devices_lock);
	err = tell_place(device, vq);
	if (err) {
		undo(q);
		return ERR_PTR(err);
	}
	return vq;
}

void mkv_del_vqs(struct virtio_device *vdev)
{
	struct mkv_device *device = mkv_device_of(vdev);
	unsigned int i;

	/* The driver has reset the device: nobody touches the rings. */
	for (i = 0; i < MKV_QUEUES; i++)
		undo(&device->queues[i]);
}

void mkv_synchronize_cbs(struct virtio_device *vdev)
{
	struct mkv_device *device = mkv_device_of(vdev);
	unsigned int i;

	for (i = 0; i < MKV_QUEUES; i++)
		if (device->queues[i].vq)
			synchronize_irq(device->queues[i].line.bell.irq);
}

int mkv_set_vq_affinity(struct virtqueue *vq, const struct cpumask *mask)
{
	struct mkv_queue *q = vq->priv;

	return irq_set_affinity(q->line.bell.irq, mask ?: cpu_online_mask);
}
