// SPDX-License-Identifier: GPL-2.0-only
/*
 * mk_image_unpack(): every compression, damaged payloads, sizes that lie, and
 * the real kernels named in MK_TEST_KERNELS (colon-separated vmlinuz files).
 */
#include <stdint.h>
#include <stdlib.h>

#include "bzimage.h"
#include "check.h"
#include "image.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZ4
#include <lz4.h>
#endif

#define PACKED_MAX 4096

static struct mk_image image, elf;
static struct mk_error error;
static void *unpacked;
static size_t unpacked_length;

/* The ELF file and 32 bytes of relocation tables behind it. */
static uint8_t plain[FAKE_ELF_SIZE + 32];

static void make_plain(void)
{
	memset(plain, 0x77, sizeof(plain));
	fake_elf(plain);
}

/* Wrap, parse and unpack; the caller frees unpacked. */
static int unpack(const uint8_t *payload, size_t length)
{
	size_t size;
	uint8_t *b = fake_bzimage(payload, length, &size);
	int ret;

	memset(&error, 0, sizeof(error));
	ret = mk_image_parse(&image, b, size, &error);
	if (ret == 0)
		ret = mk_image_unpack(&image, &elf, &unpacked, &unpacked_length,
				      &error);
	free(b);
	return ret;
}

#define REJECT(payload, length, code, words)                               \
	do {                                                               \
		CHECK_EQ(unpack(payload, length), code);                   \
		CHECK(unpacked == NULL);                                   \
		CHECK_EQ(elf.nr_parts, 0);                                 \
		if (!strstr(error.text, words)) {                          \
			printf("# %s:%d: \"%s\" lacks \"%s\"\n", __FILE__, \
			       __LINE__, error.text, words);               \
			check_bad++;                                       \
		}                                                          \
	} while (0)

static void check_unpacked(const uint8_t *payload, size_t length)
{
	CHECK_EQ(unpack(payload, length), 0);
	if (!unpacked)
		return;
	CHECK_EQ(unpacked_length, sizeof(plain));
	CHECK(memcmp(unpacked, plain, sizeof(plain)) == 0);
	CHECK_EQ(elf.kind, MK_IMAGE_ELF);
	CHECK_STR(elf.release, "6.1.0-mk-amd64");
	CHECK_EQ(elf.protocol, 0x20f);
	CHECK_EQ(elf.entry, 0x10);
	CHECK_EQ(elf.span, 0x600000);
	CHECK_EQ(elf.preferred, 0x1000000);
	CHECK_EQ(elf.alignment, 0x200000);
	CHECK_EQ(elf.cmdline_max, 2047);
	CHECK_EQ(elf.nr_parts, 3);
	CHECK(elf.la57);
	CHECK(!elf.kaslr);
	CHECK_EQ(elf.setup_header_length, image.setup_header_length);
	CHECK_EQ(image.setup_header[0x211 - 0x1f1], 3);
	CHECK_EQ(elf.setup_header[0x211 - 0x1f1], 1); /* KASLR_FLAG gone */
	free(unpacked);
	unpacked = NULL;
}

/*
 * Good; then cut at every length (keeping the size behind it), every byte
 * changed, and sizes that lie.
 */
static void torture(const uint8_t *packed, size_t length, bool own_size)
{
	uint8_t b[PACKED_MAX + 4];
	size_t i, body = own_size ? length - 4 : length;

	memcpy(b, packed, length);
	if (!own_size)
		fake_put(b + body, 4, sizeof(plain));
	check_unpacked(b, body + 4);

	for (i = 12; i < body; i++) {
		memcpy(b, packed, i);
		fake_put(b + i, 4, sizeof(plain));
		REJECT(b, i + 4, MK_E_INPUT, "damaged");
	}
	memcpy(b, packed, length);
	fake_put(b + body, 4, sizeof(plain));
	for (i = 0; i < body; i++) {
		b[i] ^= 0x10;
		unpack(b, body + 4); /* may pass: not all formats check */
		free(unpacked);
		unpacked = NULL;
		b[i] ^= 0x10;
	}
	fake_put(b + body, 4, sizeof(plain) + 1);
	REJECT(b, body + 4, MK_E_INPUT, "damaged");
	fake_put(b + body, 4, sizeof(plain) - 1);
	REJECT(b, body + 4, MK_E_INPUT, "damaged");
	fake_put(b + body, 4, 0);
	REJECT(b, body + 4, MK_E_INPUT, "unpacks to 0 bytes");
	fake_put(b + body, 4, 0xffffffff);
	REJECT(b, body + 4, MK_E_INPUT, "unpacks to 4294967295 bytes");
	fake_put(b + body, 4, FAKE_INIT_SIZE + 1);
	REJECT(b, body + 4, MK_E_INPUT, "has room for");
}

