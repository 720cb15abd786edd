// SPDX-License-Identifier: GPL-2.0-only
/* lib/hostinfo, lib/hostmem and lib/cpupick on the machines of data/sys. */
#include "hostinfo.h"

#include <linux/kernel-page-flags.h>

#include "check.h"
#include "cpupick.h"
#include "hostmem.h"

#define PLAIN  "tests/data/sys/plain4"
#define SMT    "tests/data/sys/smt8"
#define HYBRID "tests/data/sys/hybrid8"
#define EMPTY  "tests/data/sys/empty"

static const char *as_text(const struct mk_cpuset *set)
{
	static char text[256];
	uint32_t cpus[64];
	size_t nr = 0;

	if (mk_cpuset_list(set, cpus, 64, &nr, NULL) ||
	    mk_cpulist_format(cpus, nr, text, sizeof(text), NULL))
		return "?";
	return text;
}

static void texts(void)
{
	struct mk_error err;
	char text[16], tiny[3];

	CHECK_EQ(mk_host_text(PLAIN, "/sys/kernel/kexec_loaded", text,
			      sizeof(text), &err),
		 0);
	CHECK_STR(text, "0");
	CHECK_EQ(mk_host_text(PLAIN, "/sys/nothing", text, sizeof(text), &err),
		 MK_E_NOTFOUND);
	CHECK_STR(text, "");
	CHECK_EQ(mk_host_text(PLAIN, "/proc/iomem", text, sizeof(text), &err),
		 MK_E_NOSPACE);
	CHECK_STR(text, "");
	/* The text, its newline and the NUL: what fits to the byte fits. */
	CHECK_EQ(mk_host_text(PLAIN, "/sys/kernel/kexec_loaded", tiny, 3, &err),
		 0);
	CHECK_EQ(mk_host_text(PLAIN, "/sys/kernel/kexec_loaded", tiny, 2, &err),
		 MK_E_NOSPACE);
	CHECK_EQ(mk_host_text(PLAIN, "/proc", text, sizeof(text), &err),
		 MK_E_SYSTEM);
	CHECK_EQ(mk_host_text(NULL, "/proc", text, sizeof(text), &err),
		 MK_E_CALL);
}

static void cpu_sets(void)
{
	struct mk_host_cpus cpus;
	struct mk_cpuset set;
	struct mk_error err;

	CHECK_EQ(mk_host_cpus(PLAIN, &cpus, &err), 0);
	CHECK_STR(as_text(&cpus.possible), "0-3");
	CHECK_STR(as_text(&cpus.present), "0-2");
	CHECK_STR(as_text(&cpus.online), "0-2");
	CHECK(mk_host_cpu_known(PLAIN, 3));
	CHECK(!mk_host_cpu_known(PLAIN, 4));
	CHECK_EQ(mk_host_core(SMT, 5, &set, &err), 0);
	CHECK_STR(as_text(&set), "1,5");
	CHECK_EQ(mk_host_core(HYBRID, 1, &set, &err), 0); /* offline */
	CHECK_STR(as_text(&set), "1");
	CHECK_EQ(mk_host_nodes(SMT, &set, &err), 0);
	CHECK_STR(as_text(&set), "0-1");
	CHECK_EQ(mk_host_node(SMT, 1, &set, &err), 0);
	CHECK_STR(as_text(&set), "2-3,6-7");
	CHECK_EQ(mk_host_node(SMT, 2, &set, &err), MK_E_NOTFOUND);
	CHECK_EQ(mk_host_nodes(PLAIN, &set, &err), 0);
	CHECK_STR(as_text(&set), "0");
	CHECK_EQ(mk_host_node(PLAIN, 0, &set, &err), 0);
	CHECK_STR(as_text(&set), "0-2");
	CHECK_EQ(mk_host_cpus(EMPTY, &cpus, &err), MK_E_NOTFOUND);
}

static void flags(void)
{
	struct mk_host_cpuinfo info;
	struct mk_error err;

	CHECK_EQ(mk_host_cpuinfo(PLAIN, &info, &err), 0);
	CHECK_STR(info.vendor, "AuthenticAMD");
	CHECK_STR(info.model, "A test processor");
	CHECK(info.lm && info.gbpages && info.hypervisor);
	CHECK(info.constant_tsc && info.nonstop_tsc && !info.tsc_known_freq);
	CHECK(!info.la57 && !info.x2apic);
	CHECK_EQ(mk_host_cpuinfo(SMT, &info, &err), 0);
	CHECK(info.la57 && info.x2apic && info.tsc_known_freq);
	CHECK(!info.hypervisor);
	CHECK_EQ(mk_host_cpuinfo(EMPTY, &info, &err), MK_E_NOTFOUND);
}

