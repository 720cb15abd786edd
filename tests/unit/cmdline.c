// SPDX-License-Identifier: GPL-2.0-only
/* The command line: what is in it, in which order, and what is refused. */
#include <stdlib.h>

#include "check.h"
#include "cmdline.h"

static char line[4096];
static size_t length;
static struct mk_error error;

static int build(struct mk_cmdline in, const char *user)
{
	in.user = user;
	memset(&error, 0, sizeof(error));
	return mk_cmdline_build(&in, line, sizeof(line), &length, &error);
}

/* Is @word one of the words of the line? */
static bool has(const char *word)
{
	size_t n = strlen(word);
	const char *at;

	for (at = line; (at = strstr(at, word)); at += n)
		if ((at == line || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

static void xapic(void)
{
	struct mk_cmdline in = { .la57 = true };

	CHECK_EQ(build(in, NULL), 0);
	CHECK_EQ(length, strlen(line));
	CHECK_STR(line, "panic=-1 reboot=efi,panic_warm efi=runtime pci=off "
			"no_ipi_broadcast=1 apic_extnmi=none 8250.nr_uarts=0 "
			"io_delay=none tsc=reliable mce=ignore_ce "
			"dis_ucode_ldr intel_pstate=disable nmi_watchdog=0 "
			"module_blacklist=kvm_intel,kvm_amd");
}

static void each_condition(void)
{
	struct mk_cmdline in = { .x2apic = true,
				 .tsc_khz = 4294967295U,
				 .fixed = true };

	CHECK_EQ(build(in, "quiet"), 0);
	CHECK(has("noapic"));
	CHECK(has("tsc_early_khz=4294967295"));
	CHECK(has("nokaslr"));
	CHECK(has("no5lvl"));
	CHECK(has("quiet"));
	in = (struct mk_cmdline){ .la57 = true };
	CHECK_EQ(build(in, ""), 0);
	CHECK(!has("noapic"));
	CHECK(!strstr(line, "tsc_early_khz"));
	CHECK(!has("nokaslr"));
	CHECK(!has("no5lvl"));
	CHECK(line[length - 1] != ' ');
}

/* Everybody can be told what each option is for. */
static void table_is_printable(void)
{
	const struct mk_cmdline_option *o;
	struct mk_cmdline in = { 0 };
	struct mk_error err;
	size_t i, nr;

	o = mk_cmdline_options(&nr);
	CHECK(nr > 10);
	for (i = 0; i < nr; i++) {
		CHECK(o[i].text[0] && o[i].why[0]);
		CHECK(!o[i].hazard[0] || o[i].hazard[0] == 'H');
		(void)mk_cmdline_applies(&o[i], &in);
		/* Ours never undo a prevention themselves. */
		CHECK_EQ(mk_cmdline_check(o[i].text, true, &err), 0);
	}
}

static void ours_stand_first(void)
{
	struct mk_cmdline in = { 0 };

	CHECK_EQ(build(in, "debug -- single \"a b\""), 0);
	CHECK(strstr(line, "panic=-1") == line);
	CHECK(strstr(line, "no5lvl debug -- single \"a b\"") != NULL);
}

static void every_size(void)
{
	struct mk_cmdline in = { .agent = true,
				 .user = "rdinit=/x rdinit=\"/a b\" quiet" };
	size_t need, size, n;
	char *exact;

	CHECK_EQ(mk_cmdline_build(&in, line, sizeof(line), &need, &error), 0);
	for (size = 0; size <= need + 1; size++) {
		exact = malloc(size ? size : 1);
		if (!exact)
			abort();
		CHECK_EQ(mk_cmdline_build(&in, exact, size, &n, &error),
			 size <= need ? MK_E_NOSPACE : 0);
		if (size == need + 1)
			CHECK_STR(exact, line);
		free(exact);
	}
}

static void too_long(void)
{
	static char user[3000];
	struct mk_cmdline in = { 0 };
	size_t ours;

	CHECK_EQ(build(in, NULL), 0);
	ours = length;
	memset(user, 'a', 2047 - ours - 1);
	CHECK_EQ(build(in, user), 0);
	CHECK_EQ(length, 2047);
	user[2047 - ours - 1] = 'a';
	CHECK_EQ(build(in, user), MK_E_INPUT);
	CHECK(strstr(error.text, "2048") && strstr(error.text, "2047"));
	memset(user, 'a', sizeof(user) - 1);
	CHECK_EQ(build(in, user), MK_E_INPUT);

	in.limit = ours + 3; /* a kernel that says it takes less */
	CHECK_EQ(build(in, "xy"), 0);
	CHECK_EQ(build(in, "xyz"), MK_E_INPUT);
	in.limit = 1 << 20; /* or promises more */
	CHECK_EQ(build(in, user), MK_E_INPUT);

	in.agent = true; /* what counts is the finished line */
	in.limit = 0;
	CHECK_EQ(build(in, NULL), 0);
	in.limit = length + sizeof(" multikernel_init=/x") - 1;
	CHECK_EQ(build(in, "rdinit=/x"), 0);
	CHECK_EQ(build(in, "rdinit=/xy"), MK_E_INPUT);
}

static void bad_text(void)
{
	static const char *const bad[] = { "a\nb",    "a\tb",  "\r",
					   "\x01",    "a\x7f", "\"open",
					   "a=\"b c", "\"\"\"" };
	struct mk_cmdline in = { .allow_hazards = true };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(build(in, bad[i]), MK_E_INPUT);
	CHECK_EQ(build(in, "name=\xc3\xa4\xe2\x82\xac"), 0); /* UTF-8 */
}

/* One line each: the option, in which mode it is refused, the hazard. */
enum mode { BOTH, X_ONLY, X2_ONLY, NEITHER };
static const struct {
	const char *user;
	enum mode refused;
	const char *hazard;
} cases[] = {
	{ "reboot=bios", BOTH, "H6" },
	{ "reboot=b", BOTH, "H6" },
	{ "reboot=k", BOTH, "H6" },
	{ "reboot=t", BOTH, "H6" },
	{ "reboot=a", BOTH, "H6" },
	{ "reboot=pci", BOTH, "H6" },
	{ "reboot=efi,k", BOTH, "H6" },
	{ "reboot=w", BOTH, "H6" }, /* would look like a panic */
	{ "reboot=soft", BOTH, "H6" },
	{ "reboot=s", BOTH, "H6" },
	{ "reboot=smp", BOTH, "H6" },
	{ "reboot=panic_cold", BOTH, "H6" },
	{ "reboot=panic_w,g", BOTH, "H6" },
	{ "reboot=", BOTH, "H6" },
	{ "reboot=efi,", BOTH, "H6" },
	{ "reboot", BOTH, "H6" },
	{ "reboot=panic_", BOTH, "H6" },
	{ "reboot=efi", NEITHER, "" },
	{ "reboot=force,cold", NEITHER, "" },
	{ "reboot=s0", NEITHER, "" },
	{ "reboot=smp12,panic_warm,hard", NEITHER, "" },
	{ "\"reboot=bios\"", BOTH, "H6" },
	{ "reboot=\"bios\"", BOTH, "H6" },
	{ "quiet reboot=bios debug", BOTH, "H6" },
	{ "quiet -- reboot=bios", BOTH, "H6" },
	{ "a\xa0reboot=bios", BOTH, "H6" }, /* a space to the kernel */
	{ "areboot=bios", NEITHER, "" },
	{ "reboots=bios", NEITHER, "" },
	{ "x=\" reboot=bios\"", NEITHER, "" },
	{ "noefi", BOTH, "H6" },
	{ "efi=noruntime", BOTH, "H6" },
	{ "efi=debug,noruntime", BOTH, "H6" },
	{ "efi=debug,runtime", NEITHER, "" },
	{ "efi", NEITHER, "" },
	{ "efi=", NEITHER, "" },
	{ "acpi=off", BOTH, "H3" },
	{ "acpi=noirq", BOTH, "H3" },
	{ "acpi=ht", BOTH, "H3" },
	{ "acpi=rsdt", BOTH, "H3" },
	{ "acpi=force", NEITHER, "" },
	{ "acpi_rsdp=0xf0000", BOTH, "H3" },
	{ "acpi-rsdp=0xf0000", BOTH, "H3" },
	{ "no_ipi_broadcast=0", BOTH, "H1" },
	{ "no-ipi-broadcast=0", BOTH, "H1" },
	{ "no_ipi_broadcast=1", NEITHER, "" },
	{ "pci=conf1", BOTH, "H4" },
	{ "pci", BOTH, "H4" },
	{ "pci=off", NEITHER, "" },
	{ "8250.nr_uarts=4", BOTH, "H5" },
	{ "8250_core.nr_uarts=4", BOTH, "H5" },
	{ "8250.nr-uarts=1", BOTH, "H5" },
	{ "apic_extnmi=bsp", BOTH, "H8" },
	{ "apic_extnmi=all", BOTH, "H8" },
	{ "noapic", X_ONLY, "H3" },
	{ "nolapic", BOTH, "H3" },
	{ "disableapic", BOTH, "H3" },
	{ "nox2apic", X2_ONLY, "H2" },
	{ "disable_cpu_apicid=2", BOTH, "H2" },
	{ "earlyprintk=ttyS0,115200", BOTH, "H5" },
	{ "earlyprintk=vga", BOTH, "H5" },
	{ "earlyprintk", BOTH, "H5" },
	{ "earlycon=uart8250,io,0x3f8", BOTH, "H5" },
	{ "earlycon", NEITHER, "" },
	{ "console=ttyS0", BOTH, "H5" },
	{ "console=ttyS0,115200n8", BOTH, "H5" },
	{ "console=uart8250,io,0x3f8", BOTH, "H5" },
	{ "console=tty0", NEITHER, "" },
	{ "console=hvc0", NEITHER, "" },
	{ "console=", NEITHER, "" },
	{ "hpet=force", BOTH, "H3" },
	{ "io_delay=0x80", BOTH, "H5" },
	{ "mce=off", BOTH, "H9" },
	{ "mce=no_cmci", NEITHER, "" },
	{ "intel_pstate=active", BOTH, "H9" },
	{ "memmap=1G@0x100000000", BOTH, "H11" },
	{ "initrdmem=0x1000,4096", BOTH, "H11" },
	{ "maxcpus=1 panic=30 nr_cpus=2", NEITHER, "" },
	{ "", NEITHER, "" },
	{ "   ", NEITHER, "" },
	{ "=", NEITHER, "" },
	{ "\"\"", NEITHER, "" },
	{ "=reboot=b", NEITHER, "" },
};

static void hazards(void)
{
	struct mk_cmdline in = { 0 };
	unsigned int i, k;
	int want, have;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (k = 0; k < 2; k++) {
			in.x2apic = k;
			in.allow_hazards = false;
			want = cases[i].refused == BOTH ||
					       (cases[i].refused == X_ONLY &&
						!k) ||
					       (cases[i].refused == X2_ONLY &&
						k)
				       ? MK_E_INPUT
				       : 0;
			have = build(in, cases[i].user);
			CHECK_EQ(have, want);
			if (have != want)
				printf("# \"%s\" x2apic %u: %s\n",
				       cases[i].user, k, error.text);
			if (want)
				CHECK(strstr(error.text, cases[i].hazard));
			in.allow_hazards = true;
			CHECK_EQ(build(in, cases[i].user), 0);
		}
	}
	in.allow_hazards = false;
	CHECK_EQ(build(in, "quiet reboot=bios,w"), MK_E_INPUT);
	CHECK_STR(error.text, "the option \"reboot=bios,w\" would undo the "
			      "prevention of hazard H6");
}

/* What becomes of the user's rdinit= behind an agent. */
static const struct {
	const char *user, *want;
} renamed[] = {
	{ "", "" },
	{ "quiet", " quiet" },
	{ "rdinit=/bin/sh", " multikernel_init=/bin/sh" },
	{ "a rdinit=/x b", " a multikernel_init=/x b" },
	{ "rdinit=/x rdinit=/y", " multikernel_init=/x multikernel_init=/y" },
	{ "rdinit=", " multikernel_init=" },
	{ "rdinit=\"/a b\" c", " multikernel_init=\"/a b\" c" },
	{ "\"rdinit=/a b\" c", " \"multikernel_init=/a b\" c" },
	{ "\"rdinit=a b\" rdinit=c",
	  " \"multikernel_init=a b\" multikernel_init=c" },
	{ "rdinit=/x -- rdinit=/y", " multikernel_init=/x -- rdinit=/y" },
	{ "\"--\" rdinit=/y", " \"--\" rdinit=/y" },
	{ "--=1 rdinit=/y", " --=1 multikernel_init=/y" },
	{ "__ rdinit=/y", " __ multikernel_init=/y" },
	{ "x=\"-- rdinit=/x\" rdinit=/y",
	  " x=\"-- rdinit=/x\" multikernel_init=/y" },
	{ "rdinit", " rdinit" },
	{ "rdinits=1 ardinit=2 Rdinit=3", " rdinits=1 ardinit=2 Rdinit=3" },
	{ "=rdinit=1", " =rdinit=1" },
	{ "init=/sbin/init", " init=/sbin/init" },
};

static void agent(void)
{
	struct mk_cmdline in = { .la57 = true, .agent = true };
	static const char ours[] = " rdinit=/multikernel/init";
	const char *at;
	unsigned int i;

	for (i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
		in.agent = true;
		CHECK_EQ(build(in, renamed[i].user), 0);
		at = strstr(line, ours);
		CHECK(at != NULL);
		CHECK_STR(at ? at + strlen(ours) : "", renamed[i].want);
		CHECK_EQ(length, strlen(line));

		in.agent = false;
		CHECK_EQ(build(in, renamed[i].user), 0);
		CHECK(!strstr(line, "multikernel"));
		at = line + length - strlen(renamed[i].user);
		CHECK_STR(at, renamed[i].user);
	}
}

static void finds_an_option(void)
{
	CHECK(mk_cmdline_has("quiet no5lvl", "no5lvl"));
	CHECK(mk_cmdline_has("a=b", "a"));
	CHECK(!mk_cmdline_has("no5lvls", "no5lvl"));
	CHECK(!mk_cmdline_has("", "no5lvl"));
}

int main(void)
{
	TEST(xapic);
	TEST(each_condition);
	TEST(table_is_printable);
	TEST(ours_stand_first);
	TEST(every_size);
	TEST(too_long);
	TEST(bad_text);
	TEST(hazards);
	TEST(agent);
	TEST(finds_an_option);
	return done();
}
