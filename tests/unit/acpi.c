// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACPI tables against golden copies and the specification's own numbers,
 * in every buffer size, in every wrong order.
 *
 * "acpi --write DIR" writes the tables, for tests/unit/acpi_iasl.sh and for
 * new golden copies (tests/data/acpi/README.md).
 */
#include <stdlib.h>

#include "acpi.h"
#include "aml.h"
#include "check.h"
#include "golden.h"

#define ROOM 24576

static uint8_t room[ROOM];
static struct mk_error error;

static uint64_t get(const uint8_t *b, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | b[n];
	return v;
}

static struct mk_acpi_cpus cpus_of(const struct golden *g)
{
	return (struct mk_acpi_cpus){ .apic_ids = g->apic_ids,
				      .nr = g->nr_cpus,
				      .real_bsp = g->real_bsp,
				      .x2apic = g->x2apic,
				      .ioapic = g->ioapic };
}

static int build(const struct golden *g, void *buffer, size_t size,
		 struct mk_acpi *acpi, size_t *length)
{
	struct mk_acpi_cpus cpus = cpus_of(g);
	uint64_t rsdp = 0;
	int ret;

	ret = mk_acpi_begin(acpi, buffer, size, GOLDEN_BASE, &error);
	if (!ret)
		ret = mk_acpi_dsdt(acpi, GOLDEN_HANDOFF, &error);
	if (!ret)
		ret = mk_acpi_fadt(acpi, GOLDEN_HANDOFF, &error);
	if (!ret)
		ret = mk_acpi_madt(acpi, &cpus, &error);
	if (!ret)
		ret = mk_acpi_finish(acpi, &rsdp, length, &error);
	if (!ret && rsdp != GOLDEN_BASE)
		ret = 1;
	return ret;
}

static uint8_t sum(const uint8_t *b, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s += *b++;
	return s;
}

static FILE *open_file(const char *dir, const char *name, const char *ext,
		       const char *mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, ext);
	return fopen(path, mode);
}

/* Byte for byte what somebody looked at and committed. */
static void matches_golden(void)
{
	const char *dir = getenv("MK_TEST_DATA");
	static uint8_t want[ROOM];
	struct mk_acpi acpi;
	size_t length, n;
	unsigned int i;
	FILE *f;

	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		CHECK_EQ(build(&golden[i], room, ROOM, &acpi, &length), 0);
		f = open_file(dir ? dir : "tests/data/acpi", golden[i].name,
			      ".bin", "rb");
		CHECK(f != NULL);
		if (!f)
			return;
		n = fread(want, 1, sizeof(want), f);
		fclose(f);
		CHECK_EQ(length, n);
		CHECK(length == n && memcmp(room, want, n) == 0);
	}
}

