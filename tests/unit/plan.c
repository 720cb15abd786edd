// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan: everything in its place, nothing over anything else, no argument
 * that gets through unchecked.
 */
#include <stdlib.h>

#include "check.h"
#include "plan.h"

#define MB   0x100000ULL
#define GB   0x40000000ULL
#define PAGE 4096ULL
#define ROOM (MK_PLAN_DESCRIPTION + 65536)

static uint8_t room[ROOM], other[ROOM];
static uint8_t kernel[3 * 4096], initrd[5000];
static uint32_t ids[] = { 4, 5 };
static struct mk_image image;
static struct mk_error error;
static struct mk_plan plan;

static struct mk_plan_input input(void)
{
	memset(&image, 0, sizeof(image));
	image.alignment = 2 * MB;
	image.preferred = 16 * MB;
	image.span = 32 * MB + 0x123;
	image.entry = 0x200;
	image.la57 = image.kaslr = true;
	image.nr_parts = 2;
	image.parts[0] = (struct mk_image_part){ kernel, 5000, 0, 8192 };
	image.parts[1] = (struct mk_image_part){ kernel + 8192, 100, 3 * MB,
						 29 * MB + 0x123 };
	image.setup_header_length = 0x7b;
	image.setup_header[0x236 - 0x1f1] = 0x7f; /* xloadflags */
	image.setup_header[0x239 - 0x1f1] = 0x08; /* cmdline_size 2048 */
	return (struct mk_plan_input){
		.machine = { .memory_base = 5 * GB + 6 * MB,
			     .memory_bytes = 256 * MB,
			     .low_base = 0x30000,
			     .low_bytes = 0x8000,
			     .apic_ids = ids,
			     .nr_cpus = 2,
			     .tsc_khz = 2400000 },
		.image = &image,
		.initrd = initrd,
		.initrd_length = sizeof(initrd),
		.cmdline = "quiet",
	};
}

static int make(const struct mk_plan_input *in)
{
	memset(&error, 0, sizeof(error));
	return mk_plan_make(&plan, in, room, ROOM, &error);
}

static const struct mk_plan_segment *find(const char *what)
{
	unsigned int i;

	for (i = 0; i < plan.nr_segments; i++)
		if (!strcmp(plan.segments[i].what, what))
			return &plan.segments[i];
	return NULL;
}

/* What the host module will demand of the segments, and more. */
static void judge(const struct mk_plan_input *in)
{
	const struct mk_machine *m = &in->machine;
	uint64_t top = m->memory_base + m->memory_bytes, sum = 0, end = 0,
		 last = 0;
	unsigned int i, k;

	for (i = 0; i < plan.nr_segments; i++) {
		const struct mk_plan_segment *s = &plan.segments[i], *t;

		CHECK(s->what && s->memory && s->length <= s->memory);
		CHECK_EQ((s->address | s->memory) & (PAGE - 1), 0);
		if (s->address >= m->memory_base)
			CHECK(s->address + s->memory <= top);
		else
			CHECK(s->address >= m->low_base &&
			      s->address + s->memory <=
				      m->low_base + m->low_bytes);
		CHECK(plan.handoff + PAGE <= s->address ||
		      s->address + s->memory <= plan.handoff);
		CHECK(plan.channel_base + plan.channel_bytes <= s->address ||
		      s->address + s->memory <= plan.channel_base);
		for (k = 0; k < i; k++) {
			t = &plan.segments[k];
			CHECK(s->address + s->memory <= t->address ||
			      t->address + t->memory <= s->address);
		}
	}
	CHECK(plan.entry >= m->memory_base && plan.entry < top);
	CHECK_EQ(plan.argument, m->memory_base);

	/* e820: ascending, inside what the instance has, all RAM of it. */
	for (i = 0; i < plan.nr_e820; i++) {
		const struct mk_e820 *e = &plan.e820[i];

		CHECK(e->length && !((e->address | e->length) & (PAGE - 1)));
		CHECK(e->address >= end);
		end = e->address + e->length;
		if (e->type == 12) {
			CHECK(e->address >= top || end <= m->memory_base);
			continue;
		}
		last = end;
		CHECK((e->address >= m->low_base &&
		       end <= m->low_base + m->low_bytes) ||
		      (e->address >= m->memory_base && end <= top));
		if (e->type == 1)
			sum += e->length;
	}
	CHECK_EQ(last, top);
	CHECK_EQ(sum,
		 m->low_bytes - (m->x2apic ? 0 : PAGE) + m->memory_bytes - MB);
}

