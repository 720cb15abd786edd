/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs to take when a person only says how many.
 *
 * Policy: online CPUs; never the boot CPU; whole cores, and not those of the
 * boot CPU's core; all from one NUMA node if one has enough; highest numbers
 * first.  The answer is in ascending order.
 */
#ifndef MK_CPUPICK_H
#define MK_CPUPICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct mk_cpupick {
	const char *root; /* as in hostinfo.h */
	uint32_t boot_cpu;
	unsigned int count; /* how many */
	int node; /* only from this one; -1 = any */
	bool split_cores; /* take single threads too, if whole cores fail */
};

/*
 * Write pick->count CPU numbers to @cpus.  Errors: MK_E_CALL, MK_E_NOTFOUND
 * (there are not so many; the text says how many, and of what kind), those of
 * hostinfo.h.
 */
int mk_cpupick(const struct mk_cpupick *pick, uint32_t *cpus,
	       struct mk_error *err);

#endif /* MK_CPUPICK_H */