/* The numbers that facts and specification give, found by hand. */
static void says_what_it_should(void)
{
	const uint8_t *fadt, *madt, *xsdt;
	struct mk_acpi acpi;
	size_t length;

	CHECK_EQ(build(&golden[0], room, ROOM, &acpi, &length), 0);
	CHECK(memcmp(room, "RSD PTR ", 8) == 0);
	CHECK_EQ(sum(room, 20), 0);
	CHECK_EQ(sum(room, 36), 0);
	xsdt = room + (get(room + 24, 8) - GOLDEN_BASE);
	CHECK(memcmp(xsdt, "XSDT", 4) == 0);
	CHECK_EQ(get(xsdt + 4, 4), 36 + 16);
	CHECK_EQ(sum(xsdt, get(xsdt + 4, 4)), 0);

	fadt = room + (get(xsdt + 36, 8) - GOLDEN_BASE);
	CHECK(memcmp(fadt, "FACP", 4) == 0);
	CHECK_EQ(get(fadt + 4, 4), 276);
	CHECK_EQ(fadt[8], 6);
	CHECK_EQ(fadt[131], 5);
	CHECK_EQ(get(fadt + 112, 4), 0x180431);
	CHECK_EQ(get(fadt + 109, 2), 0x24);
	CHECK_EQ(get(fadt + 244, 4), 0x01000800);
	CHECK_EQ(get(fadt + 248, 8), GOLDEN_HANDOFF + 0x800);
	CHECK(memcmp(fadt + 244, fadt + 256, 12) == 0);
	CHECK_EQ(get(fadt + 120, 8), GOLDEN_HANDOFF + 0x804);
	CHECK_EQ(fadt[128], 1);
	CHECK_EQ(get(fadt + 76, 4), 0); /* PM timer */
	CHECK_EQ(get(fadt + 212, 8), 0);
	CHECK_EQ(sum(fadt, 276), 0);
	CHECK(memcmp(room + (get(fadt + 140, 8) - GOLDEN_BASE), "DSDT", 4) ==
	      0);

	madt = room + (get(xsdt + 44, 8) - GOLDEN_BASE);
	CHECK(memcmp(madt, "APIC", 4) == 0);
	CHECK_EQ(get(madt + 4, 4), 44 + 3 * 8 + 12);
	CHECK_EQ(sum(madt, get(madt + 4, 4)), 0);
	CHECK_EQ(get(madt + 36, 4), 0xfee00000);
	CHECK_EQ(get(madt + 40, 4), 0);
	CHECK_EQ(madt[44], 0);
	CHECK_EQ(madt[44 + 3], 0); /* the real boot CPU */
	CHECK_EQ(get(madt + 44 + 4, 4), 2);
	CHECK_EQ(madt[52 + 3], 2);
	CHECK_EQ(get(madt + 52 + 4, 4), 1);
	CHECK_EQ(madt[60 + 3], 3);
	CHECK_EQ(madt[68], 1);
	CHECK_EQ(madt[70], 14);
	CHECK_EQ(get(madt + 72, 4), 0x27000);

	CHECK_EQ(build(&golden[1], room, ROOM, &acpi, &length), 0);
	madt = room + acpi.madt;
	CHECK_EQ(get(madt + 4, 4), 44 + 4 * 16);
	CHECK_EQ(madt[44], 9);
	CHECK_EQ(get(madt + 48, 4), 0);
	CHECK_EQ(get(madt + 52, 4), 2);
	CHECK_EQ(get(madt + 92 + 4, 4), 0x104);
	CHECK_EQ(get(madt + 92 + 8, 4), 1);
}

/* Too small is NOSPACE, and nothing in it looks like a table. */
static void every_size(void)
{
	struct mk_acpi acpi;
	size_t need, length, size, i;
	uint8_t *exact;

	CHECK_EQ(build(&golden[1], room, ROOM, &acpi, &need), 0);
	for (size = 0; size <= need; size++) {
		exact = malloc(size ? size : 1);
		if (!exact)
			abort();
		memset(exact, 0xee, size);
		if (size == need) {
			CHECK_EQ(build(&golden[1], exact, size, &acpi, &length),
				 0);
			CHECK_EQ(length, need);
			CHECK(memcmp(exact, room, need) == 0);
		} else {
			CHECK_EQ(build(&golden[1], exact, size, &acpi, &length),
				 MK_E_NOSPACE);
			for (i = 0; i + 4 <= size; i++)
				if (!memcmp(exact + i, "RSD ", 4) ||
				    !memcmp(exact + i, "XSDT", 4) ||
				    !memcmp(exact + i, "DSDT", 4) ||
				    !memcmp(exact + i, "FACP", 4) ||
				    !memcmp(exact + i, "APIC", 4))
					break;
			CHECK(i + 4 > size);
			CHECK_EQ(mk_acpi_finish(&acpi, NULL, NULL, &error),
				 MK_E_NOSPACE);
		}
		free(exact);
	}
}

