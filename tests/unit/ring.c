// SPDX-License-Identifier: GPL-2.0-only
/* The channel's ring, built here as it is built in the kernel. */
#include "check.h"
#include "ring_ends.h"

static void an_empty_ring_has_nothing(void)
{
	struct ring r = fresh(0);
	struct mkc_header header;

	CHECK_EQ(mkc_rx_peek(&r.rx, &header), 0);
	CHECK(!mkc_rx_ready(&r.rx));
	CHECK(!mkc_rx_arm(&r.rx));
	CHECK_EQ(mkc_tx_wait_room(&r.tx, SIZE), 1);
	drop(&r);
}

static void every_length_arrives(void)
{
	static const u32 large[] = { 65535, 65536 };
	struct ring r = fresh(0);
	u32 i, length;
	bool ring;

	for (i = 0; i <= 302 && !check_bad; i++) {
		length = i <= 300 ? i : large[i - 301];
		CHECK_EQ(put(&r.tx, length, i, &ring), 0);
		CHECK(mkc_rx_ready(&r.rx));
		CHECK_EQ(take(&r.rx, length, i, &ring), 1);
		CHECK(!mkc_rx_ready(&r.rx));
		CHECK_EQ(r.producer->tail, r.consumer->head);
	}
	drop(&r);
}

static void too_long_a_message_is_refused(void)
{
	static const u32 lengths[] = { 65537,	   65544,      0x7fffffff,
				       0x80000000, 0xffffffe0, 0xffffffff };
	struct ring r = fresh(8);
	struct mkc_header header = { 0 };
	unsigned int i;
	bool ring;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		header.length = lengths[i];
		ring = true;
		CHECK_EQ(mkc_tx_put(&r.tx, &header, "", &ring), -EMSGSIZE);
		CHECK(!ring);
	}
	CHECK_EQ(r.producer->tail, 8);
	CHECK_EQ(r.data[8], 0xee);
	drop(&r);
}

static void what_follows_a_message_is_zeros(void)
{
	u32 length, i, start = SIZE - 40;
	bool ring;

	for (length = 0; length <= 40 && !check_bad; length++) {
		struct ring r = fresh(start);

		CHECK_EQ(put(&r.tx, length, 1, &ring), 0);
		i = start + 24 + length;
		for (; i != r.producer->tail; i++)
			CHECK_EQ(r.data[i % SIZE], 0);
		CHECK_EQ(i % 8, 0);
		CHECK_EQ(r.data[i % SIZE], 0xee);
		CHECK_EQ(r.data[start - 1], 0xee);
		drop(&r);
	}
}

static void messages_wrap_at_every_offset(void)
{
	u32 before, length;
	bool ring;

	for (before = 0; before <= 344; before += 8)
		for (length = 0; length <= 310;
		     length += length < 40 ? 1 : 27) {
			struct ring r = fresh(SIZE - before);

			CHECK_EQ(put(&r.tx, length, before, &ring), 0);
			CHECK_EQ(take(&r.rx, length, before, &ring), 1);
			drop(&r);
			if (check_bad)
				return;
		}
}

static void a_full_ring_says_so_and_nothing_changes(void)
{
	struct ring r = fresh(0xffff0000);
	u8 *before = malloc(SIZE);
	struct mkw_producer words;
	u32 i;
	bool ring;

	for (i = 0; i < SIZE / 64; i++)
		CHECK_EQ(put(&r.tx, 40, i, &ring), 0);
	memcpy(before, r.data, SIZE);
	words = *r.producer;
	ring = true;
	CHECK_EQ(put(&r.tx, 0, 0, &ring), -EAGAIN);
	CHECK(!ring);
	CHECK_EQ(put(&r.tx, MKW_MESSAGE_MAX, 0, &ring), -EAGAIN);
	CHECK(!memcmp(before, r.data, SIZE));
	CHECK(!memcmp(&words, r.producer, sizeof(words)));
	/* one out, one in */
	for (i = 0; i < 5000 && !check_bad; i++) {
		CHECK_EQ(take(&r.rx, 40, i, &ring), 1);
		CHECK_EQ(put(&r.tx, 41, 0, &ring), -EAGAIN);
		CHECK_EQ(put(&r.tx, 40, i + SIZE / 64, &ring), 0);
		CHECK_EQ(put(&r.tx, 0, 0, &ring), -EAGAIN);
	}
	for (; i < 5000 + SIZE / 64 && !check_bad; i++)
		CHECK_EQ(take(&r.rx, 40, i, &ring), 1);
	CHECK_EQ(take(&r.rx, 0, 0, &ring), 0);
	free(before);
	drop(&r);
}

