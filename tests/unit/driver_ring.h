/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's side of a split virtqueue, for tests of devices: what
 * drivers/virtio/virtio_ring.c does, without its locks and its checks.
 *
 * Addresses are physical, as in the descriptors; @base is that of @memory.
 */
#ifndef MK_DRIVER_RING_H
#define MK_DRIVER_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian only");

struct driver_part {
	uint64_t address;
	uint32_t length;
	bool in; /* the device writes it; these come last */
};

struct driver_ring {
	uint8_t *memory;
	uint64_t base;
	unsigned int size;
	bool event_idx;
	uint64_t at_descriptors, at_driver, at_device;
	struct vring_desc *descriptors;
	struct vring_avail *available;
	struct vring_used *used;
	uint16_t free; /* first descriptor of the free ones' list */
	unsigned int nr_free;
	uint16_t added; /* available index */
	uint16_t kicked; /* that index when a kick was last thought of */
	uint16_t got; /* used entries taken */
};

static inline uint8_t *driver_place(const struct driver_ring *d,
				    uint64_t address)
{
	return d->memory + (address - d->base);
}

/* Bytes that the three parts need when they follow each other. */
static inline uint64_t driver_ring_bytes(unsigned int size)
{
	return (16ull * size + 6 + 2ull * size + 3) / 4 * 4 + 6 + 8ull * size;
}

static inline uint16_t *driver_used_event(const struct driver_ring *d)
{
	return &d->available->ring[d->size];
}

static inline uint16_t *driver_avail_event(const struct driver_ring *d)
{
	return (void *)&d->used->ring[d->size];
}

/* As a ring looks when @start chains have gone through it. */
static inline void driver_ring_start(struct driver_ring *d, uint16_t start)
{
	unsigned int i;

	memset(d->descriptors, 0, 16ul * d->size);
	for (i = 0; i < d->size; i++)
		d->descriptors[i].next = (uint16_t)(i + 1);
	memset(d->available, 0, 6 + 2ul * d->size);
	memset(d->used, 0, 6 + 8ul * d->size);
	d->free = 0;
	d->nr_free = d->size;
	d->added = d->kicked = d->got = start;
	d->available->idx = d->used->idx = start;
	*driver_used_event(d) = *driver_avail_event(d) = start;
}

/* A new ring at physical @at, a multiple of 16. */
static inline void driver_ring_init(struct driver_ring *d, uint8_t *memory,
				    uint64_t base, uint64_t at,
				    unsigned int size, bool event_idx)
{
	*d = (struct driver_ring){ .memory = memory,
				   .base = base,
				   .size = size,
				   .event_idx = event_idx };
	d->at_descriptors = at;
	d->at_driver = at + 16ull * size;
	d->at_device = (d->at_driver + 6 + 2ull * size + 3) / 4 * 4;
	d->descriptors = (void *)driver_place(d, d->at_descriptors);
	d->available = (void *)driver_place(d, d->at_driver);
	d->used = (void *)driver_place(d, d->at_device);
	driver_ring_start(d, 0);
}

static inline struct vring_desc driver_descriptor(const struct driver_part *p,
						  uint16_t flags, uint16_t next)
{
	return (struct vring_desc){
		.addr = p->address,
		.len = p->length,
		.flags = (uint16_t)(flags | (p->in ? VRING_DESC_F_WRITE : 0)),
		.next = next,
	};
}

/* Make the chain at @head available: virtqueue_add_split()'s last step. */
static inline void driver_publish(struct driver_ring *d, uint16_t head)
{
	d->available->ring[d->added % d->size] = head;
	d->added++;
	/* the release is its virtio_wmb() */
	__atomic_store_n(&d->available->idx, d->added, __ATOMIC_RELEASE);
}

/* Add @nr parts: the chain's head, or -1 without room. */
static inline int driver_add(struct driver_ring *d,
			     const struct driver_part *parts, unsigned int nr)
{
	uint16_t head = d->free, at = head, next;
	unsigned int i;

	if (nr > d->nr_free)
		return -1;
	for (i = 0; i < nr; i++, at = next) {
		next = d->descriptors[at].next;
		d->descriptors[at] = driver_descriptor(
			&parts[i], i + 1 < nr ? VRING_DESC_F_NEXT : 0, next);
	}
	d->free = at;
	d->nr_free -= nr;
	driver_publish(d, head);
	return head;
}

/* The same by one descriptor and a table at physical @table. */
static inline int driver_add_indirect(struct driver_ring *d, uint64_t table,
				      const struct driver_part *parts,
				      unsigned int nr)
{
	struct vring_desc *head = &d->descriptors[d->free], entry;
	uint16_t at = d->free;
	unsigned int i;

	if (!d->nr_free)
		return -1;
	for (i = 0; i < nr; i++) {
		entry = driver_descriptor(&parts[i],
					  i + 1 < nr ? VRING_DESC_F_NEXT : 0,
					  (uint16_t)(i + 1));
		memcpy(driver_place(d, table + 16ull * i), &entry, 16);
	}
	d->free = head->next;
	d->nr_free--;
	head->addr = table;
	head->len = 16 * nr;
	head->flags = VRING_DESC_F_INDIRECT;
	driver_publish(d, at);
	return at;
}

/* Is the device to be kicked?  virtqueue_kick_prepare_split() */
static inline bool driver_must_kick(struct driver_ring *d)
{
	uint16_t old = d->kicked, wish;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* its virtio_mb() */
	d->kicked = d->added;
	if (!d->event_idx) {
		wish = __atomic_load_n(&d->used->flags, __ATOMIC_RELAXED);
		return !(wish & VRING_USED_F_NO_NOTIFY);
	}
	wish = __atomic_load_n(driver_avail_event(d), __ATOMIC_RELAXED);
	return vring_need_event(wish, d->added, old);
}

static inline bool driver_ready(const struct driver_ring *d)
{
	return __atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) != d->got;
}

/* The head of a chain that came back, or -1. */
static inline int driver_get(struct driver_ring *d, uint32_t *written)
{
	uint16_t head, at;

	/* the acquire is virtqueue_get_buf_ctx_split()'s virtio_rmb() */
	if (!driver_ready(d))
		return -1;
	head = (uint16_t)d->used->ring[d->got % d->size].id;
	*written = d->used->ring[d->got % d->size].len;
	d->got++;
	for (at = head; d->descriptors[at].flags & VRING_DESC_F_NEXT;
	     at = d->descriptors[at].next)
		d->nr_free++;
	d->nr_free++;
	d->descriptors[at].next = d->free;
	d->free = head;
	return head;
}

/* Ask to be told of the next; false: something is there already. */
static inline bool driver_may_sleep(struct driver_ring *d)
{
	if (d->event_idx)
		__atomic_store_n(driver_used_event(d), d->got,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&d->available->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* virtqueue_poll() */
	return !driver_ready(d);
}

/* Ask not to be told: with an event index it just lies behind. */
static inline void driver_stay_awake(struct driver_ring *d)
{
	if (!d->event_idx)
		__atomic_store_n(&d->available->flags,
				 VRING_AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
}

#endif /* MK_DRIVER_RING_H */
