// SPDX-License-Identifier: GPL-2.0-only
/* Dumps of a kernel built by hand, read back by other means. */
#include <elf.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "check.h"
#include "directmap.h"
#include "fake_kernel.h"
#include "vmcore.h"

#define PAGE	    4096u
#define IMAGE_PAGES 8u /* mapped: but the one in the middle */
#define TABLES	    0x16000u /* of the image, behind those of the map */
#define ROOM	    (4u << 20)

static _Alignas(4096) uint8_t memory[FAKE_SIZE];
static uint8_t out[ROOM];
static uint64_t out_end, out_limit;
static struct fake fake;
static struct mk_vmcoreinfo info;
static struct mk_vmcore_cpu cpus[3];
static struct mk_vmcore core;
static struct mk_vmcore_result result;
static struct mk_error err;
static unsigned int steps;

/* ---- a sink that notices what is written twice or never ---- */

static int take(void *context, uint64_t offset, const void *bytes, size_t size,
		struct mk_error *e)
{
	(void)context;
	CHECK(size > 0);
	if (offset + size > out_limit)
		return mk_fail(e, MK_E_SYSTEM, "full");
	memcpy(out + offset, bytes, size);
	if (offset + size > out_end)
		out_end = offset + size;
	return 0;
}

static int step(void *context, uint64_t done, uint64_t all, struct mk_error *e)
{
	CHECK(done <= all && all == core.memory->size);
	if (context && ++steps == 2)
		return mk_fail(e, MK_E_STATE, "enough");
	return 0;
}

static struct mk_vmcore_sink sink = { take, step, NULL };

static int write_elf(void)
{
	memset(out, 0, sizeof(out));
	out_end = 0;
	return mk_vmcore_elf(&core, &sink, &result, &err);
}

/* ---- the kernel ---- */

static void reset(const struct fake_flavour *flavour)
{
	uint64_t position = 0, table = TABLES, i;
	unsigned int level;

	fake_boot(&fake, memory, flavour, 4, 10);
	fake_publish(&fake);
	fake_put(&fake, FAKE_TABLES + 511 * 8,
		 (FAKE_BASE + table) | 0x63); /* below it: the image */
	for (level = flavour->level5 ? 4 : 3; level > 1; level--) {
		fake_put(&fake,
			 table + (FAKE_LINKED >> (12 + 9 * (level - 1)) & 511) *
					 8,
			 (FAKE_BASE + table + 0x1000) | 0x63);
		table += 0x1000;
	}
	for (i = 0; i < IMAGE_PAGES; i++)
		if (i != 3)
			fake_put(&fake, table + i * 8,
				 (FAKE_BASE + FAKE_IMAGE + i * PAGE) | 0x63);
	/* Mapped, but to elsewhere: no part of the image. */
	fake_put(&fake, table + 12 * 8, FAKE_BASE | 0x63);
	memcpy(memory + FAKE_IMAGE + 0x500, "Linux", 6);
	memcpy(memory + FAKE_IMAGE + 0x500 + 65, "node", 5);
	memset(memory + FAKE_IMAGE + 0x500 + 3 * 65, 0x1b, 65);
	for (i = 0; i < PAGE; i++) /* does not compress */
		memory[0x90000 + i] = (uint8_t)(i * i * 2654435761u >> 13);
	CHECK_EQ(mk_vmcoreinfo_find(&info, &fake.view, &position, &err), 0);
	info.have |= 1ull << MK_VMC_STEXT;
	info.value[MK_VMC_STEXT] = FAKE_LINKED;

	memset(cpus, 0, sizeof(cpus));
	cpus[1].known = true;
	cpus[1].pid = 4711;
	for (i = 0; i < MK_VMCORE_REGISTERS; i++)
		cpus[1].registers[i] = 0x1111111111111111 + i;
	cpus[2].pid = 99; /* not known: not written */
	core = (struct mk_vmcore){
		.memory = &fake.view, .info = &info, .cpus = cpus, .nr_cpus = 3
	};
	CHECK_EQ(mk_vmcore_place(&core, &err), 0);
	out_limit = ROOM;
	sink.context = NULL;
	steps = 0;
}

/* ---- where things are ---- */

static void places(void)
{
	reset(&fake_6_1);
	CHECK_EQ(core.page_offset, 0xffff888000000000ull);
	CHECK_EQ(core.text_bytes, IMAGE_PAGES * PAGE);
	reset(&fake_7_2);
	CHECK_EQ(core.page_offset, 0xff11000000000000ull);
	CHECK_EQ(core.text_bytes, IMAGE_PAGES * PAGE);
}

