/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * multikernel_virtio.ko: virtio devices that the host serves, for the drivers
 * of an unmodified kernel.  Its objects, and its prototypes by file.
 *
 * Locks: none is held while another is taken; only the mutex is held while a
 * request waits.
 *   mkv_devices_lock   a spinlock: which devices there are (main.c)
 *   (message.c)        a spinlock: requests that wait for their response
 *   device->config_lock   a mutex: the copy of the configuration
 * Each device number has one work that adds and removes it, so that needs none.
 */
#ifndef MKV_VIRTIO_H
#define MKV_VIRTIO_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/virtio.h>

#include <multikernel/virtio_msg.h>

#include "../channel/peer.h"

struct mkv_device;

struct mkv_queue {
	struct mkc_line line;
	struct virtqueue *vq; /* NULL = not set up */
	bool spins; /* its driver does, until the buffer is used */
};

struct mkv_device {
	struct virtio_device vdev; /* freed by its release() */
	u16 number;
	u32 max_queues, config_size; /* as the host said; bounded */
	u32 status; /* as the device last answered */
	bool gone; /* no request is answered any more; set once */
	bool known; /* the host has said what it is; set once */
	bool leaving; /* to be unregistered; set once; mkv_devices_lock */
	bool has_queues; /* set once; mkv_devices_lock */
	struct mutex config_lock;
	/* Of the copy: counts changes that the host told of. */
	atomic_t config_event;
	int config_seen; /* config_event when it was read; config_lock */
	bool config_valid; /* config_lock */
	u32 generation; /* config_lock */
	u8 config[MKV_CONFIG_MAX]; /* config_lock */
	struct mkv_queue queues[MKV_QUEUES];
};

/* main.c */
extern struct mkc_peer *mkv_host; /* constant while the module is there */
extern spinlock_t mkv_devices_lock;
/* It is known which devices there are, or that nobody serves any. */
void mkv_scanned(void);

/* message.c: requests and their responses */

struct mkv_reply {
	void *bytes; /* NULL = none is wanted */
	size_t room;
	size_t length; /* out: <= room */
};

/*
 * Send a request and wait for its response, for as long as that takes: the
 * supervisor may be away for a while.  @device NULL = of the bus.  Errors:
 * -ENODEV (the device is gone, or the host is), -EPROTO (the response has not
 * @least bytes), -ENOMEM, -ETIMEDOUT (only while this kernel shuts down).
 * Process context, sleeps.
 */
int mkv_request(struct mkv_device *device, u8 id, const void *payload,
		size_t length, struct mkv_reply *reply, size_t least);
void mkv_response(const struct mkv_header *header, const void *payload,
		  size_t length);
/* The supervisor is there, or something is over: look again. */
void mkv_requests_wake(void);
/* Requests of the bus, and for devices that are not known yet, fail now on. */
void mkv_requests_end(void);

/* device.c: what virtio drivers ask of a transport */

/* To be asked about, then registered; until then kfree() ends it. */
struct mkv_device *mkv_device_create(u16 number, struct device *parent);
/* Ask the host what it is.  Errors: of mkv_request(), -EINVAL. */
int mkv_device_ask(struct mkv_device *device);
/* No driver has it any more: let the host know, which waits for that. */
void mkv_device_end(struct mkv_device *device);

/* queue.c: virtqueues and their lines */
struct virtqueue *mkv_queue_add(struct virtio_device *vdev, unsigned int index,
				void (*callback)(struct virtqueue *vq),
				const char *name, bool ctx);
void mkv_del_vqs(struct virtio_device *vdev);
void mkv_synchronize_cbs(struct virtio_device *vdev);
int mkv_set_vq_affinity(struct virtqueue *vq, const struct cpumask *mask);

static inline struct mkv_device *mkv_device_of(struct virtio_device *vdev)
{
	return container_of(vdev, struct mkv_device, vdev);
}

#endif /* MKV_VIRTIO_H */
