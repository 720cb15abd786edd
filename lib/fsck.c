// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ledger against the host kernel: CPUs, owners and totals. */
#include "fsck.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsck_memory.h"
#include "hostinfo.h"

void mk_fsck_report(struct mk_fsck_state *s, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s->result->differences++;
	if (s->in->report)
		s->in->report(s->in->to, text);
}

static const struct mk_info *instance(const struct mk_fsck_input *in,
				      uint32_t id)
{
	size_t i;

	for (i = 0; i < in->nr_infos; i++)
		if (in->infos[i].id == id)
			return &in->infos[i];
	return NULL;
}

const char *mk_fsck_what(const struct mk_fsck_state *s,
			 const struct mk_ledger *e, char *text, size_t size)
{
	const struct mk_info *info = instance(s->in, e->owner);
	char owner[64];

	if (e->owner == MK_OWNER_LOST)
		snprintf(owner, sizeof(owner), "lost");
	else if (e->owner == MK_OWNER_TRANSIT)
		snprintf(owner, sizeof(owner), "in transit");
	else if (info)
		snprintf(owner, sizeof(owner), "of '%.31s'", info->name);
	else
		snprintf(owner, sizeof(owner), "of instance %u", e->owner);
	if (e->kind == MK_LEDGER_CPU)
		snprintf(text, size, "CPU %llu (%s)",
			 (unsigned long long)e->start, owner);
	else
		snprintf(text, size, "%s 0x%llx+0x%llx (%s)",
			 e->kind == MK_LEDGER_LOW ? "low window" : "memory",
			 (unsigned long long)e->start,
			 (unsigned long long)e->length, owner);
	return text;
}

/* An entry by itself: its kind, its owner. */
static void check_entry(struct mk_fsck_state *s, const struct mk_ledger *e)
{
	char what[128];

	mk_fsck_what(s, e, what, sizeof(what));
	if (e->kind < MK_LEDGER_CPU || e->kind > MK_LEDGER_LOW)
		mk_fsck_report(s,
			       "entry %u of the ledger is of kind %u, which "
			       "this tool does not know",
			       e->index, e->kind);
	else if (e->owner == MK_OWNER_LOST)
		mk_fsck_report(s,
			       "%s: nobody can use it until the machine "
			       "restarts",
			       what);
	else if (e->owner == MK_OWNER_TRANSIT)
		mk_fsck_report(s, "%s: on its way between two owners", what);
	else if (!instance(s->in, e->owner))
		mk_fsck_report(s, "%s: there is no such instance", what);
}

static void check_lent_cpu(struct mk_fsck_state *s, const struct mk_ledger *e,
			   const struct mk_host_cpus *host,
			   struct mk_cpuset *seen)
{
	uint32_t cpu = (uint32_t)e->start;
	char what[128];

	mk_fsck_what(s, e, what, sizeof(what));
	s->result->cpus++;
	if (e->length != 1)
		mk_fsck_report(s, "%s: an entry for %llu CPUs", what,
			       (unsigned long long)e->length);
	if (e->start >= MK_CPU_NUMBERS ||
	    !mk_cpuset_has(&host->possible, cpu)) {
		mk_fsck_report(s, "%s: the host has no such CPU", what);
		return;
	}
	if (mk_cpuset_has(seen, cpu))
		mk_fsck_report(s, "%s: twice in the ledger", what);
	mk_cpuset_add(seen, cpu);
	if (mk_cpuset_has(&host->online, cpu))
		mk_fsck_report(s, "%s: online in the host", what);
	if (mk_cpuset_has(&host->present, cpu))
		mk_fsck_report(s, "%s: in the host's present mask", what);
}

/* SMT switched off keeps every second thread offline: the admin's wish. */
static bool smt_is_off(const char *root)
{
	char text[32];

	if (mk_host_text(root, "/sys/devices/system/cpu/smt/control", text,
			 sizeof(text), NULL))
		return false;
	return strcmp(text, "off") == 0 || strcmp(text, "forceoff") == 0;
}

