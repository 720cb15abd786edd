// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages of virtio-msg, as the device's side reads and writes them. */
#include "virtio_msg.h"

#include <string.h>

#include "cursor.h"
#include "writer.h"

#define FIRST_EVENT 0x40 /* ids from here on have no response and no token */

struct kind {
	bool bus;
	uint8_t id;
	const char *name;
	/* Numbers beyond the end read as 0, which every check lets pass. */
	int (*parse)(struct mk_cursor *c, struct mk_virtio_request *r,
		     struct mk_error *err);
};

static int parse_nothing(struct mk_cursor *c, struct mk_virtio_request *r,
			 struct mk_error *err)
{
	return 0;
}

static int parse_get_features(struct mk_cursor *c, struct mk_virtio_request *r,
			      struct mk_error *err)
{
	r->features.block = mk_cursor_u32(c);
	r->features.count = mk_cursor_u32(c);
	if (r->features.count > MKV_FEATURES)
		return mk_fail(err, MK_E_INPUT,
			       "%u blocks of features; one message has %d at "
			       "most",
			       r->features.count, MKV_FEATURES);
	return 0;
}

static int parse_set_features(struct mk_cursor *c, struct mk_virtio_request *r,
			      struct mk_error *err)
{
	int ret = parse_get_features(c, r, err);
	uint32_t i;

	for (i = 0; !ret && i < r->features.count; i++)
		r->features.bits[i] = mk_cursor_u32(c);
	return ret;
}

/* Behind the generation, where there is one. */
static int parse_get_config(struct mk_cursor *c, struct mk_virtio_request *r,
			    struct mk_error *err)
{
	r->config.offset = mk_cursor_u32(c);
	r->config.length = mk_cursor_u32(c);
	if (r->config.length > MKV_CONFIG_MAX ||
	    r->config.offset > MKV_CONFIG_MAX - r->config.length)
		return mk_fail(err, MK_E_INPUT,
			       "%u bytes of configuration at %u; no device has "
			       "more than %d",
			       r->config.length, r->config.offset,
			       MKV_CONFIG_MAX);
	return 0;
}

static int parse_set_config(struct mk_cursor *c, struct mk_virtio_request *r,
			    struct mk_error *err)
{
	const uint8_t *bytes;
	int ret;

	r->config.generation = mk_cursor_u32(c);
	ret = parse_get_config(c, r, err);
	if (ret)
		return ret;
	bytes = mk_cursor_take(c, r->config.length);
	if (bytes)
		memcpy(r->config.bytes, bytes, r->config.length);
	return 0;
}

static int parse_status(struct mk_cursor *c, struct mk_virtio_request *r,
			struct mk_error *err)
{
	r->status = mk_cursor_u32(c);
	return 0;
}

/* Any index: of a queue that is not there the answer says so. */
static int parse_index(struct mk_cursor *c, struct mk_virtio_request *r,
		       struct mk_error *err)
{
	r->index = mk_cursor_u32(c);
	return 0;
}

static int parse_queue(struct mk_cursor *c, struct mk_virtio_request *r,
		       struct mk_error *err)
{
	uint32_t max_size, reserved;

	r->queue.index = mk_cursor_u32(c);
	max_size = mk_cursor_u32(c);
	r->queue.size = mk_cursor_u32(c);
	reserved = mk_cursor_u32(c);
	r->queue.descriptors = mk_cursor_u64(c);
	r->queue.driver = mk_cursor_u64(c);
	r->queue.device = mk_cursor_u64(c);
	if (max_size || reserved)
		return mk_fail(err, MK_E_INPUT,
			       "SET_VQUEUE has something in a reserved field");
	return 0;
}

static int parse_available(struct mk_cursor *c, struct mk_virtio_request *r,
			   struct mk_error *err)
{
	r->index = mk_cursor_u32(c);
	if (mk_cursor_u32(c))
		return mk_fail(err, MK_E_INPUT,
			       "EVENT_AVAIL has data, which was not offered");
	return 0;
}

