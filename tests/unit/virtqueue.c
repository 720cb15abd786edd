// SPDX-License-Identifier: GPL-2.0-only
/* A split virtqueue between a device of ours and a driver that does well. */
#include "virtqueue_pair.h"

/* --- what fits --------------------------------------------------------------- */

static int check(const struct mk_virtqueue_memory *memory, unsigned int size,
		 uint64_t descriptors, uint64_t driver, uint64_t device,
		 char text[256])
{
	struct mk_error err = { .text = "" };
	struct mk_virtqueue vq = { .size = 77 };
	int ret = mk_virtqueue_check(memory, size, descriptors, driver, device,
				     &err);

	memcpy(text, err.text, sizeof(err.text));
	CHECK_EQ(mk_virtqueue_init(&vq, memory, size, descriptors, driver,
				   device, true, 3, NULL),
		 ret);
	/* what is refused changes nothing */
	CHECK_EQ(vq.size, ret ? 77 : size);
	return ret;
}

static void sizes_are_powers_of_two(void)
{
	static const unsigned int bad[] = { 0,	   3,	     6,	    255,
					    257,   24576,    32767, 32769,
					    65536, 1u << 31, ~0u };
	char text[256], want[256];
	struct mk_virtqueue_memory memory = { BASE, 1 << 20, NULL };
	unsigned int i;

	memory.mapped = aligned_alloc(4096, 1 << 20);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(check(&memory, bad[i], BASE, BASE + 0x90000,
			       BASE + 0xb0000, text),
			 MK_E_INPUT);
		snprintf(want, sizeof(want),
			 "a queue of %u entries: not a power of two up to "
			 "32768",
			 bad[i]);
		CHECK_STR(text, want);
	}
	for (i = 1; i <= 32768; i *= 2)
		CHECK_EQ(check(&memory, i, BASE, BASE + 0x90000, BASE + 0xb0000,
			       text),
			 0);
	free(memory.mapped);
}

static void parts_are_aligned(void)
{
	struct pair *p = fresh(4, false, 0);
	struct mk_virtqueue_memory memory = range(p), odd = memory;
	char text[256];

	CHECK_EQ(check(&memory, 4, BASE + 8, BASE + 64, BASE + 128, text),
		 MK_E_INPUT);
	CHECK_STR(text, "the descriptor table at 0x123450008 is not at a "
			"multiple of 16 bytes");
	CHECK_EQ(check(&memory, 4, BASE, BASE + 65, BASE + 128, text),
		 MK_E_INPUT);
	CHECK_STR(text, "the available ring at 0x123450041 is not at a "
			"multiple of 2 bytes");
	CHECK_EQ(check(&memory, 4, BASE, BASE + 64, BASE + 130, text),
		 MK_E_INPUT);
	CHECK_STR(text, "the used ring at 0x123450082 is not at a multiple of "
			"4 bytes");
	CHECK_EQ(check(&memory, 4, BASE, BASE + 66, BASE + 132, text), 0);
	odd.mapped++;
	CHECK_EQ(check(&odd, 4, BASE, BASE + 64, BASE + 128, text), MK_E_CALL);
	CHECK_STR(text, "the memory is not mapped page by page");
	odd.mapped = NULL;
	CHECK_EQ(check(&odd, 4, BASE, BASE + 64, BASE + 128, text), MK_E_CALL);
	drop(p);
}

static void parts_end_with_the_memory_at_the_latest(void)
{
	struct pair *p = fresh(4, false, 0);
	struct mk_virtqueue_memory memory = range(p);
	const uint64_t end = BASE + BYTES, wild[] = {
		0,	   16,	     BASE - 16,		  BASE - 64,
		end,	   end + 16, BASE + (1ull << 32), 1ull << 63,
		~0ull << 4
	};
	char text[256];
	size_t i;

	CHECK_EQ(check(&memory, 4, end - 64, BASE, BASE + 64, text), 0);
	CHECK_EQ(check(&memory, 4, end - 48, BASE, BASE + 64, text),
		 MK_E_INPUT);
	CHECK_STR(text, "the descriptor table, 64 bytes at 0x12346ffd0, is "
			"outside the instance's memory");
	CHECK_EQ(check(&memory, 4, BASE, end - 14, BASE + 64, text), 0);
	CHECK_EQ(check(&memory, 4, BASE, end - 12, BASE + 64, text),
		 MK_E_INPUT);
	CHECK_STR(text, "the available ring, 14 bytes at 0x12346fff4, is "
			"outside the instance's memory");
	CHECK_EQ(check(&memory, 4, BASE, BASE + 64, end - 40, text), 0);
	CHECK_EQ(check(&memory, 4, BASE, BASE + 64, end - 36, text),
		 MK_E_INPUT);
	CHECK_STR(text, "the used ring, 38 bytes at 0x12346ffdc, is outside "
			"the instance's memory");
	for (i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		CHECK_EQ(check(&memory, 4, wild[i], BASE, BASE + 64, text),
			 MK_E_INPUT);
		CHECK_EQ(check(&memory, 4, BASE, wild[i], BASE + 64, text),
			 MK_E_INPUT);
		CHECK_EQ(check(&memory, 4, BASE, BASE + 64, wild[i], text),
			 MK_E_INPUT);
	}
	drop(p);
}

