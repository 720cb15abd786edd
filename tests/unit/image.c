// SPDX-License-Identifier: GPL-2.0-only
/* mk_image_parse(): good kernels, every truncation, every field that lies. */
#include <stdint.h>
#include <stdlib.h>

#include "bzimage.h"
#include "check.h"
#include "image.h"

static struct mk_image image;
static struct mk_error error;

/* Parse a copy without a spare byte behind it, so that ASan sees overruns. */
static int parse(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);
	int ret;

	if (!copy)
		abort();
	memcpy(copy, bytes, length);
	memset(&error, 0, sizeof(error));
	ret = mk_image_parse(&image, copy, length, &error);
	free(copy);
	return ret;
}

#define REJECT(bytes, length, code, words)                                 \
	do {                                                               \
		CHECK_EQ(parse(bytes, length), code);                      \
		if (!strstr(error.text, words)) {                          \
			printf("# %s:%d: \"%s\" lacks \"%s\"\n", __FILE__, \
			       __LINE__, error.text, words);               \
			check_bad++;                                       \
		}                                                          \
		CHECK_EQ(image.nr_parts, 0);                               \
	} while (0)

static uint8_t *bzimage(size_t *size)
{
	uint8_t payload[256];

	memset(payload, 0x5a, sizeof(payload));
	return fake_bzimage(payload, sizeof(payload), size);
}

static void good_bzimage(void)
{
	size_t size;
	uint8_t *b = bzimage(&size);

	CHECK_EQ(mk_image_parse(&image, b, size, &error), 0);
	CHECK_EQ(image.kind, MK_IMAGE_BZIMAGE);
	CHECK_STR(image.release, "6.1.0-mk-amd64");
	CHECK_EQ(image.protocol, 0x20f);
	CHECK_EQ(image.alignment, 0x200000);
	CHECK_EQ(image.preferred, 0x1000000);
	CHECK_EQ(image.span, 0x800000);
	CHECK_EQ(image.entry, 0x200);
	CHECK_EQ(image.cmdline_max, 2047);
	CHECK(image.la57);
	CHECK(image.kaslr);
	CHECK_EQ(image.nr_parts, 1);
	CHECK(image.parts[0].bytes == b + FAKE_SETUP);
	CHECK_EQ(image.parts[0].length, size - FAKE_SETUP - 9);
	CHECK_EQ(image.parts[0].offset, 0);
	CHECK_EQ(image.setup_header_length, 0x26c - 0x1f1);
	CHECK(memcmp(image.setup_header, b + 0x1f1, 0x26c - 0x1f1) == 0);
	free(b);
}

static void bzimage_truncated_anywhere(void)
{
	size_t size, i;
	uint8_t *b = bzimage(&size);

	for (i = 0; i < size - 9; i++) {
		CHECK_EQ(parse(b, i), MK_E_INPUT);
		if (!i)
			CHECK(strstr(error.text, "empty"));
		else if (!strstr(error.text, "truncated"))
			CHECK_EQ(i, -1);
	}
	for (; i <= size; i++)
		CHECK_EQ(parse(b, i), 0);
	free(b);
}

/* One field of a good bzImage changed. */
#define FIELD(at, width, value, code, words)       \
	do {                                       \
		size_t size_;                      \
		uint8_t *b_ = bzimage(&size_);     \
                                                   \
		fake_put(b_ + (at), width, value); \
		REJECT(b_, size_, code, words);    \
		free(b_);                          \
	} while (0)

#define FIELD_OK(at, width, value, member, want)   \
	do {                                       \
		size_t size_;                      \
		uint8_t *b_ = bzimage(&size_);     \
                                                   \
		fake_put(b_ + (at), width, value); \
		CHECK_EQ(parse(b_, size_), 0);     \
		CHECK_EQ(image.member, want);      \
		free(b_);                          \
	} while (0)

static void no_boot_signature(void)
{
	FIELD(0x1fe, 2, 0, MK_E_INPUT, "no boot signature");
}

static void no_header_magic(void)
{
	FIELD(0x202, 4, 0, MK_E_INPUT, "not a kernel image");
}

static void protocol_too_old(void)
{
	FIELD(0x206, 2, 0x20b, MK_E_SUPPORT, "2.11 is too old");
	FIELD(0x206, 2, 0, MK_E_SUPPORT, "too old");
	FIELD_OK(0x206, 2, 0x20c, protocol, 0x20c);
}

static void protocol_unknown(void)
{
	FIELD(0x206, 2, 0x300, MK_E_SUPPORT, "not known");
}