static void xapic(void)
{
	struct mk_plan_input in = input();
	uint64_t base = in.machine.memory_base;
	const struct mk_plan_segment *s;

	CHECK_EQ(make(&in), 0);
	judge(&in);
	CHECK_EQ(plan.entry, base + 16 * MB + 0x200);
	CHECK_EQ(plan.page_table, base + 0x10000);
	CHECK_EQ(plan.handoff, base + 0x8000);
	CHECK_EQ(plan.channel_base, base + 0x50000);
	CHECK_EQ(plan.channel_bytes, 0xb0000);
	CHECK(!plan.la57);
	s = find("initrd");
	CHECK(s && s->bytes == initrd && s->length == sizeof(initrd));
	CHECK(s && s->address == base + 254 * MB + 2 * MB - 8192);
	s = find("dummy IOAPIC");
	CHECK(s && s->address == 0x37000);
	CHECK(s && memcmp(s->bytes + 16, "\x20\x00\x17\x0e", 4) == 0);
	CHECK_EQ(plan.nr_e820, 7);
	CHECK_EQ(plan.e820[0].length, 0x7000);
	CHECK_EQ(plan.e820[1].type, 2);
	CHECK_EQ(plan.e820[2].type, 3);
	CHECK(strstr(plan.cmdline, "no5lvl quiet") != NULL);
	s = find("command line");
	CHECK(s && s->length == strlen(plan.cmdline) + 1);
	s = find("boot parameters");
	CHECK(s && s->bytes[0x1e8] == 7);
}

static void x2apic(void)
{
	struct mk_plan_input in = input();
	uint32_t high[] = { 0x200, 0x201, 1 };

	in.machine.x2apic = in.machine.la57 = true;
	in.machine.apic_ids = high;
	in.machine.nr_cpus = 3;
	CHECK_EQ(make(&in), 0);
	judge(&in);
	CHECK(plan.la57);
	CHECK(!find("dummy IOAPIC"));
	CHECK_EQ(plan.nr_e820, 6);
	CHECK(strstr(plan.cmdline, " noapic ") != NULL);
	CHECK(strstr(plan.cmdline, "no5lvl") == NULL);
	in.cmdline = "no5lvl";
	CHECK_EQ(make(&in), 0);
	CHECK(!plan.la57);
	in.cmdline = NULL;
	image.la57 = false;
	CHECK_EQ(make(&in), 0);
	CHECK(!plan.la57);
}

static void with_agent(void)
{
	struct mk_plan_input in = input();

	CHECK_EQ(make(&in), 0);
	CHECK(strstr(plan.cmdline, "rdinit") == NULL);
	in.agent = true;
	in.cmdline = "rdinit=/bin/sh";
	CHECK_EQ(make(&in), 0);
	judge(&in);
	CHECK(strstr(plan.cmdline, " rdinit=/multikernel/init "
				   "multikernel_init=/bin/sh") != NULL);
}

static void elf_without_initrd(void)
{
	struct mk_plan_input in = input();

	image.kind = MK_IMAGE_ELF;
	image.kaslr = false;
	image.setup_header_length = 0;
	in.initrd = NULL;
	in.initrd_length = 0;
	CHECK_EQ(make(&in), 0);
	judge(&in);
	CHECK(!find("initrd"));
	CHECK(strstr(plan.cmdline, " nokaslr") != NULL);
}

