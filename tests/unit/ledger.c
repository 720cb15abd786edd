// SPDX-License-Identifier: GPL-2.0-only
/* The host module's ledger, built here as it is built there. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;

#include "check.h"
#include "../../kernel/host/ledger.c"

static struct mkh_ledger_entry room[8];

static struct mkh_ledger fresh(unsigned int entries)
{
	memset(room, 0, sizeof(room));
	return (struct mkh_ledger){ .entries = room, .room = entries };
}

static void unknown_things_are_the_hosts(void)
{
	struct mkh_ledger l = fresh(8);

	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_CPU, 3), 0);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_MEMORY, 0x200000), 0);
	CHECK(!mkh_ledger_at(&l, 0));
}

static void a_range_has_one_owner(void)
{
	struct mkh_ledger l = fresh(8);

	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0x1000, 0x1000, 1), 0);
	/* every way to touch it: same, inside, around, one byte either end */
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0x1000, 0x1000, 2),
		 -EBUSY);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_LOW, 0x1800, 1, 2), -EBUSY);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_RESERVED, 0, 0x10000, 2),
		 -EBUSY);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0, 0x1001, 2), -EBUSY);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0x1fff, 1, 2), -EBUSY);
	/* its neighbours are free */
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0, 0x1000, 2), 0);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0x2000, 1, 2), 0);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_MEMORY, 0xfff), 2);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_MEMORY, 0x1000), 1);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_MEMORY, 0x2000), 2);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_MEMORY, 0x2001), 0);
}

static void cpus_and_memory_do_not_collide(void)
{
	struct mkh_ledger l = fresh(8);

	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_CPU, 5, 1, 1), 0);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_LOW, 5, 1, 2), 0);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_CPU, 5), 1);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_LOW, 5), 2);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_CPU, 5, 1, 3), -EBUSY);
}

static void bad_ranges_are_refused(void)
{
	struct mkh_ledger l = fresh(8);

	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0, 0, 1), -EINVAL);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, ~0ULL, 2, 1), -EINVAL);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 2, ~0ULL, 1), -EINVAL);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0, 1, 0), -EINVAL);
	CHECK_EQ(mkh_ledger_enter(&l, 0, 0, 1, 1), -EINVAL);
	CHECK_EQ(l.used, 0);
	/* the very top is fine */
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, ~0ULL, 1, 1), 0);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, ~0ULL, 1, 1), -EBUSY);
}

static void lost_is_for_ever(void)
{
	struct mkh_ledger l = fresh(8);

	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_CPU, 2, 1, 7), 0);
	CHECK_EQ(mkh_ledger_move(&l, MK_LEDGER_CPU, 2, 1, MK_OWNER_LOST), 0);
	CHECK_EQ(mkh_ledger_move(&l, MK_LEDGER_CPU, 2, 1, 7), -EPERM);
	CHECK_EQ(mkh_ledger_drop(&l, MK_LEDGER_CPU, 2, 1), -EPERM);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_CPU, 2), MK_OWNER_LOST);
	CHECK_EQ(mkh_ledger_count(&l, 0, MK_OWNER_LOST), 1);
}

static void only_exact_ranges_move(void)
{
	struct mkh_ledger l = fresh(8);

	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_MEMORY, 0x1000, 0x1000, 1), 0);
	CHECK_EQ(mkh_ledger_move(&l, MK_LEDGER_MEMORY, 0x1000, 0x800, 2),
		 -ENOENT);
	CHECK_EQ(mkh_ledger_move(&l, MK_LEDGER_LOW, 0x1000, 0x1000, 2),
		 -ENOENT);
	CHECK_EQ(mkh_ledger_move(&l, MK_LEDGER_MEMORY, 0x1000, 0x1000, 0),
		 -EINVAL);
	CHECK_EQ(mkh_ledger_drop(&l, MK_LEDGER_MEMORY, 0x800, 0x1000), -ENOENT);
	CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_MEMORY, 0x1000), 1);
}

static void a_full_table_says_so_and_holes_are_reused(void)
{
	struct mkh_ledger l = fresh(3);
	int i;

	for (i = 0; i < 3; i++)
		CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_CPU, i, 1, 1), 0);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_CPU, 9, 1, 1), -ENOSPC);
	CHECK_EQ(mkh_ledger_drop(&l, MK_LEDGER_CPU, 1, 1), 0);
	CHECK_EQ(l.used, 3);
	CHECK_EQ(mkh_ledger_enter(&l, MK_LEDGER_CPU, 9, 1, 1), 0);
	CHECK_EQ(mkh_ledger_at(&l, 1)->start, 9);
	CHECK_EQ(mkh_ledger_drop(&l, MK_LEDGER_CPU, 2, 1), 0);
	CHECK_EQ(mkh_ledger_drop(&l, MK_LEDGER_CPU, 9, 1), 0);
	CHECK_EQ(l.used, 1);
	CHECK(!mkh_ledger_at(&l, 1));
}

/* Against a model that marks every byte of a small space. */
static void a_thousand_random_steps_agree_with_a_model(void)
{
	struct mkh_ledger l = fresh(8);
	u32 model[64] = { 0 };
	int step, i;

	srand(1);
	for (step = 0; step < 100000; step++) {
		unsigned int start = rand() % 64;
		unsigned int length = 1 + rand() % (64 - start);
		u32 owner = 1 + rand() % 5;
		bool clear = true, exact;

		for (i = 0; i < (int)length; i++)
			clear &= !model[start + i];
		exact = find(&l, MK_LEDGER_LOW, start, length);
		if (rand() % 2) {
			int err = mkh_ledger_enter(&l, MK_LEDGER_LOW, start,
						   length, owner);

			if (!clear)
				CHECK_EQ(err, -EBUSY);
			if (err)
				continue;
		} else {
			int err = mkh_ledger_drop(&l, MK_LEDGER_LOW, start,
						  length);

			CHECK_EQ(err, exact ? 0 : -ENOENT);
			if (err)
				continue;
			owner = 0;
		}
		for (i = 0; i < (int)length; i++)
			model[start + i] = owner;
		for (i = 0; i < 64; i++)
			CHECK_EQ(mkh_ledger_owner(&l, MK_LEDGER_LOW, i),
				 model[i]);
		if (check_bad)
			return;
	}
}

int main(void)
{
	TEST(unknown_things_are_the_hosts);
	TEST(a_range_has_one_owner);
	TEST(cpus_and_memory_do_not_collide);
	TEST(bad_ranges_are_refused);
	TEST(lost_is_for_ever);
	TEST(only_exact_ranges_move);
	TEST(a_full_table_says_so_and_holes_are_reused);
	TEST(a_thousand_random_steps_agree_with_a_model);
	return done();
}