static void header_end_lies(void)
{
	FIELD(0x200, 1, 0x90, MK_E_INPUT, "no jump");
	FIELD(0x201, 1, 0x65, MK_E_INPUT, "does not fit");
	FIELD(0x201, 1, 0x80, MK_E_INPUT, "does not fit");
	FIELD(0x201, 1, 0, MK_E_INPUT, "does not fit");
	FIELD_OK(0x201, 1, 0x66, setup_header_length, 0x268 - 0x1f1);
	FIELD_OK(0x201, 1, 0x7f, setup_header_length, MK_SETUP_HEADER_MAX);
}

static void setup_sects_lies(void)
{
	FIELD(0x1f1, 1, 255, MK_E_INPUT, "truncated");
	FIELD(0x1f1, 1, 5, MK_E_INPUT, "truncated");
	FIELD_OK(0x1f1, 1, 0, nr_parts, 1); /* 0 means 4 */
}

static void syssize_lies(void)
{
	FIELD(0x1f4, 4, 0, MK_E_INPUT, "no room");
	FIELD(0x1f4, 4, 0x20, MK_E_INPUT, "no room");
	FIELD(0x1f4, 4, 0x21, MK_E_INPUT, "payload");
	FIELD(0x1f4, 4, 0xffffffff, MK_E_INPUT, "truncated");
}

static void loads_low(void)
{
	FIELD(0x211, 1, 0, MK_E_SUPPORT, "zImage");
}

static void kernel_of_32_bits(void)
{
	FIELD(0x236, 2, 0x7e, MK_E_SUPPORT, "32-bit kernel");
}

static void not_above_4g(void)
{
	FIELD(0x236, 2, 0x7d, MK_E_SUPPORT, "above 4 GiB");
}

static void paging_levels(void)
{
	FIELD_OK(0x236, 2, 0x5f, la57, false);
	FIELD_OK(0x236, 2, 0x3f, la57, false);
	FIELD_OK(0x236, 2, 0x63, la57, true);
}

static void not_relocatable(void)
{
	FIELD(0x234, 1, 0, MK_E_SUPPORT, "not relocatable");
}

static void alignment_lies(void)
{
	FIELD(0x230, 4, 0, MK_E_INPUT, "kernel_alignment");
	FIELD(0x230, 4, 0x300000, MK_E_INPUT, "kernel_alignment");
	FIELD(0x230, 4, 0x80000000, MK_E_INPUT, "kernel_alignment");
	FIELD(0x230, 4, 0x1000, MK_E_INPUT, "min_alignment");
	/* min_alignment, where there is one */
	FIELD(0x235, 1, 32, MK_E_INPUT, "min_alignment");
	FIELD(0x235, 1, 30, MK_E_INPUT, "min_alignment");
	FIELD_OK(0x235, 1, 21, alignment, 0x200000);
	FIELD_OK(0x230, 4, 0x1000000, alignment, 0x1000000);
}

static void pref_address_lies(void)
{
	FIELD(0x258, 8, 0x1100000, MK_E_INPUT, "pref_address");
	FIELD(0x258, 8, 0x40200000, MK_E_INPUT, "pref_address");
	FIELD(0x258, 8, UINT64_MAX, MK_E_INPUT, "pref_address");
	FIELD_OK(0x258, 8, 0, preferred, 0);
	FIELD_OK(0x258, 8, 0x2000000, preferred, 0x2000000);
}

static void init_size_lies(void)
{
	FIELD(0x260, 4, 0, MK_E_INPUT, "init_size");
	FIELD(0x260, 4, 0x100, MK_E_INPUT, "init_size");
	FIELD(0x260, 4, 0x40000001, MK_E_INPUT, "init_size");
	FIELD(0x260, 4, 0xffffffff, MK_E_INPUT, "init_size");
	FIELD_OK(0x260, 4, 0x3378000, span, 0x3400000);
}

static void payload_lies(void)
{
	FIELD(0x248, 4, 0xffffffff, MK_E_INPUT, "payload");
	FIELD(0x248, 4, 0x1000, MK_E_INPUT, "payload");
	FIELD(0x24c, 4, 0xffffffff, MK_E_INPUT, "payload");
	FIELD(0x24c, 4, 0, MK_E_INPUT, "payload");
}

static void cmdline_size_lies(void)
{
	FIELD(0x238, 4, 0, MK_E_INPUT, "cmdline_size");
	FIELD(0x238, 4, 0x10000, MK_E_INPUT, "cmdline_size");
	FIELD_OK(0x238, 4, 4095, cmdline_max, 4095);
}

