// SPDX-License-Identifier: GPL-2.0-only
/*
 * A spawn that means harm to who serves its virtio devices, for tests.  Loaded
 * in the spawn, when the device's own driver was unbound; it is loaded when it
 * is over:
 *
 *   what=garbage  messages of every length, of bytes that mean nothing
 *   what=fields   requests whose headers are right, with wild values
 *   what=rings    rings with one kind of nonsense after the other, from
 *                 first=N, until the host gives the device up
 *   what=resets   good rings, reset while they are looked at
 *   what=hold     a device that is set up, and never let go of
 *   what=deaf     handle a message of the type 0x8abc for as long
 *   device=N      its number on the bus; queues=N: those to set up
 *   features=N    what is agreed to; ms=N: for how long
 *
 * Responses go to multikernel_virtio.ko, which does not know their tokens.
 * What the host was told of is never freed: nobody here hears when it has let
 * go of it.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include <multikernel/channel.h>
#include <multikernel/virtio_msg.h>

#include "channel/line.h"
#include "spawn/spawn.h"

#define ENTRIES	  16 /* of a queue */
#define DEAF_TYPE 0x8abc

static char *what = "";
module_param(what, charp, 0400);
static unsigned int device, queues = 1, ms = 1000, first;
module_param(device, uint, 0400);
module_param(queues, uint, 0400);
module_param(ms, uint, 0400);
module_param(first, uint, 0400);
static unsigned long long features = 1ULL << VIRTIO_F_VERSION_1 |
				     1ULL << VIRTIO_RING_F_INDIRECT_DESC;
module_param(features, ullong, 0400);

/* A page for each queue; the used ring is never looked at. */
/* As struct vring_desc, in the computer's own order: x86 has that of virtio. */
struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

struct rings {
	struct desc desc[ENTRIES]; /* at 0 */
	struct desc indirect[ENTRIES]; /* at 256 */
	u16 avail[3 + ENTRIES] __aligned(64); /* flags, index, heads */
	u16 used[3 + 4 * ENTRIES] __aligned(64);
};

static struct mkc_peer *host;
static struct rings *rings[MKV_QUEUES];
static struct mkc_line lines[MKV_QUEUES];
static unsigned int nr_lines; /* that are open */
static void *buffer; /* a good one, of a page */
static u64 end;
static unsigned int sent, refused;

static bool is_over(void)
{
	return fatal_signal_pending(current) || ktime_get_ns() > end;
}

static const u64 wild[] = {
	0,	    1,		7,	    0xf,
	0xfff,	    0x1000,	0xffff,	    0x7fffffff,
	0x80000000, 0xfffffff0, 0xffffffff, 0x100000000,
	0xfee00000, 1ULL << 46, 1ULL << 63, 0xffff888000000000,
	~0xfULL,    ~0ULL
};

static u64 some(void)
{
	u32 r = get_random_u32();

	return r & 1 ? wild[(r >> 1) % ARRAY_SIZE(wild)] : get_random_u64();
}

/* --- messages ------------------------------------------------------------- */

static void tell(const void *bytes, size_t length)
{
	struct mkc_call call = {
		.peer = host,
		.type = MKW_TYPE_VIRTIO,
		.bytes = bytes,
		.length = length,
		.timeout_ms = 2000,
	};

	/* Its queue is full, or it is away: it may be for a while. */
	while (mkc_call(&call) == MKC_FAILED && call.error != -EINVAL &&
	       !fatal_signal_pending(current) &&
	       ktime_get_ns() < end + 5 * NSEC_PER_SEC) {
		refused++;
		msleep(20);
	}
	sent++;
}

static void ask(u8 type, u8 id, u16 number, const void *payload, size_t length)
{
	static u16 token = 0xf000;
	struct {
		struct mkv_header header;
		u8 bytes[MKV_MESSAGE_MAX];
	} m = { .header = {
			.type = type,
			.id = id,
			.device = cpu_to_le16(number),
			.token = cpu_to_le16(token++ | 0xf000),
			.size = cpu_to_le16(sizeof(struct mkv_header) + length),
		} };

	memcpy(m.bytes, payload, length);
	tell(&m, sizeof(m.header) + length);
}

static void set_status(u32 status)
{
	struct mkv_status s = { .status = cpu_to_le32(status) };

	ask(0, MKV_SET_DEVICE_STATUS, device, &s, sizeof(s));
}

static void set_queue(unsigned int i, unsigned int size)
{
	u64 at = virt_to_phys(rings[i]);
	struct mkv_vqueue q = {
		.index = cpu_to_le32(i),
		.size = cpu_to_le32(size),
		.descriptors = cpu_to_le64(at + offsetof(struct rings, desc)),
		.driver = cpu_to_le64(at + offsetof(struct rings, avail)),
		.device = cpu_to_le64(at + offsetof(struct rings, used)),
	};

	ask(0, MKV_SET_VQUEUE, device, &q, sizeof(q));
}