static void gzip(void)
{
#ifdef HAVE_ZLIB
	uint8_t packed[PACKED_MAX];
	z_stream z = { 0 };

	make_plain();
	CHECK_EQ(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	z.next_in = plain;
	z.avail_in = sizeof(plain);
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	CHECK_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	torture(packed, z.total_out, true);
#else
	SKIP("built without zlib");
#endif
}

static void xz(void)
{
#ifdef HAVE_LZMA
	uint8_t packed[PACKED_MAX];
	lzma_options_lzma options;
	lzma_filter filters[] = { { LZMA_FILTER_X86, NULL },
				  { LZMA_FILTER_LZMA2, &options },
				  { LZMA_VLI_UNKNOWN, NULL } };
	size_t at = 0;

	make_plain();
	lzma_lzma_preset(&options, 1);
	CHECK_EQ(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL,
					   plain, sizeof(plain), packed, &at,
					   sizeof(packed)),
		 LZMA_OK);
	torture(packed, at, false);
#else
	SKIP("built without liblzma");
#endif
}

static void zstd(void)
{
#ifdef HAVE_ZSTD
	uint8_t packed[PACKED_MAX];
	size_t n;

	make_plain();
	n = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 19);
	CHECK(!ZSTD_isError(n));
	torture(packed, n, false);
#else
	SKIP("built without libzstd");
#endif
}

static void lz4(void)
{
#ifdef HAVE_LZ4
	uint8_t packed[PACKED_MAX];
	int n;

	make_plain();
	n = LZ4_compress_default((char *)plain, (char *)packed + 8,
				 sizeof(plain), sizeof(packed) - 8);
	CHECK(n > 0);
	fake_put(packed, 4, 0x184c2102);
	fake_put(packed + 4, 4, (uint64_t)n);
	torture(packed, 8 + (size_t)n, false);

	/* A chunk that claims more than any chunk can have. */
	fake_put(packed + 4, 4, 0xfffffff0);
	fake_put(packed + 8 + n, 4, sizeof(plain));
	REJECT(packed, 12 + (size_t)n, MK_E_INPUT, "too long");
#else
	SKIP("built without liblz4");
#endif
}

static void compressions_not_unpacked(void)
{
	uint8_t b[64] = { 0 };

	fake_put(b + 60, 4, 4096);
	memcpy(b, "BZh9", 4);
	REJECT(b, sizeof(b), MK_E_SUPPORT, "bzip2");
	memcpy(b, "\x5d\0\0\0", 4);
	REJECT(b, sizeof(b), MK_E_SUPPORT, "lzma");
	memcpy(b, "\x89LZO", 4);
	REJECT(b, sizeof(b), MK_E_SUPPORT, "lzo");
	memcpy(b, "what", 4);
	REJECT(b, sizeof(b), MK_E_SUPPORT, "unknown compression");
}

#ifdef HAVE_LZ4
/* An unpacked kernel that is wrong in itself, in the simplest compression. */
static int unpack_plain(void)
{
	uint8_t packed[PACKED_MAX + 4];
	int n = LZ4_compress_default((char *)plain, (char *)packed + 8,
				     sizeof(plain), PACKED_MAX - 8);

	fake_put(packed, 4, 0x184c2102);
	fake_put(packed + 4, 4, (uint64_t)n);
	fake_put(packed + 8 + n, 4, sizeof(plain));
	return unpack(packed, 12 + (size_t)n);
}
#endif

static void payload_that_is_no_kernel(void)
{
#ifdef HAVE_LZ4
	make_plain();
	plain[0] = 'X';
	CHECK_EQ(unpack_plain(), MK_E_INPUT);
	CHECK(strstr(error.text, "not an ELF file"));
	CHECK(unpacked == NULL);
#else
	SKIP("built without liblz4");
#endif
}

