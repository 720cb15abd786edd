// SPDX-License-Identifier: GPL-2.0-only
/* Modules for devices: what is chosen, in which order, and from which files. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "modules.h"

static struct mk_error error;
static struct mk_modules chosen;

static int choose(const char *dep, const char *builtin)
{
	return mk_modules_choose(&chosen, dep, strlen(dep), builtin,
				 strlen(builtin), &error);
}

static const char *list(void)
{
	static char text[MK_MODULES_LIST + 1];
	size_t length;

	CHECK_EQ(mk_modules_list(&chosen, text, MK_MODULES_LIST, &length,
				 &error),
		 0);
	text[length] = '\0';
	return text;
}

static size_t use_of(const char *what)
{
	const struct mk_module_use *uses;
	size_t nr, i;

	uses = mk_module_uses(&nr);
	for (i = 0; i < nr && strcmp(uses[i].what, what) != 0; i++)
		;
	CHECK(i < nr);
	return i;
}

static void check_lacks(const char *what, const char *name)
{
	const char *lacks = chosen.lacks[use_of(what)];

	CHECK_STR(lacks ? lacks : "nothing", name);
}

/* Debian 12's 6.1 for the cloud, as far as it matters here. */
static const char dep_61[] =
	"kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko "
	"kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko\n"
	"kernel/fs/fuse/fuse.ko:\n"
	"kernel/fs/nfs/nfs.ko: kernel/fs/lockd/lockd.ko\n"
	"kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/virtio/virtio.ko:\n"
	"kernel/drivers/char/hw_random/virtio-rng.ko: "
	"kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko "
	"kernel/net/core/failover.ko kernel/drivers/virtio/virtio_ring.ko "
	"kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko\n"
	"kernel/net/core/failover.ko:\n"
	"kernel/drivers/nvdimm/nd_pmem.ko: kernel/drivers/nvdimm/nd_btt.ko "
	"kernel/drivers/nvdimm/libnvdimm.ko\n"
	"kernel/drivers/nvdimm/nd_btt.ko: kernel/drivers/nvdimm/libnvdimm.ko\n"
	"kernel/drivers/nvdimm/libnvdimm.ko:\n"
	"kernel/drivers/nvdimm/nd_e820.ko: kernel/drivers/nvdimm/libnvdimm.ko";

static void modules_of_6_1(void)
{
	CHECK_EQ(choose(dep_61, "kernel/fs/ext4/ext4.ko\n"
				"kernel/drivers/char/virtio_console.ko\n"),
		 0);
	CHECK_STR(list(),
		  "bus 01-virtio 02-virtio_ring\n"
		  "virtio:d00000001v* 01-virtio 02-virtio_ring 03-failover "
		  "04-net_failover 05-virtio_net\n"
		  "virtio:d00000004v* 01-virtio 02-virtio_ring 06-virtio_rng\n"
		  "virtio:d0000001Av* 01-virtio 02-virtio_ring 07-fuse "
		  "08-virtiofs\n"
		  "platform:e820_pmem 09-libnvdimm 10-nd_e820 11-nd_btt "
		  "12-nd_pmem\n");
	CHECK_STR(chosen.list[5].path,
		  "kernel/drivers/char/hw_random/virtio-rng.ko");
	CHECK_EQ(chosen.nr, 12);
	CHECK_EQ(chosen.needed, 0xfff);
	check_lacks("console", "nothing");
	check_lacks("ext4", "nothing");
	check_lacks("disk", "virtio_blk");
	check_lacks("vsock", "vmw_vsock_virtio_transport");
	check_lacks("erofs", "erofs");
	check_lacks("the virtio bus", "nothing");
}

static void compressed_and_soft(void)
{
	CHECK_EQ(choose("kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz\t"
			"kernel/fs/mbcache.ko.xz \r\n"
			"\n"
			"no line of this file\n"
			"kernel/fs/jbd2/jbd2.ko.xz:\n"
			"kernel/fs/mbcache.ko.xz:\n"
			"kernel/crypto/crc32c_generic.ko.xz:\n",
			"kernel/drivers/virtio/virtio.ko\n"
			"kernel/drivers/virtio/virtio_ring.ko"),
		 0);
	CHECK_STR(list(), "fs:ext4 01-crc32c_generic 02-mbcache 03-jbd2 "
			  "04-ext4\n");
	check_lacks("the virtio bus", "nothing");
	CHECK_STR(chosen.list[3].path, "kernel/fs/ext4/ext4.ko.xz");
}

