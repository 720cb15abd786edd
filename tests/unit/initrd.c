// SPDX-License-Identifier: GPL-2.0-only
/* Initrds: what is accepted, how files join, and the archive writer. */
#include <stdint.h>
#include <stdlib.h>

#include "bzimage.h"
#include "check.h"
#include "initrd.h"

static struct mk_error error;

static int check_bytes(const void *bytes, size_t length)
{
	struct mk_initrd_file file = { .name = "file" };
	uint8_t *copy = malloc(length ? length : 1);
	int ret;

	if (!copy)
		abort();
	memcpy(copy, bytes, length);
	file.bytes = copy;
	file.length = length;
	memset(&error, 0, sizeof(error));
	ret = mk_initrd_check(&file, &error);
	free(copy);
	return ret;
}

#define WORDS(words)                                                       \
	do {                                                               \
		if (!strstr(error.text, words)) {                          \
			printf("# %s:%d: \"%s\" lacks \"%s\"\n", __FILE__, \
			       __LINE__, error.text, words);               \
			check_bad++;                                       \
		}                                                          \
	} while (0)

#define REJECT(bytes, length, code, words)                  \
	do {                                                \
		CHECK_EQ(check_bytes(bytes, length), code); \
		WORDS(words);                               \
	} while (0)

/* The archive of most tests: one entry of each kind. */
static int fill(struct mk_cpio *c, size_t *length)
{
	int ret;

	ret = mk_cpio_dir(c, "dev", 0755, &error);
	if (!ret)
		ret = mk_cpio_device(c, "dev/console", 0600, false, 5, 1,
				     &error);
	if (!ret)
		ret = mk_cpio_file(c, "init", 0755, "#!/bin/sh\n", 10, &error);
	if (!ret)
		ret = mk_cpio_file(c, "empty", 0644, NULL, 0, &error);
	if (!ret)
		ret = mk_cpio_symlink(c, "linuxrc", "init", &error);
	if (!ret)
		ret = mk_cpio_finish(c, length, &error);
	return ret;
}

static size_t archive(uint8_t buffer[2048])
{
	struct mk_cpio c;
	size_t length = 0;

	mk_cpio_begin(&c, buffer, 2048);
	CHECK_EQ(fill(&c, &length), 0);
	return length;
}

/* Byte by byte what "cpio -H newc" writes for the same things. */
static void writer_bytes(void)
{
	static const char want[] =
		"070701000000010000"
		"81ED"
		"00000000000000000000000100000000"
		"00000003"
		"0000000000000000"
		"0000000000000000"
		"00000002"
		"00000000"
		"a\0"
		"abc\0"
		"0707010000000000000000" /* inode, mode of the trailer */
		"0000000000000000"
		"00000001"
		"00000000"
		"00000000"
		"0000000000000000"
		"0000000000000000"
		"0000000B"
		"00000000"
		"TRAILER!!!\0\0\0\0";
	uint8_t b[512];
	struct mk_cpio c;
	size_t length = 0;

	mk_cpio_begin(&c, b, sizeof(b));
	CHECK_EQ(mk_cpio_file(&c, "a", 0755, "abc", 3, &error), 0);
	CHECK_EQ(mk_cpio_finish(&c, &length, &error), 0);
	CHECK_EQ(length, sizeof(want) - 1);
	CHECK(memcmp(b, want, sizeof(want) - 1) == 0);
}

static void round_trip(void)
{
	uint8_t a[2048], b[2048];
	size_t length = archive(a);

	CHECK_EQ(check_bytes(a, length), 0);
	CHECK_EQ(length & 3, 0);
	memset(b, 0xee, sizeof(b));
	CHECK_EQ(archive(b), length); /* deterministic */
	CHECK(memcmp(a, b, length) == 0);
	CHECK_EQ(b[length], 0xee);
}

