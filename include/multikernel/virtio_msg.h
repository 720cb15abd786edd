/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * virtio-msg: how a spawn's virtio drivers talk to the devices that its host
 * serves.
 *
 * The framing is revision 1 of the virtio-msg transport as proposed for virtio
 * 1.4 (virtio-comment, "virtio-msg" v2, 2026): header, message ids and payloads
 * are the draft's.  What the draft leaves to the bus is said here.
 *
 * The bus
 * =======
 *
 * One message of the bus is one message of the channel, of the type
 * MKW_TYPE_VIRTIO, sent as a request of the channel whose empty reply says that
 * it is queued.  On the host a program (the supervisor) owns the type, by
 * MK_IOC_ATTACH; in the spawn multikernel_virtio.ko does.  Order is kept.
 *
 * A request is answered by a response with its device number and token.  It may
 * be sent again, the same bytes, when no response came: the supervisor may have
 * died in between, and each has the same effect if done twice.  The response to
 * SET_DEVICE_STATUS with 0 comes when nothing touches the queues' memory any
 * more.
 *
 * When it begins to serve, also after a restart of its own, the supervisor
 * sends EVENT_DEVICE for each of its devices.  A device that the spawn knows
 * already goes on as it is; requests without a response are sent again.  When
 * multikernel_virtio.ko begins it asks with GET_DEVICES, and resets each.
 *
 * A device is taken away in two steps.  The first MKV_DEVICE_REMOVED asks the
 * spawn to let go of it, while it still works: a file system can be written
 * back, and the driver ends with a reset.  The second says that it is gone:
 * what waits for it fails.
 *
 * Addresses of virtqueues are physical addresses in the instance's memory.
 * Notifications of buffers go out of band, by the lines of the channel (struct
 * mkw_lines): queue q of device d has the line MKW_LINE(d, q).  EVENT_AVAIL and
 * EVENT_USED are not used.  VIRTIO_F_NOTIFICATION_DATA and
 * VIRTIO_F_ACCESS_PLATFORM are not offered; VIRTIO_F_VERSION_1 always is, and
 * must be accepted.
 *
 * All fields are little-endian; both sides check lengths before they look.
 */
#ifndef MULTIKERNEL_VIRTIO_MSG_H
#define MULTIKERNEL_VIRTIO_MSG_H

#include <linux/types.h>

#include <multikernel/wire.h>

#define MKV_REVISION	1
#define MKV_MESSAGE_MAX 512 /* bytes, header and payload */
#define MKV_DEVICES	64 /* device numbers 0..63 */
#define MKV_QUEUES	32 /* of one device */
#define MKV_QUEUE_MAX	1024 /* entries of one queue */
#define MKV_CONFIG_MAX	256 /* bytes of one device's configuration */
#define MKV_FEATURES	4 /* blocks of 32 feature bits that are spoken of */

struct mkv_header {
	__u8 type; /* MKV_TYPE_... */
	__u8 id;
	__le16 device; /* 0 in messages of the bus */
	__le16 token; /* of a request, not 0; its response has it; else 0 */
	__le16 size; /* of header and payload */
};

#define MKV_TYPE_RESPONSE 1 /* else a request or an event */
#define MKV_TYPE_BUS	  2 /* else of the transport */

