// SPDX-License-Identifier: GPL-2.0-only
/* lib/fsck: a machine that is in order, and then one thing wrong at a time. */
#include "fsck.h"

#include <linux/kernel-page-flags.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

/* Two instances: CPUs 2 and 3, 2 MiB at 4 MiB; CPU 1, 2 MiB at 6 MiB. */
#define PAGES 2048 /* of the made-up machine: 8 MiB */

static char root[] = "/tmp/mk-fsck-XXXXXX";
static struct mk_ledger ledger[16];
static struct mk_info infos[4];
static size_t nr_ledger, nr_infos;
static char lines[4096];
static struct mk_fsck_result result;

static void put(const char *path, const void *bytes, size_t length)
{
	char full[256], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + sizeof(root), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "w");
	if (!f || fwrite(bytes, 1, length, f) != length || fclose(f))
		abort();
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static void put_page(const char *path, size_t page, uint64_t value)
{
	static uint64_t words[PAGES];

	memset(words, 0, sizeof(words));
	words[page] = value;
	put(path, words, sizeof(words));
}

static void add(uint32_t kind, uint32_t owner, uint64_t start, uint64_t length)
{
	ledger[nr_ledger] = (struct mk_ledger){ .index = (uint32_t)nr_ledger,
						.kind = kind,
						.owner = owner,
						.start = start,
						.length = length };
	nr_ledger++;
}

static void good_machine(void)
{
	put_text("/sys/devices/system/cpu/possible", "0-7\n");
	put_text("/sys/devices/system/cpu/present", "0,4\n");
	put_text("/sys/devices/system/cpu/online", "0,4\n");
	put_text("/sys/devices/system/cpu/smt/control", "on\n");
	put_text("/sys/devices/system/cpu/cpu1/online", "0\n");
	put_text("/proc/iomem", "00000000-00000fff : Reserved\n"
				"00001000-0009ffff : System RAM\n"
				"00100000-007fffff : System RAM\n"
				"  00100000-001fffff : Kernel code\n"
				"40000000-401fffff : Reserved\n");
	put_page("/proc/kpageflags", 0, 1ULL << KPF_BUDDY);
	put_page("/proc/kpagecount", 0, 0);
	nr_ledger = nr_infos = 0;
	add(MK_LEDGER_CPU, 1, 2, 1);
	add(MK_LEDGER_CPU, 1, 3, 1);
	add(MK_LEDGER_MEMORY, 1, 0x400000, 0x200000);
	add(MK_LEDGER_LOW, 1, 0x20000, 0x8000);
	add(MK_LEDGER_CPU, 7, 1, 1);
	add(MK_LEDGER_MEMORY, 7, 0x600000, 0x200000);
	add(MK_LEDGER_LOW, 7, 0x28000, 0x8000);
	infos[nr_infos++] = (struct mk_info){ .id = 1,
					      .name = "web",
					      .nr_cpus = 2,
					      .memory_bytes = 0x200000,
					      .low_bytes = 0x8000 };
	infos[nr_infos++] = (struct mk_info){ .id = 7,
					      .name = "db",
					      .nr_cpus = 1,
					      .memory_bytes = 0x200000,
					      .low_bytes = 0x8000 };
}

static void take_line(void *to, const char *text)
{
	(void)to;
	strncat(lines, text, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "\n");
}

static int run(void)
{
	struct mk_fsck_input in = { .root = root,
				    .ledger = ledger,
				    .nr_ledger = nr_ledger,
				    .infos = infos,
				    .nr_infos = nr_infos,
				    .report = take_line };
	struct mk_error err;

	lines[0] = '\0';
	return mk_fsck(&in, &result, &err);
}

/* One difference, told in a line with this text. */
#define WRONG(text)                                                  \
	do {                                                         \
		CHECK_EQ(run(), 0);                                  \
		CHECK_EQ(result.differences, 1);                     \
		if (!strstr(lines, text))                            \
			printf("# '%s' is not in: %s", text, lines); \
		CHECK(strstr(lines, text));                          \
	} while (0)

static void clean(void)
{
	good_machine();
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 0);
	CHECK_STR(lines, "");
	CHECK_EQ(result.cpus, 3);
	CHECK_EQ(result.memory, 0x400000);
	CHECK_EQ(result.low, 0x10000);
	CHECK_EQ(result.pages, 1024 + 16);
	CHECK_EQ(result.mapped, 0);
	nr_ledger = nr_infos = 0;
	put_text("/sys/devices/system/cpu/present", "0-4\n");
	put_text("/sys/devices/system/cpu/online", "0-4\n");
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 0);
}

static void cpus(void)
{
	good_machine();
	put_text("/sys/devices/system/cpu/online", "0,2,4\n");
	WRONG("CPU 2 (of 'web'): online in the host");
	good_machine();
	put_text("/sys/devices/system/cpu/present", "0,3-4\n");
	WRONG("CPU 3 (of 'web'): in the host's present mask");
	good_machine();
	put_text("/sys/devices/system/cpu/possible", "0-2,4\n");
	WRONG("CPU 3 (of 'web'): the host has no such CPU");
	good_machine();
	put_text("/sys/devices/system/cpu/online", "0\n");
	WRONG("CPU 4 is offline and not in the ledger");
	put_text("/sys/devices/system/cpu/smt/control", "off\n");
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 0);
	good_machine();
	ledger[4].start = 2; /* twice; then CPU 1 has no owner, too */
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 2);
	CHECK(strstr(lines, "CPU 2 (of 'db'): twice in the ledger"));
	CHECK(strstr(lines, "CPU 1 is out of the host's present mask"));
	good_machine();
	ledger[0].start = UINT64_MAX;
	WRONG("the host has no such CPU");
}