/* To the byte: memory that ends where a part ends, and one byte less. */
static void the_last_byte_of_memory_is_used(void)
{
	const unsigned int size = 8, ring = 6 + 8 * size;
	struct mk_virtqueue_memory memory = { BASE, 0, NULL };
	struct mk_virtqueue_chain chain;
	struct mk_error err;
	struct mk_virtqueue vq;
	struct driver_ring d;
	struct driver_part part = { BASE, 16, true };
	uint64_t bytes;
	bool event_idx;
	char text[256];
	int last, i;

	for (last = 0; last < 4; last++) {
		event_idx = last & 1;
		bytes = 16 + 16 * size + ring + 2 + 6 + 2 * size;
		memory.mapped = malloc(bytes);
		memory.bytes = bytes;
		driver_ring_init(&d, memory.mapped, BASE, BASE + 16, size,
				 event_idx);
		if (last & 2) { /* the driver's part is the last one */
			d.at_device = BASE + 16 + 16 * size;
			d.at_driver = BASE + bytes - (6 + 2 * size);
		} else {
			d.at_device = BASE + bytes - ring;
			d.at_driver = d.at_device - (6 + 2 * size) - 2;
			d.at_device &= ~3ull;
			memory.bytes = d.at_device + ring - BASE;
			memory.mapped = realloc(memory.mapped, memory.bytes);
			d.memory = memory.mapped;
		}
		d.descriptors = (void *)driver_place(&d, d.at_descriptors);
		d.available = (void *)driver_place(&d, d.at_driver);
		d.used = (void *)driver_place(&d, d.at_device);
		driver_ring_start(&d, 0xfffe);
		memory.bytes--;
		CHECK_EQ(check(&memory, size, d.at_descriptors, d.at_driver,
			       d.at_device, text),
			 MK_E_INPUT);
		CHECK(strstr(text, last & 2 ? "available" : "used ring"));
		memory.bytes++;
		CHECK_EQ(mk_virtqueue_init(&vq, &memory, size, d.at_descriptors,
					   d.at_driver, d.at_device, event_idx,
					   0xfffe, &err),
			 0);
		for (i = 0; i < 20; i++) {
			uint32_t written = 0;

			CHECK(driver_add(&d, &part, 1) >= 0);
			CHECK(driver_must_kick(&d));
			CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), 1);
			mk_virtqueue_give(&vq, &chain, 5);
			mk_virtqueue_want_kicks(&vq, true);
			CHECK(mk_virtqueue_must_tell(&vq));
			CHECK(driver_get(&d, &written) >= 0);
			CHECK_EQ(written, 5);
			CHECK(driver_may_sleep(&d));
		}
		free(memory.mapped);
	}
}

/* --- chains of a good driver --------------------------------------------------- */

static void an_empty_queue_gives_nothing(void)
{
	struct pair *p = fresh(8, false, 0);

	CHECK(!mk_virtqueue_ready(&p->vq));
	CHECK_EQ(take(p), 0);
	CHECK(!p->vq.broken);
	CHECK_EQ(mk_virtqueue_used_index(&p->vq), 0);
	drop(p);
}

