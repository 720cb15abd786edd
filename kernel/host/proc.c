// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/multikernel: one line an instance, for people and scripts.
 *
 * The first four columns are those of the second posting of the multikernel
 * series (LKML, September 2025), so that its readers' scripts go on working;
 * ours follow.
 */
#include "host.h"

#include <linux/capability.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

static const char *state_name(u32 state)
{
	static const char *const names[] = {
		[MK_STATE_CREATED] = "created", [MK_STATE_LOADED] = "loaded",
		[MK_STATE_RUNNING] = "running", [MK_STATE_STOPPED] = "stopped",
		[MK_STATE_CRASHED] = "crashed",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "?";
}

/* A "!" is behind one that is lost. */
static void show_cpus(struct seq_file *m, const struct mkh_instance *inst)
{
	unsigned int i;

	for (i = 0; i < inst->nr_cpus; i++)
		seq_printf(m, "%s%u%s", i ? "," : "", inst->cpus[i].cpu,
			   inst->cpus[i].lost ? "!" : "");
}

static void show_one(struct seq_file *m, struct mkh_instance *inst)
{
	struct mk_info info;
	u64 entry;

	mkh_instance_info(inst, &info);
	spin_lock(&inst->state_lock);
	entry = inst->shown_entry;
	spin_unlock(&inst->state_lock);
	/* As /proc/iomem: addresses are for the privileged only. */
	if (!file_ns_capable(m->file, &init_user_ns, CAP_SYS_ADMIN))
		entry = 0;
	seq_printf(m, "%5d  %-10s  0x%012lx  %8lu", info.id, "multikernel",
		   (unsigned long)entry, (unsigned long)info.nr_segments);
	seq_printf(m, "  %-8s  %6lluM  %-12s  ", state_name(info.state),
		   info.memory_bytes >> 20, info.name);
	show_cpus(m, inst);
	seq_putc(m, '\n');
}

static int show(struct seq_file *m, void *v)
{
	struct mkh_instance *inst;
	unsigned int lost;
	u32 id = 0;

	seq_puts(m, "MK_ID  Type        Start Address   Segments");
	seq_puts(m, "  State      Memory  Name          CPUs\n");
	seq_puts(m, "-----  ----------  --------------  --------");
	seq_puts(m, "  --------  -------  ------------  ----\n");
	while ((inst = mkh_instance_next(id))) {
		id = inst->id;
		show_one(m, inst);
		mkh_instance_put(inst);
	}
	if (!id)
		seq_puts(m, "No kimages loaded\n");
	mutex_lock(&mkh_lock);
	lost = mkh_ledger_count(&mkh_ledger, MK_LEDGER_CPU, MK_OWNER_LOST);
	mutex_unlock(&mkh_lock);
	if (lost)
		seq_printf(m, "CPUs lost until the next boot: %u\n", lost);
	return 0;
}

int mkh_proc_init(void)
{
	return proc_create_single("multikernel", 0444, NULL, show) ? 0
								   : -ENOMEM;
}

void mkh_proc_exit(void)
{
	remove_proc_entry("multikernel", NULL);
}
