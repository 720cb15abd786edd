// SPDX-License-Identifier: GPL-2.0-only
/* Included at the end of host/low.c: what is and is not a real-mode blob. */

struct blob_case {
	u64 page;
	u32 words[BLOB_HEADER_WORDS];
	u32 signature_at; /* 0 = none */
	u64 bytes; /* expected */
};

static const struct blob_case blob_cases[] __initconst = {
	/* as seen on 6.1: 0x6264 bytes at 0x98000 */
	{ 0x98000,
	  { 0x98040, 0x9a000, 0x98000 + 0x1000, 0x9b000 },
	  0x9e260,
	  0x6264 },
	/* no signature, or before ro_end, or beyond what a blob may have */
	{ 0x98000, { 0x98040, 0x9a000, 0x99000, 0x9b000 }, 0, 0 },
	{ 0x98000, { 0x98040, 0x9a000, 0x99000, 0x9b000 }, 0x99000, 0 },
	{ 0x20000, { 0x20040, 0x22000, 0x21000, 0x23000 }, 0x30000, 0 },
	/* a word that points outside: before, at the start, behind */
	{ 0x98000, { 0x97040, 0x9a000, 0x99000, 0x9b000 }, 0x9e260, 0 },
	{ 0x98000, { 0x98000, 0x9a000, 0x99000, 0x9b000 }, 0x9e260, 0 },
	{ 0x98000, { 0x98040, 0x9a000, 0x99000, 0xa0000 }, 0x9e260, 0 },
	/* not ascending */
	{ 0x98000, { 0x9a000, 0x98040, 0x99000, 0x9b000 }, 0x9e260, 0 },
	/* all zero, all ones */
	{ 0x30000, { 0 }, 0x30800, 0 },
	{ 0x30000, { ~0U, ~0U, ~0U, ~0U }, 0x30800, 0 },
	/* the signature in the last word there is */
	{ 0x90000, { 0x90040, 0x92000, 0x91000, 0x93000 }, 0x9fffc, 0x10000 },
};

bool __init mkh_low_selftest(void)
{
	u8 *low = kvzalloc(LOW_END, GFP_KERNEL);
	bool good = true;
	size_t i;

	if (!low)
		return false;
	for (i = 0; i < ARRAY_SIZE(blob_cases); i++) {
		const struct blob_case *c = &blob_cases[i];
		u64 bytes;

		memset(low, 0, LOW_END);
		memcpy(low + c->page, c->words, sizeof(c->words));
		if (c->signature_at)
			*(u32 *)(low + c->signature_at) = BLOB_SIGNATURE;
		bytes = blob_at(low, c->page);
		if (bytes != c->bytes) {
			pr_err("self-test low %zu: %#llx, not %#llx\n", i,
			       bytes, c->bytes);
			good = false;
		}
	}
	kvfree(low);

	/* Windows do not overlap, are wiped, and come back. */
	if (good) {
		u64 before = mkh_low_free_bytes();
		u64 a = mkh_low_take(PAGE_SIZE),
		    b = mkh_low_take(2 * PAGE_SIZE);

		good = a && b &&
		       (a + PAGE_SIZE <= b || b + 2 * PAGE_SIZE <= a) &&
		       mkh_low_free_bytes() == before - 3 * PAGE_SIZE &&
		       !mkh_low_take(LOW_END);
		mkh_low_give(a, PAGE_SIZE);
		mkh_low_give(b, 2 * PAGE_SIZE);
		good &= mkh_low_free_bytes() == before;
		if (!good)
			pr_err("self-test low: windows\n");
	}
	return good;
}