static void check_five(struct pair *p, int head)
{
	unsigned int i;

	CHECK_EQ(take(p), 1);
	CHECK_EQ(p->chain.head, head);
	CHECK_EQ(p->chain.nr_out, 3);
	CHECK_EQ(p->chain.nr_in, 2);
	CHECK_EQ(p->chain.out_bytes, 41);
	CHECK_EQ(p->chain.in_bytes, 57);
	for (i = 0; i < 5; i++) {
		CHECK(p->chain.parts[i].iov_base ==
		      driver_place(&p->d, five[i].address));
		CHECK_EQ(p->chain.parts[i].iov_len, five[i].length);
	}
	CHECK_EQ(take(p), 0);
}

static void a_chain_arrives_as_it_was_added(void)
{
	struct pair *p = fresh(8, false, 0);
	struct vring_desc *link;
	uint32_t written;
	int head;

	head = driver_add(&p->d, five, 5);
	CHECK(mk_virtqueue_ready(&p->vq));
	CHECK_EQ(mk_virtqueue_used_index(&p->vq), 0);
	check_five(p, head);
	CHECK(!mk_virtqueue_ready(&p->vq));
	mk_virtqueue_give(&p->vq, &p->chain, 57);
	CHECK_EQ(mk_virtqueue_used_index(&p->vq), 1);
	CHECK_EQ(driver_get(&p->d, &written), head);
	CHECK_EQ(written, 57);
	CHECK_EQ(p->d.nr_free, 8);
	/* a table, at an address that is no multiple of anything */
	head = driver_add_indirect(&p->d, TABLE + 3, five, 5);
	check_five(p, head);
	/* two parts, then a table of the rest (2.7.5.3.2); WRITE is ignored */
	drop(p);
	p = fresh(8, true, 0);
	head = driver_add_indirect(&p->d, TABLE, five + 2, 3);
	p->d.descriptors[7] = driver_descriptor(&five[0], VRING_DESC_F_NEXT, 6);
	p->d.descriptors[6] =
		driver_descriptor(&five[1], VRING_DESC_F_NEXT, (uint16_t)head);
	link = &p->d.descriptors[head];
	link->flags |= VRING_DESC_F_WRITE;
	p->d.available->ring[0] = 7;
	check_five(p, 7);
	drop(p);
}

static void bytes_are_copied_at_every_offset(void)
{
	struct pair *p = fresh(8, false, 0);
	uint8_t flat[41], got[60], in[57], all[57];
	size_t offset, length, want, i;

	driver_add(&p->d, five, 5);
	for (i = 0; i < 41; i++) {
		flat[i] = (uint8_t)(i + 1);
		*driver_place(&p->d, i < 10   ? DATA + i
				     : i < 11 ? DATA + 100
					      : DATA + 200 + i - 11) = flat[i];
	}
	CHECK_EQ(take(p), 1);
	for (offset = 0; offset < 60; offset++)
		for (length = 0; length <= 60; length++) {
			uint8_t *exact = malloc(length + !length);

			want = offset > 41 ? 0 : 41 - offset;
			if (want > length)
				want = length;
			CHECK_EQ(mk_virtqueue_read(&p->chain, offset, exact,
						   length),
				 want);
			CHECK(offset > 41 ||
			      !memcmp(exact, flat + offset, want));
			want = offset > 57 ? 0 : 57 - offset;
			if (want > length)
				want = length;
			memset(got, (int)(offset ^ length << 2), sizeof(got));
			memset(all, 0, sizeof(all));
			mk_virtqueue_write(&p->chain, 0, all, 57);
			CHECK_EQ(mk_virtqueue_write(&p->chain, offset, got,
						    length),
				 want);
			if (offset <= 57)
				memcpy(all + offset, got, want);
			memcpy(in, driver_place(&p->d, DATA + 300), 7);
			memcpy(in + 7, driver_place(&p->d, DATA + 400), 50);
			CHECK(!memcmp(in, all, 57));
			free(exact);
		}
	CHECK_EQ(mk_virtqueue_read(&p->chain, SIZE_MAX, got, 9), 0);
	CHECK_EQ(mk_virtqueue_write(&p->chain, SIZE_MAX, got, 9), 0);
	/* what lies beside the parts */
	CHECK_EQ(*driver_place(&p->d, DATA + 299), 0xee);
	CHECK_EQ(*driver_place(&p->d, DATA + 307), 0xee);
	CHECK_EQ(*driver_place(&p->d, DATA + 450), 0xee);
	drop(p);
}

