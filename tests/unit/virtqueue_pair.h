/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both sides of a virtqueue, for its tests, in memory of the exact size, so that
 * a byte beside it is seen.
 */
#ifndef MK_VIRTQUEUE_PAIR_H
#define MK_VIRTQUEUE_PAIR_H

#include <stdlib.h>

#include "check.h"
#include "driver_ring.h"
#include "virtqueue.h"

#define BASE  0x123450000ull
#define BYTES 0x20000u
#define DATA  (BASE + 0x10000) /* buffers; the rings are before */
#define TABLE (BASE + 0x8000) /* indirect tables */

struct pair {
	uint8_t *memory;
	struct driver_ring d;
	struct mk_virtqueue vq;
	struct mk_virtqueue_chain chain;
	struct mk_error err;
};

static inline struct mk_virtqueue_memory range(const struct pair *p)
{
	return (struct mk_virtqueue_memory){ BASE, BYTES, p->memory };
}

static inline int attach(struct pair *p, uint16_t next)
{
	struct mk_virtqueue_memory memory = range(p);

	return mk_virtqueue_init(&p->vq, &memory, p->d.size,
				 p->d.at_descriptors, p->d.at_driver,
				 p->d.at_device, p->d.event_idx, next, &p->err);
}

static inline struct pair *fresh(unsigned int size, bool event_idx,
				 uint16_t start)
{
	struct pair *p = calloc(1, sizeof(*p));

	if (!p || posix_memalign((void **)&p->memory, 4096, BYTES))
		abort();
	memset(p->memory, 0xee, BYTES);
	driver_ring_init(&p->d, p->memory, BASE, BASE, size, event_idx);
	driver_ring_start(&p->d, start);
	CHECK_EQ(attach(p, start), 0);
	return p;
}

static inline void drop(struct pair *p)
{
	free(p->memory);
	free(p);
}

static inline int take(struct pair *p)
{
	return mk_virtqueue_take(&p->vq, &p->chain, &p->err);
}

static inline int add_one(struct pair *p, uint64_t address, uint32_t length,
			  bool in)
{
	struct driver_part part = { address, length, in };

	return driver_add(&p->d, &part, 1);
}

static const struct driver_part five[] = {
	{ DATA, 10, false },	   { DATA + 100, 1, false },
	{ DATA + 200, 30, false }, { DATA + 300, 7, true },
	{ DATA + 400, 50, true },
};

#endif /* MK_VIRTQUEUE_PAIR_H */
