// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of the spawn's drivers: multikernel/virtio_msg.h, and the device's
 * side of virtio 1.2, sections 2.1 (status), 2.2 (features) and 3.1 (order).
 *
 * Each has the same effect if it comes twice, and is in the state file before
 * its response goes out.  The protocol has no response that says no: what is
 * refused changes nothing, is answered, and where the driver would go on as if
 * it had been done, it finds DEVICE_NEEDS_RESET in the status.
 */
#include "core.h"

#include <linux/virtio_config.h>
#include <string.h>

#define VENDOR 0x4e524b4d /* "MKRN" */

/* Bits that a driver sets, one after the other. */
#define DRIVER_BITS                                                \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |    \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK | \
	 VIRTIO_CONFIG_S_FAILED)

/* --- status --------------------------------------------------------------- */

static bool features_fit(const struct serve_slot *slot)
{
	uint64_t features = slot->d.state->features;

	return features >> VIRTIO_F_VERSION_1 & 1 &&
	       !(features & ~serve_offered(slot));
}

/* What of @wanted the device takes; it is in the state then. */
static void take_status(struct serve_slot *slot, uint32_t wanted)
{
	struct serve_device *d = &slot->d;
	uint32_t now = d->state->status, fresh;

	wanted &= ~VIRTIO_CONFIG_S_NEEDS_RESET; /* ours to set */
	if (wanted & ~DRIVER_BITS || now & DRIVER_BITS & ~wanted) {
		serve_complain(d->s, d, "refused status 0x%x after 0x%x",
			       wanted, now);
		return;
	}
	fresh = wanted & ~now;
	if (fresh & VIRTIO_CONFIG_S_FEATURES_OK &&
	    (d->broken || !features_fit(slot))) {
		/*
		 * So a broken device's driver fails.  At DRIVER_OK it would be
		 * too late: a disk's waits for its partition table for ever.
		 */
		if (!d->broken)
			serve_complain(
				d->s, d,
				"refused features 0x%llx: offered were 0x%llx",
				(unsigned long long)d->state->features,
				(unsigned long long)serve_offered(slot));
		fresh &= ~(VIRTIO_CONFIG_S_FEATURES_OK |
			   VIRTIO_CONFIG_S_DRIVER_OK);
	}
	if (fresh & VIRTIO_CONFIG_S_DRIVER_OK &&
	    (!((now | fresh) & VIRTIO_CONFIG_S_FEATURES_OK) ||
	     now & VIRTIO_CONFIG_S_NEEDS_RESET)) {
		serve_complain(d->s, d, "refused DRIVER_OK at status 0x%x",
			       now);
		fresh &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	}
	d->state->life = d->s->state->life;
	/* Before the start: who dies in there leaves queues that are in use. */
	d->state->status = now | fresh;
	if (fresh & VIRTIO_CONFIG_S_DRIVER_OK)
		serve_start(slot, false);
}

static void set_status(struct serve_slot *slot,
		       const struct mk_virtio_request *r)
{
	struct mk_virtio_message m;
	struct serve *s = slot->d.s;

	if (r->status)
		take_status(slot, r->status);
	else
		serve_reset(slot);
	/* "Nothing touches the queues any more" would not be true. */
	if (!r->status && slot->d.holds)
		return;
	mk_virtio_respond_status(&m, r, slot->d.state->status);
	serve_out(s, &m, false);
	if (!r->status && slot->leaving)
		serve_remove_now(slot);
}

/* --- features ------------------------------------------------------------- */

static void set_features(struct serve_slot *slot,
			 const struct mk_virtio_request *r)
{
	struct serve_device_state *state = slot->d.state;
	uint64_t features = state->features;
	uint32_t i, block;

	for (i = 0; i < r->features.count; i++) {
		block = r->features.block + i;
		if (block == 0)
			features = (features & ~0xffffffffULL) |
				   r->features.bits[i];
		else if (block == 1)
			features = (features & 0xffffffffULL) |
				   (uint64_t)r->features.bits[i] << 32;
		else if (r->features.bits[i])
			features = UINT64_MAX; /* never offered: FEATURES_OK */
	}
	if (features == state->features)
		return;
	if (state->status & VIRTIO_CONFIG_S_FEATURES_OK) {
		serve_complain(slot->d.s, &slot->d,
			       "refused features: FEATURES_OK is set");
		serve_needs_reset(slot);
		return;
	}
	state->features = features;
}

/* --- queues --------------------------------------------------------------- */

static bool same_queue(const struct serve_queue_state *q,
		       const struct mk_virtio_request *r)
{
	return q->size == r->queue.size &&
	       (!q->size ||
		(q->descriptors == r->queue.descriptors &&
		 q->driver == r->queue.driver && q->device == r->queue.device));
}