static void a_chain_has_up_to_128_parts(void)
{
	struct driver_part parts[129];
	struct pair *p;
	unsigned int i;

	for (i = 0; i < 129; i++)
		parts[i] = (struct driver_part){ DATA + 4 * i, 4, i > 63 };
	p = fresh(256, false, 0);
	driver_add(&p->d, parts, 128);
	CHECK_EQ(take(p), 1);
	CHECK_EQ(p->chain.nr_out, 64);
	CHECK_EQ(p->chain.nr_in, 64);
	driver_add_indirect(&p->d, TABLE, parts, 128);
	CHECK_EQ(take(p), 1);
	CHECK_EQ(p->chain.nr_out + p->chain.nr_in, 128);
	driver_add_indirect(&p->d, TABLE, parts, 129);
	CHECK_EQ(take(p), MK_E_INPUT);
	CHECK_STR(p->err.text, "chain 129: more than 128 parts, or a circle");
	drop(p);
	p = fresh(256, false, 0);
	driver_add(&p->d, parts, 129);
	CHECK_EQ(take(p), MK_E_INPUT);
	CHECK_STR(p->err.text, "chain 0: more than 128 parts, or a circle");
	drop(p);
}

/* All indices wrap; with a size of 1 and of all that 16 bits have. */
static void indices_wrap(void)
{
	static const unsigned int sizes[] = { 1, 2, 256 };
	unsigned int s, i, n;
	uint32_t written;
	struct pair *p;

	for (s = 0; s < 3; s++) {
		p = fresh(sizes[s], s & 1, 0xff00);
		for (i = 0; i < 0x300 && !check_bad; i++) {
			for (n = 0; n < sizes[s]; n++)
				CHECK(add_one(p, DATA + n, 1, true) >= 0);
			CHECK_EQ(add_one(p, DATA, 1, true), -1);
			for (n = 0; n < sizes[s]; n++) {
				CHECK_EQ(take(p), 1);
				CHECK(p->chain.parts[0].iov_base ==
				      driver_place(&p->d, DATA + n));
				mk_virtqueue_give(&p->vq, &p->chain, n);
			}
			CHECK_EQ(take(p), 0);
			for (n = 0; n < sizes[s]; n++) {
				CHECK_EQ(driver_get(&p->d, &written),
					 p->d.free);
				CHECK_EQ(written, n);
			}
			CHECK_EQ(driver_get(&p->d, &written), -1);
		}
		CHECK_EQ(p->vq.used, (uint16_t)(0xff00 + 0x300 * sizes[s]));
		drop(p);
	}
}

static void a_queue_of_32768_can_be_full(void)
{
	struct mk_virtqueue_memory memory = { BASE, 0x100000, NULL };
	struct driver_part part = { BASE + 0xf0000, 1, false };
	struct mk_virtqueue_chain chain;
	struct mk_error err;
	struct mk_virtqueue vq;
	struct driver_ring d;
	unsigned int i;

	memory.mapped = aligned_alloc(4096, memory.bytes);
	driver_ring_init(&d, memory.mapped, BASE, BASE, 32768, true);
	driver_ring_start(&d, 0xc000);
	CHECK_EQ(mk_virtqueue_init(&vq, &memory, 32768, d.at_descriptors,
				   d.at_driver, d.at_device, true, 0xc000,
				   &err),
		 0);
	for (i = 0; i < 32768; i++)
		driver_add(&d, &part, 1);
	for (i = 0; i < 32768 && !check_bad; i++) {
		CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), 1);
		mk_virtqueue_give(&vq, &chain, 0);
	}
	CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), 0);
	CHECK(mk_virtqueue_must_tell(&vq));
	d.available->idx++; /* one more than can wait */
	CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), 1);
	vq.next--;
	d.available->idx += 32768;
	CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), MK_E_INPUT);
	CHECK_STR(err.text, "32769 chains are said to wait in a queue of 32768 "
			    "entries");
	free(memory.mapped);
}

static void what_is_untaken_is_taken_again(void)
{
	struct pair *p = fresh(8, true, 0xffff);
	int first = add_one(p, DATA, 1, false);
	int second = add_one(p, DATA + 8, 2, true);

	CHECK_EQ(take(p), 1);
	CHECK_EQ(take(p), 1);
	CHECK_EQ(p->chain.head, second);
	mk_virtqueue_untake(&p->vq);
	CHECK(mk_virtqueue_ready(&p->vq));
	/* and a kick is asked for at the right place */
	mk_virtqueue_want_kicks(&p->vq, true);
	CHECK_EQ(*driver_avail_event(&p->d), 0);
	CHECK_EQ(take(p), 1);
	CHECK_EQ(p->chain.head, second);
	CHECK(first != second);
	CHECK_EQ(take(p), 0);
	drop(p);
}