static void kernel_info_lies(void)
{
	FIELD(0x268, 4, 1, MK_E_INPUT, "kernel_info");
	FIELD(0x268, 4, 0xffffffff, MK_E_INPUT, "kernel_info");
	FIELD_OK(0x268, 4, 0, nr_parts, 1);
}

static void release_lies(void)
{
	static const uint8_t tab[] = "6.1\t";
	char name[66];
	size_t size, i;
	uint8_t *b = bzimage(&size);

	FIELD(0x20e, 2, 0xffff, MK_E_INPUT, "runs out");
	FIELD(0x20e, 2, FAKE_SETUP - 0x200, MK_E_INPUT, "runs out");
	FIELD_OK(0x20e, 2, 0, release[0], '\0');

	memcpy(b + FAKE_RELEASE, tab, sizeof(tab));
	REJECT(b, size, MK_E_INPUT, "not a release");
	memset(name, 'r', sizeof(name));
	memcpy(b + FAKE_RELEASE, name, 64);
	b[FAKE_RELEASE + 64] = '\0';
	CHECK_EQ(parse(b, size), 0);
	CHECK_EQ(strlen(image.release), 64);
	memcpy(b + FAKE_RELEASE, name, 65);
	REJECT(b, size, MK_E_INPUT, "not a release");

	/* A text without an end in the setup part. */
	for (i = FAKE_SETUP - 3; i < FAKE_SETUP + 3; i++)
		b[i] = 'x';
	fake_put(b + 0x20e, 2, FAKE_SETUP - 3 - 0x200);
	REJECT(b, size, MK_E_INPUT, "runs out");
	free(b);
}

/* No byte of the header can make the parser fall or reach outside. */
static void every_header_byte_flipped(void)
{
	size_t size, i;
	uint8_t *b = bzimage(&size);
	unsigned int bit;

	for (i = 0x1f1; i < 0x26c; i++) {
		for (bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1 << bit);
			parse(b, size);
			b[i] ^= (uint8_t)(1 << bit);
		}
	}
	CHECK_EQ(parse(b, size), 0);
	free(b);
}

/* ---- ELF -------------------------------------------------------------- */

static void good_elf(void)
{
	uint8_t elf[FAKE_ELF_SIZE];

	fake_elf(elf);
	CHECK_EQ(mk_image_parse(&image, elf, sizeof(elf), &error), 0);
	CHECK_EQ(image.kind, MK_IMAGE_ELF);
	CHECK_STR(image.release, "6.1.0-mk-amd64");
	CHECK_EQ(image.protocol, 0);
	CHECK_EQ(image.alignment, 0x200000);
	CHECK_EQ(image.preferred, 0x1000000);
	CHECK_EQ(image.span, 0x600000);
	CHECK_EQ(image.entry, 0x10);
	CHECK(!image.la57);
	CHECK(!image.kaslr);
	CHECK_EQ(image.nr_parts, 3);
	CHECK(image.parts[0].bytes == elf + FAKE_ELF_TEXT);
	CHECK_EQ(image.parts[0].offset, 0);
	CHECK_EQ(image.parts[1].offset, 0x200000);
	CHECK_EQ(image.parts[1].length, 0x80); /* zeros cut */
	CHECK_EQ(image.parts[1].memory, 0x180000);
	CHECK_EQ(image.parts[2].offset, 0x400000);
	CHECK_EQ(image.parts[2].memory, 0x1000);
}

/* What the boot parameters get from a file that has no setup header. */
static void elf_setup_header(void)
{
	uint8_t elf[FAKE_ELF_SIZE], *h = image.setup_header;

	fake_elf(elf);
	CHECK_EQ(parse(elf, sizeof(elf)), 0);
	CHECK_EQ(image.setup_header_length, 0x7b);
	CHECK(memcmp(h + 0x0d, "\x55\xaa\xeb\x6aHdrS\x0f\x02", 10) == 0);
	CHECK_EQ(h[0x211 - 0x1f1], 1);
	CHECK(memcmp(h + 0x230 - 0x1f1, "\0\0\x20\0\x01\x15\x03\0", 8) == 0);
	CHECK(memcmp(h + 0x258 - 0x1f1, "\0\0\0\1\0\0\0\0", 8) == 0);
	CHECK(memcmp(h + 0x260 - 0x1f1, "\0\0\x60\0", 4) == 0);
}

