// SPDX-License-Identifier: GPL-2.0-only
/*
 * The channel's ring against a peer that writes what it likes, when it likes.
 * The input is a list of steps: an act of ours, or what the peer does to a
 * word or to the bytes.
 */
#include <stdlib.h>

#include "../unit/ring_ends.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const u32 units[] = { 1, 8, 64, 4096, SIZE / 2, 1u << 24, ~0u, 24 };

/* What the peer does: 6 bytes, of which the first says what and to what. */
static void peer_acts(struct ring *r, const uint8_t *step)
{
	u32 *words[] = { &r->producer->tail, &r->producer->room_event,
			 &r->consumer->head, &r->consumer->event };
	u32 value, at;

	memcpy(&value, step + 2, sizeof(value));
	switch (step[0] >> 4 & 3) {
	case 0:
		*words[step[0] >> 2 & 3] = value;
		break;
	case 1: /* near what is right */
		at = step[0] & 8 ? r->tx.tail : r->rx.head;
		*words[step[0] >> 2 & 3] = at + step[1] * units[value % 8];
		break;
	case 2: /* a header, more or less */
		at = r->rx.head + (step[0] >> 2 & 3) * 8;
		copy_in(r->data, at, step + 2, sizeof(value));
		break;
	default:
		memset(r->data + value % (SIZE - 255), step[0], step[1]);
	}
}

static void we_send(struct ring *r, const uint8_t *step)
{
	u32 length = step[1] * (step[2] & 1 ? 258u : 1u), old = r->tx.tail;
	bool ring = true;
	int ret = put(&r->tx, length, old, &ring);

	if (r->tx.tail != r->producer->tail && !ret)
		abort();
	if (ret && (ring || r->tx.tail != old))
		abort();
	if (!ret && r->tx.tail != old + mkc_ring_need(length))
		abort();
	if (ret == -EAGAIN)
		ret = mkc_tx_wait_room(&r->tx, mkc_ring_need(length));
	else if (ret == -EMSGSIZE && length > MKW_MESSAGE_MAX)
		ret = 0;
	if (ret != 0 && ret != 1 && ret != -EPROTO)
		abort();
}

static void we_receive(struct ring *r)
{
	struct mkc_header header;
	int ret = mkc_rx_peek(&r->rx, &header);
	u32 old = r->rx.head;
	bool ring;
	u8 *bytes;

	if (ret != 0 && ret != 1 && ret != -EPROTO)
		abort();
	if (ret != 1) {
		if (mkc_rx_arm(&r->rx) != (ret != 0))
			abort();
		return;
	}
	if (header.length > MKW_MESSAGE_MAX || !mkc_rx_ready(&r->rx))
		abort();
	bytes = malloc(header.length + !header.length);
	mkc_rx_take(&r->rx, &header, bytes, &ring);
	free(bytes);
	if (r->rx.head != old + mkc_ring_need(header.length) ||
	    r->rx.head != r->consumer->head ||
	    r->producer->tail - r->rx.head > SIZE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring r;
	u32 start = 0;
	size_t i;

	if (size < sizeof(start))
		return 0;
	memcpy(&start, data, sizeof(start));
	r = fresh(start);
	for (i = sizeof(start); i + 6 <= size; i += 6)
		switch (data[i] & 3) {
		case 0:
			we_send(&r, data + i);
			break;
		case 1:
			we_receive(&r);
			break;
		case 2:
			peer_acts(&r, data + i);
			break;
		default: /* a successor, on either side */
			if (data[i] & 4)
				mkc_tx_init(&r.tx, r.data, r.producer,
					    r.consumer);
			else
				mkc_rx_init(&r.rx, r.data, r.consumer,
					    r.producer);
		}
	drop(&r);
	return 0;
}
