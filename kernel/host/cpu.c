// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take CPUs from the host kernel and give them back.
 *
 * Ordinary hotplug does the work.  What is ours is the lent mark: a CPU that
 * is taken leaves cpu_present_mask from inside the very operation that takes
 * it, so that arch_smt_update() at the end of _cpu_down() finds a present CPU
 * mask that differs from the booted ones and switches the all-but-self IPI
 * shorthand off (hazard H1; arch/x86/kernel/apic/ipi.c:apic_smt_update,
 * kernel/cpu.c:_cpu_down, the same in 6.1, 6.12 and 7.2).  Giving back
 * restores the mask before add_cpu(), which switches the shorthand on again.
 */
#include "host.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/topology.h>
#include <asm/processor.h>
#include <asm/smp.h>

static struct cpumask taking; /* on their way out of the host, by us */
static enum cpuhp_state lent_state;

/* Runs on the CPU that does the unplugging, after the other one is dead. */
static int cpu_left(unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, &taking))
		set_cpu_present(cpu, false);
	return 0;
}

int mkh_cpu_init(void)
{
	int state = cpuhp_setup_state_nocalls(
		CPUHP_BP_PREPARE_DYN, "multikernel:lent", NULL, cpu_left);

	if (state < 0)
		return state;
	lent_state = state;
	return 0;
}

void mkh_cpu_exit(void)
{
	cpuhp_remove_state_nocalls(lent_state);
}

/*
 * The CPU that the firmware started: logical CPU 0 of a kernel that was not
 * itself started on another one (arch/x86/kernel/smpboot.c).
 */
u32 mkh_cpu_boot_cpu(void)
{
	return 0;
}

static bool same_core(u32 a, u32 b)
{
	return topology_physical_package_id(a) ==
		       topology_physical_package_id(b) &&
	       topology_die_id(a) == topology_die_id(b) &&
	       topology_core_id(a) == topology_core_id(b);
}

static bool listed(const u32 *cpus, unsigned int nr, u32 cpu)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (cpus[i] == cpu)
			return true;
	return false;
}

/* One CPU by itself; the caller holds mkh_lock for the ledger. */
static int check_one(u32 cpu, u32 *reason)
{
	u32 owner;

	if (cpu >= nr_cpu_ids || !cpu_possible(cpu)) {
		*reason = MK_REASON_CPU_UNKNOWN;
		return -ENXIO;
	}
	if (cpu == mkh_cpu_boot_cpu()) {
		*reason = MK_REASON_CPU_BOOT;
		return -EPERM;
	}
	owner = mkh_ledger_owner(&mkh_ledger, MK_LEDGER_CPU, cpu);
	if (owner) {
		*reason = owner == MK_OWNER_LOST ? MK_REASON_CPU_LOST
						 : MK_REASON_CPU_LENT;
		return -EBUSY;
	}
	if (!cpu_present(cpu)) {
		*reason = MK_REASON_CPU_UNKNOWN;
		return -ENXIO;
	}
	if (!cpu_online(cpu)) {
		*reason = MK_REASON_CPU_OFFLINE;
		return -ENXIO;
	}
	return 0;
}

/*
 * No thread of a listed CPU's core may stay with somebody else: the host, or
 * another instance.  Offline threads that the host keeps do not count as
 * somebody: nothing runs there.
 */
static bool splits_core(const u32 *cpus, unsigned int nr, u32 cpu)
{
	u32 other;

	for_each_possible_cpu(other)
	{
		if (other == cpu || listed(cpus, nr, other))
			continue;
		if (!cpu_online(other) &&
		    !mkh_ledger_owner(&mkh_ledger, MK_LEDGER_CPU, other))
			continue;
		if (same_core(cpu, other))
			return true;
	}
	return false;
}

int mkh_cpu_check(const u32 *cpus, unsigned int nr, bool split, u32 *reason,
		  u32 *culprit)
{
	unsigned int i;
	int err = 0;

	cpus_read_lock();
	mutex_lock(&mkh_lock);
	for (i = 0; i < nr; i++) {
		*culprit = cpus[i];
		err = check_one(cpus[i], reason);
		if (err)
			break;
		if (listed(cpus, i, cpus[i])) {
			*reason = MK_REASON_CPU_TWICE;
			err = -EINVAL;
			break;
		}
		if (!split && splits_core(cpus, nr, cpus[i])) {
			*reason = MK_REASON_CPU_SIBLING;
			err = -EBUSY;
			break;
		}
	}
	mutex_unlock(&mkh_lock);
	cpus_read_unlock();
	return err;
}

int mkh_cpu_take(u32 cpu)
{
	int err;

	cpumask_set_cpu(cpu, &taking);
	err = remove_cpu(cpu);
	cpumask_clear_cpu(cpu, &taking);
	/* 1: somebody else took it offline just before; it is not marked. */
	return err > 0 ? -EBUSY : err;
}

void mkh_cpu_give(u32 cpu)
{
	int err;

	set_cpu_present(cpu, true);
	err = add_cpu(cpu);
	if (err)
		pr_warn("CPU %u is the host's again but stays offline: %d\n",
			cpu, err);
}