static void elf_truncated_anywhere(void)
{
	uint8_t elf[FAKE_ELF_SIZE];
	size_t i, end = FAKE_ELF_PERCPU + 0x80;

	fake_elf(elf);
	for (i = 1; i < end; i++) {
		CHECK_EQ(parse(elf, i), MK_E_INPUT);
		if (!strstr(error.text, "truncated"))
			CHECK_EQ(i, -1);
	}
	for (; i <= sizeof(elf); i++)
		CHECK_EQ(parse(elf, i), 0);
}

#define ELF(at, width, value, code, words)               \
	do {                                             \
		uint8_t elf_[FAKE_ELF_SIZE];             \
                                                         \
		fake_elf(elf_);                          \
		fake_put(elf_ + (at), width, value);     \
		REJECT(elf_, sizeof(elf_), code, words); \
	} while (0)

#define PHDR(n, at, width, value, code, words) \
	ELF(FAKE_ELF_PHDR(n) + (at), width, value, code, words)

static void elf_of_another_machine(void)
{
	ELF(18, 2, 183, MK_E_SUPPORT, "another architecture");
	ELF(18, 2, 3, MK_E_SUPPORT, "32-bit");
	ELF(4, 1, 1, MK_E_SUPPORT, "32-bit");
}

static void elf_ident_lies(void)
{
	ELF(4, 1, 3, MK_E_INPUT, "do not fit");
	ELF(5, 1, 2, MK_E_INPUT, "do not fit");
	ELF(20, 4, 2, MK_E_INPUT, "do not fit");
}

static void elf_that_is_no_kernel(void)
{
	ELF(16, 2, 1, MK_E_INPUT, "object file or a kernel module");
	ELF(16, 2, 4, MK_E_INPUT, "core dump");
	ELF(16, 2, 0, MK_E_INPUT, "unknown file type");
	PHDR(0, 0, 4, 3, MK_E_INPUT, "ordinary program");
	PHDR(0, 16, 8, 0x400000, MK_E_INPUT, "not a Linux kernel's");
}

static void elf_program_headers_lie(void)
{
	ELF(32, 8, UINT64_MAX, MK_E_INPUT, "truncated");
	ELF(32, 8, FAKE_ELF_SIZE - 55, MK_E_INPUT, "truncated");
	ELF(54, 2, 32, MK_E_INPUT, "instead of 56");
	ELF(56, 2, 0, MK_E_INPUT, "0 program headers");
	ELF(56, 2, 0xffff, MK_E_INPUT, "65535 program headers");
	ELF(56, 2, 256, MK_E_INPUT, ""); /* the fourth is garbage */
}

static void elf_segment_lies(void)
{
	PHDR(0, 8, 8, UINT64_MAX, MK_E_INPUT, "truncated");
	PHDR(0, 8, 8, FAKE_ELF_SIZE - 0xff, MK_E_INPUT, "truncated");
	PHDR(0, 32, 8, 0x101, MK_E_INPUT, "more bytes in the file");
	PHDR(2, 32, 8, UINT64_MAX, MK_E_INPUT, "more bytes in the file");
	PHDR(2, 40, 8, UINT64_MAX, MK_E_INPUT, "1 GiB");
	PHDR(2, 24, 8, 0x40000000, MK_E_INPUT, "1 GiB");
	PHDR(2, 24, 8, UINT64_MAX, MK_E_INPUT, "1 GiB");
	PHDR(2, 40, 8, 0x3ee00001, MK_E_INPUT, "1 GiB");
	PHDR(2, 16, 8, 0xffffffff81200001, MK_E_INPUT, "not a Linux kernel's");
	PHDR(2, 40, 8, 0x200001, MK_E_INPUT, "overlap");
	PHDR(1, 24, 8, 0x10000ff, MK_E_INPUT, "overlap");
}

static void elf_entry_lies(void)
{
	ELF(24, 8, 0, MK_E_INPUT, "in no segment");
	ELF(24, 8, 0x1000100, MK_E_INPUT, "in no segment");
	ELF(24, 8, 0x1200100, MK_E_INPUT, "in no segment"); /* .bss */
	ELF(24, 8, UINT64_MAX, MK_E_INPUT, "in no segment");
	ELF(24, 8, 0xffffffff81000010, MK_E_INPUT, "in no segment");
}

static void elf_without_segments(void)
{
	uint8_t elf[FAKE_ELF_SIZE];

	fake_elf(elf);
	fake_put(elf + 56, 2, 1);
	fake_put(elf + FAKE_ELF_PHDR(0), 4, 4);
	REJECT(elf, sizeof(elf), MK_E_INPUT, "nothing in it");
}