#define AGREED                                                  \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
	 VIRTIO_CONFIG_S_FEATURES_OK)

static void agree(void)
{
	struct {
		struct mkv_features head;
		__le32 bits[2];
	} f = { .head.count = cpu_to_le32(2),
		.bits = { cpu_to_le32(features),
			  cpu_to_le32(features >> 32) } };

	set_status(0);
	set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	ask(0, MKV_SET_DRIVER_FEATURES, device, &f, sizeof(f));
	set_status(AGREED);
}

static void garbage_once(void)
{
	static u8 bytes[2 * MKV_MESSAGE_MAX];
	size_t length = get_random_u32() % sizeof(bytes);

	get_random_bytes(bytes, length);
	/* A mad size; or one that is right and a type or token that is not. */
	if (length >= 8 && get_random_u32() & 1) {
		bytes[0] &= 3;
		bytes[1] &= 0x4f;
		*(u16 *)(bytes + 2) = MKV_DEVICES / 2 + get_random_u32() % 64;
		*(u16 *)(bytes + 6) = length;
	}
	tell(bytes, length);
}

/* Of this device, or of one that is not: others are in use. */
static void fields_once(void)
{
	u32 r = get_random_u32();
	u64 payload[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(payload); i++)
		payload[i] = some();
	if (r & 1)
		*(u32 *)payload = r >> 28;
	/* A queue's size, so that now and then only its places are wild. */
	if (r & 2)
		((u32 *)payload)[2] = 16;
	if ((r & 0xf0) == 0)
		agree();
	ask(r & 8 ? MKV_TYPE_BUS : 0, r >> 8 & 0x4f,
	    r & 4 && !(r & 8) ? device : MKV_DEVICES / 2 + (r >> 16 & 0x7f),
	    payload, r >> 20 & 7 ? (r >> 16) % (sizeof(payload) + 1) : 40);
}

/* --- rings ---------------------------------------------------------------- */

/* Chain i of a ring: one buffer that is read, and one that is written. */
static void good(struct rings *r, bool only_written)
{
	u64 at = virt_to_phys(buffer);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < ENTRIES; i++) {
		r->desc[i].addr = at;
		r->desc[i].len = 2048;
		if (i & 1 || only_written)
			r->desc[i].flags = VRING_DESC_F_WRITE;
		else
			r->desc[i].flags = VRING_DESC_F_NEXT;
		r->desc[i].next = i + 1;
		r->avail[2 + i] = (i * 2) % ENTRIES;
		r->indirect[i] = r->desc[i];
	}
	r->avail[1] = ENTRIES / 2;
}

static void to_indirect(struct rings *r, unsigned int offset, u32 bytes)
{
	r->desc[0].addr =
		virt_to_phys(r) + offsetof(struct rings, indirect) + offset;
	r->desc[0].len = bytes;
	r->desc[0].flags = VRING_DESC_F_INDIRECT;
}

#define KINDS 18

static void spoil(struct rings *r, unsigned int kind)
{
	unsigned int i;

	switch (kind) {
	case 0: /* outside of what is ours, in many ways */
		for (i = 0; i < ENTRIES; i++)
			r->desc[i].addr = some();
		break;
	case 1: /* it begins inside */
		r->desc[0].len = 0xffffffff;
		break;
	case 2:
		for (i = 0; i < ENTRIES; i++)
			r->desc[i].len = 0;
		break;
	case 3: /* two that follow each other */
		for (i = 0; i < ENTRIES; i++) {
			r->desc[i].flags |= VRING_DESC_F_NEXT;
			r->desc[i].next = i ^ 1;
		}
		break;
	case 4: /* one that follows itself */
		r->desc[0].flags = VRING_DESC_F_NEXT;
		r->desc[0].next = 0;
		break;
	case 5:
		r->desc[0].flags |= VRING_DESC_F_NEXT;
		r->desc[0].next = 0xffff;
		break;
	case 6:
		r->avail[2] = ENTRIES;
		break;
	case 7:
		r->avail[2] = 0xffff;
		break;
	case 8: /* more than there can be */
		r->avail[1] = ENTRIES + 1;
		break;
	case 9: /* the same, as if it had gone backwards */
		r->avail[1] = 0xffff;
		break;
	case 10: /* what is read behind what is written */
		r->desc[0].flags = VRING_DESC_F_NEXT | VRING_DESC_F_WRITE;
		r->desc[1].flags = 0;
		break;
	case 11: /* each time the same chain */
		for (i = 0; i < ENTRIES; i++)
			r->avail[2 + i] = 0;
		break;
	case 12:
		to_indirect(r, 0, 17);
		break;
	case 13:
		to_indirect(r, 0, 0);
		break;
	case 14:
		to_indirect(r, 0, 0xfffffff0);
		break;
	case 15: /* one in another */
		to_indirect(r, 0, sizeof(r->indirect));
		r->indirect[0].flags = VRING_DESC_F_INDIRECT;
		break;
	case 16: /* a loop inside */
		to_indirect(r, 0, sizeof(r->indirect));
		r->indirect[1].flags |= VRING_DESC_F_NEXT;
		r->indirect[1].next = 0;
		break;
	case 17: /* the ring itself as a buffer that is written */
		for (i = 0; i < ENTRIES; i++) {
			r->desc[i].addr = virt_to_phys(r);
			r->desc[i].len = sizeof(*r);
			r->desc[i].flags |= VRING_DESC_F_WRITE;
		}
	}
}