/* KASLR moves the direct map by whole GiB. */
static void places_moved(void)
{
	uint64_t base = 0xffff9a4280000000ull, va = base + FAKE_BASE;
	struct mk_pagewalk walk;
	uint64_t found;

	reset(&fake_6_1);
	memset(memory + FAKE_TABLES, 0, 511 * 8);
	memset(memory + FAKE_TABLES + 0x1000, 0, 2 * PAGE);
	/* Something else in front, that is no direct map. */
	fake_put(&fake, FAKE_TABLES + 300 * 8, 0xfee00000ull | 0x63);
	fake_put(&fake, FAKE_TABLES + (va >> 39 & 511) * 8,
		 (FAKE_BASE + FAKE_TABLES + 0x1000) | 0x63);
	fake_put(&fake, FAKE_TABLES + 0x1000 + (va >> 30 & 511) * 8,
		 (FAKE_BASE + FAKE_TABLES + 0x2000) | 0x63);
	fake_put(&fake, FAKE_TABLES + 0x2000 + (va >> 21 & 511) * 8,
		 FAKE_BASE | 0x1e3);
	CHECK_EQ(mk_pagewalk_open(&walk, &fake.view, &info, &err), 0);
	CHECK_EQ(mk_directmap_find(&walk, &found, &err), 0);
	CHECK_EQ(found, base);
}

static void places_nowhere(void)
{
	unsigned int i;

	reset(&fake_7_2);
	memset(memory + FAKE_TABLES, 0, PAGE);
	CHECK_EQ(mk_vmcore_place(&core, &err), MK_E_NOTFOUND);
	CHECK_STR(err.text, "the kernel's page tables show no direct map");
	/* All lead to the top again: an end all the same. */
	for (i = 0; i < 512; i++)
		fake_put(&fake, FAKE_TABLES + i * 8,
			 (FAKE_BASE + FAKE_TABLES) | 0x63);
	CHECK_EQ(mk_vmcore_place(&core, &err), MK_E_NOTFOUND);
	reset(&fake_6_1);
	info.have &= ~(1ull << MK_VMC_STEXT);
	CHECK_EQ(mk_vmcore_place(&core, &err), MK_E_INPUT);
	CHECK_EQ(core.page_offset, 0xffff888000000000ull);
	reset(&fake_6_1);
	info.value[MK_VMC_STEXT] = FAKE_LINKED + 0x400000;
	CHECK_EQ(mk_vmcore_place(&core, &err), MK_E_NOTFOUND);
	CHECK_STR(err.text, "the kernel's page tables do not map its image");
	info.value[MK_VMC_STEXT] = UINT64_MAX;
	CHECK_EQ(mk_vmcore_place(&core, &err), MK_E_NOTFOUND);
	core.info = NULL;
	CHECK_EQ(mk_vmcore_place(&core, &err), MK_E_CALL);
}

/* ---- the ELF core ---- */

static void elf(void)
{
	const Elf64_Ehdr *h = (const void *)out;
	const Elf64_Phdr *p = (const void *)(out + sizeof(*h));
	const uint8_t *note;
	unsigned int i;

	reset(&fake_7_2);
	CHECK_EQ(write_elf(), 0);
	CHECK_EQ(h->e_phnum, 3);
	CHECK_EQ(p[1].p_vaddr, FAKE_LINKED);
	CHECK_EQ(p[1].p_paddr, FAKE_BASE + FAKE_IMAGE);
	CHECK_EQ(p[1].p_filesz, IMAGE_PAGES * PAGE);
	CHECK_EQ(p[1].p_offset, p[2].p_offset + FAKE_IMAGE);
	CHECK_EQ(p[2].p_vaddr, 0xff11000000000000ull + FAKE_BASE);
	CHECK_EQ(p[2].p_paddr, FAKE_BASE);
	CHECK_EQ(p[2].p_filesz, FAKE_SIZE);
	CHECK_EQ(p[2].p_offset % PAGE, 0);
	CHECK_EQ(result.file_bytes, p[2].p_offset + FAKE_SIZE);
	CHECK(!memcmp(out + p[2].p_offset, memory, FAKE_SIZE));
	/* Holes are left out. */
	CHECK(result.zero_pages > FAKE_SIZE / PAGE / 2);
	CHECK_EQ(result.written_bytes, FAKE_SIZE - result.zero_pages * PAGE +
					       sizeof(*h) + 3 * sizeof(*p) +
					       p[0].p_filesz);
	/* 12 + 8 of header and name, 336 of content, three times. */
	note = out + p[0].p_offset;
	for (i = 0; i < 336; i++)
		CHECK(!note[20 + i] && !note[2 * 356 + 20 + i]);
	CHECK_EQ(mk_memory_get32(note + 356 + 20 + 32), 4711);
	for (i = 0; i < MK_VMCORE_REGISTERS; i++)
		CHECK_EQ(mk_memory_get64(note + 356 + 20 + 112 + i * 8),
			 0x1111111111111111 + i);
	note += 3 * 356;
	CHECK_EQ(mk_memory_get32(note), 11);
	CHECK_EQ(mk_memory_get32(note + 4), info.length);
	CHECK_EQ(mk_memory_get32(note + 8), 0);
	CHECK(!memcmp(note + 12, "VMCOREINFO\0", 12));
	CHECK(!memcmp(note + 24, info.text, info.length));
}