static int parse_devices(struct mk_cursor *c, struct mk_virtio_request *r,
			 struct mk_error *err)
{
	r->devices.offset = mk_cursor_u16(c);
	r->devices.count = mk_cursor_u16(c);
	if (r->devices.offset % 8 || r->devices.count % 8)
		return mk_fail(err, MK_E_INPUT,
			       "GET_DEVICES for %u numbers from %u; both are "
			       "multiples of 8",
			       r->devices.count, r->devices.offset);
	return 0;
}

static int parse_ping(struct mk_cursor *c, struct mk_virtio_request *r,
		      struct mk_error *err)
{
	const uint8_t *bytes = mk_cursor_take(c, sizeof(r->ping));

	if (bytes)
		memcpy(r->ping, bytes, sizeof(r->ping));
	return 0;
}

static const struct kind kinds[] = {
	{ false, MKV_GET_DEVICE_INFO, "GET_DEVICE_INFO", parse_nothing },
	{ false, MKV_GET_DEVICE_FEATURES, "GET_DEVICE_FEATURES",
	  parse_get_features },
	{ false, MKV_SET_DRIVER_FEATURES, "SET_DRIVER_FEATURES",
	  parse_set_features },
	{ false, MKV_GET_CONFIG, "GET_CONFIG", parse_get_config },
	{ false, MKV_SET_CONFIG, "SET_CONFIG", parse_set_config },
	{ false, MKV_GET_DEVICE_STATUS, "GET_DEVICE_STATUS", parse_nothing },
	{ false, MKV_SET_DEVICE_STATUS, "SET_DEVICE_STATUS", parse_status },
	{ false, MKV_GET_VQUEUE, "GET_VQUEUE", parse_index },
	{ false, MKV_SET_VQUEUE, "SET_VQUEUE", parse_queue },
	{ false, MKV_RESET_VQUEUE, "RESET_VQUEUE", parse_index },
	{ false, MKV_GET_SHM, "GET_SHM", parse_index },
	{ false, MKV_EVENT_AVAIL, "EVENT_AVAIL", parse_available },
	{ true, MKV_GET_DEVICES, "GET_DEVICES", parse_devices },
	{ true, MKV_PING, "PING", parse_ping },
};

static const struct kind *find_kind(bool bus, uint8_t id)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].bus == bus && kinds[i].id == id)
			return &kinds[i];
	return NULL;
}

/* The header but for its size: what kind it is, or NULL. */
static const struct kind *parse_header(struct mk_cursor *c,
				       struct mk_virtio_request *r,
				       struct mk_error *err)
{
	uint8_t type = mk_cursor_u8(c);
	const struct kind *kind;

	r->bus = type & MKV_TYPE_BUS;
	r->id = mk_cursor_u8(c);
	r->device = mk_cursor_u16(c);
	r->token = mk_cursor_u16(c);
	if (type & ~MKV_TYPE_BUS) {
		mk_fail(err, MK_E_INPUT,
			"a message of the type %#x; a driver sends %#x or %#x",
			type, 0, MKV_TYPE_BUS);
		return NULL;
	}
	kind = find_kind(r->bus, r->id);
	if (!kind) {
		mk_fail(err, MK_E_INPUT,
			"message %#x of the %s is none that a driver sends",
			r->id, r->bus ? "bus" : "transport");
		return NULL;
	}
	if (r->device >= (r->bus ? 1 : MKV_DEVICES)) {
		mk_fail(err, MK_E_INPUT, "%s names device %u; the last is %d",
			kind->name, r->device, r->bus ? 0 : MKV_DEVICES - 1);
		return NULL;
	}
	if (!r->token != (r->id >= FIRST_EVENT)) {
		mk_fail(err, MK_E_INPUT, "%s has %s token", kind->name,
			r->token ? "a" : "no");
		return NULL;
	}
	return kind;
}