static void check_other_cpus(struct mk_fsck_state *s,
			     const struct mk_host_cpus *host,
			     const struct mk_cpuset *lent)
{
	const char *root = s->in->root;
	bool smt_off = smt_is_off(root);
	uint32_t cpu;

	for (cpu = 0; cpu < MK_CPU_NUMBERS; cpu++) {
		if (!mk_cpuset_has(&host->possible, cpu) ||
		    mk_cpuset_has(lent, cpu))
			continue;
		if (mk_cpuset_has(&host->present, cpu)) {
			if (!mk_cpuset_has(&host->online, cpu) && !smt_off)
				mk_fsck_report(s,
					       "CPU %u is offline and not "
					       "in the ledger",
					       cpu);
		} else if (mk_host_cpu_known(root, cpu)) {
			mk_fsck_report(s,
				       "CPU %u is out of the host's present "
				       "mask and not in the ledger",
				       cpu);
		}
	}
}

static int check_cpus(struct mk_fsck_state *s, struct mk_error *err)
{
	struct mk_cpuset lent = { { 0 } };
	struct mk_host_cpus host;
	size_t i;
	int code;

	code = mk_host_cpus(s->in->root, &host, err);
	if (code)
		return code;
	for (i = 0; i < s->in->nr_ledger; i++)
		if (s->in->ledger[i].kind == MK_LEDGER_CPU)
			check_lent_cpu(s, &s->in->ledger[i], &host, &lent);
	check_other_cpus(s, &host, &lent);
	return 0;
}

struct totals {
	uint64_t cpus, memory, low;
};

static void count(struct totals *t, const struct mk_ledger *e)
{
	if (e->kind == MK_LEDGER_CPU)
		t->cpus += e->length;
	else if (e->kind == MK_LEDGER_LOW)
		t->low += e->length;
	else
		t->memory += e->length;
}

/* What is lost was some instance's: it may be missing, but not be too much. */
static void compare(struct mk_fsck_state *s, const struct mk_info *info,
		    const char *what, uint64_t have, uint64_t lost,
		    uint64_t want)
{
	if (have > want || have + lost < want)
		mk_fsck_report(s,
			       "'%.31s' has %s of %llu by its own account, "
			       "%llu by the ledger",
			       info->name, what, (unsigned long long)want,
			       (unsigned long long)have);
}

static void check_totals(struct mk_fsck_state *s)
{
	const struct mk_fsck_input *in = s->in;
	struct totals lost = { 0 }, own;
	size_t i, k;

	for (k = 0; k < in->nr_ledger; k++)
		if (in->ledger[k].owner >= MK_OWNER_TRANSIT)
			count(&lost, &in->ledger[k]);
	for (i = 0; i < in->nr_infos; i++) {
		own = (struct totals){ 0 };
		for (k = 0; k < in->nr_ledger; k++)
			if (in->ledger[k].owner == in->infos[i].id)
				count(&own, &in->ledger[k]);
		compare(s, &in->infos[i], "CPUs", own.cpus, lost.cpus,
			in->infos[i].nr_cpus);
		compare(s, &in->infos[i], "memory", own.memory, lost.memory,
			in->infos[i].memory_bytes);
		compare(s, &in->infos[i], "a low window", own.low, lost.low,
			in->infos[i].low_bytes);
	}
}

int mk_fsck(const struct mk_fsck_input *in, struct mk_fsck_result *result,
	    struct mk_error *err)
{
	struct mk_fsck_state s = { .in = in, .result = result };
	size_t i;
	int code;

	if (!in || !result || !in->root || (!in->ledger && in->nr_ledger) ||
	    (!in->infos && in->nr_infos))
		return mk_fail(err, MK_E_CALL, "nothing to compare");
	memset(result, 0, sizeof(*result));
	for (i = 0; i < in->nr_ledger; i++)
		check_entry(&s, &in->ledger[i]);
	code = check_cpus(&s, err);
	if (!code)
		code = mk_fsck_memory(&s, err);
	if (!code)
		check_totals(&s);
	return code;
}