/* --- a successor --------------------------------------------------------------- */

static void a_successor_goes_on_where_the_used_ring_stands(void)
{
	unsigned int i, e;
	uint32_t written;
	struct pair *p;

	for (e = 0; e < 2; e++) {
		p = fresh(8, e, 0xfff0);
		for (i = 0; i < 100 && !check_bad; i++) {
			add_one(p, DATA + i, 1, true);
			add_one(p, DATA + i + 1, 1, true);
			add_one(p, DATA + i + 2, 1, true);
			CHECK_EQ(take(p), 1);
			mk_virtqueue_give(&p->vq, &p->chain, 1);
			CHECK_EQ(take(p), 1);
			/* it dies here, with one taken and not given */
			CHECK_EQ(attach(p, mk_virtqueue_used_index(&p->vq)), 0);
			CHECK_EQ(take(p), 1);
			CHECK(p->chain.parts[0].iov_base ==
			      driver_place(&p->d, DATA + i + 1));
			mk_virtqueue_give(&p->vq, &p->chain, 2);
			CHECK_EQ(take(p), 1);
			mk_virtqueue_give(&p->vq, &p->chain, 3);
			CHECK(driver_get(&p->d, &written) >= 0);
			CHECK_EQ(written, 1);
			CHECK(driver_get(&p->d, &written) >= 0);
			CHECK_EQ(written, 2);
			CHECK(driver_get(&p->d, &written) >= 0);
			CHECK_EQ(written, 3);
			CHECK_EQ(driver_get(&p->d, &written), -1);
		}
		drop(p);
	}
}

/* Given, and died before it told: the driver sleeps for it. */
static void a_successor_tells_what_was_not_told(void)
{
	unsigned int before, after, e;
	struct pair *p;

	for (e = 0; e < 2; e++)
		for (before = 0; before <= 8; before++)
			for (after = 0; after + before <= 8; after++) {
				unsigned int i;

				p = fresh(8, e, 0xfffc);
				CHECK(driver_may_sleep(&p->d));
				for (i = 0; i < before + after; i++)
					add_one(p, DATA, 1, true);
				for (i = 0; i < before; i++) {
					CHECK_EQ(take(p), 1);
					mk_virtqueue_give(&p->vq, &p->chain, 1);
				}
				attach(p, mk_virtqueue_used_index(&p->vq));
				for (i = 0; i < after; i++) {
					CHECK_EQ(take(p), 1);
					mk_virtqueue_give(&p->vq, &p->chain, 1);
				}
				if (before + after)
					CHECK(mk_virtqueue_must_tell(&p->vq));
				else if (e)
					CHECK(!mk_virtqueue_must_tell(&p->vq));
				mk_virtqueue_must_tell(&p->vq);
				CHECK(!mk_virtqueue_must_tell(&p->vq));
				drop(p);
			}
}

/* --- notifications --------------------------------------------------------------- */

static void flags_say_who_wants_to_be_told(void)
{
	struct pair *p = fresh(8, false, 0);
	unsigned int i;

	mk_virtqueue_must_tell(&p->vq);
	for (i = 0; i < 4; i++) {
		add_one(p, DATA, 1, true);
		CHECK_EQ(driver_must_kick(&p->d), i != 2);
		CHECK_EQ(take(p), 1);
		mk_virtqueue_give(&p->vq, &p->chain, 1);
		CHECK_EQ(mk_virtqueue_must_tell(&p->vq), i != 2);
		CHECK(!mk_virtqueue_must_tell(&p->vq)); /* nothing since */
		if (i == 1) {
			mk_virtqueue_want_kicks(&p->vq, false);
			CHECK_EQ(p->d.used->flags, VRING_USED_F_NO_NOTIFY);
			driver_stay_awake(&p->d);
		} else {
			mk_virtqueue_want_kicks(&p->vq, true);
			CHECK_EQ(p->d.used->flags, 0);
			driver_may_sleep(&p->d);
		}
	}
	/* bytes where event indices would be are not touched, nor used */
	CHECK_EQ(*driver_avail_event(&p->d), 0);
	drop(p);
}