static void a_skipped_message_leaves_the_next(void)
{
	struct ring r = fresh(0);
	struct mkc_header header;
	bool ring;

	CHECK_EQ(put(&r.tx, 1000, 1, &ring), 0);
	CHECK_EQ(put(&r.tx, 5, 2, &ring), 0);
	CHECK_EQ(mkc_rx_peek(&r.rx, &header), 1);
	CHECK_EQ(mkc_rx_peek(&r.rx, &header), 1);
	CHECK_EQ(header.length, 1000);
	mkc_rx_take(&r.rx, &header, NULL, &ring);
	CHECK_EQ(take(&r.rx, 5, 2, &ring), 1);
	drop(&r);
}

static void nothing_is_seen_before_it_is_published(void)
{
	struct ring r = fresh(0), died;
	bool ring;

	died = r;
	CHECK_EQ(put(&r.tx, 100, 1, &ring), 0);
	/* the producer writes all of a second message but its tail */
	died.tx = r.tx;
	died.producer = calloc(1, sizeof(*died.producer));
	died.tx.own = died.producer;
	CHECK_EQ(put(&died.tx, 200, 2, &ring), 0);
	free(died.producer);
	CHECK_EQ(take(&r.rx, 100, 1, &ring), 1);
	CHECK_EQ(take(&r.rx, 200, 2, &ring), 0);
	/* its successor sends another one in the same place */
	mkc_tx_init(&r.tx, r.data, r.producer, r.consumer);
	CHECK_EQ(put(&r.tx, 7, 3, &ring), 0);
	CHECK_EQ(take(&r.rx, 7, 3, &ring), 1);
	drop(&r);
}

static void a_successor_goes_on_where_it_stopped(void)
{
	struct ring r = fresh(0xfffff000);
	u32 i;
	bool ring;

	for (i = 0; i < 200 && !check_bad; i++) {
		CHECK_EQ(put(&r.tx, i, i, &ring), 0);
		CHECK_EQ(put(&r.tx, 3 * i, i + 1, &ring), 0);
		if (i % 2)
			mkc_tx_init(&r.tx, r.data, r.producer, r.consumer);
		CHECK_EQ(take(&r.rx, i, i, &ring), 1);
		if (i % 3)
			mkc_rx_init(&r.rx, r.data, r.consumer, r.producer);
		CHECK_EQ(take(&r.rx, 3 * i, i + 1, &ring), 1);
	}
	drop(&r);
}

static const u32 starts[] = { 0, SIZE - 8, 0x80000000, 0xffffff00, 0xfffffff8 };

