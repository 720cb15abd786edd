/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of a spawn: our options, then the user's.
 *
 * Ours keep the spawn's hands off what belongs to the machine (hazards: H1
 * broadcasts, H2 logical APIC ids, H3 interrupt controllers and timer
 * hardware, H4 PCI ports, H5 legacy devices, H6 resets, H8 external NMIs, H9
 * machine-wide registers, H10 low memory, H11 wild writes).  They stand first,
 * so before a user's "--", and where the kernel takes the last of two, the
 * user's option wins: mk_cmdline_check() finds those that would undo a
 * prevention.
 */
#ifndef MK_CMDLINE_H
#define MK_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * Kernels cut there, with the NUL (COMMAND_LINE_SIZE,
 * arch/x86/include/asm/setup.h, 6.1 to 7.2).
 */
#define MK_CMDLINE_BYTES 2048

/* When an option is given. */
enum mk_cmdline_when {
	MK_CMDLINE_ALWAYS,
	MK_CMDLINE_XAPIC,
	MK_CMDLINE_X2APIC,
	MK_CMDLINE_TSC_KNOWN, /* the text is followed by the figure */
	MK_CMDLINE_FIXED, /* the kernel is entered where it was put */
	MK_CMDLINE_FOUR_LEVELS, /* entered with 4-level page tables */
	MK_CMDLINE_AGENT, /* the agent's archive is in the initrd */
};

struct mk_cmdline_option {
	const char *text; /* "pci=off" */
	const char *hazard; /* "H4"; "" = none, see why */
	const char *why; /* half a sentence */
	enum mk_cmdline_when when;
};

struct mk_cmdline {
	bool x2apic; /* CPUs are handed over in x2APIC mode */
	bool fixed; /* a kernel that nothing moves: mk_image.kaslr is false */
	bool la57; /* entered with five levels */
	bool agent; /* its init runs first (agent.h) */
	uint32_t tsc_khz; /* 0 = not known */
	const char *user; /* NULL = none */
	bool allow_hazards;
	size_t limit; /* of the kernel, without the NUL; 0 = the usual */
};

/* The table of our options; *@nr becomes its length. */
const struct mk_cmdline_option *mk_cmdline_options(size_t *nr);

/* Is this option given in this case? */
bool mk_cmdline_applies(const struct mk_cmdline_option *option,
			const struct mk_cmdline *in);

/*
 * Write the finished command line, with its NUL, to @buffer; *@length becomes
 * its length without.  With an agent a user's "rdinit=X" becomes
 * "multikernel_init=X", which the kernel passes on to the agent's init.
 * Errors: MK_E_NOSPACE; MK_E_INPUT (too long for a kernel, a control
 * character, an open quote, or what mk_cmdline_check() finds).
 */
int mk_cmdline_build(const struct mk_cmdline *in, char *buffer, size_t size,
		     size_t *length, struct mk_error *err);

/*
 * Look in @user for options that would undo a prevention; @x2apic as above.
 * Understands quotes, and "-" for "_" in names, as the kernel does.
 * Errors: MK_E_INPUT; the text names the option and the hazard.
 */
int mk_cmdline_check(const char *user, bool x2apic, struct mk_error *err);

/* Does @user have the option @name, bare or with a value? */
bool mk_cmdline_has(const char *user, const char *name);

/*
 * Where in *@at the next option @name with a value stands (its name, behind a
 * quote if there is one), or NULL; *@at moves behind that word.  Unlike the
 * above it ends at "--", as the kernel does for all but its early search.
 */
const char *mk_cmdline_next(const char **at, const char *name);

#endif /* MK_CMDLINE_H */