static void kernel_larger_than_init_size(void)
{
#ifdef HAVE_LZ4
	make_plain();
	fake_put(plain + FAKE_ELF_PHDR(1) + 40, 8, 0x400001);
	CHECK_EQ(unpack_plain(), MK_E_INPUT);
	CHECK(strstr(error.text, "does not fit its setup header"));
	CHECK(unpacked == NULL);
#else
	SKIP("built without liblz4");
#endif
}

static void kernel_at_another_address(void)
{
#ifdef HAVE_LZ4
	unsigned int i;

	make_plain();
	for (i = 0; i < 3; i++)
		plain[FAKE_ELF_PHDR(i) + 24 + 3] ^= 2; /* + 32 MiB */
	plain[FAKE_ELF_PHDR(0) + 16 + 3] ^= 2;
	plain[FAKE_ELF_PHDR(2) + 16 + 3] ^= 2;
	plain[24 + 3] ^= 2;
	CHECK_EQ(unpack_plain(), MK_E_INPUT);
	CHECK(strstr(error.text, "does not fit its setup header"));
#else
	SKIP("built without liblz4");
#endif
}

static void wrong_calls(void)
{
	uint8_t bytes[FAKE_ELF_SIZE];

	fake_elf(bytes);
	CHECK_EQ(mk_image_parse(&image, bytes, sizeof(bytes), &error), 0);
	CHECK_EQ(mk_image_unpack(&image, &elf, &unpacked, &unpacked_length,
				 &error),
		 MK_E_CALL);
	CHECK_EQ(mk_image_unpack(NULL, &elf, &unpacked, &unpacked_length,
				 &error),
		 MK_E_CALL);
	CHECK_EQ(mk_image_unpack(&image, &elf, NULL, NULL, NULL), MK_E_CALL);
}

static uint8_t *read_file(const char *path, size_t *length)
{
	FILE *f = fopen(path, "rb");
	uint8_t *b = NULL;
	long size;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0) {
		rewind(f);
		b = malloc((size_t)size);
		if (b && fread(b, 1, (size_t)size, f) != (size_t)size) {
			free(b);
			b = NULL;
		}
		*length = (size_t)size;
	}
	fclose(f);
	return b;
}

static void one_real_kernel(const char *path)
{
	size_t length = 0;
	uint8_t *b = read_file(path, &length);

	CHECK(b != NULL);
	if (!b)
		return;
	CHECK_EQ(mk_image_parse(&image, b, length, &error), 0);
	CHECK(image.release[0] != '\0');
	CHECK(strstr(path, "/boot/") == NULL || strstr(path, image.release));
	CHECK_EQ(mk_image_parse(&image, b, length / 2, &error), MK_E_INPUT);
	CHECK_EQ(mk_image_parse(&image, b, length, &error), 0);
	CHECK_EQ(mk_image_unpack(&image, &elf, &unpacked, &unpacked_length,
				 &error),
		 0);
	if (unpacked) {
		CHECK(elf.span <= image.span);
		CHECK(elf.entry < elf.span);
		printf("# %s: %zu bytes unpack to %zu, %u parts, span %llu\n",
		       image.release, length, unpacked_length, elf.nr_parts,
		       (unsigned long long)elf.span);
		/* What the ELF file says of itself agrees. */
		CHECK_EQ(mk_image_parse(&image, unpacked, unpacked_length,
					&error),
			 0);
		CHECK_STR(image.release, elf.release);
		CHECK_EQ(image.entry, elf.entry);
	} else {
		printf("# %s: %s\n", path, error.text);
	}
	free(unpacked);
	unpacked = NULL;
	free(b);
}

static void real_kernels(void)
{
	const char *list = getenv("MK_TEST_KERNELS");
	char *copy, *path, *rest = NULL;

	if (!list || !*list)
		SKIP("MK_TEST_KERNELS is not set");
	copy = strdup(list);
	for (path = strtok_r(copy, ":", &rest); path;
	     path = strtok_r(NULL, ":", &rest))
		one_real_kernel(path);
	free(copy);
}

int main(void)
{
	TEST(gzip);
	TEST(xz);
	TEST(zstd);
	TEST(lz4);
	TEST(compressions_not_unpacked);
	TEST(payload_that_is_no_kernel);
	TEST(kernel_larger_than_init_size);
	TEST(kernel_at_another_address);
	TEST(wrong_calls);
	TEST(real_kernels);
	return done();
}
