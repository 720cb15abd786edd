// SPDX-License-Identifier: GPL-2.0-only
/* What virtio drivers ask of a transport: features, status, configuration. */
#include "virtio.h"

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

/* --- configuration ----------------------------------------------------------- */

/* Read all of it, unless the copy is still good; config_lock is held. */
static int read_config(struct mkv_device *device)
{
	struct mkv_get_config ask = { .length = cpu_to_le32(
					      device->config_size) };
	int event = atomic_read(&device->config_event);
	struct mkv_config *config;
	struct mkv_reply reply;
	int err;

	if (device->config_valid && device->config_seen == event)
		return 0;
	reply.room = sizeof(*config) + device->config_size;
	config = kmalloc(reply.room, GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	reply.bytes = config;
	err = mkv_request(device, MKV_GET_CONFIG, &ask, sizeof(ask), &reply,
			  reply.room);
	if (!err) {
		memcpy(device->config, config->bytes, device->config_size);
		device->generation = le32_to_cpu(config->generation);
		device->config_seen = event;
		device->config_valid = true;
	}
	kfree(config);
	return err;
}

static void get(struct virtio_device *vdev, unsigned int offset, void *buffer,
		unsigned int length)
{
	struct mkv_device *device = mkv_device_of(vdev);

	memset(buffer, 0, length);
	if (offset > device->config_size ||
	    length > device->config_size - offset)
		return;
	mutex_lock(&device->config_lock);
	/* Without an answer the last one has to do; at first it is zeros. */
	read_config(device);
	memcpy(buffer, device->config + offset, length);
	mutex_unlock(&device->config_lock);
}

static u32 generation(struct virtio_device *vdev)
{
	struct mkv_device *device = mkv_device_of(vdev);
	u32 value;

	mutex_lock(&device->config_lock);
	read_config(device);
	value = device->generation;
	mutex_unlock(&device->config_lock);
	return value;
}

static void set(struct virtio_device *vdev, unsigned int offset,
		const void *buffer, unsigned int length)
{
	struct mkv_device *device = mkv_device_of(vdev);
	struct mkv_config *config;

	if (offset > device->config_size ||
	    length > device->config_size - offset)
		return;
	config = kmalloc(sizeof(*config) + length, GFP_KERNEL);
	if (!config)
		return;
	mutex_lock(&device->config_lock);
	config->generation = cpu_to_le32(device->generation);
	config->offset = cpu_to_le32(offset);
	config->length = cpu_to_le32(length);
	memcpy(config->bytes, buffer, length);
	mkv_request(device, MKV_SET_CONFIG, config, sizeof(*config) + length,
		    NULL, 0);
	device->config_valid = false;
	mutex_unlock(&device->config_lock);
	kfree(config);
}

/* --- status ------------------------------------------------------------------ */

static int tell_status(struct mkv_device *device, u32 status)
{
	struct mkv_status word = { .status = cpu_to_le32(status) };
	struct mkv_reply reply = { &word, sizeof(word) };
	int err;

	err = mkv_request(device, MKV_SET_DEVICE_STATUS, &word, sizeof(word),
			  &reply, sizeof(word));
	/* No more than was asked for, or a driver would be misled. */
	if (!err)
		device->status = le32_to_cpu(word.status) &
				 (status | VIRTIO_CONFIG_S_NEEDS_RESET);
	return err;
}

static u8 get_status(struct virtio_device *vdev)
{
	return mkv_device_of(vdev)->status;
}

static void set_status(struct virtio_device *vdev, u8 status)
{
	tell_status(mkv_device_of(vdev), status);
}

/*
 * Returns when the host's side has let go of the queues.  If the device is gone
 * it has, or the host has seen to it.
 */
static void reset(struct virtio_device *vdev)
{
	struct mkv_device *device = mkv_device_of(vdev);
	int err;

	/* The rings are freed after this: nothing else will do. */
	while ((err = tell_status(device, 0)) && err != -ENODEV &&
	       err != -ETIMEDOUT)
		msleep(100);
	device->status = 0;
	mkv_synchronize_cbs(vdev);
}

void mkv_device_end(struct mkv_device *device)
{
	if (device->status)
		reset(&device->vdev);
}

/* --- features ---------------------------------------------------------------- */

static u64 get_features(struct virtio_device *vdev)
{
	struct mkv_features ask = { .count = cpu_to_le32(2) };
	struct {
		struct mkv_features head;
		__le32 bits[2];
	} answer;
	struct mkv_reply reply = { &answer, sizeof(answer) };

	if (mkv_request(mkv_device_of(vdev), MKV_GET_DEVICE_FEATURES, &ask,
			sizeof(ask), &reply, sizeof(answer)))
		return 0;
	return le32_to_cpu(answer.bits[0]) | (u64)le32_to_cpu(answer.bits[1])
						     << 32;
}

#define NOTIFICATION_DATA 38 /* VIRTIO_F_NOTIFICATION_DATA: not known to 6.1 */

static int finalize_features(struct virtio_device *vdev)
{
	struct {
		struct mkv_features head;
		__le32 bits[2];
	} tell = { .head.count = cpu_to_le32(2) };

	vring_transport_features(vdev);
	/* Not spoken here: addresses are physical, and kicks have no data. */
	__virtio_clear_bit(vdev, VIRTIO_F_ACCESS_PLATFORM);
	__virtio_clear_bit(vdev, NOTIFICATION_DATA);
	if (!__virtio_test_bit(vdev, VIRTIO_F_VERSION_1)) {
		dev_err(&vdev->dev, "the device has no VIRTIO_F_VERSION_1\n");
		return -EINVAL;
	}
	tell.bits[0] = cpu_to_le32((u32)vdev->features);
	tell.bits[1] = cpu_to_le32((u32)(vdev->features >> 32));
	return mkv_request(mkv_device_of(vdev), MKV_SET_DRIVER_FEATURES, &tell,
			   sizeof(tell), NULL, 0);
}

static const char *bus_name(struct virtio_device *vdev)
{
	return "multikernel";
}

COMPAT_DEFINE_FIND_VQS(find_vqs, mkv_queue_add, mkv_del_vqs)

static const struct virtio_config_ops config_ops = {
	.get = get,
	.set = set,
	.generation = generation,
	.get_status = get_status,
	.set_status = set_status,
	.reset = reset,
	.find_vqs = find_vqs,
	.del_vqs = mkv_del_vqs,
	.synchronize_cbs = mkv_synchronize_cbs,
	.get_features = get_features,
	.finalize_features = finalize_features,
	.bus_name = bus_name,
	.set_vq_affinity = mkv_set_vq_affinity,
};

/* --- coming and going --------------------------------------------------------- */

static void release(struct device *dev)
{
	kfree(mkv_device_of(dev_to_virtio(dev)));
}

int mkv_device_ask(struct mkv_device *device)
{
	struct mkv_device_info info;
	struct mkv_reply reply = { &info, sizeof(info) };
	int err;

	err = mkv_request(device, MKV_GET_DEVICE_INFO, NULL, 0, &reply,
			  sizeof(info));
	if (err)
		return err;
	device->vdev.id.device = le32_to_cpu(info.device_id);
	device->vdev.id.vendor = le32_to_cpu(info.vendor_id);
	device->config_size = le32_to_cpu(info.config_size);
	device->max_queues = le32_to_cpu(info.max_queues);
	if (!device->vdev.id.device || device->config_size > MKV_CONFIG_MAX ||
	    device->max_queues > MKV_QUEUES) {
		pr_err("device %u is not one that can be driven\n",
		       device->number);
		return -EINVAL;
	}
	WRITE_ONCE(device->known, true);
	return 0;
}

struct mkv_device *mkv_device_create(u16 number, struct device *parent)
{
	struct mkv_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return NULL;
	device->number = number;
	mutex_init(&device->config_lock);
	device->vdev.dev.parent = parent;
	device->vdev.dev.release = release;
	device->vdev.config = &config_ops;
	return device;
}
