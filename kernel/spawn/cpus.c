// SPDX-License-Identifier: GPL-2.0-only
/*
 * No CPU but our own comes online.
 *
 * The MADT names one CPU that is not ours, the machine's boot CPU (lib/acpi.h
 * says why), and some kernels count it as one that might be plugged in.  INIT
 * sent there would reset the machine.
 */
#include "spawn.h"

#include <linux/cpuhotplug.h>
#include <linux/smp.h>

static int state;

static int comes_up(unsigned int cpu)
{
	u32 apic = cpu_physical_id(cpu);

	if (apic < MKW_APIC_IDS &&
	    mks_agent.page->cpus[apic / 8] & 1 << apic % 8)
		return 0;
	pr_err("CPU %u (APIC id %u) was not given to this kernel\n", cpu, apic);
	return -EPERM;
}

int mks_cpus_start(void)
{
	state = 0;
	if (!(mks_agent.features & MKW_FEATURE_CPUS))
		return 0;
	/* Before the kernel sends it anything (kernel/cpu.c:cpuhp_hp_states). */
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					  "multikernel:own", comes_up, NULL);
	return state < 0 ? state : 0;
}

void mks_cpus_stop(void)
{
	if (state > 0)
		cpuhp_remove_state_nocalls(state);
}
