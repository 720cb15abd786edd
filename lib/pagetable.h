/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page tables that a spawn's first CPU enters on: an identity map.
 *
 * They map the first 2 MiB of the machine, where the host's trampoline lies,
 * and the instance's memory from its base, at most MK_PAGETABLE_MOST of it: a
 * kernel builds tables of its own before it needs more.  Everything is
 * writable and executable, as the 64-bit boot protocol wants its map
 * (Documentation/arch/x86/boot.rst, 7.2).  Entry layout: Intel SDM volume 3,
 * section 4.5.
 */
#ifndef MK_PAGETABLE_H
#define MK_PAGETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MK_PAGETABLE_MOST (32ULL << 30)

struct mk_pagetable {
	uint64_t memory_base; /* 2 MiB aligned, >= 2 MiB */
	uint64_t memory_bytes; /* multiple of 2 MiB, > 0 */
	bool la57; /* five levels instead of four */
	bool gbpages; /* the CPU has 1 GiB pages */
};

/*
 * Bytes that the tables take, a multiple of 4 KiB; 0 if the memory is not
 * aligned as above or does not fit below 2^47 (four levels) or 2^52 (five).
 */
size_t mk_pagetable_size(const struct mk_pagetable *pt);

/*
 * Build them into @buffer, for the physical address @base (4 KiB aligned),
 * which is then also the value for CR3.  Errors: MK_E_CALL, MK_E_NOSPACE.
 */
int mk_pagetable_build(const struct mk_pagetable *pt, uint64_t base,
		       void *buffer, size_t size, struct mk_error *err);

#endif /* MK_PAGETABLE_H */