/* Alignment is of the physical address. */
static void alignment(void)
{
	struct mk_plan_input in = input();
	unsigned int i;

	image.alignment = 16 * MB;
	for (i = 1; i < 20; i++) {
		in.machine.memory_base = i * 2 * MB;
		CHECK_EQ(make(&in), 0);
		judge(&in);
		CHECK_EQ((plan.entry - 0x200) % (16 * MB), 0);
		CHECK(plan.entry >= in.machine.memory_base + 16 * MB);
	}
}

/* The least memory is enough, 2 MiB less is not and is told. */
static void least_memory(void)
{
	static const size_t initrds[] = { 0,	    1,	      4096,
					  0x1ffedd, 0x1ffede, 7 << 20 };
	static const uint64_t alignments[] = { 2, 4, 16, 64 };
	struct mk_plan_input in = input();
	unsigned int i, k;
	uint64_t least;
	char want[64];
	void *bytes = calloc(1, 8 << 20);

	if (!bytes)
		abort();
	in.initrd = bytes;
	for (i = 0; i < sizeof(initrds) / sizeof(initrds[0]); i++) {
		for (k = 0; k < 4; k++) {
			image.alignment = alignments[k] * MB;
			in.initrd_length = initrds[i];
			/* The worst place for this alignment. */
			in.machine.memory_base = 2 * GB + 2 * MB;
			least = mk_plan_least_memory(&image, initrds[i]);
			CHECK_EQ(least % (2 * MB), 0);
			in.machine.memory_bytes = least;
			CHECK_EQ(make(&in), 0);
			judge(&in);
			in.machine.memory_bytes = least - 2 * MB;
			if (image.alignment > 16 * MB)
				continue; /* offset 16 MiB, not the worst */
			CHECK_EQ(make(&in), MK_E_MEMORY);
			snprintf(want, sizeof(want), "at least %llu MiB",
				 (unsigned long long)(least / MB));
			CHECK(strstr(error.text, want) != NULL);
		}
	}
	image.alignment = 2 * MB;
	CHECK_EQ(mk_plan_least_memory(&image, 0), 50 * MB);
	image.preferred = 0; /* below our own MiB: moved above it */
	CHECK_EQ(mk_plan_least_memory(&image, 0), 36 * MB);
	image.span = UINT64_MAX;
	CHECK(mk_plan_least_memory(&image, 0) > 1ULL << 62);
	CHECK_EQ(make(&in), MK_E_MEMORY);
	free(bytes);
}

static void deterministic(void)
{
	struct mk_plan_input in = input();
	struct mk_plan again;

	memset(room, 0x55, ROOM);
	memset(other, 0xaa, ROOM);
	CHECK_EQ(make(&in), 0);
	CHECK_EQ(mk_plan_make(&again, &in, other, ROOM, &error), 0);
	CHECK_EQ(again.nr_segments, plan.nr_segments);
	/* The same bytes as far as any segment of it reaches. */
	CHECK(memcmp(room, other, find("EFI runtime")->bytes - room + 65536) ==
	      0);
	CHECK(memcmp(plan.e820, again.e820, sizeof(plan.e820)) == 0);
}

static void every_size(void)
{
	struct mk_plan_input in = input();
	size_t size, need = 0;
	uint8_t *exact;

	for (size = 0; size < ROOM; size++) {
		if (!mk_plan_make(&plan, &in, room, size, &error)) {
			need = size;
			break;
		}
		CHECK_EQ(error.code, MK_E_NOSPACE);
	}
	CHECK(need > 0);
	exact = malloc(need);
	if (!exact)
		abort();
	CHECK_EQ(mk_plan_make(&plan, &in, exact, need, &error), 0);
	judge(&in);
	free(exact);
	CHECK_EQ(mk_plan_make(&plan, &in, NULL, 0, NULL), MK_E_NOSPACE);
}