/* Half of a use is of no use, and its modules stay away. */
static void half(void)
{
	CHECK_EQ(choose("a/nd_e820.ko: a/libnvdimm.ko\na/libnvdimm.ko:\n"
			"a/virtio.ko:\na/fuse.ko:\n"
			"a/virtiofs.ko: a/fuse.ko\n",
			""),
		 0);
	CHECK_STR(list(), "virtio:d0000001Av* 02-fuse 03-virtiofs\n");
	CHECK_EQ(chosen.needed, 6); /* and neither virtio nor nd_e820 */
	check_lacks("the virtio bus", "virtio_ring");
	check_lacks("pmem", "nd_pmem");
}

static void nothing(void)
{
	CHECK_EQ(choose("", ""), 0);
	CHECK_EQ(chosen.needed, 0);
	CHECK_STR(list(), "");
	check_lacks("the virtio bus", "virtio");
	CHECK_EQ(mk_modules_choose(&chosen, NULL, 0, NULL, 0, &error), 0);
}

static void refused(void)
{
	static char text[100000];
	unsigned int i, n;

#define REFUSE(code, dep, words)                          \
	do {                                              \
		CHECK_EQ(choose(dep, ""), code);          \
		CHECK(strstr(error.text, words) != NULL); \
		CHECK_EQ(chosen.nr, 0);                   \
		CHECK_EQ(chosen.needed, 0);               \
	} while (0)

	REFUSE(MK_E_INPUT, "a/virtio.ko: a/x.ko\n", "no line for 'a/x.ko'");
	REFUSE(MK_E_INPUT, "a/virtio.ko: a/virtio.ko\n", "needs itself");
	REFUSE(MK_E_INPUT, "a/virtio.ko: b.ko\nb.ko: c.ko\nc.ko: b.ko\n",
	       "'b.ko' needs itself");
	REFUSE(MK_E_INPUT, "/etc/virtio.ko:\n", "not a path below");
	REFUSE(MK_E_INPUT, "../virtio.ko:\n", "not a path below");
	REFUSE(MK_E_INPUT, "a/../virtio.ko:\n", "not a path below");
	REFUSE(MK_E_INPUT, "a/virtio.ko: b/..\n", "not a path below");
	REFUSE(MK_E_INPUT, "a\033/virtio.ko:\n", "odd character (0x1b)");
	REFUSE(MK_E_INPUT,
	       "a/virtio.ko: b\n"
	       "b:\n",
	       "'b' is not a module's name");
	snprintf(text, sizeof(text), "a/virtio.ko: %056d.ko\n%056d.ko:\n", 1,
		 1);
	REFUSE(MK_E_INPUT, text, "is not a module's name");
	snprintf(text, sizeof(text), "%0256d/virtio.ko:\n", 1);
	REFUSE(MK_E_SUPPORT, text, "a path of 266 characters");
	/* one more than there is room for, side by side and in a row */
	n = (unsigned int)sprintf(text, "virtio.ko:");
	for (i = 0; i < 64; i++)
		n += (unsigned int)sprintf(text + n, " m%u.ko", i);
	for (i = 0; i < 64; i++)
		n += (unsigned int)sprintf(text + n, "\nm%u.ko:", i);
	REFUSE(MK_E_SUPPORT, text, "more than 64");
	n = (unsigned int)sprintf(text, "virtio.ko: m0.ko\nm64.ko:\n");
	for (i = 0; i < 64; i++)
		n += (unsigned int)sprintf(text + n, "m%u.ko: m%u.ko\n", i,
					   i + 1);
	REFUSE(MK_E_SUPPORT, text, "more than 64");
	/* dots that go nowhere */
	CHECK_EQ(choose("a/..b/virtio.ko:\n", ""), 0);
}

/* It is of no harm that 64 are needed, all by one use. */
static void full(void)
{
	static char text[8192], out[MK_MODULES_LIST];
	unsigned int i, n;
	size_t length, whole;

	n = (unsigned int)sprintf(text, "virtiofs.ko:");
	for (i = 0; i < 63; i++)
		n += (unsigned int)sprintf(text + n, " a/%055u.ko", i);
	for (i = 0; i < 63; i++)
		n += (unsigned int)sprintf(text + n, "\na/%055u.ko:", i);
	CHECK_EQ(choose(text, ""), 0);
	CHECK_EQ(chosen.nr, 64);
	CHECK_EQ(chosen.needed + 1, 0);
	CHECK_EQ(chosen.list[63].needs + 1, 0);
	CHECK_EQ(mk_modules_list(&chosen, out, sizeof(out), &whole, &error), 0);
	CHECK_EQ(whole, 18 + 63 * 59 + 12 + 1);
	for (i = 0; i < whole; i++) {
		memset(out, 0xee, sizeof(out));
		CHECK_EQ(mk_modules_list(&chosen, out, i, &length, &error),
			 MK_E_NOSPACE);
		CHECK_EQ(length, whole);
		CHECK_EQ((unsigned char)out[i], 0xee);
	}
}

