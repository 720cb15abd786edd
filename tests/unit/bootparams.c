// SPDX-License-Identifier: GPL-2.0-only
/* boot_params: each field where the protocol has it, and nothing else. */
#include <stdlib.h>

#include "bootparams.h"
#include "check.h"

static uint8_t page[4096];
static struct mk_error error;
static struct mk_image image;
static const struct mk_efi efi = { 0x123456789a0ULL, 0x223456789b0ULL, 0x180,
				   0 };
static const struct mk_e820 e820[] = {
	{ 0x20000, 0x8000, MK_E820_RAM },
	{ 0x140002000, 0x6000, MK_E820_ACPI },
	{ 0x140100000, 0xff00000, MK_E820_RAM },
};

static uint64_t get(unsigned int at, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | page[at + n];
	return v;
}

static struct mk_bootparams params(void)
{
	memset(&image, 0, sizeof(image));
	image.setup_header_length = 0x7b;
	memset(image.setup_header, 0xff, 0x7b);
	return (struct mk_bootparams){ .image = &image,
				       .rsdp = 0x1122334455667788,
				       .cmdline = 0x31140001000,
				       .initrd = 0x4214ff00000,
				       .initrd_bytes = 0x500012345,
				       .efi = &efi,
				       .e820 = e820,
				       .nr_e820 = 3 };
}

static void fields(void)
{
	struct mk_bootparams bp = params();
	unsigned int i;

	memset(page, 0xee, sizeof(page));
	CHECK_EQ(mk_bootparams_build(&bp, page, sizeof(page), &error), 0);
	CHECK_EQ(get(0x070, 8), 0x1122334455667788);
	CHECK_EQ(get(0x228, 4), 0x40001000);
	CHECK_EQ(get(0x0c8, 4), 0x311);
	CHECK_EQ(get(0x218, 4), 0x4ff00000);
	CHECK_EQ(get(0x0c0, 4), 0x421);
	CHECK_EQ(get(0x21c, 4), 0x00012345);
	CHECK_EQ(get(0x0c4, 4), 5);
	CHECK(memcmp(page + 0x1c0, "EL64", 4) == 0);
	CHECK_EQ(get(0x1c4, 4), 0x456789a0);
	CHECK_EQ(get(0x1c8, 4), 48);
	CHECK_EQ(get(0x1cc, 4), 1);
	CHECK_EQ(get(0x1d0, 4), 0x456789b0);
	CHECK_EQ(get(0x1d4, 4), 0x180);
	CHECK_EQ(get(0x1d8, 4), 0x123);
	CHECK_EQ(get(0x1dc, 4), 0x223);
	CHECK_EQ(page[0x1e8], 3);
	CHECK_EQ(page[0x1ec], 2);
	CHECK_EQ(page[0x1ef], 0); /* sentinel */
	for (i = 0; i < 3; i++) {
		CHECK_EQ(get(0x2d0 + 20 * i, 8), e820[i].address);
		CHECK_EQ(get(0x2d8 + 20 * i, 8), e820[i].length);
		CHECK_EQ(get(0x2e0 + 20 * i, 4), e820[i].type);
	}
	for (i = 0; i < 0x70; i++)
		CHECK_EQ(page[i], 0); /* screen_info, APM */
	for (i = 0x2d0 + 60; i < 4096; i++)
		CHECK_EQ(page[i], 0);
	for (i = 0x26c; i < 0x2d0; i++)
		CHECK_EQ(page[i], 0);
}

/* What a boot loader decides is not left as the file had it (all ones). */
static void header(void)
{
	struct mk_bootparams bp = params();

	CHECK_EQ(mk_bootparams_build(&bp, page, sizeof(page), &error), 0);
	CHECK_EQ(page[0x1f1], 0xff); /* copied */
	CHECK_EQ(get(0x260, 4), 0xffffffff);
	CHECK_EQ(get(0x1fe, 2), 0xaa55);
	CHECK_EQ(get(0x202, 4), 0x53726448);
	CHECK_EQ(page[0x210], 0xff);
	CHECK_EQ(page[0x211], 0x7d); /* no heap, no KASLR_FLAG */
	CHECK_EQ(get(0x208, 4), 0);
	CHECK_EQ(get(0x23c, 4), 0);
	CHECK_EQ(get(0x240, 8), 0);
	CHECK_EQ(get(0x250, 8), 0);

	/* No header at all is enough to be entered. */
	image.setup_header_length = 0;
	CHECK_EQ(mk_bootparams_build(&bp, page, sizeof(page), &error), 0);
	CHECK_EQ(page[0x211], 1);
	CHECK_EQ(get(0x202, 4), 0x53726448);
}

static void full_e820(void)
{
	static struct mk_e820 many[128];
	struct mk_bootparams bp = params();
	unsigned int i;

	for (i = 0; i < 128; i++)
		many[i] = (struct mk_e820){ (i + 1) * 0x200000ULL, 0x1000, 2 };
	bp.e820 = many;
	bp.nr_e820 = 128;
	CHECK_EQ(mk_bootparams_build(&bp, page, sizeof(page), &error), 0);
	CHECK_EQ(page[0x1e8], 128);
	CHECK_EQ(get(0x2d0 + 127 * 20, 8), 128 * 0x200000ULL);
	CHECK_EQ(get(0xcd0, 8), 0);
	bp.nr_e820 = 129;
	CHECK_EQ(mk_bootparams_build(&bp, page, sizeof(page), &error),
		 MK_E_CALL);
}

static void every_size(void)
{
	struct mk_bootparams bp = params();
	uint8_t *exact;
	size_t size;

	CHECK_EQ(mk_bootparams_build(&bp, page, sizeof(page), &error), 0);
	for (size = 0; size <= 4096; size++) {
		exact = malloc(size ? size : 1);
		if (!exact)
			abort();
		CHECK_EQ(mk_bootparams_build(&bp, exact, size, &error),
			 size < 4096 ? MK_E_NOSPACE : 0);
		if (size == 4096)
			CHECK(memcmp(exact, page, size) == 0);
		free(exact);
	}
}

static void bad_arguments(void)
{
	struct mk_bootparams bp;

#define BAD(change)                                                  \
	do {                                                         \
		bp = params();                                       \
		change;                                              \
		CHECK_EQ(mk_bootparams_build(&bp, page, 4096, NULL), \
			 MK_E_CALL);                                 \
	} while (0)
	BAD(bp.image = NULL);
	BAD(bp.efi = NULL);
	BAD(bp.e820 = NULL);
	BAD(bp.nr_e820 = 0);
	BAD(image.setup_header_length = 0x80);
}

int main(void)
{
	TEST(fields);
	TEST(header);
	TEST(full_e820);
	TEST(every_size);
	TEST(bad_arguments);
	return done();
}
