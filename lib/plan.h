/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a spawn: which bytes go where, and where its first CPU enters.
 *
 * From a machine (what the host module says the instance has), a parsed
 * kernel, an initrd and a command line it builds the whole machine
 * description and the list of segments for MK_IOC_LOAD.  Pure: the same
 * inputs give the same bytes on any computer.
 *
 * Memory map of an instance (offsets from its start; the first MiB is not RAM
 * to the spawn unless the table says so):
 *
 *   0x000000  boot_params                          4 KiB
 *   0x001000  command line                         4 KiB
 *   0x002000  ACPI tables                         24 KiB  e820 ACPI
 *   0x008000  hand-off page                        4 KiB  e820 reserved
 *   0x010000  page tables of the entry           192 KiB
 *   0x040000  EFI system table, runtime stub      64 KiB  e820 reserved
 *   0x050000  the channel's rings                704 KiB  e820 reserved
 *   0x100000  RAM
 *             kernel, at the lowest fitting offset >= its preferred one
 *             initrd, at the top
 *
 * Low window (below 1 MiB of the machine): RAM, and on an xAPIC machine its
 * last page a dummy IOAPIC (e820 reserved).
 *
 * Anywhere else: persistent memory (e820 type 12), which is not the instance's
 * own and is not touched by the plan.
 */
#ifndef MK_PLAN_H
#define MK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "image.h"

#define MK_PLAN_CPUS	    4096
#define MK_PLAN_SEGMENTS    (MK_IMAGE_PARTS + 8)
#define MK_PLAN_DESCRIPTION 0x100000 /* bytes that we use of the memory */
#define MK_LOW_BYTES	    (32 << 10) /* default size of a low window */
#define MK_PLAN_PMEM	    16 /* ranges of persistent memory */

/* What the spawn is told to be. */
struct mk_machine {
	uint64_t memory_base; /* 2 MiB aligned */
	uint64_t memory_bytes;
	uint64_t low_base; /* page aligned, below 640 KiB */
	uint64_t low_bytes;
	const uint32_t *apic_ids; /* the instance's CPUs, boot CPU first */
	unsigned int nr_cpus;
	uint32_t boot_apic_id; /* the machine's real boot CPU (not ours) */
	bool x2apic; /* CPUs are handed over in x2APIC mode */
	bool la57; /* the machine can enter 5-level page tables */
	bool gbpages; /* the CPUs have 1 GiB pages */
	uint32_t tsc_khz; /* 0 = not known */
};

struct mk_plan_segment {
	const char *what; /* "kernel", "initrd", "ACPI tables", ... */
	const uint8_t *bytes; /* caller's image, initrd, or the plan's buffer */
	uint64_t length;
	uint64_t address; /* physical, page aligned */
	uint64_t memory; /* >= length, multiple of the page size */
};

struct mk_plan {
	struct mk_plan_segment segments[MK_PLAN_SEGMENTS];
	unsigned int nr_segments;
	uint64_t entry, argument, page_table, handoff; /* physical */
	uint64_t channel_base, channel_bytes; /* physical */
	bool la57; /* page_table has five levels */
	const char *cmdline; /* the finished one, in the buffer */
	struct mk_e820 {
		uint64_t address, length;
		uint32_t type;
	} e820[8 + MK_PLAN_PMEM]; /* ascending */
	unsigned int nr_e820;
};

/* Persistent memory: multiples of 2 MiB, above 1 MiB. */
struct mk_plan_pmem {
	uint64_t address, length;
};

struct mk_plan_input {
	struct mk_machine machine;
	const struct mk_image *image;
	const void *initrd; /* joined, or NULL */
	size_t initrd_length;
	const char *cmdline; /* the user's part; NULL = none */
	bool allow_hazards; /* let the user's part undo a hazard option */
	bool agent; /* the initrd ends in the agent's archive (agent.h) */
	const struct mk_plan_pmem *pmem; /* in any order; NULL = none */
	unsigned int nr_pmem; /* <= MK_PLAN_PMEM */
};

/*
 * Make the plan.  @buffer takes what is built (description; the segments
 * point into it) and must stay as long as the plan; MK_PLAN_DESCRIPTION + 64
 * KiB always suffice, MK_E_NOSPACE otherwise.
 *
 * Errors: MK_E_CALL, MK_E_NOSPACE, MK_E_MEMORY (the text says how much is
 * needed), MK_E_INPUT (command line too long, or an option that would undo a
 * prevention of the hazard table: the text names it), MK_E_SUPPORT.
 */
int mk_plan_make(struct mk_plan *plan, const struct mk_plan_input *input,
		 void *buffer, size_t size, struct mk_error *err);

/* The least memory (multiple of 2 MiB) in which this image and initrd start. */
uint64_t mk_plan_least_memory(const struct mk_image *image,
			      size_t initrd_length);

#endif /* MK_PLAN_H */