static void most_cpus(void)
{
	static uint32_t many[MK_PLAN_CPUS];
	struct mk_plan_input in = input();
	unsigned int i;

	for (i = 0; i < MK_PLAN_CPUS; i++)
		many[i] = i + 1;
	in.machine.x2apic = true;
	in.machine.apic_ids = many;
	in.machine.nr_cpus = 1400;
	CHECK_EQ(make(&in), 0);
	in.machine.nr_cpus = MK_PLAN_CPUS;
	CHECK_EQ(make(&in), MK_E_SUPPORT);
	CHECK(strstr(error.text, "4096 CPUs") != NULL);
}

/* The largest memory: page tables stay in their room. */
static void large_memory(void)
{
	struct mk_plan_input in = input();
	unsigned int k;

	for (k = 0; k < 4; k++) {
		in.machine.la57 = k & 1;
		in.machine.gbpages = k & 2;
		in.machine.memory_base = 512 * GB - 16 * GB + 2 * MB;
		in.machine.memory_bytes = 1024 * GB;
		CHECK_EQ(make(&in), 0);
		judge(&in);
	}
	in.machine.la57 = false;
	in.machine.memory_base = 1ULL << 47;
	CHECK_EQ(make(&in), MK_E_SUPPORT);
	CHECK(strstr(error.text, "out of reach") != NULL);
}

/* Where boot_params has e820 entry @i (zero-page.rst). */
static const uint8_t *told(unsigned int i)
{
	const struct mk_plan_segment *s = find("boot parameters");

	return s->bytes + 0x2d0 + 20 * (size_t)i;
}

/* Stores below, between and above: sorted, and nothing else moves. */
static void pmem(void)
{
	struct mk_plan_input in = input();
	struct mk_plan_pmem ranges[MK_PLAN_PMEM] = {
		{ 9 * GB, 2 * MB },
		{ 2 * MB, 4 * MB }, /* the least there is */
		{ 5 * GB + 4 * MB, 2 * MB }, /* ends where the memory begins */
		{ 5 * GB + 262 * MB, 64 * MB }, /* begins where it ends */
	};
	static struct mk_plan without;
	unsigned int i, nr = 0;

	CHECK_EQ(make(&in), 0);
	without = plan;
	in.pmem = ranges;
	in.nr_pmem = 4;
	CHECK_EQ(make(&in), 0);
	judge(&in);
	CHECK_EQ(plan.nr_segments, without.nr_segments);
	CHECK_EQ(plan.nr_e820, without.nr_e820 + 4);
	for (i = 1; i < plan.nr_e820; i++)
		CHECK(plan.e820[i].address >=
		      plan.e820[i - 1].address + plan.e820[i - 1].length);
	CHECK_EQ(plan.e820[2].address, 2 * MB);
	CHECK_EQ(plan.e820[3].address, 5 * GB + 4 * MB);
	CHECK_EQ(plan.e820[9].address, 5 * GB + 262 * MB);
	CHECK_EQ(plan.e820[10].address, 9 * GB);
	for (i = 0; i < plan.nr_e820; i++)
		nr += plan.e820[i].type == 12;
	CHECK_EQ(nr, 4);
	CHECK_EQ(find("boot parameters")->bytes[0x1e8], plan.nr_e820);
	CHECK(memcmp(told(2), "\0\0\x20\0\0\0\0\0\0\0\x40\0\0\0\0\0\x0c", 17) ==
	      0);

	/* as many as there can be, side by side */
	for (i = 0; i < MK_PLAN_PMEM; i++)
		ranges[i] = (struct mk_plan_pmem){ 8 * GB + (15 - i) * 2 * MB,
						   2 * MB };
	in.nr_pmem = MK_PLAN_PMEM;
	CHECK_EQ(make(&in), 0);
	judge(&in);
	CHECK_EQ(plan.nr_e820, without.nr_e820 + MK_PLAN_PMEM);
	CHECK_EQ(plan.e820[7].address, 8 * GB);
	CHECK_EQ(plan.e820[22].address, 8 * GB + 30 * MB);
}