static void every_buffer_size(void)
{
	uint8_t want[2048], *b;
	size_t length, full = archive(want), size;
	struct mk_cpio c;

	for (size = 0; size < full + 8; size++) {
		b = malloc(size ? size : 1); /* ASan guards the end */
		if (!b)
			abort();
		mk_cpio_begin(&c, b, size);
		length = 0;
		if (size < full) {
			CHECK_EQ(fill(&c, &length), MK_E_NOSPACE);
			CHECK_EQ(length, 0);
			CHECK(c.used <= size);
			CHECK(memcmp(b, want, c.used) == 0);
			CHECK(check_bytes(b, c.used) == MK_E_INPUT);
		} else {
			CHECK_EQ(fill(&c, &length), 0);
			CHECK_EQ(length, full);
			CHECK(memcmp(b, want, full) == 0);
		}
		free(b);
	}
	mk_cpio_begin(&c, NULL, 100);
	CHECK_EQ(mk_cpio_dir(&c, "d", 0755, &error), MK_E_NOSPACE);
}

/* The buffer grown by one byte at each refusal gives the same archive. */
static void grown_on_demand(void)
{
	uint8_t want[2048], *b = NULL;
	size_t full = archive(want), size = 0, length = 0;
	struct mk_cpio c;
	unsigned int step = 0;
	int ret = 0;

	mk_cpio_begin(&c, NULL, 0);
	while (step < 6) {
		switch (step) {
		case 0:
			ret = mk_cpio_dir(&c, "dev", 0755, &error);
			break;
		case 1:
			ret = mk_cpio_device(&c, "dev/console", 0600, false, 5,
					     1, &error);
			break;
		case 2:
			ret = mk_cpio_file(&c, "init", 0755, "#!/bin/sh\n", 10,
					   &error);
			break;
		case 3:
			ret = mk_cpio_file(&c, "empty", 0644, NULL, 0, &error);
			break;
		case 4:
			ret = mk_cpio_symlink(&c, "linuxrc", "init", &error);
			break;
		case 5:
			ret = mk_cpio_finish(&c, &length, &error);
			break;
		}
		if (ret == 0) {
			step++;
			continue;
		}
		CHECK_EQ(ret, MK_E_NOSPACE);
		b = realloc(b, ++size);
		CHECK_EQ(mk_cpio_resize(&c, b, size, &error), 0);
	}
	CHECK_EQ(size, full);
	CHECK_EQ(length, full);
	CHECK(b && memcmp(b, want, full) == 0);
	CHECK_EQ(mk_cpio_resize(&c, b, size, &error), MK_E_STATE);
	free(b);
}

