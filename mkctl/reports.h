/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the CPUs of an instance are, one report each. */
#ifndef MKCTL_REPORTS_H
#define MKCTL_REPORTS_H

#include <stdbool.h>

#include "device.h"

struct cpu_report {
	struct mk_cpu cpu;
	struct mk_report report; /* texts are printable */
	bool unanswered; /* it was asked and did not answer: see why */
	struct mk_error why;
};

/*
 * Reports of all CPUs, in the instance's order, malloc'ed.  With @ask each is
 * asked and given @timeout_ms; what it said before takes the place of an
 * answer that does not come.  Ctrl-C leaves the rest unasked.
 */
int reports_take(struct mk_instance *inst, bool ask, unsigned int timeout_ms,
		 struct cpu_report **list, unsigned int *nr,
		 struct mk_error *err);

/* One of them, by @r->cpu's place @index. */
int report_take(struct mk_instance *inst, unsigned int index, bool ask,
		unsigned int timeout_ms, struct cpu_report *r,
		struct mk_error *err);

/* The CPUs alone, malloc'ed; the reports are empty. */
int reports_begin(struct mk_instance *inst, struct cpu_report **list,
		  unsigned int *nr, struct mk_error *err);

#endif /* MKCTL_REPORTS_H */