static void pmem_refused(void)
{
	static const struct mk_plan_pmem bad[][2] = {
		{ { 8 * GB, 2 * MB }, { 0, 2 * MB } },
		{ { 8 * GB, 2 * MB }, { 9 * GB, 0 } },
		{ { 8 * GB, 2 * MB }, { 9 * GB + MB, 2 * MB } },
		{ { 8 * GB, 2 * MB }, { 9 * GB, 3 * MB } },
		{ { 8 * GB, 2 * MB }, { 1ULL << 52, 2 * MB } },
		{ { 8 * GB, 2 * MB }, { 9 * GB, 1ULL << 52 } },
		{ { 8 * GB, 2 * MB }, { -2 * MB, 4 * MB } },
		{ { 8 * GB, 2 * MB }, { 8 * GB, 2 * MB } },
		{ { 8 * GB, 4 * MB }, { 8 * GB + 2 * MB, 4 * MB } },
		{ { 8 * GB + 2 * MB, 4 * MB }, { 8 * GB, 4 * MB } },
		{ { 8 * GB, 2 * MB }, { 5 * GB + 6 * MB, 2 * MB } },
		{ { 8 * GB, 2 * MB }, { 5 * GB + 260 * MB, 4 * MB } },
		{ { 8 * GB, 2 * MB }, { 5 * GB + 4 * MB, 4 * MB } },
		{ { 4 * GB, 3 * GB }, { 8 * GB, 2 * MB } },
	};
	struct mk_plan_input in = input();
	unsigned int i;

	in.nr_pmem = 2;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in.pmem = bad[i];
		CHECK_EQ(make(&in), MK_E_CALL);
		CHECK(strstr(error.text, "persistent memory") != NULL);
		CHECK_EQ(plan.nr_segments, 0);
	}
	in.pmem = NULL;
	CHECK_EQ(make(&in), MK_E_CALL);
	in.pmem = bad[0];
	in.nr_pmem = MK_PLAN_PMEM + 1;
	CHECK_EQ(make(&in), MK_E_CALL);
}

