// SPDX-License-Identifier: GPL-2.0-only
/* One ring of the channel; see ring.h. */
#include "ring.h"

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include <asm/byteorder.h>
#endif /* else from who includes this: tests/unit/ring_user.h */

/*
 * The other side is another kernel, so barriers stay barriers even in one that
 * is built without SMP: virt_mb() and its like (memory-barriers.txt).
 */

#define MASK   (MKW_RING_BYTES - 1)
#define HEADER ((u32)sizeof(struct mkw_message))
#define SMALL  256U /* payloads that go by words */
#define BATCH  (MKW_RING_BYTES / 2) /* room worth waking a producer for */

/* Did moving from @old to @now pass @event?  All modulo 2^32. */
static bool passed(u32 event, u32 now, u32 old)
{
	return (u32)(now - event - 1) < (u32)(now - old);
}

/*
 * Indices are multiples of 8, so a word never wraps.  Headers and small
 * payloads go by words: a string instruction takes longer to begin than they
 * take, and a word of the ring is fetched once.
 */
static void put_word(u8 *ring, u32 at, u64 word)
{
	*(__le64 *)(ring + (at & MASK)) = cpu_to_le64(word);
}

static u64 get_word(const u8 *ring, u32 at)
{
	return le64_to_cpu(READ_ONCE(*(const __le64 *)(ring + (at & MASK))));
}

static void put_small(u8 *ring, u32 at, const u8 *from, u32 length)
{
	u64 word = 0;
	__le64 raw;
	u32 i, k;

	for (i = 0; i + 8 <= length; i += 8) {
		__builtin_memcpy(&raw, from + i, 8);
		put_word(ring, at + i, le64_to_cpu(raw));
	}
	/* Zeros follow, as wire.h says. */
	for (k = i; k < length; k++)
		word |= (u64)from[k] << 8 * (k - i);
	if (i < length)
		put_word(ring, at + i, word);
}

static void get_small(u8 *to, const u8 *ring, u32 at, u32 length)
{
	__le64 raw;
	u64 word;
	u32 i;

	for (i = 0; i + 8 <= length; i += 8) {
		raw = cpu_to_le64(get_word(ring, at + i));
		__builtin_memcpy(to + i, &raw, 8);
	}
	if (i == length)
		return;
	for (word = get_word(ring, at + i); i < length; i++, word >>= 8)
		to[i] = (u8)word;
}

static void copy_in(u8 *ring, u32 at, const void *from, u32 length)
{
	u32 offset = at & MASK, first = MKW_RING_BYTES - offset;

	if (first > length)
		first = length;
	memcpy(ring + offset, from, first);
	memcpy(ring, (const u8 *)from + first, length - first);
}

static void copy_out(void *to, const u8 *ring, u32 at, u32 length)
{
	u32 offset = at & MASK, first = MKW_RING_BYTES - offset;

	if (first > length)
		first = length;
	memcpy(to, ring + offset, first);
	memcpy((u8 *)to + first, ring, length - first);
}

/* --- the producer ----------------------------------------------------------- */

void mkc_tx_init(struct mkc_tx *tx, u8 *data, struct mkw_producer *own,
		 const struct mkw_consumer *peer)
{
	tx->data = data;
	tx->own = own;
	tx->peer = peer;
	tx->tail = le32_to_cpu(READ_ONCE(own->tail)) & ~(MKW_MESSAGE_ALIGN - 1);
}

/* Free bytes, or -EPROTO.  Pairs with the release of head in mkc_rx_release(). */
static s64 room(const struct mkc_tx *tx)
{
	u32 used = tx->tail - le32_to_cpu(virt_load_acquire(&tx->peer->head));

	if (used > MKW_RING_BYTES || used % MKW_MESSAGE_ALIGN)
		return -EPROTO;
	return MKW_RING_BYTES - used;
}

