/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ACPI tables of a spawn: RSDP, XSDT, FADT, DSDT, MADT.
 *
 * They describe a hardware-reduced machine (ACPI 6.5, section 4.1) that has
 * CPUs, a byte to sleep with and the device MKRN0001, whose memory resource is
 * the hand-off page; no interrupt controller but the local APICs, no timer, no
 * legacy device.  No processor devices: Linux takes its CPUs from the MADT
 * alone, and a device per CPU would only bring drivers that look for power
 * states that we do not describe.
 *
 * Order of calls: begin, dsdt, fadt, madt, finish.  Another order gives
 * MK_E_STATE, a buffer that is too small MK_E_NOSPACE; after either, every
 * call but begin fails the same way.  MK_E_NOSPACE is ordinary: begin again in
 * a larger buffer.  Until finish() no table has a signature or a checksum, so
 * that a half-built one can never be taken for a table.
 */
#ifndef MK_ACPI_H
#define MK_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "writer.h"

#define MK_ACPI_OEM_ID	     "MKERNL"
#define MK_ACPI_OEM_TABLE_ID "MULTIKRN"
#define MK_ACPI_DEVICE_ID    "MKRN0001"

#define MK_ACPI_IOAPIC_ID    14 /* of the dummy IOAPIC */

enum mk_acpi_state {
	MK_ACPI_NONE,
	MK_ACPI_BEGUN,
	MK_ACPI_HAS_DSDT,
	MK_ACPI_HAS_FADT,
	MK_ACPI_HAS_MADT,
	MK_ACPI_FINISHED,
	MK_ACPI_FAILED,
};

struct mk_acpi {
	enum mk_acpi_state state;
	int failure; /* enum mk_code, when FAILED */
	struct mk_writer writer;
	uint64_t base; /* physical address of the buffer's first byte */
	size_t dsdt, fadt, madt, xsdt; /* offsets of the tables */
};

struct mk_acpi_cpus {
	const uint32_t *apic_ids; /* boot CPU first */
	unsigned int nr;
	uint32_t real_bsp; /* APIC id of the machine's boot CPU, not ours */
	bool x2apic; /* x2APIC entries for all, else local APIC for all */
	uint32_t ioapic; /* xAPIC: address of the dummy IOAPIC; 0 = none */
};

/* @base: where the buffer will lie, 16-byte aligned. */
int mk_acpi_begin(struct mk_acpi *acpi, void *buffer, size_t size,
		  uint64_t base, struct mk_error *err);

/* \_S3, \_S5 and \_SB.MKRN (MKRN0001) with the hand-off page. */
int mk_acpi_dsdt(struct mk_acpi *acpi, uint64_t handoff, struct mk_error *err);

/*
 * Fixed description: sleep control and status are one byte of the hand-off
 * page, the reset register is another.
 */
int mk_acpi_fadt(struct mk_acpi *acpi, uint64_t handoff, struct mk_error *err);

/*
 * CPUs.  The first entry is the machine's real boot CPU, marked as not enabled
 * but online-capable: Linux from 6.9 on takes the first entry for the boot CPU
 * and, when it is not the one it runs on, rejects that entry instead of
 * limiting itself to one CPU (arch/x86/kernel/cpu/topology.c:
 * check_for_real_bsp).  MK_E_CALL: an id that the mode cannot express, or one
 * given twice.
 */
int mk_acpi_madt(struct mk_acpi *acpi, const struct mk_acpi_cpus *cpus,
		 struct mk_error *err);

/*
 * Fill in the directory, all signatures and checksums.  *@rsdp becomes the
 * physical address for boot_params, *@length the bytes used.
 */
int mk_acpi_finish(struct mk_acpi *acpi, uint64_t *rsdp, size_t *length,
		   struct mk_error *err);

#endif /* MK_ACPI_H */