/* Told of old .. now - 1 exactly when the event is one of them. */
static void an_event_that_is_passed_tells(void)
{
	static const uint16_t starts[] = { 0, 1, 0x7ffd, 0xfff9, 0xffff };
	unsigned int s, n, i;
	struct pair *p;
	int at;

	for (s = 0; s < 5; s++)
		for (n = 0; n <= 8; n++)
			for (at = -20; at <= 20 && !check_bad; at++) {
				p = fresh(8, true, starts[s]);
				mk_virtqueue_must_tell(&p->vq);
				*driver_used_event(&p->d) =
					(uint16_t)(starts[s] + at);
				for (i = 0; i < n; i++) {
					add_one(p, DATA, 1, true);
					CHECK_EQ(take(p), 1);
					mk_virtqueue_give(&p->vq, &p->chain, 1);
				}
				/* flags do not count */
				p->d.available->flags =
					VRING_AVAIL_F_NO_INTERRUPT;
				CHECK_EQ(mk_virtqueue_must_tell(&p->vq),
					 at >= 0 && at < (int)n);
				CHECK(!mk_virtqueue_must_tell(&p->vq));
				CHECK_EQ(p->d.used->flags, 0);
				drop(p);
			}
}

static void an_event_asks_for_the_next_kick(void)
{
	struct pair *p = fresh(8, true, 0xfffe);
	unsigned int i;
	uint32_t written;

	for (i = 0; i < 40 && !check_bad; i++) {
		mk_virtqueue_want_kicks(&p->vq, true);
		CHECK(!mk_virtqueue_ready(&p->vq));
		CHECK_EQ(*driver_avail_event(&p->d), p->vq.next);
		add_one(p, DATA, 1, true);
		CHECK(driver_must_kick(&p->d));
		add_one(p, DATA, 1, true);
		CHECK(!driver_must_kick(&p->d));
		/* not asked for, it is not: the event lies behind */
		mk_virtqueue_want_kicks(&p->vq, false);
		CHECK_EQ(take(p), 1);
		mk_virtqueue_give(&p->vq, &p->chain, 0);
		CHECK_EQ(take(p), 1);
		mk_virtqueue_give(&p->vq, &p->chain, 0);
		add_one(p, DATA, 1, true);
		CHECK(!driver_must_kick(&p->d));
		/* asked for too late: the second look finds it */
		mk_virtqueue_want_kicks(&p->vq, true);
		CHECK(mk_virtqueue_ready(&p->vq));
		CHECK_EQ(take(p), 1);
		mk_virtqueue_give(&p->vq, &p->chain, 0);
		while (driver_get(&p->d, &written) >= 0)
			;
	}
	drop(p);
}

/* A device that never asks whether to tell, for more than 16 bits can count. */
static void who_gives_long_before_telling_still_tells(void)
{
	struct pair *p = fresh(1, true, 0);
	uint32_t written;
	unsigned int i;

	mk_virtqueue_must_tell(&p->vq);
	for (i = 1; i <= 65540; i++) {
		add_one(p, DATA, 1, true);
		if (take(p) != 1)
			break;
		mk_virtqueue_give(&p->vq, &p->chain, 1);
		if (i < 65540)
			driver_get(&p->d, &written);
	}
	CHECK_EQ(i, 65541);
	driver_may_sleep(&p->d); /* it asks for the one that is there */
	CHECK(mk_virtqueue_must_tell(&p->vq));
	drop(p);
}

int main(void)
{
	TEST(sizes_are_powers_of_two);
	TEST(parts_are_aligned);
	TEST(parts_end_with_the_memory_at_the_latest);
	TEST(the_last_byte_of_memory_is_used);
	TEST(an_empty_queue_gives_nothing);
	TEST(a_chain_arrives_as_it_was_added);
	TEST(bytes_are_copied_at_every_offset);
	TEST(a_chain_has_up_to_128_parts);
	TEST(indices_wrap);
	TEST(a_queue_of_32768_can_be_full);
	TEST(what_is_untaken_is_taken_again);
	TEST(a_successor_goes_on_where_the_used_ring_stands);
	TEST(a_successor_tells_what_was_not_told);
	TEST(flags_say_who_wants_to_be_told);
	TEST(an_event_that_is_passed_tells);
	TEST(an_event_asks_for_the_next_kick);
	TEST(who_gives_long_before_telling_still_tells);
	return done();
}
