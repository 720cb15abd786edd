// SPDX-License-Identifier: GPL-2.0-only
/* A virtqueue whose driver breaks the rules: each of them, and what is said. */
#include <sys/mman.h>

#include "virtqueue_pair.h"

/* The next take says @why, once, and the queue does nothing after it. */
static void check_broken(struct pair *p, const char *why)
{
	struct mk_virtqueue_chain given = { .head = 1 };
	uint8_t *before = malloc(BYTES);
	struct mk_virtqueue vq;

	memcpy(before, p->memory, BYTES);
	CHECK_EQ(take(p), MK_E_INPUT);
	CHECK_EQ(p->err.code, MK_E_INPUT);
	CHECK_STR(p->err.text, why);
	CHECK(p->vq.broken);
	CHECK_EQ(p->chain.nr_out + p->chain.nr_in, 0);
	CHECK_EQ(p->chain.out_bytes + p->chain.in_bytes, 0);
	vq = p->vq;
	CHECK_EQ(take(p), 0);
	CHECK(!mk_virtqueue_ready(&p->vq));
	mk_virtqueue_give(&p->vq, &given, 4);
	mk_virtqueue_untake(&p->vq);
	mk_virtqueue_want_kicks(&p->vq, true);
	mk_virtqueue_want_kicks(&p->vq, false);
	CHECK(!mk_virtqueue_must_tell(&p->vq));
	CHECK(!memcmp(&vq, &p->vq, sizeof(vq)));
	CHECK(!memcmp(before, p->memory, BYTES));
	free(before);
	drop(p);
}

/* A chain of the five parts, whose descriptors a test then spoils. */
static struct pair *spoil(void)
{
	struct pair *p = fresh(8, false, 0);

	driver_add(&p->d, five, 5);
	return p;
}

static void an_index_that_jumps_breaks(void)
{
	struct pair *p = fresh(8, false, 0xfffe);

	p->d.available->idx += 9;
	check_broken(p, "9 chains are said to wait in a queue of 8 entries");
	p = fresh(8, true, 0xfffe);
	p->d.available->idx--; /* backwards */
	check_broken(p,
		     "65535 chains are said to wait in a queue of 8 entries");
}

static void a_descriptor_beyond_the_table_breaks(void)
{
	struct pair *p = spoil();

	p->d.available->ring[0] = 8;
	check_broken(p, "chain 8: descriptor 8 of a table of 8");
	p = spoil();
	p->d.available->ring[0] = 0xffff;
	check_broken(p, "chain 65535: descriptor 65535 of a table of 8");
	p = spoil();
	p->d.descriptors[2].next = 8;
	check_broken(p, "chain 0: descriptor 8 of a table of 8");
}

static void a_circle_breaks(void)
{
	struct pair *p = spoil();

	p->d.descriptors[1].next = 0;
	check_broken(p, "chain 0: it goes in a circle");
	p = spoil();
	p->d.descriptors[4].flags |= VRING_DESC_F_NEXT;
	p->d.descriptors[4].next = 4;
	check_broken(p, "chain 0: it goes in a circle");
	p = fresh(256, false, 0);
	add_one(p, DATA, 1, true);
	p->d.descriptors[0].flags |= VRING_DESC_F_NEXT;
	p->d.descriptors[0].next = 0;
	check_broken(p, "chain 0: more than 128 parts, or a circle");
}

static void a_wild_part_breaks(void)
{
	static const struct {
		uint64_t address;
		uint32_t length;
	} bad[] = {
		{ 0, 1 },
		{ BASE - 1, 1 },
		{ BASE - 1, 2 },
		{ BASE + BYTES, 1 },
		{ BASE + BYTES - 1, 2 },
		{ BASE, BYTES + 1 },
		{ BASE, 0xffffffff },
		{ ~0ull, 1 },
		{ ~0ull - 0xfff, 0x2000 },
		{ 0ull - 0xffffffff, 0xffffffff },
		{ BASE | 1ull << 63, 16 },
	};
	struct pair *p;
	char why[200];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p = spoil();
		p->d.descriptors[i % 5].addr = bad[i].address;
		p->d.descriptors[i % 5].len = bad[i].length;
		snprintf(why, sizeof(why),
			 "chain 0: a part of %u bytes at %#llx, outside the "
			 "instance's memory",
			 bad[i].length, (unsigned long long)bad[i].address);
		check_broken(p, why);
	}
	/* the last byte of memory is within, and all of it is */
	p = fresh(8, false, 0);
	add_one(p, BASE + BYTES - 1, 1, true);
	CHECK_EQ(take(p), 1);
	add_one(p, BASE, BYTES, false);
	CHECK_EQ(take(p), 1);
	CHECK_EQ(p->chain.out_bytes, BYTES);
	drop(p);
}

