// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue whose memory is written by anybody: every part that is taken lies
 * within it, and a broken queue stays so and writes nothing.  The input is a
 * head that says where the rings are, the memory's first bytes, then steps.
 */
#include <stdlib.h>
#include <string.h>

#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#include "virtqueue.h"

#define BASE  0x100000000ull
#define BYTES 4096u
#define STEPS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct head {
	uint8_t size; /* a shift, or any number */
	uint8_t flags;
	uint16_t next;
	uint16_t descriptors, driver, device; /* offsets, made right at times */
	uint16_t image; /* bytes of memory that follow */
};

#define HEAD_EVENT 1
#define HEAD_WILD  2 /* addresses as they are, and far from right */
#define HEAD_LIVE  4 /* the driver goes on writing */
#define HEAD_NEAR  8 /* most descriptors are made nearly right */

static void check_parts(const uint8_t *memory,
			const struct mk_virtqueue_chain *chain)
{
	unsigned int nr = chain->nr_out + chain->nr_in, i;
	size_t bytes = 0;
	const uint8_t *at;

	if (!nr || nr > MK_VIRTQUEUE_PARTS)
		abort();
	for (i = 0; i < nr; i++) {
		at = chain->parts[i].iov_base;
		if (at < memory || at >= memory + BYTES ||
		    !chain->parts[i].iov_len ||
		    chain->parts[i].iov_len > (size_t)(memory + BYTES - at))
			abort();
		bytes += chain->parts[i].iov_len;
	}
	if (bytes != chain->out_bytes + chain->in_bytes)
		abort();
}

/* A chain: look at it, write to it, and now and then take it again. */
static void use(struct mk_virtqueue *vq, struct mk_virtqueue_chain *chain,
		uint8_t *memory, uint8_t how)
{
	uint8_t bytes[300];
	size_t n;

	check_parts(memory, chain);
	n = mk_virtqueue_read(chain, how, bytes, sizeof(bytes));
	if (n > sizeof(bytes) || n > chain->out_bytes)
		abort();
	if (how & 1) {
		memset(bytes, how, sizeof(bytes));
		n = mk_virtqueue_write(chain, how, bytes, sizeof(bytes));
		if (n > sizeof(bytes) || n > chain->in_bytes)
			abort();
	}
	if (how % 8 == 6)
		mk_virtqueue_untake(vq);
	else
		mk_virtqueue_give(vq, chain, (uint32_t)chain->in_bytes);
}

static void step(struct mk_virtqueue *vq, uint8_t *memory, uint8_t how)
{
	static struct mk_virtqueue_chain chain;
	struct mk_error err = { .text = "" };
	uint16_t next = vq->next;
	int ret;

	mk_virtqueue_ready(vq);
	ret = mk_virtqueue_take(vq, &chain, &err);
	if (ret == 1) {
		if (vq->next != (uint16_t)(next + 1))
			abort();
		use(vq, &chain, memory, how);
	} else if (ret < 0) {
		if (ret != MK_E_INPUT || !err.text[0] || !vq->broken)
			abort();
	} else if (ret > 1 || vq->next != next) {
		abort();
	}
	mk_virtqueue_must_tell(vq);
	mk_virtqueue_want_kicks(vq, how & 0x10);
}

static void run(struct mk_virtqueue *vq, uint8_t *memory, bool live,
		const uint8_t *data, size_t size)
{
	uint8_t *before;
	unsigned int i;

	for (i = 0; i < STEPS && !vq->broken; i++) {
		if (live && size >= 4) {
			memory[(data[0] | data[1] << 8) % BYTES] = data[2];
			step(vq, memory, data[3]);
			data += 4;
			size -= 4;
		} else {
			step(vq, memory, size ? data[i % size] : (uint8_t)i);
		}
	}
	if (!vq->broken)
		return;
	before = malloc(BYTES);
	if (!before)
		abort();
	memcpy(before, memory, BYTES);
	for (i = 0; i < 4; i++)
		step(vq, memory, (uint8_t)(i * 0x11));
	if (memcmp(before, memory, BYTES))
		abort();
	free(before);
}

/*
 * Wild numbers are seldom near what is right: make most of the fields of @nr
 * descriptors small.  Tables of indirect ones are in the memory's second half.
 */
static void move_near(uint8_t *at, const uint8_t *end, unsigned int nr)
{
	struct vring_desc d;

	for (; nr && end - at >= 16; nr--, at += sizeof(d)) {
		memcpy(&d, at, sizeof(d));
		if (d.flags >> 8 == 0xff)
			continue;
		if (!(d.flags & 0x40))
			d.next %= 64;
		d.flags &= d.flags & 0x30 ? 3 : 7;
		d.len = d.len % 256 + 1;
		d.addr = BASE + d.addr % (BYTES + 16);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			d.len *= 16;
			d.addr = BASE + BYTES / 2 + d.addr % 128;
		}
		memcpy(at, &d, sizeof(d));
	}
}

static void set_up(struct head *h, uint64_t at[3], unsigned int *size)
{
	const uint16_t offsets[] = { h->descriptors, h->driver, h->device };
	static const uint16_t align[] = { 16, 2, 4 };
	unsigned int i;

	*size = h->size & 0x80 ? h->size * 259u : 1u << h->size % 9;
	for (i = 0; i < 3; i++) {
		if (h->flags & HEAD_WILD)
			at[i] = (h->size & 1 ? BASE : 0ull - BASE) +
				(uint64_t)(int16_t)offsets[i] * 7;
		else
			at[i] = BASE + offsets[i] % BYTES / align[i] * align[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mk_virtqueue_memory memory = { BASE, BYTES, NULL };
	struct mk_virtqueue vq;
	unsigned int entries;
	struct mk_error err;
	struct head h;
	uint64_t at[3];
	size_t image;

	if (size < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	data += sizeof(h);
	size -= sizeof(h);
	image = h.image % (BYTES + 1);
	if (image > size)
		image = size;
	memory.mapped = aligned_alloc(4096, BYTES);
	if (!memory.mapped)
		return 0;
	memset(memory.mapped, 0, BYTES);
	memcpy(memory.mapped, data, image);
	set_up(&h, at, &entries);
	if (h.flags & HEAD_NEAR) {
		const uint8_t *end = memory.mapped + BYTES;

		if (at[0] >= BASE && at[0] < BASE + BYTES)
			move_near(memory.mapped + (at[0] - BASE), end, entries);
		move_near(memory.mapped + BYTES / 2, end, 64);
	}
	if (!mk_virtqueue_init(&vq, &memory, entries, at[0], at[1], at[2],
			       h.flags & HEAD_EVENT, h.next, &err))
		run(&vq, memory.mapped, h.flags & HEAD_LIVE, data + image,
		    size - image);
	else if (err.code != MK_E_INPUT || !err.text[0])
		abort();
	free(memory.mapped);
	return 0;
}