static void elf_without_info(void)
{
	const Elf64_Phdr *p = (const void *)(out + sizeof(Elf64_Ehdr));

	reset(&fake_6_1);
	core.info = NULL;
	core.page_offset = core.text_bytes = 0;
	core.nr_cpus = 1;
	CHECK_EQ(write_elf(), 0);
	CHECK_EQ(((const Elf64_Ehdr *)(const void *)out)->e_phnum, 2);
	CHECK_EQ(p[0].p_filesz, 356);
	CHECK_EQ(p[1].p_vaddr, FAKE_BASE);
	CHECK(!memcmp(out + p[1].p_offset, memory, FAKE_SIZE));
}

/* What other programs make of it. */
static void elf_readelf(void)
{
	static char text[65536];
	char path[] = "/tmp/vmcoreXXXXXX", command[128];
	int fd = mkstemp(path);
	size_t n;
	FILE *f;

	if (system("readelf --version >/dev/null 2>&1")) {
		unlink(path);
		SKIP("no readelf");
	}
	reset(&fake_7_2);
	CHECK_EQ(write_elf(), 0);
	CHECK_EQ(write(fd, out, result.file_bytes), result.file_bytes);
	close(fd);
	snprintf(command, sizeof(command), "LC_ALL=C readelf -hlnW %s 2>&1",
		 path);
	f = popen(command, "r");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	CHECK(f && pclose(f) == 0);
	unlink(path);
	CHECK(strstr(text, "CORE (Core file)") != NULL);
	CHECK(strstr(text, "X86-64") != NULL);
	CHECK(strstr(text, "0xffffffff81000000 0x0000000140010000 0x008000 "
			   "0x008000 RWE 0x1000") != NULL);
	CHECK(strstr(text, "0xff11000140000000 0x0000000140000000 0x100000 "
			   "0x100000 RWE 0x1000") != NULL);
	CHECK(strstr(text, "NT_PRSTATUS (prstatus structure)") != NULL);
	CHECK(strstr(text, "VMCOREINFO") != NULL);
	CHECK(strstr(text, "Warning") == NULL && strstr(text, "rror") == NULL);
}

/* ---- the compressed form, by the layout that readers know ---- */

#ifdef HAVE_ZLIB
static void kdump(void)
{
	uint64_t first = FAKE_BASE / PAGE, pages = FAKE_SIZE / PAGE, i;
	uint64_t max = first + pages, bitmap, at, offset;
	uint32_t blocks, size, flags;
	uint8_t page[PAGE];
	uLongf length;

	reset(&fake_6_1);
	memset(out, 0, sizeof(out));
	out_end = 0;
	CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err), 0);
	CHECK_EQ(out_end, result.file_bytes);
	CHECK(!memcmp(out, "KDUMP   ", 8));
	CHECK_EQ(mk_memory_get32(out + 8), 6);
	CHECK_STR((char *)out + 12, "Linux");
	CHECK_STR((char *)out + 12 + 65, "node");
	CHECK_STR((char *)out + 12 + 2 * 65, "6.9.0-fake");
	CHECK_EQ(out[12 + 3 * 65], '?'); /* control characters */
	CHECK_EQ(out[12 + 3 * 65 + 64], 0); /* without an end */
	CHECK_STR((char *)out + 12 + 4 * 65, "x86_64");
	CHECK_EQ(mk_memory_get32(out + 424), 1); /* zlib */
	CHECK_EQ(mk_memory_get32(out + 428), PAGE);
	CHECK_EQ(mk_memory_get32(out + 440), max);
	CHECK_EQ(mk_memory_get32(out + 460), 3);
	blocks = mk_memory_get32(out + 436);
	bitmap = (1ull + mk_memory_get32(out + 432)) * PAGE;
	/* the sub-header */
	CHECK_EQ(mk_memory_get64(out + PAGE), info.value[MK_VMC_PHYS_BASE]);
	CHECK_EQ(mk_memory_get64(out + PAGE + 96), max);
	offset = mk_memory_get64(out + PAGE + 32);
	CHECK_EQ(mk_memory_get64(out + PAGE + 40), info.length);
	CHECK(!memcmp(out + offset, info.text, info.length));
	offset = mk_memory_get64(out + PAGE + 48);
	CHECK_EQ(mk_memory_get32(out + offset + 356 + 20 + 32), 4711);
	CHECK_EQ(offset + mk_memory_get64(out + PAGE + 56),
		 mk_memory_get64(out + PAGE + 32) + (info.length + 3) / 4 * 4);
	/* bitmaps: both say the same */
	CHECK_EQ(blocks % 2, 0);
	CHECK(blocks / 2 * PAGE * 8ull >= max);
	for (i = 0; i < blocks / 2 * PAGE * 8ull; i++)
		if ((out[bitmap + i / 8] >> i % 8 & 1) !=
			    (i >= first && i < max) ||
		    (out[bitmap + blocks / 2 * PAGE + i / 8] >> i % 8 & 1) !=
			    (i >= first && i < max))
			CHECK_EQ(i, -1);
	/* pages */
	for (i = 0; i < pages; i++) {
		at = bitmap + blocks * PAGE + i * 24;
		offset = mk_memory_get64(out + at);
		size = mk_memory_get32(out + at + 8);
		flags = mk_memory_get32(out + at + 12);
		length = PAGE;
		CHECK(size <= PAGE && offset + size <= out_end);
		CHECK(flags == 1 || (flags == 0 && size == PAGE));
		if (flags)
			CHECK_EQ(uncompress(page, &length, out + offset, size),
				 Z_OK);
		else
			memcpy(page, out + offset, PAGE);
		CHECK_EQ(length, PAGE);
		CHECK(!memcmp(page, memory + i * PAGE, PAGE));
	}
	CHECK(result.file_bytes < bitmap + blocks * PAGE + FAKE_SIZE / 4);
	/* phys of a name that is not in the memory: none is taken */
	info.value[MK_VMC_INIT_UTS_NS] = FAKE_LINKED + 2 * FAKE_SIZE;
	CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err), 0);
	CHECK_STR((char *)out + 12 + 65, "(none)");
	core.info = NULL;
	CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err), 0);
	CHECK_EQ(mk_memory_get64(out + PAGE + 40), 0);
}
#endif