/* Of the transport: ids, and their requests and responses. */
#define MKV_GET_DEVICE_INFO	0x02 /* nothing -> mkv_device_info */
#define MKV_GET_DEVICE_FEATURES 0x03 /* mkv_features, no bits -> with bits */
#define MKV_SET_DRIVER_FEATURES 0x04 /* mkv_features with bits -> nothing */
#define MKV_GET_CONFIG		0x05 /* mkv_config, no bytes -> with bytes */
#define MKV_SET_CONFIG		0x06 /* mkv_config with bytes -> the same */
#define MKV_GET_DEVICE_STATUS	0x07 /* nothing -> mkv_status */
#define MKV_SET_DEVICE_STATUS	0x08 /* mkv_status -> mkv_status, as it is now */
#define MKV_GET_VQUEUE		0x09 /* mkv_index -> mkv_vqueue */
#define MKV_SET_VQUEUE		0x0a /* mkv_vqueue -> nothing */
#define MKV_RESET_VQUEUE	0x0b /* mkv_index -> nothing */
#define MKV_GET_SHM		0x0c /* mkv_index -> mkv_shm */
#define MKV_EVENT_CONFIG	0x40 /* mkv_event_config */
#define MKV_EVENT_AVAIL		0x41 /* mkv_event_avail */
#define MKV_EVENT_USED		0x42 /* mkv_index */

/* Of the bus. */
#define MKV_GET_DEVICES	 0x02 /* mkv_devices, no bits -> with bits */
#define MKV_PING	 0x03 /* 4 bytes -> the same */
#define MKV_EVENT_DEVICE 0x40 /* mkv_event_device */

struct mkv_device_info {
	__le32 device_id; /* virtio's: 1 = net, ... */
	__le32 vendor_id;
	__le32 nr_feature_bits; /* a multiple of 32 */
	__le32 config_size;
	__le32 max_queues;
	__le16 admin_queue_start;
	__le16 admin_queue_count;
};

struct mkv_features {
	__le32 block; /* index of the first 32 bits */
	__le32 count; /* of blocks */
	__le32 bits[]; /* count of them, where there are bits */
};

struct mkv_config {
	__le32 generation; /* 0 in a GET */
	__le32 offset;
	__le32 length;
	__u8 bytes[]; /* length of them, where there are bytes */
};

struct mkv_get_config { /* the request; the draft's GET has no generation */
	__le32 offset;
	__le32 length;
};

struct mkv_status {
	__le32 status; /* VIRTIO_CONFIG_S_... */
};

struct mkv_index {
	__le32 index;
};

struct mkv_vqueue {
	__le32 index;
	__le32 max_size; /* 0 in a SET; of a GET 0: there is no such queue */
	__le32 size; /* 0 = not set up */
	__le32 reserved;
	__le64 descriptors; /* physical */
	__le64 driver; /* the available ring */
	__le64 device; /* the used ring */
};

struct mkv_shm {
	__le32 index;
	__le32 length; /* 0: there is none */
	__le32 address;
};

struct mkv_event_config {
	__le32 status;
	__le32 generation;
	__le32 offset;
	__le32 length; /* bytes that follow; 0: read what you need */
};

struct mkv_event_avail {
	__le32 index;
	__le32 next; /* 0 */
};

struct mkv_devices {
	__le16 offset; /* the first number asked for, a multiple of 8 */
	__le16 count; /* of numbers, likewise */
	__le16 next; /* of a response: where to go on; 0 = no more */
	__u8 bits[]; /* of a response: count / 8 bytes, lowest bit first */
};

struct mkv_get_devices { /* the request */
	__le16 offset;
	__le16 count;
};

struct mkv_event_device {
	__le16 device;
	__le16 state; /* MKV_DEVICE_... */
};

#define MKV_DEVICE_READY   1
#define MKV_DEVICE_REMOVED 2 /* once: let go of it; twice: it is gone */

MKW_SIZE(mkv_header, 8);
MKW_SIZE(mkv_device_info, 24);
MKW_SIZE(mkv_features, 8);
MKW_SIZE(mkv_config, 12);
MKW_SIZE(mkv_get_config, 8);
MKW_SIZE(mkv_vqueue, 40);
MKW_SIZE(mkv_shm, 12);
MKW_SIZE(mkv_event_config, 16);
MKW_SIZE(mkv_event_avail, 8);
MKW_SIZE(mkv_devices, 6);
MKW_SIZE(mkv_get_devices, 4);
MKW_SIZE(mkv_event_device, 4);

#endif /* MULTIKERNEL_VIRTIO_MSG_H */
