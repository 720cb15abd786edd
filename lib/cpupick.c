// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which CPUs to take when a person only says how many. */
#include "cpupick.h"

#include <string.h>

#include "hostinfo.h"

struct picking {
	const struct mk_cpupick *pick;
	struct mk_host_cpus host;
	struct mk_cpuset chosen;
	unsigned int missing;
	unsigned int most; /* that one round could have given */
};

static bool all_in(const struct mk_cpuset *some, const struct mk_cpuset *all)
{
	size_t i;

	for (i = 0; i < sizeof(some->bits) / sizeof(some->bits[0]); i++)
		if (some->bits[i] & ~all->bits[i])
			return false;
	return true;
}

static void add_all(struct mk_cpuset *to, const struct mk_cpuset *some)
{
	size_t i;

	for (i = 0; i < sizeof(some->bits) / sizeof(some->bits[0]); i++)
		to->bits[i] |= some->bits[i];
}

/* Choose cores that lie wholly in @from, from the highest number down. */
static int whole_cores(struct picking *p, const struct mk_cpuset *from,
		       struct mk_error *err)
{
	struct mk_cpuset core, seen = { { 0 } };
	unsigned int threads, most = 0;
	uint32_t cpu = MK_CPU_NUMBERS;
	int code;

	while (cpu-- > 0) {
		if (!mk_cpuset_has(from, cpu) || mk_cpuset_has(&seen, cpu))
			continue;
		code = mk_host_core(p->pick->root, cpu, &core, err);
		if (code)
			return code;
		add_all(&seen, &core);
		if (mk_cpuset_has(&core, p->pick->boot_cpu) ||
		    !all_in(&core, from))
			continue;
		threads = mk_cpuset_count(&core);
		most += threads;
		if (threads > p->missing)
			continue;
		add_all(&p->chosen, &core);
		p->missing -= threads;
	}
	if (most > p->most)
		p->most = most;
	return 0;
}

/* Fill what is missing with single threads, siblings of chosen ones or not. */
static void single_threads(struct picking *p, const struct mk_cpuset *from)
{
	uint32_t cpu = MK_CPU_NUMBERS;

	while (cpu-- > 0 && p->missing) {
		if (!mk_cpuset_has(from, cpu) || cpu == p->pick->boot_cpu ||
		    mk_cpuset_has(&p->chosen, cpu))
			continue;
		mk_cpuset_add(&p->chosen, cpu);
		p->missing--;
	}
}

static int one_round(struct picking *p, const struct mk_cpuset *from,
		     struct mk_error *err)
{
	int code;

	memset(&p->chosen, 0, sizeof(p->chosen));
	p->missing = p->pick->count;
	code = whole_cores(p, from, err);
	if (!code && p->missing && p->pick->split_cores)
		single_threads(p, from);
	return code;
}

/* Online CPUs of a node. */
static int node_cpus(struct picking *p, unsigned int node,
		     struct mk_cpuset *cpus, struct mk_error *err)
{
	size_t i;
	int code;

	code = mk_host_node(p->pick->root, node, cpus, err);
	for (i = 0; !code && i < sizeof(cpus->bits) / sizeof(cpus->bits[0]);
	     i++)
		cpus->bits[i] &= p->host.online.bits[i];
	return code;
}

static int by_node(struct picking *p, struct mk_error *err)
{
	struct mk_cpuset nodes, cpus;
	uint32_t node = MK_CPU_NUMBERS;
	int code;

	if (p->pick->node >= 0) {
		code = node_cpus(p, (unsigned int)p->pick->node, &cpus, err);
		if (code == MK_E_NOTFOUND)
			return mk_fail(err, code, "there is no NUMA node %d",
				       p->pick->node);
		return code ? code : one_round(p, &cpus, err);
	}
	code = mk_host_nodes(p->pick->root, &nodes, err);
	if (code)
		return code;
	while (node-- > 0) {
		if (!mk_cpuset_has(&nodes, node))
			continue;
		code = node_cpus(p, node, &cpus, err);
		if (!code)
			code = one_round(p, &cpus, err);
		if (code || !p->missing)
			return code;
	}
	return one_round(p, &p->host.online, err);
}

int mk_cpupick(const struct mk_cpupick *pick, uint32_t *cpus,
	       struct mk_error *err)
{
	struct picking p = { .pick = pick };
	size_t nr;
	int code;

	if (!pick || !pick->root || !cpus || !pick->count)
		return mk_fail(err, MK_E_CALL,
			       "no number of CPUs, or no place");
	code = mk_host_cpus(pick->root, &p.host, err);
	if (!code)
		code = by_node(&p, err);
	if (code)
		return code;
	if (p.missing && p.most >= pick->count)
		return mk_fail(err, MK_E_NOTFOUND,
			       "whole cores do not add up to %u CPUs: ask for "
			       "another number, or --split-cores",
			       pick->count);
	if (p.missing && pick->node >= 0)
		return mk_fail(err, MK_E_NOTFOUND,
			       "node %d has no %u CPUs to give: %u in whole "
			       "cores besides the boot CPU's",
			       pick->node, pick->count, p.most);
	if (p.missing)
		return mk_fail(err, MK_E_NOTFOUND,
			       "there are no %u CPUs to give: %u online in "
			       "whole cores besides the boot CPU's",
			       pick->count, p.most);
	return mk_cpuset_list(&p.chosen, cpus, pick->count, &nr, err);
}