int mk_virtio_request_parse(const void *bytes, size_t length,
			    struct mk_virtio_request *request,
			    struct mk_error *err)
{
	struct mk_cursor c = mk_cursor(bytes, length);
	struct mk_virtio_request r;
	const struct kind *kind;
	uint16_t size;
	int ret;

	if (length < sizeof(struct mkv_header) || length > MKV_MESSAGE_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "a message of %zu bytes; it has %zu to %d",
			       length, sizeof(struct mkv_header),
			       MKV_MESSAGE_MAX);
	memset(&r, 0, sizeof(r));
	kind = parse_header(&c, &r, err);
	if (!kind)
		return MK_E_INPUT;
	size = mk_cursor_u16(&c);
	if (size != length)
		return mk_fail(err, MK_E_INPUT,
			       "%s says that it has %u bytes; it has %zu",
			       kind->name, size, length);
	ret = kind->parse(&c, &r, err);
	if (ret)
		return ret;
	if (c.over || mk_cursor_left(&c))
		return mk_fail(err, MK_E_INPUT,
			       "%s is too %s: it has %zu bytes", kind->name,
			       c.over ? "short" : "long", length);
	/* Only now, when it is not too short: a 0 that was there. */
	if (kind->parse == parse_devices && !r.devices.count)
		return mk_fail(err, MK_E_INPUT,
			       "GET_DEVICES for 0 numbers would have no end");
	*request = r;
	return 0;
}

/* --- building --------------------------------------------------------------- */

static struct mk_writer begin(struct mk_virtio_message *m, uint8_t type,
			      uint8_t id, uint16_t device, uint16_t token)
{
	struct mk_writer w = mk_writer(m->bytes, sizeof(m->bytes));

	mk_writer_u8(&w, type);
	mk_writer_u8(&w, id);
	mk_writer_u16(&w, device);
	mk_writer_u16(&w, token);
	mk_writer_u16(&w, 0); /* the size, by finish() */
	return w;
}

static struct mk_writer respond(struct mk_virtio_message *m,
				const struct mk_virtio_request *r)
{
	return begin(m, MKV_TYPE_RESPONSE | (r->bus ? MKV_TYPE_BUS : 0), r->id,
		     r->device, r->token);
}

static void finish(struct mk_virtio_message *m, const struct mk_writer *w)
{
	mk_store(m->bytes + offsetof(struct mkv_header, size), w->at, 2);
	m->length = w->at;
}

void mk_virtio_respond_empty(struct mk_virtio_message *m,
			     const struct mk_virtio_request *r)
{
	struct mk_writer w = respond(m, r);

	finish(m, &w);
}

void mk_virtio_respond_info(struct mk_virtio_message *m,
			    const struct mk_virtio_request *r,
			    uint32_t device_id, uint32_t vendor_id,
			    uint32_t config_size, uint32_t max_queues)
{
	struct mk_writer w = respond(m, r);

	mk_writer_u32(&w, device_id);
	mk_writer_u32(&w, vendor_id);
	mk_writer_u32(&w, 64); /* feature bits */
	mk_writer_u32(&w, config_size);
	mk_writer_u32(&w, max_queues);
	mk_writer_u32(&w, 0); /* no admin queues: where, how many */
	finish(m, &w);
}

void mk_virtio_respond_features(struct mk_virtio_message *m,
				const struct mk_virtio_request *r,
				uint64_t features)
{
	uint32_t i, count = r->features.count;
	struct mk_writer w = respond(m, r);
	uint64_t block = r->features.block;

	if (count > MKV_FEATURES)
		count = MKV_FEATURES;
	mk_writer_u32(&w, r->features.block);
	mk_writer_u32(&w, count);
	for (i = 0; i < count; i++, block++)
		mk_writer_u32(&w, block < 2 ? (uint32_t)(features >> 32 * block)
					    : 0);
	finish(m, &w);
}

