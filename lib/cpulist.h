/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists and sets of logical CPU numbers: "2-3,5".
 *
 * The text form is the kernel's (lib/bitmap.c:bitmap_parselist, sysfs files
 * such as /sys/devices/system/cpu/online), without strides.  A *list* keeps
 * the order it was written in, because the first CPU of an instance is its
 * boot CPU; a *set* has no order.
 */
#ifndef MK_CPULIST_H
#define MK_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Numbers are below this: the largest CONFIG_NR_CPUS of x86 (MAXSMP). */
#define MK_CPU_NUMBERS 8192

struct mk_cpuset {
	uint64_t bits[MK_CPU_NUMBERS / 64];
};

static inline bool mk_cpuset_has(const struct mk_cpuset *set, uint32_t cpu)
{
	return cpu < MK_CPU_NUMBERS && (set->bits[cpu / 64] >> (cpu % 64) & 1);
}

/* A number out of range is ignored. */
static inline void mk_cpuset_add(struct mk_cpuset *set, uint32_t cpu)
{
	if (cpu < MK_CPU_NUMBERS)
		set->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

static inline void mk_cpuset_remove(struct mk_cpuset *set, uint32_t cpu)
{
	if (cpu < MK_CPU_NUMBERS)
		set->bits[cpu / 64] &= ~(1ULL << (cpu % 64));
}

unsigned int mk_cpuset_count(const struct mk_cpuset *set);

/* The members as a list, lowest first.  Errors: MK_E_CALL, MK_E_NOSPACE. */
int mk_cpuset_list(const struct mk_cpuset *set, uint32_t *cpus, size_t room,
		   size_t *nr, struct mk_error *err);

/*
 * Parse what sysfs prints: may be empty, may end in a newline, may name a CPU
 * more than once.  Errors: MK_E_CALL, MK_E_INPUT.
 */
int mk_cpuset_parse(const char *text, struct mk_cpuset *set,
		    struct mk_error *err);

/*
 * Parse what a person writes: at least one CPU, none twice, order kept.
 * Errors: MK_E_CALL, MK_E_INPUT (the text says where), MK_E_NOSPACE (more
 * than @room).
 */
int mk_cpulist_parse(const char *text, uint32_t *cpus, size_t room, size_t *nr,
		     struct mk_error *err);

/*
 * Print a list; neighbours that follow each other become a range.  An empty
 * list gives "".  Errors: MK_E_CALL, MK_E_NOSPACE (@text ends at a comma's
 * place, NUL-terminated).
 */
int mk_cpulist_format(const uint32_t *cpus, size_t nr, char *text, size_t size,
		      struct mk_error *err);

#endif /* MK_CPULIST_H */