int mkc_tx_put(struct mkc_tx *tx, const struct mkc_header *header,
	       const void *payload, bool *ring)
{
	static const u8 zeros[MKW_MESSAGE_ALIGN];
	u32 need, old = tx->tail, end = old + HEADER + header->length;
	s64 free;

	*ring = false;
	if (header->length > MKW_MESSAGE_MAX)
		return -EMSGSIZE;
	need = mkc_ring_need(header->length);
	free = room(tx);
	if (free < 0)
		return (int)free;
	if (free < need)
		return -EAGAIN;
	put_word(tx->data, old,
		 header->length | (u64)header->type << 32 |
			 (u64)header->flags << 48);
	put_word(tx->data, old + 8,
		 header->generation | (u64)header->status << 32);
	put_word(tx->data, old + 16, header->token);
	if (header->length <= SMALL) {
		put_small(tx->data, old + HEADER, payload, header->length);
	} else {
		copy_in(tx->data, old + HEADER, payload, header->length);
		copy_in(tx->data, end, zeros, old + need - end);
	}
	tx->tail = old + need;
	/* The consumer reads tail first, then the message: mkc_rx_peek(). */
	virt_store_release(&tx->own->tail, cpu_to_le32(tx->tail));
	/* Our tail is seen before we look at event: mkc_rx_arm(). */
	virt_mb();
	*ring = passed(le32_to_cpu(READ_ONCE(tx->peer->event)), tx->tail, old);
	return 0;
}

int mkc_tx_wait_room(struct mkc_tx *tx, u32 need)
{
	u32 want = need < BATCH ? BATCH : need;
	s64 free;

	/* Head must come to tail + want - size; ring once it passes one less. */
	WRITE_ONCE(tx->own->room_event,
		   cpu_to_le32(tx->tail + want - MKW_RING_BYTES - 1));
	/* Our wish is seen before we look at head: mkc_rx_release(). */
	virt_mb();
	free = room(tx);
	if (free < 0)
		return (int)free;
	return free >= want;
}

/* --- the consumer ----------------------------------------------------------- */

void mkc_rx_init(struct mkc_rx *rx, const u8 *data, struct mkw_consumer *own,
		 const struct mkw_producer *peer)
{
	rx->data = data;
	rx->own = own;
	rx->peer = peer;
	rx->head = le32_to_cpu(READ_ONCE(own->head)) & ~(MKW_MESSAGE_ALIGN - 1);
	rx->released = rx->head;
}

int mkc_rx_peek(struct mkc_rx *rx, struct mkc_header *header)
{
	/* Pairs with the release of tail in mkc_tx_put(). */
	u32 filled = le32_to_cpu(virt_load_acquire(&rx->peer->tail)) - rx->head;
	u64 word;

	if (!filled)
		return 0;
	if (filled > MKW_RING_BYTES || filled < HEADER)
		return -EPROTO;
	word = get_word(rx->data, rx->head);
	header->length = (u32)word;
	header->type = (u16)(word >> 32);
	header->flags = (u16)(word >> 48);
	word = get_word(rx->data, rx->head + 8);
	header->generation = (u32)word;
	header->status = (u32)(word >> 32);
	header->token = get_word(rx->data, rx->head + 16);
	if (header->length > MKW_MESSAGE_MAX ||
	    mkc_ring_need(header->length) > filled)
		return -EPROTO;
	return 1;
}

void mkc_rx_copy(struct mkc_rx *rx, const struct mkc_header *header,
		 void *payload)
{
	if (payload && header->length <= SMALL)
		get_small(payload, rx->data, rx->head + HEADER, header->length);
	else if (payload)
		copy_out(payload, rx->data, rx->head + HEADER, header->length);
	rx->head += mkc_ring_need(header->length);
}

void mkc_rx_release(struct mkc_rx *rx, bool *ring)
{
	u32 old = rx->released;

	*ring = false;
	if (rx->head == old)
		return;
	rx->released = rx->head;
	/* The producer overwrites only what head has left behind: room(). */
	virt_store_release(&rx->own->head, cpu_to_le32(rx->head));
	/* Our head is seen before we look at its wish: mkc_tx_wait_room(). */
	virt_mb();
	*ring = passed(le32_to_cpu(READ_ONCE(rx->peer->room_event)), rx->head,
		       old);
}

void mkc_rx_take(struct mkc_rx *rx, const struct mkc_header *header,
		 void *payload, bool *ring)
{
	mkc_rx_copy(rx, header, payload);
	mkc_rx_release(rx, ring);
}

bool mkc_rx_arm(struct mkc_rx *rx)
{
	WRITE_ONCE(rx->own->event, cpu_to_le32(rx->head));
	/* Our wish is seen before we look at tail: mkc_tx_put(). */
	virt_mb();
	return mkc_rx_ready(rx);
}

void mkc_rx_disarm(struct mkc_rx *rx)
{
	/* A place that tail has passed already, and will not pass for 4 GiB. */
	WRITE_ONCE(rx->own->event, cpu_to_le32(rx->head - 1));
}

bool mkc_rx_ready(const struct mkc_rx *rx)
{
	return le32_to_cpu(READ_ONCE(rx->peer->tail)) != rx->head;
}