static void memory(void)
{
	struct mk_host_range r[16];
	struct mk_host_meminfo info;
	struct mk_error err;
	uint64_t bytes;
	size_t nr;

	CHECK_EQ(mk_host_meminfo(PLAIN, &info, &err), 0);
	CHECK_EQ(info.total, 4030000ULL << 10);
	CHECK_EQ(info.available, 3600000ULL << 10);
	CHECK_EQ(mk_host_free_blocks(PLAIN, &bytes, &err), 0);
	CHECK_EQ(bytes, (1 * 2 + 3 * 4 + 4 * 2 + 400 * 4) << 20);
	CHECK_EQ(mk_host_iomem(PLAIN, r, 16, &nr, &err), 0);
	CHECK_EQ(nr, 11);
	CHECK_EQ(r[4].depth, 1);
	CHECK_STR(r[4].name, "System ROM");
	CHECK_EQ(r[10].last, 0x13fffffff);
	CHECK(mk_host_covered(r, nr, "System RAM", 0x100000, 0x3ff00000));
	CHECK(!mk_host_covered(r, nr, "System RAM", 0x100000, 0x3ff00001));
	CHECK(!mk_host_covered(r, nr, "System RAM", 0x100000, 0));
	CHECK(!mk_host_covered(r, nr, "System RAM", UINT64_MAX, 2));
	CHECK(mk_host_covered(r, nr, "Reserved", 0x40000000, 0x20000000));
	CHECK_EQ(mk_host_iomem(PLAIN, r, 10, &nr, &err), MK_E_NOSPACE);
	CHECK_EQ(mk_host_iomem(SMT, r, 16, &nr, &err), MK_E_SYSTEM);
	CHECK_EQ(mk_host_memmap(PLAIN, r, 16, &nr, &err), 0);
	CHECK_EQ(nr, 4);
	CHECK_EQ(r[2].start, 0x100000);
	CHECK_STR(r[1].name, "Reserved");
	CHECK_EQ(mk_host_memmap(PLAIN, r, 3, &nr, &err), MK_E_NOSPACE);
	CHECK_EQ(mk_host_memmap(EMPTY, r, 3, &nr, &err), MK_E_NOTFOUND);
}

static void choices(void)
{
	struct mk_error err;
	char word[32];

	CHECK_EQ(mk_host_choice(SMT, "/sys/kernel/security/lockdown", word,
				sizeof(word), &err),
		 0);
	CHECK_STR(word, "integrity");
	CHECK_EQ(mk_host_choice(SMT, "/sys/kernel/security/lockdown", word, 9,
				&err),
		 MK_E_NOSPACE);
	CHECK_EQ(mk_host_choice(SMT, "/sys/kernel/security/lockdown", word, 10,
				&err),
		 0);
	CHECK_EQ(mk_host_choice(SMT, "/proc/meminfo", word, sizeof(word), &err),
		 MK_E_INPUT);
	CHECK_EQ(mk_host_choice(EMPTY, "/sys/kernel/security/lockdown", word,
				sizeof(word), &err),
		 MK_E_NOTFOUND);
}

/* Pick and print; "no" when it cannot be. */
static const char *pick(const char *root, unsigned int count, int node,
			bool split)
{
	struct mk_cpupick p = { .root = root,
				.boot_cpu = 0,
				.count = count,
				.node = node,
				.split_cores = split };
	static char text[64];
	uint32_t cpus[16];
	struct mk_error err;
	int code;

	code = mk_cpupick(&p, cpus, &err);
	if (code)
		return code == MK_E_NOTFOUND && err.text[0] ? "no" : "?";
	mk_cpulist_format(cpus, count, text, sizeof(text), NULL);
	return text;
}

static void picks(void)
{
	CHECK_STR(pick(PLAIN, 1, -1, false), "2");
	CHECK_STR(pick(PLAIN, 2, -1, false), "1-2");
	CHECK_STR(pick(PLAIN, 3, -1, false), "no");
	CHECK_STR(pick(PLAIN, 3, -1, true), "no"); /* never the boot CPU */

	CHECK_STR(pick(SMT, 2, -1, false), "3,7");
	CHECK_STR(pick(SMT, 4, -1, false), "2-3,6-7"); /* one node */
	CHECK_STR(pick(SMT, 6, -1, false), "1-3,5-7");
	CHECK_STR(pick(SMT, 2, 0, false), "1,5");
	CHECK_STR(pick(SMT, 4, 0, false), "no");
	CHECK_STR(pick(SMT, 1, -1, false), "no");
	CHECK_STR(pick(SMT, 3, -1, false), "no");
	CHECK_STR(pick(SMT, 3, -1, true), "3,6-7");
	CHECK_STR(pick(SMT, 7, -1, true), "1-7");
	CHECK_STR(pick(SMT, 8, -1, true), "no");
	CHECK_STR(pick(SMT, 2, 2, false), "no"); /* no such node */

	CHECK_STR(pick(HYBRID, 3, -1, false), "5-7");
	CHECK_STR(pick(HYBRID, 5, -1, false), "no"); /* 4 and 2: never 5 */
	CHECK_STR(pick(HYBRID, 6, -1, false), "2-7");
	CHECK_STR(pick(EMPTY, 1, -1, false), "no");
	CHECK_STR(pick(PLAIN, 0, -1, false), "?");
}

static void pages(void)
{
	uint64_t flags[4], counts[4];
	struct mk_error err;

	/* None of the trees has them. */
	CHECK_EQ(mk_host_pages(PLAIN, 0, 4, flags, counts, &err),
		 MK_E_NOTFOUND);
	CHECK_EQ(mk_host_pages(PLAIN, UINT64_MAX, 4, flags, counts, &err),
		 MK_E_CALL);
}

int main(void)
{
	TEST(texts);
	TEST(cpu_sets);
	TEST(flags);
	TEST(memory);
	TEST(choices);
	TEST(picks);
	TEST(pages);
	return done();
}