/* Step @what after @done good ones. */
static int step(struct mk_acpi *acpi, unsigned int what)
{
	struct mk_acpi_cpus cpus = cpus_of(&golden[0]);
	uint64_t rsdp;
	size_t length;

	switch (what) {
	case 0:
		return mk_acpi_dsdt(acpi, GOLDEN_HANDOFF, &error);
	case 1:
		return mk_acpi_fadt(acpi, GOLDEN_HANDOFF, &error);
	case 2:
		return mk_acpi_madt(acpi, &cpus, &error);
	default:
		return mk_acpi_finish(acpi, &rsdp, &length, &error);
	}
}

static void every_wrong_order(void)
{
	unsigned int done, what, i;
	struct mk_acpi acpi = { 0 };

	for (what = 0; what < 4; what++) {
		acpi = (struct mk_acpi){ 0 };
		CHECK_EQ(step(&acpi, what), MK_E_STATE);
	}
	for (done = 0; done <= 4; done++) {
		for (what = 0; what < 4; what++) {
			CHECK_EQ(mk_acpi_begin(&acpi, room, ROOM, GOLDEN_BASE,
					       &error),
				 0);
			for (i = 0; i < done; i++)
				CHECK_EQ(step(&acpi, i), 0);
			if (what == done)
				continue;
			CHECK_EQ(step(&acpi, what), MK_E_STATE);
			/* It stays broken, even for the right step. */
			CHECK_EQ(step(&acpi, done), MK_E_STATE);
		}
	}
}

static int madt_with(const struct mk_acpi_cpus *cpus)
{
	struct mk_acpi acpi;

	CHECK_EQ(mk_acpi_begin(&acpi, room, ROOM, GOLDEN_BASE, &error), 0);
	CHECK_EQ(step(&acpi, 0), 0);
	CHECK_EQ(step(&acpi, 1), 0);
	return mk_acpi_madt(&acpi, cpus, &error);
}

static void bad_arguments(void)
{
	static uint32_t many[4096];
	uint32_t twice[] = { 1, 2, 1 }, own_bsp[] = { 1, 0 }, high[] = { 0xff },
		 none[] = { 0xffffffff };
	struct mk_acpi_cpus c = { .apic_ids = twice, .nr = 3 };
	struct mk_acpi acpi;
	unsigned int i;

	CHECK_EQ(madt_with(&c), MK_E_CALL);
	c.apic_ids = own_bsp;
	c.nr = 2;
	CHECK_EQ(madt_with(&c), MK_E_CALL);
	c.apic_ids = high;
	c.nr = 1;
	CHECK_EQ(madt_with(&c), MK_E_CALL);
	c.x2apic = true;
	CHECK_EQ(madt_with(&c), 0);
	c.apic_ids = none;
	CHECK_EQ(madt_with(&c), MK_E_CALL);
	c.apic_ids = high;
	c.ioapic = 0x27000; /* makes Linux leave x2APIC mode */
	CHECK_EQ(madt_with(&c), MK_E_CALL);
	c.ioapic = 0;
	c.nr = 0;
	CHECK_EQ(madt_with(&c), MK_E_CALL);
	c.nr = 1;
	c.apic_ids = NULL;
	CHECK_EQ(madt_with(&c), MK_E_CALL);

	for (i = 0; i < 4096; i++)
		many[i] = i + 1;
	c.apic_ids = many;
	c.nr = 1400;
	CHECK_EQ(madt_with(&c), 0);
	c.nr = 4096;
	CHECK_EQ(madt_with(&c), MK_E_NOSPACE);

	CHECK_EQ(mk_acpi_begin(&acpi, NULL, 0, GOLDEN_BASE, &error), MK_E_CALL);
	CHECK_EQ(mk_acpi_begin(&acpi, room, ROOM, 8, &error), MK_E_CALL);
	CHECK_EQ(mk_acpi_begin(&acpi, room, ROOM, -16ULL, &error), MK_E_CALL);
	CHECK_EQ(mk_acpi_begin(&acpi, room, ROOM, GOLDEN_BASE, NULL), 0);
	CHECK_EQ(mk_acpi_dsdt(&acpi, -4095ULL, NULL), MK_E_CALL);
}

