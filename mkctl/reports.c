// SPDX-License-Identifier: GPL-2.0-only
/* Where the CPUs of an instance are, one report each. */
#include "reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "signals.h"

int reports_begin(struct mk_instance *inst, struct cpu_report **list,
		  unsigned int *nr, struct mk_error *err)
{
	struct mk_cpu *cpus = NULL;
	unsigned int i, room;
	int code;

	*list = NULL;
	code = mk_instance_cpus(inst, NULL, 0, &room, err);
	if (code)
		return code;
	cpus = calloc(room + 1, sizeof(*cpus));
	*list = calloc(room + 1, sizeof(**list));
	if (!cpus || !*list)
		code = mk_fail_errno(err, MK_E_SYSTEM, "no memory for reports");
	else
		code = mk_instance_cpus(inst, cpus, room, nr, err);
	for (i = 0; !code && i < room; i++)
		(*list)[i].cpu = cpus[i];
	free(cpus);
	if (code) {
		free(*list);
		*list = NULL;
	}
	return code;
}

static int call(struct mk_instance *inst, unsigned int index, uint32_t flags,
		unsigned int timeout_ms, struct mk_report *report,
		struct mk_error *err)
{
	memset(report, 0, sizeof(*report));
	report->flags = flags;
	report->index = index;
	report->timeout_ms = timeout_ms;
	return mk_instance_report(inst, report, err);
}

int report_take(struct mk_instance *inst, unsigned int index, bool ask,
		unsigned int timeout_ms, struct cpu_report *r,
		struct mk_error *err)
{
	int code = 0;

	r->unanswered = false;
	if (ask) {
		code = call(inst, index, MK_REPORT_F_ASK, timeout_ms,
			    &r->report, &r->why);
		/* No answer, or nobody to ask: what is known of before? */
		r->unanswered =
			code == MK_E_UNKNOWN ||
			(code == MK_E_REFUSED && r->why.sys_errno == ENOTCONN);
		if (code && !r->unanswered && err)
			*err = r->why;
	}
	if (!ask || (r->unanswered && code == MK_E_REFUSED))
		code = call(inst, index, 0, 0, &r->report, err);
	else if (r->unanswered)
		code = 0;
	make_printable(r->report.task);
	make_lines_printable(r->report.trace, strlen(r->report.trace));
	return code;
}

int reports_take(struct mk_instance *inst, bool ask, unsigned int timeout_ms,
		 struct cpu_report **list, unsigned int *nr,
		 struct mk_error *err)
{
	unsigned int i;
	int code;

	code = reports_begin(inst, list, nr, err);
	for (i = 0; !code && i < *nr; i++)
		code = report_take(inst, i, ask && !signals_came(), timeout_ms,
				   &(*list)[i], err);
	if (code) {
		free(*list);
		*list = NULL;
	}
	return code;
}
