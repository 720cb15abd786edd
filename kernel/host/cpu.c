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
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <asm/processor.h>
#include <asm/smp.h>

static struct cpumask taking; /* on their way out of the host, by us */
static enum cpuhp_state lent_state;

/*
 * Which core a CPU belongs to, as seen while it was online: the host kernel
 * forgets it for a CPU that is not (arch/x86/kernel/smpboot.c:
 * remove_siblinginfo, 6.1 and 6.12).
 */
struct core {
	u32 package, die, core;
	bool known;
};

static struct core *cores; /* [nr_cpu_ids]; mkh_lock */

/* What only the CPU itself can tell. */
struct self {
	u32 apic;
	bool boot; /* the firmware started it: INIT would reset the machine */
};

/* Runs on the CPU that does the unplugging, after the other one is dead. */
static int cpu_left(unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, &taking))
		set_cpu_present(cpu, false);
	return 0;
}

int mkh_cpu_init(void)
{
	int state;

	cores = kcalloc(nr_cpu_ids, sizeof(*cores), GFP_KERNEL);
	if (!cores)
		return -ENOMEM;
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					  "multikernel:lent", NULL, cpu_left);
	if (state < 0) {
		kfree(cores);
		return state;
	}
	lent_state = state;
	return 0;
}

void mkh_cpu_exit(void)
{
	cpuhp_remove_state_nocalls(lent_state);
	kfree(cores);
}

/*
 * The CPU that the firmware started: logical CPU 0 of a kernel that was not
 * itself started on another one (arch/x86/kernel/smpboot.c).
 */
u32 mkh_cpu_boot_cpu(void)
{
	return 0;
}

static void learn_cores(void)
{
	u32 cpu;

	for_each_online_cpu(cpu)
	{
		cores[cpu].package = topology_physical_package_id(cpu);
		cores[cpu].die = topology_die_id(cpu);
		cores[cpu].core = topology_core_id(cpu);
		cores[cpu].known = true;
	}
}

static bool same_core(u32 a, u32 b)
{
	return cores[a].known && cores[b].known &&
	       cores[a].package == cores[b].package &&
	       cores[a].die == cores[b].die && cores[a].core == cores[b].core;
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
	learn_cores();
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

static void look_at_self(void *data)
{
	struct self *self = data;

	self->boot = compat_rdmsr(MSR_IA32_APICBASE) & MSR_IA32_APICBASE_BSP;
	self->apic = cpuid_eax(0) >= 0xb && cpuid_ebx(0xb) ? cpuid_edx(0xb)
							   : cpuid_ebx(1) >> 24;
}

/*
 * A kernel that was itself started by kexec may call another CPU than the
 * firmware's CPU 0; and the trampoline knows a CPU by what CPUID says.
 */
static bool takeable(u32 cpu)
{
	struct self self = { 0 };

	if (smp_call_function_single(cpu, look_at_self, &self, 1))
		return false;
	if (self.boot) {
		pr_warn("CPU %u is the one that the firmware started\n", cpu);
		return false;
	}
	if (self.apic != cpu_physical_id(cpu)) {
		pr_warn("CPU %u: its APIC id is %u by CPUID, %u by firmware\n",
			cpu, self.apic, cpu_physical_id(cpu));
		return false;
	}
	return true;
}

int mkh_cpu_take(u32 cpu)
{
	int err;

	if (!takeable(cpu))
		return -EBUSY;
	cpumask_set_cpu(cpu, &taking);
	err = remove_cpu(cpu);
	cpumask_clear_cpu(cpu, &taking);
	if (!err)
		return 0;
	/*
	 * 1: somebody else took it offline at the same time; it may carry our
	 * mark from that.
	 */
	set_cpu_present(cpu, true);
	return err > 0 ? -EBUSY : err;
}

void mkh_cpu_give(u32 cpu)
{
	int err;

	set_cpu_present(cpu, true);
	/* 1: somebody was faster, and it is online. */
	err = add_cpu(cpu);
	if (err < 0)
		pr_warn("CPU %u is the host's again but stays offline: %d\n",
			cpu, err);
}
