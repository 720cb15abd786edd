// SPDX-License-Identifier: GPL-2.0-only
/*
 * Say where a CPU is when the host asks by an NMI: also one that loops with
 * interrupts off (multikernel/wire.h: struct mkw_report).
 *
 * A CPU says that it is ready only as long as the handler is there for it:
 * an NMI that nobody expects makes the kernel look at port 0x61.
 */
#include "spawn.h"

#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include <asm/ptrace.h>

#define DEPTH	  48
#define GENERAL	  21 /* words of pt_regs, in the order of user_regs_struct */
#define CS	  17
#define SS	  20
#define FS_BASE	  21
#define GS_BASE	  22
#define UNLOAD_MS 1000 /* an NMI that the host has just sent has come by then */

static DEFINE_PER_CPU(struct mkw_report *, report);
static DEFINE_PER_CPU(unsigned long[DEPTH], addresses);
static int state;

static void copy_registers(struct mkw_report *to, struct pt_regs *regs)
{
	const unsigned long *words = (const unsigned long *)regs;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*regs) != GENERAL * sizeof(*words));
	for (i = 0; i < GENERAL; i++)
		to->registers[i] = cpu_to_le64(words[i]);
	/* With FRED these two words hold more (asm/fred.h). */
	to->registers[CS] &= cpu_to_le64(0xffff);
	to->registers[SS] &= cpu_to_le64(0xffff);
	to->registers[FS_BASE] = cpu_to_le64(compat_rdmsr(MSR_FS_BASE));
	/* Of who was interrupted; the kernel's is its per-CPU area. */
	to->registers[GS_BASE] = cpu_to_le64(compat_rdmsr(
		user_mode(regs) ? MSR_KERNEL_GS_BASE : MSR_GS_BASE));
}

/* From the interrupted instruction on: what is above it is about the NMI. */
static void write_trace(struct mkw_report *to, struct pt_regs *regs)
{
	unsigned long *a = *this_cpu_ptr(&addresses);
	char *text = (char *)to->trace;
	unsigned int i, n;
	size_t at;

	if (user_mode(regs)) {
		scnprintf(text, MKW_TRACE_BYTES, "in user space, at %#lx\n",
			  regs->ip);
		return;
	}
	at = scnprintf(text, MKW_TRACE_BYTES, "%pS\n", (void *)regs->ip);
	n = stack_trace_save(a, DEPTH, 0);
	for (i = 0; i < n && a[i] != regs->ip; i++)
		;
	for (i++; i < n && at < MKW_TRACE_BYTES - 1; i++)
		at += scnprintf(text + at, MKW_TRACE_BYTES - at, "%pB\n",
				(void *)a[i]);
}

static int asked(unsigned int type, struct pt_regs *regs)
{
	struct mkw_report *to = this_cpu_read(report);
	__le32 request;

	if (!to)
		return NMI_DONE;
	request = READ_ONCE(to->request);
	if (!request)
		return NMI_DONE; /* nobody has ever asked */
	/*
	 * One NMI may answer two requests, or come before its own and answer
	 * it: the other is ours all the same, and not to be wondered at.
	 */
	if (request == READ_ONCE(to->answer))
		return NMI_HANDLED;
	to->cpu = cpu_to_le32(smp_processor_id());
	to->pid = cpu_to_le32(current->pid);
	to->time = cpu_to_le64(local_clock());
	strscpy((char *)to->task, current->comm, sizeof(to->task));
	copy_registers(to, regs);
	write_trace(to, regs);
	/* Pairs with the host's acquire: what it is about is there by then. */
	smp_store_release(&to->answer, request);
	return NMI_HANDLED;
}

static int becomes_ready(unsigned int cpu)
{
	struct mkw_report *to = per_cpu(report, cpu);

	if (to)
		WRITE_ONCE(to->ready, cpu_to_le32(1));
	return 0;
}

static int becomes_unready(unsigned int cpu)
{
	struct mkw_report *to = per_cpu(report, cpu);

	if (to)
		WRITE_ONCE(to->ready, 0);
	return 0;
}

static void find_reports(struct mkw_report *reports)
{
	unsigned int cpu, i;
	u32 apic;

	for_each_possible_cpu(cpu)
	{
		per_cpu(report, cpu) = NULL;
		apic = cpu_physical_id(cpu);
		for (i = 0; i < MKW_REPORTS && apic != BAD_APICID; i++)
			if (le32_to_cpu(reports[i].apic) == apic)
				per_cpu(report, cpu) = &reports[i];
		becomes_unready(cpu);
	}
}

int mks_report_start(void)
{
	int err;

	state = 0;
	if (!(mks_agent.features & MKW_FEATURE_REPORTS))
		return 0;
	find_reports((void *)(mks_agent.channel + MKW_CHANNEL_REPORTS));
	err = register_nmi_handler(NMI_LOCAL, asked, 0, "multikernel");
	if (err)
		return err;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "multikernel:report",
				  becomes_ready, becomes_unready);
	if (state < 0) {
		unregister_nmi_handler(NMI_LOCAL, "multikernel");
		return state;
	}
	return 0;
}

void mks_report_stop(void)
{
	if (state <= 0)
		return;
	cpuhp_remove_state(state);
	msleep(UNLOAD_MS);
	unregister_nmi_handler(NMI_LOCAL, "multikernel");
}

void mks_report_panic(void)
{
	unsigned int cpu;

	if (state <= 0)
		return;
	for_each_possible_cpu(cpu) if (cpu != smp_processor_id())
		becomes_unready(cpu);
}

void mks_report_kexec(bool now)
{
	unsigned int cpu;

	if (state <= 0)
		return;
	for_each_possible_cpu(cpu) becomes_unready(cpu);
	if (now)
		msleep(UNLOAD_MS);
}