static void the_doorbell_is_asked_for_once(void)
{
	unsigned int s;
	bool ring;
	u32 i;

	for (s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		struct ring r = fresh(starts[s]);

		/* words of a new life ask for the first one */
		CHECK_EQ(put(&r.tx, 9, 0, &ring), 0);
		CHECK(ring);
		CHECK_EQ(put(&r.tx, 9, 1, &ring), 0);
		CHECK(!ring);
		CHECK(mkc_rx_arm(&r.rx)); /* no sleep: two are there */
		CHECK_EQ(put(&r.tx, 9, 2, &ring), 0);
		CHECK(!ring);
		for (i = 0; i < 3; i++)
			CHECK_EQ(take(&r.rx, 9, i, &ring), 1);
		/* armed, but it was not asked for before it was empty */
		CHECK_EQ(put(&r.tx, 9, 3, &ring), 0);
		CHECK(!ring);
		CHECK_EQ(take(&r.rx, 9, 3, &ring), 1);
		for (i = 4; i < 40 && !check_bad; i += 2) {
			CHECK(!mkc_rx_arm(&r.rx));
			CHECK(!mkc_rx_arm(&r.rx)); /* twice is once */
			CHECK_EQ(put(&r.tx, i, i, &ring), 0);
			CHECK(ring);
			CHECK_EQ(put(&r.tx, i, i + 1, &ring), 0);
			CHECK(!ring);
			CHECK_EQ(take(&r.rx, i, i, &ring), 1);
			CHECK_EQ(take(&r.rx, i, i + 1, &ring), 1);
		}
		drop(&r);
	}
}