static int check_queue(const struct serve_slot *slot,
		       const struct mk_virtio_request *r, struct mk_error *err)
{
	const struct serve_device *d = &slot->d;
	const struct mk_virtqueue_memory where = serve_queue_memory(d->s);

	if (r->queue.index >= d->nr_queues)
		return mk_fail(err, MK_E_INPUT, "there are %u queues",
			       d->nr_queues);
	if (!(d->state->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return mk_fail(err, MK_E_INPUT, "FEATURES_OK is not set");
	if (d->state->status & VIRTIO_CONFIG_S_DRIVER_OK)
		return mk_fail(err, MK_E_INPUT, "DRIVER_OK is set");
	if (!r->queue.size)
		return 0;
	if (r->queue.size > d->queue_max)
		return mk_fail(err, MK_E_INPUT, "%u entries, of %u at most",
			       r->queue.size, d->queue_max);
	return mk_virtqueue_check(&where, r->queue.size, r->queue.descriptors,
				  r->queue.driver, r->queue.device, err);
}

static void set_queue(struct serve_slot *slot,
		      const struct mk_virtio_request *r)
{
	struct serve_queue_state *q;
	struct mk_error err;

	if (r->queue.index < slot->d.nr_queues &&
	    same_queue(&slot->d.state->queues[r->queue.index], r))
		return;
	if (check_queue(slot, r, &err)) {
		serve_complain(slot->d.s, &slot->d, "refused queue %u: %s",
			       r->queue.index, err.text);
		serve_needs_reset(slot);
		return;
	}
	q = &slot->d.state->queues[r->queue.index];
	memset(q, 0, sizeof(*q));
	if (!r->queue.size)
		return;
	q->descriptors = r->queue.descriptors;
	q->driver = r->queue.driver;
	q->device = r->queue.device;
	q->size = r->queue.size;
}

static void reset_queue(struct serve_slot *slot,
			const struct mk_virtio_request *r)
{
	struct serve_device_state *state = slot->d.state;

	if (r->index >= slot->d.nr_queues || !state->queues[r->index].size)
		return;
	/* VIRTIO_F_RING_RESET is not offered. */
	if (state->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		serve_complain(slot->d.s, &slot->d,
			       "refused to reset queue %u alone", r->index);
		serve_needs_reset(slot);
		return;
	}
	memset(&state->queues[r->index], 0, sizeof(state->queues[0]));
}

static void get_queue(struct serve_slot *slot,
		      const struct mk_virtio_request *r,
		      struct mk_virtio_message *m)
{
	const struct serve_queue_state *q;

	if (r->index >= slot->d.nr_queues) {
		mk_virtio_respond_queue(m, r, 0, 0, 0, 0, 0);
		return;
	}
	q = &slot->d.state->queues[r->index];
	mk_virtio_respond_queue(m, r, slot->d.queue_max, q->size,
				q->descriptors, q->driver, q->device);
}

/* --- configuration -------------------------------------------------------- */

static void config(struct serve_slot *slot, const struct mk_virtio_request *r,
		   struct mk_virtio_message *m)
{
	struct serve_device *d = &slot->d;
	uint32_t offset = r->config.offset, length = r->config.length;

	/* Outside there is nothing to read: the answer is shorter. */
	if (offset > d->config_size)
		offset = d->config_size;
	if (length > d->config_size - offset)
		length = d->config_size - offset;
	if (r->id == MKV_SET_CONFIG) {
		if (length == r->config.length && d->kind->configure)
			d->kind->configure(d, offset, r->config.bytes, length);
		else
			serve_complain(d->s, d,
				       "refused to write %u bytes of "
				       "configuration at %u",
				       r->config.length, r->config.offset);
	}
	mk_virtio_respond_config(m, r, d->state->generation, d->config + offset,
				 length);
}

/* --- all of them ---------------------------------------------------------- */

static void handle_bus(struct serve *s, const struct mk_virtio_request *r)
{
	struct mk_virtio_message m;
	uint64_t present = 0;
	unsigned int i;

	switch (r->id) {
	case MKV_GET_DEVICES:
		for (i = 0; i < SERVE_DEVICES; i++)
			if (s->slots[i] && !s->slots[i]->leaving)
				present |= 1ULL << i;
		mk_virtio_respond_devices(&m, r, present);
		break;
	case MKV_PING:
		mk_virtio_respond_ping(&m, r);
		break;
	default:
		return;
	}
	serve_out(s, &m, false);
}

static void handle_device(struct serve_slot *slot,
			  const struct mk_virtio_request *r)
{
	struct mk_virtio_message m;
	struct serve_device *d = &slot->d;

	mk_virtio_respond_empty(&m, r);
	switch (r->id) {
	case MKV_GET_DEVICE_INFO:
		mk_virtio_respond_info(&m, r, d->kind->device_id, VENDOR,
				       d->config_size, d->nr_queues);
		break;
	case MKV_GET_DEVICE_FEATURES:
		mk_virtio_respond_features(&m, r, serve_offered(slot));
		break;
	case MKV_SET_DRIVER_FEATURES:
		set_features(slot, r);
		break;
	case MKV_GET_CONFIG:
	case MKV_SET_CONFIG:
		config(slot, r, &m);
		break;
	case MKV_GET_DEVICE_STATUS:
		mk_virtio_respond_status(&m, r, d->state->status);
		break;
	case MKV_SET_DEVICE_STATUS:
		/* The slot may be gone after this. */
		set_status(slot, r);
		return;
	case MKV_GET_VQUEUE:
		get_queue(slot, r, &m);
		break;
	case MKV_SET_VQUEUE:
		set_queue(slot, r);
		break;
	case MKV_RESET_VQUEUE:
		reset_queue(slot, r);
		break;
	case MKV_GET_SHM:
		mk_virtio_respond_shm(&m, r);
		break;
	default: /* events: buffers are told of by lines */
		return;
	}
	serve_out(d->s, &m, false);
}

void serve_handle(struct serve *s, const void *bytes, size_t length)
{
	struct mk_virtio_request r;
	struct mk_virtio_message m;
	struct mk_error err;

	if (mk_virtio_request_parse(bytes, length, &r, &err)) {
		serve_complain(s, NULL, "refused a message: %s", err.text);
		return;
	}
	if (r.bus) {
		handle_bus(s, &r);
	} else if (s->slots[r.device]) {
		handle_device(s->slots[r.device], &r);
	} else {
		/* It missed that this one is gone, and waits for an answer. */
		mk_virtio_event_device(&m, r.device, MKV_DEVICE_REMOVED);
		serve_out(s, &m, true);
	}
}