/* PkgLength at the edges of its four forms (ACPI 6.5, 20.2.4). */
static void package_lengths(void)
{
	static const struct {
		size_t body;
		uint8_t bytes[3];
		size_t n;
	} cases[] = {
		{ 62, { 0x3f }, 1 },
		{ 63, { 0x41, 0x04 }, 2 },
		{ 4093, { 0x4f, 0xff }, 2 },
		{ 4094, { 0x81, 0x00, 0x01 }, 3 },
	};
	static uint8_t big[8192];
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mk_writer w = mk_writer(big, sizeof(big));
		struct mk_aml aml = mk_aml(&w);

		mk_aml_package(&aml, 0);
		mk_writer_take(&w, cases[i].body - 1);
		mk_aml_end(&aml);
		CHECK(!w.over);
		CHECK_EQ(w.at, 1 + cases[i].n + cases[i].body);
		CHECK(memcmp(big + 1, cases[i].bytes, cases[i].n) == 0);
	}
}

/* Blocks that are too deep or not open fail instead of writing somewhere. */
static void unbalanced_blocks(void)
{
	struct mk_writer w = mk_writer(room, ROOM);
	struct mk_aml aml = mk_aml(&w);
	unsigned int i;

	mk_aml_end(&aml);
	CHECK(w.over);
	w = mk_writer(room, ROOM);
	aml = mk_aml(&w);
	for (i = 0; i <= MK_AML_DEPTH; i++)
		mk_aml_scope(&aml, "_SB_");
	CHECK(w.over);
}

static void integers(void)
{
	static const uint8_t want[] = { 0,    1,    0x0a, 2,	0x0a, 0xff,
					0x0b, 0x00, 1,	  0x0c, 0,    0,
					1,    0,    0x0e, 0,	0,    0,
					0,    1,    0,	  0,	0 };
	struct mk_writer w = mk_writer(room, ROOM);
	struct mk_aml aml = mk_aml(&w);

	mk_aml_integer(&aml, 0);
	mk_aml_integer(&aml, 1);
	mk_aml_integer(&aml, 2);
	mk_aml_integer(&aml, 0xff);
	mk_aml_integer(&aml, 0x100);
	mk_aml_integer(&aml, 0x10000);
	mk_aml_integer(&aml, 0x100000000);
	CHECK_EQ(w.at, sizeof(want));
	CHECK(memcmp(room, want, sizeof(want)) == 0);
}

static int write_tables(const char *dir)
{
	const struct golden *g = golden;
	struct mk_acpi acpi;
	char name[64];
	size_t length, at[4];
	unsigned int i, k;
	FILE *f;

	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++, g++) {
		if (build(g, room, ROOM, &acpi, &length))
			return 1;
		f = open_file(dir, g->name, ".bin", "wb");
		if (!f || fwrite(room, 1, length, f) != length || fclose(f))
			return 1;
		at[0] = acpi.xsdt;
		at[1] = acpi.dsdt;
		at[2] = acpi.fadt;
		at[3] = acpi.madt;
		for (k = 0; k < 4; k++) {
			snprintf(name, sizeof(name), "%s-%.4s", g->name,
				 (char *)room + at[k]);
			f = open_file(dir, name, ".aml", "wb");
			length = get(room + at[k] + 4, 4);
			if (!f ||
			    fwrite(room + at[k], 1, length, f) != length ||
			    fclose(f))
				return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_tables(argv[2]);
	TEST(matches_golden);
	TEST(says_what_it_should);
	TEST(every_size);
	TEST(every_wrong_order);
	TEST(bad_arguments);
	TEST(package_lengths);
	TEST(unbalanced_blocks);
	TEST(integers);
	return done();
}