/* A publication that moves tail from old to now passes old .. now - 1. */
static void every_place_that_is_passed_rings(void)
{
	unsigned int s;
	bool ring;
	int at;

	for (s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (at = -200; at < 200 && !check_bad; at++) {
			struct ring r = fresh(starts[s]);

			r.consumer->event = starts[s] + (u32)at;
			CHECK_EQ(put(&r.tx, 40, 1, &ring), 0);
			CHECK_EQ(ring, at >= 0 && at < 64);
			r.producer->room_event = starts[s] + (u32)at;
			CHECK_EQ(take(&r.rx, 40, 1, &ring), 1);
			CHECK_EQ(ring, at >= 0 && at < 64);
			drop(&r);
		}
}

/* Fill it with @length byte messages, wait, empty it: when is it rung for? */
static void wait_and_empty(u32 start, u32 length, u32 need)
{
	u32 want = need < SIZE / 2 ? SIZE / 2 : need, free, i, count = 0;
	struct ring r = fresh(start);
	int rings = 0;
	bool ring;

	while (!put(&r.tx, length, count, &ring))
		count++;
	CHECK_EQ(mkc_tx_wait_room(&r.tx, need), 0);
	for (i = 0; i < count && !check_bad; i++) {
		free = SIZE - (count - i) * mkc_ring_need(length);
		CHECK_EQ(mkc_tx_wait_room(&r.tx, need), free >= want);
		CHECK_EQ(take(&r.rx, length, i, &ring), 1);
		CHECK_EQ(ring,
			 free < want && free + mkc_ring_need(length) >= want);
		rings += ring;
	}
	CHECK_EQ(rings, 1);
	CHECK_EQ(mkc_tx_wait_room(&r.tx, need), 1);
	drop(&r);
}

static void room_is_rung_for_when_half_is_free(void)
{
	static const u32 lengths[] = { 40, 41, 1000, 8168, 65536 };
	static const u32 needs[] = { 24,	   65560,    SIZE / 2,
				     SIZE / 2 + 8, SIZE - 8, SIZE };
	unsigned int s, l, n;

	for (s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
			for (n = 0; n < sizeof(needs) / sizeof(needs[0]); n++)
				wait_and_empty(starts[s], lengths[l], needs[n]);
}

/* Words that somebody could write: around what is right, and far from it. */
static u32 wild(u32 *state, u32 right)
{
	static const u32 edges[] = { 0, SIZE, 0x7fffffff, 0x80000000, ~0u };
	u32 n = next(state);

	switch (n % 4) {
	case 0:
		return right + edges[(n >> 8) % 5] + (n >> 4) % 17 - 8;
	case 1:
		return right - edges[(n >> 8) % 5] + (n >> 4) % 129 - 64;
	case 2:
		return right + (next(state) & (2 * SIZE - 1));
	default:
		return next(state);
	}
}

/* A batch: the producer learns of it at the end, and is rung once. */
static void a_batch_is_released_at_once(void)
{
	struct ring r = fresh(0xfffffe00u);
	u32 start = r.rx.head, i;
	struct mkc_header header;
	u8 bytes[64];
	bool ring;

	for (i = 0; i < 10; i++) {
		header = header_of(64, i);
		fill(bytes, 64, i);
		CHECK_EQ(mkc_tx_put(&r.tx, &header, bytes, &ring), 0);
	}
	r.producer->room_event = start + 200;
	for (i = 0; i < 10; i++) {
		CHECK_EQ(mkc_rx_peek(&r.rx, &header), 1);
		mkc_rx_copy(&r.rx, &header, bytes);
		CHECK(filled(bytes, 64, i));
		CHECK_EQ(r.consumer->head, start);
	}
	CHECK_EQ(mkc_rx_peek(&r.rx, &header), 0);
	mkc_rx_release(&r.rx, &ring);
	CHECK(ring);
	CHECK_EQ(r.consumer->head, r.rx.head);
	CHECK_EQ(r.rx.head, start + 10 * 88);
	mkc_rx_release(&r.rx, &ring);
	CHECK(!ring);
	drop(&r);
}

static void nobody_rings_while_somebody_polls(void)
{
	struct ring r = fresh(0);
	struct mkc_header header = header_of(0, 1);
	bool ring;

	CHECK(!mkc_rx_arm(&r.rx));
	mkc_rx_disarm(&r.rx);
	CHECK_EQ(mkc_tx_put(&r.tx, &header, NULL, &ring), 0);
	CHECK(!ring);
	CHECK(mkc_rx_ready(&r.rx));
	CHECK(mkc_rx_arm(&r.rx));
	CHECK_EQ(mkc_rx_peek(&r.rx, &header), 1);
	mkc_rx_take(&r.rx, &header, NULL, &ring);
	CHECK(!mkc_rx_arm(&r.rx));
	CHECK_EQ(mkc_tx_put(&r.tx, &header, NULL, &ring), 0);
	CHECK(ring);
	drop(&r);
}

static void wild_words_of_a_consumer_do_no_harm(void)
{
	struct ring r = fresh(0xffff0000);
	u32 state = 1, i, length, used, tail, good = 0;
	bool ring;
	int ret;

	for (i = 0; i < 100000 && !check_bad; i++) {
		tail = r.tx.tail;
		r.consumer->head = wild(&state, tail - SIZE / 2);
		r.consumer->event = wild(&state, tail);
		length = next(&state) % 200;
		used = tail - r.consumer->head;
		ret = put(&r.tx, length, i, &ring);
		if (used > SIZE || used % 8) {
			CHECK_EQ(ret, -EPROTO);
			CHECK(!ring);
			CHECK_EQ(mkc_tx_wait_room(&r.tx, 24), -EPROTO);
		} else {
			good += !ret;
			CHECK_EQ(ret, used + mkc_ring_need(length) > SIZE
					      ? -EAGAIN
					      : 0);
		}
		CHECK_EQ(r.tx.tail, ret ? tail : tail + mkc_ring_need(length));
		CHECK_EQ(r.producer->tail, r.tx.tail);
	}
	CHECK(good > 1000);
	drop(&r);
}

static void wild_words_of_a_producer_do_no_harm(void)
{
	struct ring r = fresh(0xffff0000);
	u32 state = 7, i, j, have, good = 0, bad = 0;
	struct mkc_header header;
	bool ring;
	u8 *bytes;
	int ret;

	for (i = 0; i < 100000 && !check_bad; i++) {
		u32 head = r.rx.head, length;

		/* a header of any kind, then lengths that often fit */
		for (j = 0; j < sizeof(struct mkw_message); j++)
			r.data[(head + j) % SIZE] = (u8)next(&state);
		length = i % 3 ? wild(&state, 100) : next(&state) % 70000;
		for (j = 0; j < 4; j++)
			r.data[(head + j) % SIZE] = (u8)(length >> 8 * j);
		have = i % 2 ? next(&state) % 400 : SIZE / 2;
		r.producer->tail = wild(&state, head + have);
		r.producer->room_event = wild(&state, head);
		have = r.producer->tail - head;
		ret = mkc_rx_peek(&r.rx, &header);
		CHECK_EQ(mkc_rx_ready(&r.rx), have != 0);
		CHECK_EQ(mkc_rx_arm(&r.rx), have != 0);
		if (!have) {
			CHECK_EQ(ret, 0);
		} else if (have > SIZE || have < 24 ||
			   length > MKW_MESSAGE_MAX ||
			   (length + 31) / 8 * 8 > have) {
			CHECK_EQ(ret, -EPROTO);
			bad++;
		} else {
			CHECK_EQ(ret, 1);
			CHECK_EQ(header.length, length);
			good++;
			bytes = malloc(length + !length);
			mkc_rx_take(&r.rx, &header, bytes, &ring);
			free(bytes);
			CHECK_EQ(r.rx.head, head + (length + 31) / 8 * 8);
		}
		CHECK_EQ(r.consumer->head, r.rx.head);
	}
	CHECK(good > 1000 && bad > 1000);
	drop(&r);
}

/* After that many of anything, both ends still agree with a plain queue. */
static void random_steps_agree_with_a_queue(void)
{
	static u32 lengths[65536];
	u32 state = 3, i, first = 0, last = 0, bytes = 0, length;
	struct ring r = fresh(0xfff00000);
	bool ring, asleep = false, stuck = false;
	int ret;

	for (i = 0; i < 200000 && !check_bad; i++) {
		if (next(&state) % 32 < 16 + (i >> 12) % 3 - 1 && !stuck) {
			length = next(&state) % 64 ? next(&state) % 900
						   : next(&state) % 65537;
			ret = put(&r.tx, length, last, &ring);
			if (bytes + mkc_ring_need(length) > SIZE) {
				CHECK_EQ(ret, -EAGAIN);
				stuck = !mkc_tx_wait_room(&r.tx, 1);
				CHECK_EQ(stuck, SIZE - bytes < SIZE / 2);
				continue;
			}
			CHECK_EQ(ret, 0);
			CHECK_EQ(ring || !last, asleep || !last);
			asleep = false;
			bytes += mkc_ring_need(length);
			lengths[last++ % 65536] = length;
		} else if (first == last) {
			CHECK_EQ(take(&r.rx, 0, 0, &ring), 0);
			CHECK(!mkc_rx_arm(&r.rx));
			asleep = true;
		} else {
			length = lengths[first % 65536];
			CHECK_EQ(take(&r.rx, length, first, &ring), 1);
			bytes -= mkc_ring_need(length);
			if (first)
				CHECK_EQ(ring,
					 stuck && SIZE - bytes >= SIZE / 2);
			stuck &= !ring;
			first++;
		}
	}
	CHECK(first > 50000);
	drop(&r);
}

int main(void)
{
	TEST(an_empty_ring_has_nothing);
	TEST(every_length_arrives);
	TEST(too_long_a_message_is_refused);
	TEST(what_follows_a_message_is_zeros);
	TEST(messages_wrap_at_every_offset);
	TEST(a_full_ring_says_so_and_nothing_changes);
	TEST(a_skipped_message_leaves_the_next);
	TEST(nothing_is_seen_before_it_is_published);
	TEST(a_successor_goes_on_where_it_stopped);
	TEST(the_doorbell_is_asked_for_once);
	TEST(every_place_that_is_passed_rings);
	TEST(room_is_rung_for_when_half_is_free);
	TEST(a_batch_is_released_at_once);
	TEST(nobody_rings_while_somebody_polls);
	TEST(wild_words_of_a_consumer_do_no_harm);
	TEST(wild_words_of_a_producer_do_no_harm);
	TEST(random_steps_agree_with_a_queue);
	return done();
}