static void an_empty_part_breaks(void)
{
	struct pair *p = spoil();

	p->d.descriptors[0].len = 0;
	check_broken(p, "chain 0: a part of 0 bytes");
	p = spoil();
	p->d.descriptors[4].len = 0;
	check_broken(p, "chain 0: a part of 0 bytes");
}

static void out_after_in_breaks(void)
{
	struct pair *p = spoil();

	p->d.descriptors[4].flags &= (uint16_t)~VRING_DESC_F_WRITE;
	check_broken(p, "chain 0: a part to read after a part to write");
}

static struct pair *spoil_indirect(struct vring_desc **head,
				   struct vring_desc **table)
{
	struct pair *p = fresh(8, false, 0);

	*head = &p->d.descriptors[0];
	*table = (void *)driver_place(&p->d, TABLE);
	driver_add_indirect(&p->d, TABLE, five, 5);
	return p;
}

static void a_bad_indirect_table_breaks(void)
{
	struct vring_desc *head, *table;
	struct pair *p = spoil_indirect(&head, &table);

	head->flags |= VRING_DESC_F_NEXT;
	check_broken(p, "chain 0: a descriptor is both indirect and followed "
			"by another");
	p = spoil_indirect(&head, &table);
	table[1].flags = VRING_DESC_F_INDIRECT;
	table[1].len = 16;
	check_broken(p, "chain 0: an indirect table in an indirect table");
	p = spoil_indirect(&head, &table);
	head->len = 0;
	check_broken(p, "chain 0: an indirect table of 0 bytes, not a multiple "
			"of 16");
	p = spoil_indirect(&head, &table);
	head->len = 81;
	check_broken(p, "chain 0: an indirect table of 81 bytes, not a "
			"multiple of 16");
	p = spoil_indirect(&head, &table);
	head->len = 15;
	check_broken(p, "chain 0: an indirect table of 15 bytes, not a "
			"multiple of 16");
	p = spoil_indirect(&head, &table);
	head->len = 16 * 32769;
	check_broken(p, "chain 0: an indirect table of 524304 bytes, more than "
			"32768 entries");
	p = spoil_indirect(&head, &table);
	head->len = 0xfffffff0;
	check_broken(p, "chain 0: an indirect table of 4294967280 bytes, more "
			"than 32768 entries");
	p = spoil_indirect(&head, &table);
	table[3].next = 5;
	check_broken(p, "chain 0: descriptor 5 of a table of 5");
	p = spoil_indirect(&head, &table);
	table[4].next = 4;
	table[4].flags |= VRING_DESC_F_NEXT;
	check_broken(p, "chain 0: it goes in a circle");
	p = spoil_indirect(&head, &table);
	table[0].addr = 0;
	check_broken(p, "chain 0: a part of 10 bytes at 0, outside the "
			"instance's memory");
	p = spoil_indirect(&head, &table);
	table[3].len = 0;
	check_broken(p, "chain 0: a part of 0 bytes");
}

static void a_wild_indirect_table_breaks(void)
{
	static const uint64_t wild[] = { 8,
					 BASE - 16,
					 BASE - 1,
					 BASE + BYTES,
					 BASE + BYTES - 79,
					 ~0ull - 15,
					 ~0ull - 78,
					 1ull << 63 };
	struct vring_desc *head, *table;
	struct driver_part part = { DATA, 1, true };
	struct pair *p;
	char why[200];
	size_t i;

	for (i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		p = spoil_indirect(&head, &table);
		head->addr = wild[i];
		snprintf(why, sizeof(why),
			 "chain 0: an indirect table at %#llx, outside the "
			 "instance's memory",
			 (unsigned long long)wild[i]);
		check_broken(p, why);
	}
	p = fresh(8, false, 0);
	driver_add_indirect(&p->d, BASE + BYTES - 16, &part, 1);
	CHECK_EQ(take(p), 1);
	drop(p);
}