/* Run a compressor over @in; false if the system has none. */
static bool pack(const char *command, const uint8_t *in, size_t length,
		 uint8_t *out, size_t size, size_t *packed)
{
	char name[] = "/tmp/mk-modules-XXXXXX", line[128];
	int fd = mkstemp(name);
	bool done;
	FILE *f;

	if (fd < 0 || write(fd, in, length) != (ssize_t)length)
		abort();
	close(fd);
	snprintf(line, sizeof(line), "%s <%s 2>/dev/null", command, name);
	f = popen(line, "r");
	*packed = f ? fread(out, 1, size, f) : 0;
	done = f && pclose(f) == 0 && *packed;
	unlink(name);
	return done;
}

/* Whole, one byte short of each length, with a small limit, and damaged. */
static void unpack_from(const char *command, const uint8_t *plain, size_t size)
{
	static uint8_t packed[1 << 20];
	size_t length, got, i;
	uint8_t *copy;
	void *out;
	int code;

	if (!pack(command, plain, size, packed, sizeof(packed), &length)) {
		printf("# no %s\n", command);
		return;
	}
	code = mk_module_unpack(packed, length, 8 << 20, &out, &got, &error);
	if (code == MK_E_SUPPORT && strstr(error.text, "built without"))
		return;
	CHECK_EQ(code, 0);
	CHECK_EQ(got, size);
	CHECK(out && memcmp(out, plain, size) == 0);
	free(out);
	CHECK_EQ(mk_module_unpack(packed, length, size - 1, &out, &got, &error),
		 MK_E_SUPPORT);
	CHECK(out == NULL);
	for (i = 0; i < length; i = i < 300 ? i + 1 : i + length / 50) {
		copy = malloc(i ? i : 1); /* ASan guards the end */
		if (!copy)
			abort();
		memcpy(copy, packed, i);
		code = mk_module_unpack(copy, i, 8 << 20, &out, &got, &error);
		/* A plain one does not tell. */
		if (code != MK_E_INPUT && (code || (got != size && got != i)))
			CHECK_EQ(code, MK_E_INPUT);
		free(out);
		free(copy);
		/* A flip may be nowhere that matters: no crash is the point. */
		packed[i] ^= 0x10;
		mk_module_unpack(packed, length, 8 << 20, &out, &got, &error);
		free(out);
		packed[i] ^= 0x10;
	}
}

static void unpacked(void)
{
	static uint8_t plain[700001];
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < sizeof(plain); i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = i % 8 ? (uint8_t)(i >> 9) : (uint8_t)(x >> 24);
	}
	memcpy(plain, "\177ELF", 4);
	unpack_from("gzip -c", plain, sizeof(plain));
	unpack_from("xz -c --check=crc32 --lzma2=dict=1MiB", plain,
		    sizeof(plain));
	unpack_from("zstd -c -q", plain, sizeof(plain));
	unpack_from("cat", plain, 200000);
}

static void no_modules(void)
{
	static uint8_t text[300000], packed[300000];
	size_t length, got;
	void *out;

#define NOT(code, bytes, n, words)                                       \
	do {                                                             \
		CHECK_EQ(mk_module_unpack(bytes, n, 1 << 20, &out, &got, \
					  &error),                       \
			 code);                                          \
		CHECK(strstr(error.text, words) != NULL);                \
		CHECK(out == NULL);                                      \
	} while (0)

	NOT(MK_E_INPUT, "", 0, "something unknown");
	NOT(MK_E_INPUT, "\177EL", 3, "something unknown");
	NOT(MK_E_INPUT, "BZh91AY&SY", 10, "bzip2");
	NOT(MK_E_INPUT, "070701", 6, "cpio");
	NOT(MK_E_CALL, "x", 1ULL << 32, "4 GiB");
	if (pack("gzip -c", text, sizeof(text), packed, sizeof(packed),
		 &length) &&
	    mk_module_unpack(packed, length, 1 << 20, &out, &got, &error) !=
		    MK_E_SUPPORT)
		NOT(MK_E_INPUT, packed, length, "not an ELF file");
	CHECK_EQ(mk_module_unpack("\177ELF", 4, 3, &out, &got, &error),
		 MK_E_SUPPORT);
}

int main(void)
{
	TEST(modules_of_6_1);
	TEST(compressed_and_soft);
	TEST(half);
	TEST(nothing);
	TEST(refused);
	TEST(full);
	TEST(unpacked);
	TEST(no_modules);
	return done();
}