/* ---- what is wrong ---- */

static int broken_read(void *context, uint64_t address, void *buffer,
		       size_t length)
{
	(void)context;
	memset(buffer, 1, length);
	return address > FAKE_BASE + FAKE_SIZE / 2 ? MK_E_SYSTEM : 0;
}

static void refusals(void)
{
	struct mk_memory view;

	reset(&fake_6_1);
	view = fake.view;
	core.memory = &view;
	core.nr_cpus = 0;
	CHECK_EQ(write_elf(), MK_E_CALL);
	core.nr_cpus = MK_VMCORE_CPUS + 1;
	CHECK_EQ(write_elf(), MK_E_CALL);
	core.nr_cpus = 1;
	view.base++;
	CHECK_EQ(write_elf(), MK_E_CALL);
	view.base--;
	view.size--;
	CHECK_EQ(write_elf(), MK_E_CALL);
	view.size = 0;
	CHECK_EQ(write_elf(), MK_E_CALL);
	view.size = FAKE_SIZE;
	core.text_bytes = FAKE_SIZE;
	CHECK_EQ(write_elf(), MK_E_CALL);
	CHECK_STR(err.text, "the image does not lie in the memory");
	core.text_bytes = 0;
	CHECK_EQ(write_elf(), 0);
	/* The sink is full at each of its writes in turn. */
	for (out_limit = 0; out_limit < result.file_bytes - FAKE_SIZE / 2;
	     out_limit += 1021)
		CHECK_EQ(write_elf(), MK_E_SYSTEM);
	CHECK_STR(err.text, "full");
	out_limit = ROOM;
	sink.context = &sink; /* stop at the second step */
	CHECK_EQ(write_elf(), MK_E_STATE);
	sink.context = NULL;
	view.mapped = NULL;
	view.read = broken_read;
	CHECK_EQ(write_elf(), MK_E_SYSTEM);
	CHECK(strstr(err.text, "cannot be read") != NULL);
#ifdef HAVE_ZLIB
	CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err),
		 MK_E_SYSTEM);
	view.mapped = memory;
	sink.context = &sink;
	steps = 0;
	CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err), MK_E_STATE);
	sink.context = NULL;
	for (out_limit = 0; out_limit < 65536; out_limit += 4093)
		CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err),
			 MK_E_SYSTEM);
	view.base = 1ull << 49;
	core.text_bytes = 0;
	CHECK_EQ(mk_vmcore_compressed(&core, &sink, &result, &err),
		 MK_E_SUPPORT);
#endif
}

int main(void)
{
	TEST(places);
	TEST(places_moved);
	TEST(places_nowhere);
	TEST(elf);
	TEST(elf_without_info);
	TEST(elf_readelf);
#ifdef HAVE_ZLIB
	TEST(kdump);
#endif
	TEST(refusals);
	return done();
}
