/* SPDX-License-Identifier: GPL-2.0-only */
/* What a host has of everything, before and after: has a test lost some? */
#ifndef MACHINE_MEASURE_H
#define MACHINE_MEASURE_H

/* What is counted, and must be what it was. */
enum count {
	LOW_FREE,
	INSTANCES,
	LEDGER,
	CPUS_ONLINE,
	IRQS,
	INTERRUPT_LINES,
	VMALLOC_AREAS,
	IOMEM,
	TASKS,
	OPEN_FILES,
	INTERFACES,
	COUNTS,
};

/* What goes up and down a little: kB. */
enum amount { FREE, AVAILABLE, SLAB, UNRECLAIM, VMALLOC, PERCPU, AMOUNTS };

#define CACHES 400

struct cache {
	char name[32];
	long objects, size, a_slab; /* of them in a slab */
};

struct measure {
	long counts[COUNTS];
	long amounts[AMOUNTS];
	struct cache caches[CACHES];
	int nr_caches;
};

/* Takes some seconds; prints a line that begins with "# after @done @what". */
void measure(struct measure *m, unsigned int done, const char *what);

/*
 * One verdict each; @between: how many of @what lie between the two.  Returns
 * how many were not good.
 */
unsigned int measure_judge(const struct measure *first,
			   const struct measure *last, unsigned int between,
			   const char *what);

#endif /* MACHINE_MEASURE_H */
