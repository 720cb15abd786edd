// SPDX-License-Identifier: GPL-2.0-only
/* The agent's archive: what is in it, at every buffer size. */
#include <stdint.h>
#include <stdlib.h>

#include "agent.h"
#include "check.h"
#include "initrd.h"

static struct mk_error error;

/* Lengths that leave 1, 2 and 3 bytes to the next multiple of 4. */
static const char init[] = "\177ELF, the program.";
static const char channel[] = "\177ELF1234567890";
static const char spawn[] = "\177ELFs";

static struct mk_agent_files agent(void)
{
	return (struct mk_agent_files){
		.init = { init, sizeof(init) - 1 },
		.channel = { channel, sizeof(channel) - 1 },
		.spawn = { spawn, sizeof(spawn) - 1 },
	};
}

/* The same archive, by the general writer. */
static size_t by_hand(uint8_t *buffer, size_t size)
{
	struct mk_cpio c;
	size_t length = 0;

	mk_cpio_begin(&c, buffer, size);
	CHECK_EQ(mk_cpio_dir(&c, "multikernel", 0755, &error), 0);
	CHECK_EQ(mk_cpio_file(&c, "multikernel/init", 0755, init,
			      sizeof(init) - 1, &error),
		 0);
	CHECK_EQ(mk_cpio_file(&c, "multikernel/multikernel_channel.ko", 0644,
			      channel, sizeof(channel) - 1, &error),
		 0);
	CHECK_EQ(mk_cpio_file(&c, "multikernel/multikernel_spawn.ko", 0644,
			      spawn, sizeof(spawn) - 1, &error),
		 0);
	CHECK_EQ(mk_cpio_finish(&c, &length, &error), 0);
	return length;
}

static void contents(void)
{
	static uint8_t have[2048], want[2048];
	struct mk_initrd_file file = { "agent", have, 0 };
	struct mk_agent_files a = agent();
	size_t measured;

	memset(have, 0xee, sizeof(have));
	CHECK_EQ(mk_agent_measure(&a, &measured, &error), 0);
	CHECK_EQ(mk_agent_build(&a, have, sizeof(have), &file.length, &error),
		 0);
	CHECK_EQ(file.length, measured);
	CHECK_EQ(have[file.length], 0xee);
	CHECK_EQ(mk_initrd_check(&file, &error), 0);
	CHECK_EQ(by_hand(want, sizeof(want)), file.length);
	CHECK(memcmp(have, want, file.length) == 0);
}

static void every_buffer_size(void)
{
	struct mk_agent_files a = agent();
	struct mk_initrd_file file = { "agent", NULL, 0 };
	size_t size, need, length;
	uint8_t *b;

	CHECK_EQ(mk_agent_measure(&a, &need, &error), 0);
	for (size = 0; size <= need + 4; size++) {
		b = malloc(size ? size : 1); /* ASan guards the end */
		if (!b)
			abort();
		length = 0;
		CHECK_EQ(mk_agent_build(&a, b, size, &length, &error),
			 size < need ? MK_E_NOSPACE : 0);
		CHECK_EQ(length, need);
		file.bytes = b;
		file.length = need;
		if (size >= need)
			CHECK_EQ(mk_initrd_check(&file, &error), 0);
		free(b);
	}
	CHECK_EQ(mk_agent_build(&a, NULL, need, &length, &error), MK_E_NOSPACE);
	CHECK_EQ(length, need);
}

static void put(struct mk_cpio *c, const char *name, const char *text)
{
	CHECK_EQ(mk_cpio_file(c, name, 0644, text, strlen(text), &error), 0);
}