static void places(void)
{
	good_machine();
	ledger[5].start = 0x500000;
	WRONG("overlaps memory 0x500000+0x200000 (of 'db')");
	good_machine();
	ledger[5].start = 0x700000;
	CHECK_EQ(run(), 0);
	CHECK(strstr(lines, "not all System RAM of the host"));
	good_machine();
	ledger[5].start = 0x600001;
	WRONG("not made of whole pages");
	good_machine();
	ledger[5].start = ~0xfffULL;
	WRONG("not made of whole pages");
	good_machine();
	ledger[6].start = 0x9c000;
	CHECK_EQ(run(), 0);
	CHECK(strstr(lines, "not below 640 KiB"));
	good_machine();
	ledger[5].kind = MK_LEDGER_RESERVED;
	WRONG("the host has System RAM there");
	ledger[5].start = 0x40000000;
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 0);
	ledger[5].kind = MK_LEDGER_MEMORY;
	CHECK_EQ(run(), 0);
	CHECK(strstr(lines, "512 pages unknown to the host"));
}

static void pages(void)
{
	good_machine();
	put_page("/proc/kpageflags", 1024 + 5, 1ULL << KPF_BUDDY);
	WRONG("1 pages free in the host, the first at 0x405000");
	put_page("/proc/kpageflags", 1024, 1ULL << KPF_SLAB);
	WRONG("in the host's slab, the first at 0x400000");
	put_page("/proc/kpageflags", 2047, 1ULL << KPF_LRU);
	WRONG("in the host's LRU lists, the first at 0x7ff000");
	put_page("/proc/kpageflags", 0x20, 1ULL << KPF_BUDDY);
	WRONG("low window 0x20000+0x8000 (of 'web'): 1 pages free");
	good_machine();
	put_page("/proc/kpageflags", 1024, 1ULL << KPF_MMAP);
	put_page("/proc/kpagecount", 1024, 1);
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 0);
	CHECK_EQ(result.mapped, 1);
}

/* A store: an instance of memory only. */
static void stores(void)
{
	good_machine();
	ledger[5].owner = 9;
	infos[1].memory_bytes = 0;
	infos[nr_infos++] = (struct mk_info){ .id = 9,
					      .name = "pmem-fd01-2a",
					      .memory_bytes = 0x200000,
					      .users = 2 };
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 0);
	CHECK_STR(lines, "");
	CHECK_EQ(result.memory, 0x400000);
	infos[2].memory_bytes = 0x400000;
	WRONG("'pmem-fd01-2a' has memory of 4194304 by its own account");
	infos[2].memory_bytes = 0x200000;
	put_page("/proc/kpageflags", 0x600, 1ULL << KPF_BUDDY);
	WRONG("memory 0x600000+0x200000 (of 'pmem-fd01-2a'): 1 pages free");
	good_machine();
	ledger[5].owner = 9;
	infos[1].memory_bytes = 0;
	WRONG("there is no such instance");
}

static void owners(void)
{
	good_machine();
	ledger[0].owner = MK_OWNER_LOST;
	WRONG("CPU 2 (lost): nobody can use it");
	good_machine();
	ledger[2].owner = MK_OWNER_TRANSIT;
	WRONG("(in transit): on its way");
	good_machine();
	nr_infos = 1;
	CHECK_EQ(run(), 0);
	CHECK_EQ(result.differences, 3);
	CHECK(strstr(lines, "of instance 7): there is no such instance"));
	good_machine();
	ledger[3].kind = 9;
	CHECK_EQ(run(), 0);
	CHECK(strstr(lines, "of kind 9"));
}

static void totals(void)
{
	good_machine();
	infos[0].nr_cpus = 3;
	WRONG("'web' has CPUs of 3 by its own account, 2 by the ledger");
	good_machine();
	infos[1].memory_bytes = 0x100000;
	WRONG("'db' has memory of 1048576");
	good_machine();
	infos[1].low_bytes = 0;
	WRONG("'db' has a low window of 0");
}

static void broken(void)
{
	good_machine();
	put_text("/proc/iomem", "nonsense\n");
	CHECK_EQ(run(), MK_E_INPUT);
	good_machine();
	put_text("/sys/devices/system/cpu/online", "0-\n");
	CHECK_EQ(run(), MK_E_INPUT);
	CHECK_EQ(mk_fsck(NULL, &result, NULL), MK_E_CALL);
}

static void remove_tree(void)
{
	static const char *const paths[] = {
		"/sys/devices/system/cpu/possible",
		"/sys/devices/system/cpu/present",
		"/sys/devices/system/cpu/online",
		"/sys/devices/system/cpu/smt/control",
		"/sys/devices/system/cpu/smt",
		"/sys/devices/system/cpu/cpu1/online",
		"/sys/devices/system/cpu/cpu1",
		"/sys/devices/system/cpu",
		"/sys/devices/system",
		"/sys/devices",
		"/sys",
		"/proc/iomem",
		"/proc/kpageflags",
		"/proc/kpagecount",
		"/proc",
		"",
	};
	char full[256];
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", root, paths[i]);
		remove(full);
	}
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	TEST(clean);
	TEST(cpus);
	TEST(places);
	TEST(pages);
	TEST(stores);
	TEST(owners);
	TEST(totals);
	TEST(broken);
	remove_tree();
	return done();
}