void mk_virtio_respond_config(struct mk_virtio_message *m,
			      const struct mk_virtio_request *r,
			      uint32_t generation, const uint8_t *bytes,
			      uint32_t length)
{
	struct mk_writer w = respond(m, r);

	if (length > MKV_CONFIG_MAX)
		length = MKV_CONFIG_MAX;
	mk_writer_u32(&w, generation);
	mk_writer_u32(&w, r->config.offset);
	mk_writer_u32(&w, length);
	if (length)
		mk_writer_put(&w, bytes, length);
	finish(m, &w);
}

void mk_virtio_respond_status(struct mk_virtio_message *m,
			      const struct mk_virtio_request *r,
			      uint32_t status)
{
	struct mk_writer w = respond(m, r);

	mk_writer_u32(&w, status);
	finish(m, &w);
}

void mk_virtio_respond_queue(struct mk_virtio_message *m,
			     const struct mk_virtio_request *r,
			     uint32_t max_size, uint32_t size,
			     uint64_t descriptors, uint64_t driver,
			     uint64_t device)
{
	struct mk_writer w = respond(m, r);

	mk_writer_u32(&w, r->index);
	mk_writer_u32(&w, max_size);
	mk_writer_u32(&w, size);
	mk_writer_u32(&w, 0);
	mk_writer_u64(&w, descriptors);
	mk_writer_u64(&w, driver);
	mk_writer_u64(&w, device);
	finish(m, &w);
}

void mk_virtio_respond_shm(struct mk_virtio_message *m,
			   const struct mk_virtio_request *r)
{
	struct mk_writer w = respond(m, r);

	mk_writer_u32(&w, r->index);
	mk_writer_u32(&w, 0); /* length: there is none */
	mk_writer_u32(&w, 0);
	finish(m, &w);
}

/* As many as there can be; the rest of what was asked for is not there. */
void mk_virtio_respond_devices(struct mk_virtio_message *m,
			       const struct mk_virtio_request *r,
			       uint64_t present)
{
	unsigned int first = r->devices.offset, count = 0, i;
	struct mk_writer w = respond(m, r);

	if (first < MKV_DEVICES)
		count = MKV_DEVICES - first;
	if (count > r->devices.count)
		count = r->devices.count;
	mk_writer_u16(&w, (uint16_t)first);
	mk_writer_u16(&w, (uint16_t)count);
	/* The next number, if there is one. */
	i = first + count;
	mk_writer_u16(&w, i < MKV_DEVICES && present >> i ? (uint16_t)i : 0);
	for (i = first; i < first + count; i += 8)
		mk_writer_u8(&w, (uint8_t)(present >> i));
	finish(m, &w);
}

void mk_virtio_respond_ping(struct mk_virtio_message *m,
			    const struct mk_virtio_request *r)
{
	struct mk_writer w = respond(m, r);

	mk_writer_put(&w, r->ping, sizeof(r->ping));
	finish(m, &w);
}

void mk_virtio_event_config(struct mk_virtio_message *m, uint16_t device,
			    uint32_t status, uint32_t generation)
{
	struct mk_writer w = begin(m, 0, MKV_EVENT_CONFIG, device, 0);

	mk_writer_u32(&w, status);
	mk_writer_u32(&w, generation);
	mk_writer_u32(&w, 0); /* offset */
	mk_writer_u32(&w, 0); /* no bytes: read what you need */
	finish(m, &w);
}

void mk_virtio_event_used(struct mk_virtio_message *m, uint16_t device,
			  uint32_t queue)
{
	struct mk_writer w = begin(m, 0, MKV_EVENT_USED, device, 0);

	mk_writer_u32(&w, queue);
	finish(m, &w);
}

void mk_virtio_event_device(struct mk_virtio_message *m, uint16_t device,
			    uint16_t state)
{
	struct mk_writer w = begin(m, MKV_TYPE_BUS, MKV_EVENT_DEVICE, 0, 0);

	mk_writer_u16(&w, device);
	mk_writer_u16(&w, state);
	finish(m, &w);
}
