// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes the command line of a spawn; see cmdline.h.
 */
#include "cmdline.h"

#include <stdio.h>
#include <string.h>

/*
 * Not here on purpose: mce=off.  It leaves CR4.MCE clear, and then a machine
 * check, which some processors send to all CPUs, shuts the CPU down and the
 * machine with it.
 */
static const struct mk_cmdline_option options[] = {
	{ "panic=-1", "H6", "a panic ends at once and is seen as one",
	  MK_CMDLINE_ALWAYS },
	{ "reboot=efi,panic_warm", "H6",
	  "resets go to our EFI runtime; warm tells a panic from a reboot",
	  MK_CMDLINE_ALWAYS },
	{ "efi=runtime", "H6", "real-time kernels leave EFI off otherwise",
	  MK_CMDLINE_ALWAYS },
	{ "pci=off", "H4", "the PCI ports are the machine's, and indexed",
	  MK_CMDLINE_ALWAYS },
	{ "no_ipi_broadcast=1", "H1", "broadcasts reach every kernel's CPUs",
	  MK_CMDLINE_ALWAYS },
	{ "apic_extnmi=none", "H8", "external NMIs are the host's",
	  MK_CMDLINE_ALWAYS },
	{ "noapic", "H3", "no IOAPIC is described to x2APIC spawns",
	  MK_CMDLINE_X2APIC },
	{ "8250.nr_uarts=0", "H5", "serial ports are the host's",
	  MK_CMDLINE_ALWAYS },
	{ "io_delay=none", "H5", "no delays by writing to port 0x80",
	  MK_CMDLINE_ALWAYS },
	{ "tsc=reliable", "H3", "no other clock is there to check it against",
	  MK_CMDLINE_ALWAYS },
	{ "tsc_early_khz=", "H3", "as measured by the host, not by its timers",
	  MK_CMDLINE_TSC_KNOWN },
	{ "mce=ignore_ce", "H9", "corrected errors in shared banks: the host's",
	  MK_CMDLINE_ALWAYS },
	{ "dis_ucode_ldr", "H9", "microcode is the host's", MK_CMDLINE_ALWAYS },
	{ "intel_pstate=disable", "H9", "power registers may be package-wide",
	  MK_CMDLINE_ALWAYS },
	{ "nmi_watchdog=0", "H9", "performance counters stay free",
	  MK_CMDLINE_ALWAYS },
	{ "module_blacklist=kvm_intel,kvm_amd", "",
	  "a CPU in VMX operation cannot be stopped by INIT",
	  MK_CMDLINE_ALWAYS },
	{ "no5lvl", "H10", "no switch of paging mode through low memory",
	  MK_CMDLINE_FOUR_LEVELS },
	{ "nokaslr", "", "the kernel runs where it was put", MK_CMDLINE_FIXED },
	{ "rdinit=/multikernel/init", "",
	  "it loads the agent, then runs the user's init", MK_CMDLINE_AGENT },
};

const struct mk_cmdline_option *mk_cmdline_options(size_t *nr)
{
	*nr = sizeof(options) / sizeof(options[0]);
	return options;
}

bool mk_cmdline_applies(const struct mk_cmdline_option *option,
			const struct mk_cmdline *in)
{
	switch (option->when) {
	case MK_CMDLINE_ALWAYS:
		return true;
	case MK_CMDLINE_XAPIC:
		return !in->x2apic;
	case MK_CMDLINE_X2APIC:
		return in->x2apic;
	case MK_CMDLINE_TSC_KNOWN:
		return in->tsc_khz != 0;
	case MK_CMDLINE_FIXED:
		return in->fixed;
	case MK_CMDLINE_FOUR_LEVELS:
		return !in->la57;
	case MK_CMDLINE_AGENT:
		return in->agent;
	}
	return false;
}

/* Append to a text that may outgrow its buffer; the length tells. */
static void append(char *buffer, size_t size, size_t *length, const char *text,
		   size_t n)
{
	if (*length < size && n < size - *length) {
		memcpy(buffer + *length, text, n);
		buffer[*length + n] = '\0';
	}
	*length += n;
}

static void append_option(char *buffer, size_t size, size_t *length,
			  const char *text, uint32_t number, bool numbered)
{
	char word[64];

	if (numbered)
		snprintf(word, sizeof(word), "%s%u", text, number);
	else
		snprintf(word, sizeof(word), "%s", text);
	if (*length)
		append(buffer, size, length, " ", 1);
	append(buffer, size, length, word, strlen(word));
}

/*
 * One line of text: a newline or another control character would only hide
 * something from whoever reads the log, and a quote left open swallows what
 * the kernel's boot code may append.
 */
static int check_text(const char *user, struct mk_error *err)
{
	bool quoted = false;
	const char *c;

	for (c = user; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return mk_fail(err, MK_E_INPUT,
				       "the command line has a control "
				       "character (0x%02x) at offset %zu",
				       (unsigned char)*c, (size_t)(c - user));
		if (*c == '"')
			quoted = !quoted;
	}
	if (quoted)
		return mk_fail(err, MK_E_INPUT,
			       "the command line has a quote (\") that is "
			       "never closed");
	return 0;
}

/*
 * The user's text.  The kernel keeps the last rdinit= only, and the last of an
 * unknown name, which goes into its init's environment (init/main.c:
 * unknown_bootoption, 6.1 to 7.2): renamed, the last one still counts, and
 * "rdinit=" alone still means none.
 */
static void append_user(const struct mk_cmdline *in, char *buffer, size_t size,
			size_t *length, const char *user)
{
	static const char from[] = "rdinit", to[] = "multikernel_init";
	const char *at = user, *name;

	while (in->agent && (name = mk_cmdline_next(&at, from))) {
		append(buffer, size, length, user, (size_t)(name - user));
		append(buffer, size, length, to, sizeof(to) - 1);
		user = name + sizeof(from) - 1;
	}
	append(buffer, size, length, user, strlen(user));
}

int mk_cmdline_build(const struct mk_cmdline *in, char *buffer, size_t size,
		     size_t *length, struct mk_error *err)
{
	size_t limit = MK_CMDLINE_BYTES - 1, ours, n = 0, i, nr;
	const struct mk_cmdline_option *o = mk_cmdline_options(&nr);
	const char *user = in->user ? in->user : "";
	int ret;

	if (in->limit && in->limit < limit)
		limit = in->limit;
	ret = check_text(user, err);
	if (!ret && !in->allow_hazards)
		ret = mk_cmdline_check(user, in->x2apic, err);
	if (ret)
		return ret;
	if (size)
		buffer[0] = '\0';
	for (i = 0; i < nr; i++)
		if (mk_cmdline_applies(&o[i], in))
			append_option(buffer, size, &n, o[i].text, in->tsc_khz,
				      o[i].when == MK_CMDLINE_TSC_KNOWN);
	ours = n;
	if (*user) {
		append(buffer, size, &n, " ", 1);
		append_user(in, buffer, size, &n, user);
	}
	if (n > limit)
		return mk_fail(
			err, MK_E_INPUT,
			"the command line is too long: %zu characters, "
			"of which %zu are multikernel's own; this kernel "
			"takes %zu",
			n, ours, limit);
	if (n >= size)
		return mk_fail(err, MK_E_NOSPACE,
			       "command line: the buffer is too small");
	*length = n;
	return 0;
}