/* 2^32 bytes are a chain, one more is none; nobody touches them here. */
static void a_chain_beyond_4_gib_breaks(void)
{
	struct mk_virtqueue_memory memory = { 0, 3ull << 30, NULL };
	struct driver_part parts[] = { { 0x1000, 1u << 31, false },
				       { 0x2000, 1u << 31, true },
				       { 0x3000, 1, true } };
	static struct mk_virtqueue_chain chain;
	struct mk_error err;
	struct mk_virtqueue vq;
	struct driver_ring d;

	memory.mapped = mmap(NULL, memory.bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);
	if (memory.mapped == MAP_FAILED)
		SKIP("no 3 GiB of address space");
	driver_ring_init(&d, memory.mapped, 0, 0, 8, false);
	CHECK_EQ(mk_virtqueue_init(&vq, &memory, 8, d.at_descriptors,
				   d.at_driver, d.at_device, false, 0, &err),
		 0);
	driver_add(&d, parts, 2);
	CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), 1);
	CHECK_EQ(chain.out_bytes + chain.in_bytes, 1ull << 32);
	driver_add(&d, parts, 3);
	CHECK_EQ(mk_virtqueue_take(&vq, &chain, &err), MK_E_INPUT);
	CHECK_STR(err.text, "chain 2: more than 2^32 bytes");
	munmap(memory.mapped, memory.bytes);
}

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A driver that writes nearly right things: no part leaves the memory. */
static void random_descriptors_do_no_harm(void)
{
	unsigned int i, n, good = 0, bad = 0;
	uint32_t state = 5;
	struct pair *p = NULL;

	for (i = 0; i < 60000 && !check_bad; i++) {
		struct vring_desc *desc;
		uint16_t start = (uint16_t)next(&state);

		if (!p)
			p = fresh(8, i & 1, start);
		for (n = 0; n < 16; n++) {
			desc = n < 8 ? &p->d.descriptors[n]
				     : (void *)driver_place(
					       &p->d, TABLE + 16 * (n - 8));
			desc->addr = next(&state) % 16
					     ? DATA + next(&state) % 60000
					     : BASE + BYTES - 8;
			desc->len = next(&state) % 12;
			if (next(&state) % 64)
				desc->len++;
			desc->next = next(&state) % 8 + !(next(&state) % 64);
			desc->flags = next(&state) % 32 ? next(&state) % 4
							: next(&state) % 8;
			if (desc->flags & VRING_DESC_F_INDIRECT) {
				desc->addr = TABLE;
				desc->len = 16 * (next(&state) % 9);
			}
		}
		driver_publish(&p->d, next(&state) % 8);
		if (take(p) != 1) {
			bad++;
			CHECK(p->vq.broken);
			drop(p);
			p = NULL;
			continue;
		}
		good++;
		for (n = 0; n < p->chain.nr_out + p->chain.nr_in; n++) {
			CHECK(p->chain.parts[n].iov_len);
			memset(p->chain.parts[n].iov_base, 1,
			       p->chain.parts[n].iov_len);
		}
		mk_virtqueue_give(&p->vq, &p->chain, 0);
	}
	CHECK(good > 5000 && bad > 5000);
	if (p)
		drop(p);
}

int main(void)
{
	TEST(an_index_that_jumps_breaks);
	TEST(a_descriptor_beyond_the_table_breaks);
	TEST(a_circle_breaks);
	TEST(a_wild_part_breaks);
	TEST(an_empty_part_breaks);
	TEST(out_after_in_breaks);
	TEST(a_bad_indirect_table_breaks);
	TEST(a_wild_indirect_table_breaks);
	TEST(a_chain_beyond_4_gib_breaks);
	TEST(random_descriptors_do_no_harm);
	return done();
}
