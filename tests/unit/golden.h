/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machines that the golden ACPI tables in tests/data/acpi describe.
 */
#ifndef MK_GOLDEN_H
#define MK_GOLDEN_H

#include <stdbool.h>
#include <stdint.h>

#define GOLDEN_BASE    0x140002000ULL
#define GOLDEN_HANDOFF 0x140008000ULL

struct golden {
	const char *name;
	uint32_t apic_ids[4];
	unsigned int nr_cpus;
	uint32_t real_bsp;
	bool x2apic;
	uint32_t ioapic;
};

static const struct golden golden[] = {
	{ "xapic", { 2, 3 }, 2, 0, false, 0x27000 },
	{ "x2apic", { 5, 4, 0x104 }, 3, 0, true, 0 },
};

#endif /* MK_GOLDEN_H */