static void wrong_states(void)
{
	struct mk_cpio c = { 0 };
	uint8_t b[512];
	size_t n = 0;

	CHECK_EQ(mk_cpio_dir(&c, "d", 0755, &error), MK_E_STATE);
	WORDS("not begun");
	CHECK_EQ(mk_cpio_finish(&c, &n, &error), MK_E_STATE);
	CHECK_EQ(mk_cpio_resize(&c, b, 1, &error), MK_E_STATE);
	mk_cpio_begin(&c, b, sizeof(b));
	CHECK_EQ(mk_cpio_dir(&c, "d", 0755, &error), 0);
	CHECK_EQ(mk_cpio_resize(&c, b, 8, &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_resize(&c, NULL, 512, &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_finish(&c, NULL, &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_finish(&c, &n, &error), 0);
	CHECK_EQ(mk_cpio_finish(&c, &n, &error), MK_E_STATE);
	CHECK_EQ(mk_cpio_file(&c, "f", 0644, "x", 1, &error), MK_E_STATE);
	WORDS("finished");
	CHECK_EQ(mk_cpio_dir(NULL, "d", 0755, &error), MK_E_CALL);
}

static void hostile_names(void)
{
	static const char *const bad[] = {
		"",	"/",	"/init",  "a/",	 "a//b", ".",	 "..",
		"a/..", "../a", "a/../b", "./a", "a/.",	 "/etc", "TRAILER!!!",
	};
	static const char *const good[] = {
		"...",	   "a b",	  "-",	"a/...",
		".hidden", "TRAILER!!!x", "\n", "\xff",
	};
	static uint8_t b[16384];
	static char name[4098];
	struct mk_cpio c;
	size_t i, n = 0;

	mk_cpio_begin(&c, b, sizeof(b));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(mk_cpio_dir(&c, bad[i], 0755, &error), MK_E_CALL);
		CHECK_EQ(mk_cpio_file(&c, bad[i], 0755, "x", 1, &error),
			 MK_E_CALL);
		CHECK_EQ(mk_cpio_symlink(&c, bad[i], "x", &error), MK_E_CALL);
		CHECK_EQ(mk_cpio_device(&c, bad[i], 0600, true, 8, 0, &error),
			 MK_E_CALL);
	}
	CHECK_EQ(mk_cpio_dir(&c, NULL, 0755, &error), MK_E_CALL);
	memset(name, 'n', 4096);
	CHECK_EQ(mk_cpio_dir(&c, name, 0755, &error), MK_E_CALL);
	WORDS("4096 bytes");
	CHECK_EQ(mk_cpio_symlink(&c, "l", name, &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_symlink(&c, "l", "", &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_symlink(&c, "l", NULL, &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_dir(&c, "d", 010000, &error), MK_E_CALL);
	CHECK_EQ(mk_cpio_file(&c, "f", 0644, NULL, 1, &error), MK_E_CALL);
	CHECK_EQ(c.used, 0);

	name[4095] = '\0';
	CHECK_EQ(mk_cpio_dir(&c, name, 0755, &error), 0);
	CHECK_EQ(mk_cpio_symlink(&c, "l", name, &error), 0);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_EQ(mk_cpio_file(&c, good[i], 0644, "x", 1, &error), 0);
	CHECK_EQ(mk_cpio_finish(&c, &n, &error), 0);
	CHECK_EQ(check_bytes(b, n), 0);
}

static void file_of_4_gib(void)
{
	static uint8_t b[64];
	struct mk_cpio c;

	mk_cpio_begin(&c, b, sizeof(b));
	CHECK_EQ(mk_cpio_file(&c, "f", 0644, b, (size_t)1 << 32, &error),
		 MK_E_SUPPORT);
	CHECK_EQ(mk_cpio_file(&c, "f", 0644, b, UINT32_MAX, &error),
		 MK_E_NOSPACE);
}

/* ---- the checker ------------------------------------------------------ */

static void truncated_anywhere(void)
{
	uint8_t b[2048];
	size_t i, full = archive(b);

	REJECT(b, 0, MK_E_INPUT, "file: the file is empty");
	for (i = 6; i < full - 3; i++) {
		CHECK_EQ(check_bytes(b, i), MK_E_INPUT);
		if (!strstr(error.text, "truncated"))
			CHECK_EQ(i, -1);
	}
	for (; i < full; i++) /* only padding is gone */
		CHECK_EQ(check_bytes(b, i), 0);
	memset(b + full, 0, sizeof(b) - full);
	CHECK_EQ(check_bytes(b, sizeof(b)), 0); /* padded, as cpio does */
	CHECK_EQ(check_bytes(b, full + 1), 0);
}

/* One byte of the first entry ("dev") changed. */
#define LIE(at, text, words)                               \
	do {                                               \
		uint8_t b_[2048];                          \
		size_t n_ = archive(b_);                   \
                                                           \
		memcpy(b_ + (at), text, sizeof(text) - 1); \
		REJECT(b_, n_, MK_E_INPUT, words);         \
	} while (0)

static void header_not_hex(void)
{
	LIE(6, "0000000g", "damaged header");
	LIE(102, "-0000001", "damaged header");
	LIE(54, " 0000000", "damaged header");
	LIE(94, "0x000004", "damaged header");
}

static void name_size_lies(void)
{
	LIE(94, "00000000", "a name of 0 bytes");
	LIE(94, "00001001", "a name of 4097 bytes");
	LIE(94, "FFFFFFFF", "a name of 4294967295 bytes");
	LIE(94, "00001000", "truncated");
	LIE(94, "00000003", "a name without an end");
}

static void file_size_lies(void)
{
	LIE(54, "FFFFFFFF", "truncated");
	LIE(54, "FFFFFFFC", "truncated");
	LIE(54, "00000001", "no cpio entry at byte");
	LIE(14,
	    "0000A1FF00000000000000000000000100000000"
	    "00001001",
	    "a link of 4097 bytes");
}

static void second_entry_damaged(void)
{
	LIE(116, "070703", "no cpio entry at byte 116");
}

/* dracut pads names with NULs so that file data is aligned. */
static void padded_name(void)
{
	uint8_t b[2048], c[2048];
	size_t n = archive(b);

	memcpy(c, b, 114);
	memset(c + 114, 0, 6);
	memcpy(c + 94, "00000006", 8);
	memcpy(c + 116, b + 116, n - 116);
	CHECK_EQ(check_bytes(c, n), 0);
}

static void compressed_members(void)
{
	static const char *const magics[] = {
		"\x1f\x8b\x08",	    "BZh9",
		"\xfd\x37zXZ",	    "\x89LZO",
		"\x02\x21\x4c\x18", "\x28\xb5\x2f\xfd",
	};
	uint8_t b[64];
	size_t i;

	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		memset(b, 0, sizeof(b));
		memcpy(b, magics[i], strlen(magics[i]));
		CHECK_EQ(check_bytes(b, sizeof(b)), 0);
	}
	memset(b, 0, sizeof(b));
	b[0] = 0x5d; /* lzma */
	CHECK_EQ(check_bytes(b, sizeof(b)), 0);
}

static void microcode_then_compressed(void)
{
	uint8_t b[2048] = { 0 };
	size_t n = archive(b), at;

	for (at = n; at < n + 9; at++) {
		memset(b + n, 0, sizeof(b) - n);
		memcpy(b + at, "\x1f\x8b\x08junk", 7);
		if (at & 3)
			REJECT(b, at + 7, MK_E_INPUT, "multiple of 4");
		else
			CHECK_EQ(check_bytes(b, at + 7), 0);
	}
}

static void archive_then_archive(void)
{
	uint8_t b[4096] = { 0 };
	size_t n = archive(b);

	memcpy(b + n, b, n);
	CHECK_EQ(check_bytes(b, 2 * n), 0);
	CHECK_EQ(check_bytes(b, 2 * n - 20), MK_E_INPUT);
	memcpy(b + n, "junk", 4);
	REJECT(b, 2 * n, MK_E_INPUT, "unknown content at byte");
}

static void kernel_for_an_initrd(void)
{
	uint8_t payload[64] = { 0 };
	size_t size;
	uint8_t *b = fake_bzimage(payload, sizeof(payload), &size);

	REJECT(b, size, MK_E_INPUT, "file: this is a kernel image");
	free(b);
}

#define MISTAKE(at, magic, code, words)                         \
	do {                                                    \
		uint8_t file_[2048] = { 0 };                    \
                                                                \
		memcpy(file_ + (at), magic, sizeof(magic) - 1); \
		REJECT(file_, sizeof(file_), code, words);      \
	} while (0)

static void other_files(void)
{
	MISTAKE(0, "\177ELF", MK_E_SUPPORT, "this is an ELF file");
	MISTAKE(0x38, "ARM\x64", MK_E_INPUT, "kernel image (an arm64 kernel)");
	MISTAKE(0, "070707", MK_E_SUPPORT, "old portable format");
	MISTAKE(0, "\xc7\x71", MK_E_SUPPORT, "old binary format");
	MISTAKE(0, "\x04\x22\x4d\x18", MK_E_SUPPORT, "frame format");
	MISTAKE(0, "hsqs", MK_E_SUPPORT, "squashfs");
	MISTAKE(0, "root:x:0", MK_E_INPUT, "not an initrd (neither");
	MISTAKE(0, "", MK_E_INPUT, "not an initrd (neither");
}

/* ---- joining ---------------------------------------------------------- */

static void joined(void)
{
	static const uint8_t lz4[] = { 2, 0x21, 0x4c, 0x18, 1, 0, 0, 0, 9 };
	uint8_t a[2048], want[8192], *b;
	size_t n = archive(a), total = 0, full, size;
	struct mk_initrd_file files[] = {
		{ "first", lz4, sizeof(lz4) },
		{ NULL, a, n - 1 },
		{ "last", lz4, sizeof(lz4) },
	};

	/* 9 bytes, 4 zeros for lz4's end, 3 to align; n - 1, 4, 1; 9 */
	full = 16 + (n - 1) + 5 + 9;
	memset(want, 0, sizeof(want));
	memcpy(want, lz4, 9);
	memcpy(want + 16, a, n - 1);
	memcpy(want + 16 + n + 4, lz4, 9);

	CHECK_EQ(mk_initrd_measure(files, 3, &total, &error), 0);
	CHECK_EQ(total, full);
	for (size = 0; size < full + 3; size++) {
		b = malloc(size ? size : 1);
		if (!b)
			abort();
		total = 0;
		if (size < full) {
			CHECK_EQ(mk_initrd_join(b, size, files, 3, &total,
						&error),
				 MK_E_NOSPACE);
		} else {
			CHECK_EQ(mk_initrd_join(b, size, files, 3, &total,
						&error),
				 0);
			CHECK(memcmp(b, want, full) == 0);
		}
		CHECK_EQ(total, full);
		free(b);
	}
}

static void two_archives_joined(void)
{
	uint8_t a[2048], b[8192];
	size_t n = archive(a), total = 0;
	struct mk_initrd_file files[] = { { NULL, a, n },
					  { NULL, a, n - 1 },
					  { NULL, a, n } };

	CHECK_EQ(mk_initrd_join(b, sizeof(b), files, 3, &total, &error), 0);
	CHECK_EQ(check_bytes(b, total), 0);
}

static void bad_file_is_named(void)
{
	uint8_t a[2048];
	size_t n = archive(a), total = 1;
	struct mk_initrd_file files[] = { { NULL, a, n },
					  { NULL, "hello world", 11 },
					  { "x.img", a, 100 } };

	CHECK_EQ(mk_initrd_measure(files, 3, &total, &error), MK_E_INPUT);
	WORDS("initrd 2: not an initrd");
	CHECK_EQ(total, 0);
	files[1] = files[0];
	CHECK_EQ(mk_initrd_measure(files, 3, &total, &error), MK_E_INPUT);
	WORDS("x.img: truncated in the cpio entry at byte 0");
	files[2].bytes = NULL;
	CHECK_EQ(mk_initrd_measure(files, 3, &total, &error), MK_E_CALL);
}

static void nothing_to_join(void)
{
	size_t total = 1;

	CHECK_EQ(mk_initrd_measure(NULL, 0, &total, &error), 0);
	CHECK_EQ(total, 0);
	CHECK_EQ(mk_initrd_join(NULL, 0, NULL, 0, &total, &error), 0);
	CHECK_EQ(mk_initrd_measure(NULL, 1, &total, &error), MK_E_CALL);
	CHECK_EQ(mk_initrd_measure(NULL, 0, NULL, &error), MK_E_CALL);
	CHECK_EQ(mk_initrd_check(NULL, &error), MK_E_CALL);
}

int main(void)
{
	TEST(writer_bytes);
	TEST(round_trip);
	TEST(every_buffer_size);
	TEST(grown_on_demand);
	TEST(wrong_states);
	TEST(hostile_names);
	TEST(file_of_4_gib);
	TEST(truncated_anywhere);
	TEST(header_not_hex);
	TEST(name_size_lies);
	TEST(file_size_lies);
	TEST(second_entry_damaged);
	TEST(padded_name);
	TEST(compressed_members);
	TEST(microcode_then_compressed);
	TEST(archive_then_archive);
	TEST(kernel_for_an_initrd);
	TEST(other_files);
	TEST(joined);
	TEST(two_archives_joined);
	TEST(bad_file_is_named);
	TEST(nothing_to_join);
	return done();
}