static void refused(void)
{
	struct mk_plan_input in;
	uint32_t bad[] = { 4, 4 }, own[] = { 0, 1 }, high[] = { 255, 1 };

#define REFUSE(want, change)                                  \
	do {                                                  \
		in = input();                                 \
		change;                                       \
		CHECK_EQ(make(&in), want);                    \
		CHECK(error.text[0] && error.code == (want)); \
		CHECK_EQ(plan.nr_segments, 0);                \
	} while (0)
	REFUSE(MK_E_CALL, in.machine.memory_base = 0);
	REFUSE(MK_E_CALL, in.machine.memory_base += MB);
	REFUSE(MK_E_CALL, in.machine.memory_bytes = 0);
	REFUSE(MK_E_CALL, in.machine.memory_bytes += PAGE);
	REFUSE(MK_E_CALL, in.machine.memory_bytes = -2 * MB);
	REFUSE(MK_E_CALL, in.machine.memory_base = -2 * MB);
	REFUSE(MK_E_CALL, in.machine.low_base++);
	REFUSE(MK_E_CALL, in.machine.low_bytes++);
	REFUSE(MK_E_CALL, in.machine.low_base = 0x9a000);
	REFUSE(MK_E_CALL, in.machine.low_base = -PAGE);
	REFUSE(MK_E_CALL, in.machine.low_bytes = -0x8000ULL);
	REFUSE(MK_E_MEMORY, in.machine.low_bytes = 0x7000);
	REFUSE(MK_E_MEMORY, in.machine.low_bytes = 0);
	REFUSE(MK_E_MEMORY, in.machine.low_base = 0xf000);
	REFUSE(MK_E_MEMORY,
	       (in.machine.low_base = 0, in.machine.low_bytes = 0));
	REFUSE(MK_E_CALL, in.machine.apic_ids = NULL);
	REFUSE(MK_E_CALL, in.machine.nr_cpus = 0);
	REFUSE(MK_E_CALL, in.machine.nr_cpus = MK_PLAN_CPUS + 1);
	REFUSE(MK_E_CALL, in.machine.apic_ids = bad);
	REFUSE(MK_E_CALL, in.machine.apic_ids = own);
	REFUSE(MK_E_SUPPORT, in.machine.apic_ids = high);
	REFUSE(MK_E_CALL, in.image = NULL);
	REFUSE(MK_E_CALL, image.nr_parts = 0);
	REFUSE(MK_E_CALL, image.nr_parts = MK_IMAGE_PARTS + 1);
	REFUSE(MK_E_CALL, image.alignment = MB);
	REFUSE(MK_E_CALL, image.alignment = 3 * MB);
	REFUSE(MK_E_MEMORY, image.alignment = 1ULL << 63);
	REFUSE(MK_E_CALL, image.span = 0);
	REFUSE(MK_E_CALL, image.entry = image.span);
	REFUSE(MK_E_MEMORY, image.preferred = UINT64_MAX);
	REFUSE(MK_E_MEMORY, image.preferred = 256 * MB);
	REFUSE(MK_E_MEMORY, image.span = 250 * MB);
	REFUSE(MK_E_CALL, image.setup_header_length = MK_SETUP_HEADER_MAX + 1);
	REFUSE(MK_E_CALL, image.parts[0].length = 8193);
	REFUSE(MK_E_CALL, image.parts[0].bytes = NULL);
	REFUSE(MK_E_CALL, image.parts[0].memory = 0);
	REFUSE(MK_E_CALL, image.parts[0].offset = 1);
	REFUSE(MK_E_CALL, image.parts[0].memory = 4 * MB); /* overlap */
	REFUSE(MK_E_CALL, image.parts[0].memory = UINT64_MAX);
	REFUSE(MK_E_CALL, image.parts[1].memory++); /* beyond the span */
	REFUSE(MK_E_CALL, image.parts[1].offset = -PAGE);
	REFUSE(MK_E_CALL, in.initrd = NULL);
	REFUSE(MK_E_MEMORY, in.initrd_length = SIZE_MAX);
	REFUSE(MK_E_MEMORY, in.initrd_length = 256 * MB);
	REFUSE(MK_E_MEMORY, in.machine.memory_bytes = 2 * MB);
	REFUSE(MK_E_SUPPORT, image.setup_header[0x236 - 0x1f1] = 1);
	REFUSE(MK_E_INPUT, in.cmdline = "reboot=bios");
	REFUSE(MK_E_INPUT, in.cmdline = "a\nb");
	REFUSE(MK_E_INPUT, image.setup_header[0x239 - 0x1f1] = 0;
	       image.setup_header[0x238 - 0x1f1] = 100);
	in = input();
	in.allow_hazards = true;
	in.cmdline = "reboot=bios";
	CHECK_EQ(make(&in), 0);
	in.machine.memory_base = 2 * MB; /* all below 4 GiB */
	image.setup_header[0x236 - 0x1f1] = 1;
	CHECK_EQ(make(&in), 0);
}

int main(void)
{
	TEST(xapic);
	TEST(x2apic);
	TEST(with_agent);
	TEST(elf_without_initrd);
	TEST(alignment);
	TEST(least_memory);
	TEST(deterministic);
	TEST(every_size);
	TEST(most_cpus);
	TEST(large_memory);
	TEST(pmem);
	TEST(pmem_refused);
	TEST(refused);
	return done();
}
