// SPDX-License-Identifier: GPL-2.0-only
/*
 * A message from a spawn: nothing beyond its end is read, what is accepted
 * keeps its bounds, and each answer to it fits.  The first byte chooses whether
 * the size field is made right, which few inputs would hit.
 */
#include <stdlib.h>
#include <string.h>

#include "virtio_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct mk_virtio_request *r)
{
	if (r->device >= (r->bus ? 1 : MKV_DEVICES))
		abort();
	if (!r->token != (r->id >= 0x40))
		abort();
	if (r->bus) {
		if (r->id == MKV_GET_DEVICES &&
		    (r->devices.count % 8 || r->devices.offset % 8 ||
		     !r->devices.count))
			abort();
		return;
	}
	if (r->id == MKV_GET_DEVICE_FEATURES ||
	    r->id == MKV_SET_DRIVER_FEATURES) {
		if (r->features.count > MKV_FEATURES)
			abort();
	} else if (r->id == MKV_GET_CONFIG || r->id == MKV_SET_CONFIG) {
		if ((uint64_t)r->config.offset + r->config.length >
		    MKV_CONFIG_MAX)
			abort();
	}
}

/* A response is a message of the request's number, device and token. */
static void check_response(const struct mk_virtio_message *m,
			   const struct mk_virtio_request *r)
{
	struct mkv_header header;

	memcpy(&header, m->bytes, sizeof(header));
	if (m->length > sizeof(m->bytes) || header.size != m->length ||
	    header.type != (MKV_TYPE_RESPONSE | (r->bus ? MKV_TYPE_BUS : 0)) ||
	    header.id != r->id || header.device != r->device ||
	    header.token != r->token)
		abort();
}

static void respond(const struct mk_virtio_request *r)
{
	struct mk_virtio_message m;

	mk_virtio_respond_empty(&m, r);
	check_response(&m, r);
	if (r->bus && r->id == MKV_PING) {
		mk_virtio_respond_ping(&m, r);
	} else if (r->bus) {
		mk_virtio_respond_devices(&m, r, 0xf0f0f0f0f0f0f0f0);
	} else if (r->id == MKV_GET_DEVICE_FEATURES) {
		mk_virtio_respond_features(&m, r, ~0ull);
	} else if (r->id == MKV_SET_CONFIG) {
		mk_virtio_respond_config(&m, r, 1, r->config.bytes,
					 r->config.length);
	} else if (r->id == MKV_GET_VQUEUE) {
		mk_virtio_respond_queue(&m, r, 1, 2, 3, 4, 5);
	} else if (r->id == MKV_GET_SHM) {
		mk_virtio_respond_shm(&m, r);
	}
	check_response(&m, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mk_virtio_request r;
	struct mk_error err;
	uint8_t *exact;
	bool right;

	if (!size)
		return 0;
	right = *data++ & 1;
	size--;
	exact = malloc(size + !size);
	if (!exact)
		return 0;
	memcpy(exact, data, size);
	if (right && size >= 8) {
		exact[6] = (uint8_t)size;
		exact[7] = (uint8_t)(size >> 8);
	}
	if (!mk_virtio_request_parse(exact, size, &r, &err)) {
		check_request(&r);
		respond(&r);
	} else if (err.code != MK_E_INPUT || !err.text[0]) {
		abort();
	}
	free(exact);
	return 0;
}