static void elf_with_too_many_segments(void)
{
	uint8_t elf[64 + 56 * 17 + 16];
	unsigned int i;

	memset(elf, 0, sizeof(elf));
	fake_elf(elf); /* FAKE_ELF_SIZE is less */
	fake_put(elf + 24, 8, FAKE_BASE);
	for (i = 0; i < 17; i++)
		fake_phdr(elf, i, 1, 64 + 56 * 17, 0, FAKE_BASE + 0x1000 * i,
			  16, 0x1000);
	memset(elf + 64 + 56 * 17, 0x90, 16);
	fake_put(elf + 56, 2, 16);
	CHECK_EQ(parse(elf, sizeof(elf)), 0);
	fake_put(elf + 56, 2, 17);
	REJECT(elf, sizeof(elf), MK_E_SUPPORT, "more than 16");
}

/* ---- other files ------------------------------------------------------ */

#define MISTAKE(at, magic, code, words)                         \
	do {                                                    \
		uint8_t file_[2048] = { 0 };                    \
                                                                \
		memcpy(file_ + (at), magic, sizeof(magic) - 1); \
		REJECT(file_, sizeof(file_), code, words);      \
	} while (0)

static void other_kernels(void)
{
	MISTAKE(0x38, "ARM\x64", MK_E_SUPPORT, "arm64 kernel");
	MISTAKE(0x38, "RSC\x05", MK_E_SUPPORT, "RISC-V kernel");
	MISTAKE(0, "MZ\0\0zimg", MK_E_SUPPORT, "zboot");
	MISTAKE(0, "\x27\x05\x19\x56", MK_E_SUPPORT, "U-Boot");
	MISTAKE(0, "MZ", MK_E_INPUT, "EFI or DOS program");
}

static void compressed_files(void)
{
	MISTAKE(0, "\x1f\x8b", MK_E_INPUT, "gzip");
	MISTAKE(0, "\xfd\x37zXZ", MK_E_INPUT, "xz");
	MISTAKE(0, "\x28\xb5\x2f\xfd", MK_E_INPUT, "zstd");
	MISTAKE(0, "\x02\x21\x4c\x18", MK_E_INPUT, "decompress it first");
}

static void initrd_for_a_kernel(void)
{
	MISTAKE(0, "070701", MK_E_INPUT, "this is an initrd (a cpio archive)");
}

static void no_kernel_at_all(void)
{
	MISTAKE(0, "#!/bin/sh\n", MK_E_INPUT, "a script");
	MISTAKE(0, "!<arch>\n", MK_E_INPUT, "Debian package");
	MISTAKE(0, "hello", MK_E_INPUT, "not a kernel image (no boot");
	MISTAKE(0, "", MK_E_INPUT, "not a kernel image (no boot");
	REJECT((const uint8_t *)"x", 1, MK_E_INPUT, "1 bytes are too few");
	REJECT((const uint8_t *)"", 0, MK_E_INPUT, "the file is empty");
}

static void wrong_calls(void)
{
	CHECK_EQ(mk_image_parse(NULL, "x", 1, &error), MK_E_CALL);
	CHECK_EQ(mk_image_parse(&image, NULL, 1, &error), MK_E_CALL);
	CHECK_EQ(mk_image_parse(&image, "x", 1, NULL), MK_E_INPUT);
}

int main(void)
{
	TEST(good_bzimage);
	TEST(bzimage_truncated_anywhere);
	TEST(no_boot_signature);
	TEST(no_header_magic);
	TEST(protocol_too_old);
	TEST(protocol_unknown);
	TEST(header_end_lies);
	TEST(setup_sects_lies);
	TEST(syssize_lies);
	TEST(loads_low);
	TEST(kernel_of_32_bits);
	TEST(not_above_4g);
	TEST(paging_levels);
	TEST(not_relocatable);
	TEST(alignment_lies);
	TEST(pref_address_lies);
	TEST(init_size_lies);
	TEST(payload_lies);
	TEST(cmdline_size_lies);
	TEST(kernel_info_lies);
	TEST(release_lies);
	TEST(every_header_byte_flipped);
	TEST(good_elf);
	TEST(elf_setup_header);
	TEST(elf_truncated_anywhere);
	TEST(elf_of_another_machine);
	TEST(elf_ident_lies);
	TEST(elf_that_is_no_kernel);
	TEST(elf_program_headers_lie);
	TEST(elf_segment_lies);
	TEST(elf_entry_lies);
	TEST(elf_without_segments);
	TEST(elf_with_too_many_segments);
	TEST(other_kernels);
	TEST(compressed_files);
	TEST(initrd_for_a_kernel);
	TEST(no_kernel_at_all);
	TEST(wrong_calls);
	return done();
}
