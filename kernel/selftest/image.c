// SPDX-License-Identifier: GPL-2.0-only
/* Included at the end of host/image.c: what lies inside, what overlaps. */

struct within_case {
	u64 base, bytes, start, length;
	bool inside;
};

static const struct within_case within_cases[] __initconst = {
	{ 0x1000, 0x1000, 0x1000, 0x1000, true },
	{ 0x1000, 0x1000, 0x1fff, 1, true },
	{ 0x1000, 0x1000, 0x2000, 0, true },
	{ 0x1000, 0x1000, 0x2000, 1, false },
	{ 0x1000, 0x1000, 0x0fff, 1, false },
	{ 0x1000, 0x1000, 0x1000, 0x1001, false },
	{ 0x1000, 0x1000, 0x1800, ~0ULL, false },
	{ 0x1000, 0x1000, ~0ULL, 1, false },
	{ 0x1000, 0x1000, ~0ULL, 0x1002, false },
	{ 0, 0, 0, 1, false },
};

struct overlap_case {
	u64 a, a_bytes, b, b_bytes;
	bool overlap;
};

static const struct overlap_case overlap_cases[] __initconst = {
	{ 0x1000, 0x1000, 0x2000, 0x1000, false },
	{ 0x2000, 0x1000, 0x1000, 0x1000, false },
	{ 0x1000, 0x1001, 0x2000, 0x1000, true },
	{ 0x1000, 0x3000, 0x2000, 0x1000, true },
	{ 0x2000, 0x1000, 0x1000, 0x3000, true },
	{ 0x1000, 0x1000, 0x1000, 0x1000, true },
};

bool __init mkh_image_selftest(void)
{
	bool good = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(within_cases); i++) {
		const struct within_case *c = &within_cases[i];

		if (within(c->base, c->bytes, c->start, c->length) !=
		    c->inside) {
			pr_err("self-test image: within %zu\n", i);
			good = false;
		}
	}
	for (i = 0; i < ARRAY_SIZE(overlap_cases); i++) {
		const struct overlap_case *c = &overlap_cases[i];

		if (overlap(c->a, c->a_bytes, c->b, c->b_bytes) != c->overlap) {
			pr_err("self-test image: overlap %zu\n", i);
			good = false;
		}
	}
	return good;
}
