/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages of multikernel/virtio_msg.h, taken apart and put together.
 *
 * A message is checked as a whole when it is taken apart: known id, length that
 * fits the id, counts that fit the length, device number in range.  What comes
 * out is a copy in the computer's own byte order.
 */
#ifndef MK_VIRTIO_MSG_H
#define MK_VIRTIO_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <multikernel/virtio_msg.h>

#include "error.h"

/* A request of the driver's side, or an event of it. */
struct mk_virtio_request {
	bool bus;
	uint8_t id; /* MKV_... */
	uint16_t device, token;
	union {
		struct {
			uint32_t block, count; /* count <= MKV_FEATURES */
			uint32_t bits[MKV_FEATURES]; /* SET only */
		} features;
		struct {
			/* offset + length <= MKV_CONFIG_MAX */
			uint32_t generation, offset, length;
			uint8_t bytes[MKV_CONFIG_MAX]; /* SET only */
		} config;
		uint32_t status;
		uint32_t index; /* of a queue, or of shared memory; any */
		struct {
			uint32_t index, size; /* any */
			uint64_t descriptors, driver, device;
		} queue;
		struct {
			uint16_t offset, count; /* multiples of 8; count > 0 */
		} devices;
		uint8_t ping[4];
	};
};

/* MK_E_INPUT, with what is wrong with it. */
int mk_virtio_request_parse(const void *bytes, size_t length,
			    struct mk_virtio_request *request,
			    struct mk_error *err);

/* Room for any message that is built here. */
struct mk_virtio_message {
	size_t length;
	uint8_t bytes[MKV_MESSAGE_MAX];
};

/* Responses; each copies device and token from the request. */
void mk_virtio_respond_empty(struct mk_virtio_message *m,
			     const struct mk_virtio_request *r);
void mk_virtio_respond_info(struct mk_virtio_message *m,
			    const struct mk_virtio_request *r,
			    uint32_t device_id, uint32_t vendor_id,
			    uint32_t config_size, uint32_t max_queues);
/* The blocks asked for, out of 64 bits; further blocks are 0. */
void mk_virtio_respond_features(struct mk_virtio_message *m,
				const struct mk_virtio_request *r,
				uint64_t features);
/* @length bytes from @config, which has been checked to be there. */
void mk_virtio_respond_config(struct mk_virtio_message *m,
			      const struct mk_virtio_request *r,
			      uint32_t generation, const uint8_t *bytes,
			      uint32_t length);
void mk_virtio_respond_status(struct mk_virtio_message *m,
			      const struct mk_virtio_request *r,
			      uint32_t status);
void mk_virtio_respond_queue(struct mk_virtio_message *m,
			     const struct mk_virtio_request *r,
			     uint32_t max_size, uint32_t size,
			     uint64_t descriptors, uint64_t driver,
			     uint64_t device);
void mk_virtio_respond_shm(struct mk_virtio_message *m,
			   const struct mk_virtio_request *r);
/* @present: bit n is device number n. */
void mk_virtio_respond_devices(struct mk_virtio_message *m,
			       const struct mk_virtio_request *r,
			       uint64_t present);
void mk_virtio_respond_ping(struct mk_virtio_message *m,
			    const struct mk_virtio_request *r);

/* Events of the device's side. */
void mk_virtio_event_config(struct mk_virtio_message *m, uint16_t device,
			    uint32_t status, uint32_t generation);
void mk_virtio_event_used(struct mk_virtio_message *m, uint16_t device,
			  uint32_t queue);
void mk_virtio_event_device(struct mk_virtio_message *m, uint16_t device,
			    uint16_t state);

#endif /* MK_VIRTIO_MSG_H */
