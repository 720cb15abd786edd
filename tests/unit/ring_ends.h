/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both ends of a ring, for its tests.  The words and the bytes are allocated
 * one by one, so that an access beside them is seen.
 */
#ifndef MK_RING_ENDS_H
#define MK_RING_ENDS_H

#include <stdlib.h>

#include "ring_user.h"
#include "../../kernel/channel/ring.c"

#define SIZE MKW_RING_BYTES

struct ring {
	u8 *data;
	struct mkw_producer *producer;
	struct mkw_consumer *consumer;
	struct mkc_tx tx;
	struct mkc_rx rx;
};

/* A ring as it looks when @start bytes have gone through it. */
static inline struct ring fresh(u32 start)
{
	struct ring r = {
		.data = malloc(SIZE),
		.producer = calloc(1, sizeof(*r.producer)),
		.consumer = calloc(1, sizeof(*r.consumer)),
	};

	if (!r.data || !r.producer || !r.consumer)
		abort();
	memset(r.data, 0xee, SIZE);
	r.producer->tail = start;
	r.producer->room_event = start;
	r.consumer->head = start;
	r.consumer->event = start;
	mkc_tx_init(&r.tx, r.data, r.producer, r.consumer);
	mkc_rx_init(&r.rx, r.data, r.consumer, r.producer);
	return r;
}

static inline void drop(struct ring *r)
{
	free(r->data);
	free(r->producer);
	free(r->consumer);
}

/* Numbers that look random and are the same each time; one state a user. */
static inline u32 next(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* The bytes of message @number; @length of them. */
static inline void fill(u8 *bytes, u32 length, u32 number)
{
	u32 state = number * 2654435761u + 1, i;

	for (i = 0; i < length; i++)
		bytes[i] = (u8)next(&state);
}

static inline bool filled(const u8 *bytes, u32 length, u32 number)
{
	u32 state = number * 2654435761u + 1, i;

	for (i = 0; i < length; i++)
		if (bytes[i] != (u8)next(&state))
			return false;
	return true;
}

static inline struct mkc_header header_of(u32 length, u32 number)
{
	return (struct mkc_header){
		.length = length,
		.type = (u16)(number + 1),
		.flags = (u16)(number >> 3),
		.generation = ~number,
		.status = number * 3,
		.token = (u64)number << 32 | length,
	};
}

/* Buffers of the exact size, so that one byte too many is seen. */
static inline int put(struct mkc_tx *tx, u32 length, u32 number, bool *ring)
{
	struct mkc_header header = header_of(length, number);
	u8 *bytes = malloc(length + !length); /* malloc(0) may be NULL */
	int ret;

	if (!bytes)
		abort();
	fill(bytes, length, number);
	ret = mkc_tx_put(tx, &header, bytes, ring);
	free(bytes);
	return ret;
}

/* 1 if message @number came as it was sent, else what peek said, or 2. */
static inline int take(struct mkc_rx *rx, u32 length, u32 number, bool *ring)
{
	struct mkc_header header = { 0 }, want = header_of(length, number);
	int ret = mkc_rx_peek(rx, &header);
	u8 *bytes;

	if (ret != 1)
		return ret;
	bytes = malloc(header.length + 1);
	if (!bytes)
		abort();
	bytes[header.length] = 0x5a;
	mkc_rx_take(rx, &header, bytes, ring);
	if (header.length != want.length || header.type != want.type ||
	    header.flags != want.flags || header.status != want.status ||
	    header.generation != want.generation ||
	    header.token != want.token || bytes[header.length] != 0x5a ||
	    !filled(bytes, header.length, number))
		ret = 2;
	free(bytes);
	return ret;
}

#endif /* MK_RING_ENDS_H */