static bool ring_all(void)
{
	bool heard = false;
	unsigned int i;

	for (i = 0; i < queues; i++)
		heard |= mkc_line_ring(&lines[i]);
	return heard;
}

/* Until the host has begun, or ended, to look at the rings; or it has not. */
static bool await(bool begun)
{
	unsigned int tries;

	for (tries = 0; tries < 300 && !is_over(); tries++) {
		if (ring_all() == begun)
			return true;
		msleep(10);
	}
	return false;
}

/* @kind KINDS: nothing is wrong. */
static bool rings_once(unsigned int kind, unsigned int wait_ms)
{
	unsigned int i;

	set_status(0);
	await(false);
	agree();
	for (i = 0; i < queues; i++) {
		good(rings[i], get_random_u32() & 1);
		spoil(rings[i], kind);
		set_queue(i, ENTRIES);
	}
	set_status(AGREED | VIRTIO_CONFIG_S_DRIVER_OK);
	if (!await(true))
		return false;
	msleep(wait_ms);
	/* And what it is looking at changes. */
	for (i = 0; i < queues; i++) {
		WRITE_ONCE(rings[i]->avail[1], some());
		WRITE_ONCE(rings[i]->desc[0].addr, some());
	}
	ring_all();
	return true;
}

static void resets_once(void)
{
	unsigned int i;

	agree();
	for (i = 0; i < queues; i++) {
		good(rings[i], i & 1);
		set_queue(i, ENTRIES);
	}
	set_status(AGREED | VIRTIO_CONFIG_S_DRIVER_OK);
	/* Half of them unseen; all would keep the host busy for minutes. */
	if (get_random_u32() & 1 && await(true))
		usleep_range(100, 5000);
	ring_all();
	set_status(0);
}

/* --- the module ----------------------------------------------------------- */

static void attack(void)
{
	unsigned int kind = first;

	end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
	if (!strcmp(what, "rings"))
		while (kind < KINDS && rings_once(kind, 50))
			kind++;
	else if (!strcmp(what, "hold"))
		rings_once(KINDS, 100);
	while (!is_over()) {
		if (!strcmp(what, "garbage"))
			garbage_once();
		else if (!strcmp(what, "fields"))
			fields_once();
		else if (!strcmp(what, "resets"))
			resets_once();
		else
			break;
		cond_resched();
	}
	if (strcmp(what, "hold") && strcmp(what, "deaf"))
		set_status(0);
	pr_info("%s is over: kinds %u to %u, %u messages, %u times no room\n",
		what, first, kind, sent, refused);
}

/* In the thread that brings all of the host's messages. */
static int deaf(struct mkc_incoming *message, void *context)
{
	pr_info("deaf begins\n");
	msleep(ms);
	pr_info("deaf is over\n");
	return 0;
}

static struct mkc_handler handler = { .type = DEAF_TYPE, .handle = deaf };

static void rung(struct mkc_line *line)
{
}

static int open_queues(void)
{
	unsigned int i;
	int err;

	buffer = (void *)get_zeroed_page(GFP_KERNEL);
	if (!buffer || queues > MKV_QUEUES)
		return -ENOMEM;
	for (i = 0; i < queues; i++) {
		rings[i] = (void *)get_zeroed_page(GFP_KERNEL);
		if (!rings[i])
			return -ENOMEM;
		lines[i].index = MKW_LINE(device, i);
		lines[i].rung = rung;
		err = mkc_line_open(&lines[i], host);
		if (err)
			return err;
		nr_lines++;
	}
	return 0;
}

static void close_lines(void)
{
	while (nr_lines)
		mkc_line_close(&lines[--nr_lines]);
}

static int __init hostile_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct rings) > PAGE_SIZE);
	host = mks_host();
	if (!host)
		return -ENODEV;
	err = strcmp(what, "deaf") ? open_queues() : mkc_register(&handler);
	if (err) {
		close_lines();
		mkc_peer_put(host);
		return err;
	}
	attack();
	return 0;
}

static void __exit hostile_exit(void)
{
	if (!strcmp(what, "deaf"))
		mkc_unregister(&handler);
	close_lines();
	mkc_peer_put(host);
}

module_init(hostile_init);
module_exit(hostile_exit);

MODULE_DESCRIPTION("A spawn that means harm to its devices, for tests");
MODULE_LICENSE("GPL");