/* With what devices need: two modules and a third that none has use for. */
static void with_modules(void)
{
	static const char dep[] =
		"k/virtio_ring.ko: k/virtio.ko\nk/virtio.ko:\n"
		"k/nd_e820.ko:\nk/virtio_blk.ko:\n";
	static const struct mk_agent_file kernels[4] = {
		{ "\177ELFv", 5 },
		{ "\177ELFring", 8 },
		{ NULL, 0 },
		{ NULL, 0 },
	};
	static uint8_t have[4096], want[4096];
	struct mk_agent_files a = agent();
	static struct mk_modules modules;
	size_t length, measured, by_writer;
	struct mk_cpio c;

	/* virtio, virtio_ring, virtio_blk, nd_e820: pmem is not complete */
	CHECK_EQ(mk_modules_choose(&modules, dep, sizeof(dep) - 1, NULL, 0,
				   &error),
		 0);
	CHECK_EQ(modules.nr, 4);
	CHECK_EQ(modules.needed, 7);
	a.virtio = (struct mk_agent_file){ "\177ELFvirtio", 10 };
	a.modules = &modules;
	a.files = kernels;
	CHECK_EQ(mk_agent_measure(&a, &length, &error), MK_E_CALL);
	CHECK(strstr(error.text, "03-virtio_blk.ko") != NULL);
	modules.needed = 3;
	modules.needs[2] = 0;
	CHECK_EQ(mk_agent_measure(&a, &measured, &error), 0);
	CHECK_EQ(mk_agent_build(&a, have, sizeof(have), &length, &error), 0);
	CHECK_EQ(length, measured);

	mk_cpio_begin(&c, want, sizeof(want));
	CHECK_EQ(mk_cpio_dir(&c, "multikernel", 0755, &error), 0);
	CHECK_EQ(mk_cpio_file(&c, "multikernel/init", 0755, init,
			      sizeof(init) - 1, &error),
		 0);
	put(&c, "multikernel/multikernel_channel.ko", channel);
	put(&c, "multikernel/multikernel_spawn.ko", spawn);
	put(&c, "multikernel/multikernel_virtio.ko", "\177ELFvirtio");
	CHECK_EQ(mk_cpio_dir(&c, "multikernel/modules", 0755, &error), 0);
	put(&c, "multikernel/modules/list", "bus 01-virtio 02-virtio_ring\n");
	put(&c, "multikernel/modules/01-virtio.ko", "\177ELFv");
	put(&c, "multikernel/modules/02-virtio_ring.ko", "\177ELFring");
	CHECK_EQ(mk_cpio_finish(&c, &by_writer, &error), 0);
	CHECK_EQ(length, by_writer);
	CHECK(memcmp(have, want, length) == 0);

	/* Without any the folder is not there, either. */
	modules.needed = 0;
	CHECK_EQ(mk_agent_measure(&a, &length, &error), 0);
	a.modules = NULL;
	CHECK_EQ(mk_agent_measure(&a, &measured, &error), 0);
	CHECK_EQ(length, measured);
}

/* Behind a user's initrd, as mkctl has it. */
static void joins(void)
{
	static uint8_t own[2048], user[512], all[4096];
	struct mk_agent_files a = agent();
	struct mk_initrd_file files[2] = { { "user", user, 0 },
					   { "agent", own, 0 } };
	struct mk_cpio c;
	size_t total;

	mk_cpio_begin(&c, user, sizeof(user));
	CHECK_EQ(mk_cpio_file(&c, "init", 0755, "x", 1, &error), 0);
	CHECK_EQ(mk_cpio_finish(&c, &files[0].length, &error), 0);
	CHECK_EQ(mk_agent_build(&a, own, sizeof(own), &files[1].length, &error),
		 0);
	CHECK_EQ(mk_initrd_join(all, sizeof(all), files, 2, &total, &error), 0);
	CHECK(memcmp(all + total - files[1].length, own, files[1].length) == 0);
}

#define REFUSE(code, change, words)                                         \
	do {                                                                \
		struct mk_agent_files a = agent();                          \
		uint8_t b[2048];                                            \
		size_t length;                                              \
                                                                            \
		change;                                                     \
		CHECK_EQ(mk_agent_measure(&a, &length, &error), code);      \
		CHECK_EQ(mk_agent_build(&a, b, sizeof(b), &length, &error), \
			 code);                                             \
		CHECK(strstr(error.text, words) != NULL);                   \
	} while (0)

static void refused(void)
{
	REFUSE(MK_E_CALL, a.init.bytes = NULL, "multikernel/init");
	REFUSE(MK_E_CALL, a.init.length = 0, "multikernel/init");
	REFUSE(MK_E_CALL, a.channel.bytes = NULL, "channel");
	REFUSE(MK_E_CALL, a.spawn.length = 0, "spawn");
	REFUSE(MK_E_INPUT, a.spawn.length = 3, "spawn.ko is not an ELF file");
	REFUSE(MK_E_INPUT,
	       a.channel.bytes = "\375"
				 "7zXZ compressed",
	       "channel.ko is not an ELF file");
	REFUSE(MK_E_INPUT, a.init.bytes = "#!/bin/sh and more", "init is not");
	REFUSE(MK_E_CALL, a.virtio.bytes = spawn,
	       "no bytes of multikernel/"
	       "multikernel_virtio.ko");
	REFUSE(MK_E_CALL, a.virtio.length = 5, "virtio.ko");
	REFUSE(MK_E_INPUT, (a.virtio = (struct mk_agent_file){ "text", 4 }),
	       "virtio.ko is not an ELF file");
	REFUSE(MK_E_SUPPORT, a.spawn.length = 1ULL << 32, "4 GiB");
}

int main(void)
{
	TEST(contents);
	TEST(every_buffer_size);
	TEST(with_modules);
	TEST(joins);
	TEST(refused);
	return done();
}
