// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the CPUs of a spawn are: asked by an NMI, answered by the agent into
 * the instance's memory (multikernel/wire.h: struct mkw_report).
 *
 * An NMI is sent only to a CPU of the instance, while it runs, and only if its
 * kernel has said that this CPU expects it.  What is answered is the word of a
 * stranger: copied once, and its texts ended.
 */
#include "host.h"

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <asm/apicdef.h>

#include "../channel/icr.h"

/* How long all CPUs together may take at the end of a life. */
#define LAST_REPORTS_MS 100

static bool has_reports(const struct mkh_image *image)
{
	return image->channel_base &&
	       image->channel_bytes >=
		       MKW_CHANNEL_REPORTS +
			       MKW_REPORTS * sizeof(struct mkw_report);
}

u64 mkh_report_feature(const struct mkh_image *image)
{
	return has_reports(image) ? MKW_FEATURE_REPORTS : 0;
}

static struct mkw_report *reports_at(const struct mkh_instance *inst, u64 base)
{
	return (void *)(inst->memory.view + (base - inst->memory.base) +
			MKW_CHANNEL_REPORTS);
}

void mkh_report_fill(struct mkh_instance *inst)
{
	struct mkw_report *reports;
	unsigned int i;

	if (!has_reports(&inst->image)) {
		WRITE_ONCE(inst->reports_base, 0);
		return;
	}
	reports = reports_at(inst, inst->image.channel_base);
	for (i = 0; i < inst->nr_cpus; i++)
		inst->cpus[i].asked = 0;
	for (i = 0; i < MKW_REPORTS; i++)
		reports[i].apic = cpu_to_le32(
			i < inst->nr_cpus ? inst->cpus[i].apic : ~0U);
	WRITE_ONCE(inst->reports_base, inst->image.channel_base);
}

static bool answered(struct mkw_report *report, u32 number)
{
	/* Pairs with the agent's release: all else is there, too. */
	return le32_to_cpu(smp_load_acquire(&report->answer)) == number;
}

/*
 * inst->lock is held, and it runs.  Returns the number, or 0: not asked.  One
 * that has been asked just before is not asked again: both wait for it.
 */
static u32 ask(struct mkh_instance *inst, unsigned int index)
{
	struct mkw_report *report;
	struct mkh_cpu *cpu;
	unsigned long flags;

	if (!inst->reports_base || index >= MKW_REPORTS)
		return 0;
	report = reports_at(inst, inst->reports_base) + index;
	cpu = &inst->cpus[index];
	if (cpu->asked && !answered(report, cpu->asked) &&
	    time_before(jiffies, cpu->asked_at + HZ))
		return cpu->asked;
	cpu->asked = ++inst->report_number ?: ++inst->report_number;
	cpu->asked_at = jiffies;
	WRITE_ONCE(report->request, cpu_to_le32(cpu->asked));
	/* Nothing may come between the look and the NMI (UNLOAD_MS there). */
	local_irq_save(flags);
	if (READ_ONCE(report->ready))
		mkc_icr_write(APIC_DM_NMI, cpu->apic);
	else
		cpu->asked = 0;
	local_irq_restore(flags);
	return cpu->asked;
}

void mkh_report_all(struct mkh_instance *inst)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(LAST_REPORTS_MS);
	unsigned int i, n = min_t(unsigned int, inst->nr_cpus, MKW_REPORTS);
	u32 numbers[MKW_REPORTS];
	struct mkw_report *report;

	if (!inst->reports_base)
		return;
	for (i = 0; i < n; i++)
		numbers[i] = ask(inst, i);
	for (i = 0; i < n; i++) {
		report = reports_at(inst, inst->reports_base) + i;
		while (numbers[i] && !answered(report, numbers[i]) &&
		       !time_after(jiffies, deadline))
			usleep_range(100, 200);
	}
}

static void copy_once(const struct mkw_report *from, struct mk_report *to)
{
	unsigned int i;

	to->spawn_cpu = le32_to_cpu(READ_ONCE(from->cpu));
	to->pid = le32_to_cpu(READ_ONCE(from->pid));
	to->time_ns = le64_to_cpu(READ_ONCE(from->time));
	for (i = 0; i < MK_REGISTERS; i++)
		to->registers[i] = le64_to_cpu(READ_ONCE(from->registers[i]));
	memcpy(to->task, from->task, sizeof(to->task));
	to->task[sizeof(to->task) - 1] = '\0';
	memcpy(to->trace, from->trace, sizeof(to->trace));
	to->trace[sizeof(to->trace) - 1] = '\0';
}

/* Not half of one answer and half of the next, if the spawn is honest. */
static void copy(struct mkw_report *from, struct mk_report *to)
{
	unsigned int tries = 3;
	__le32 answer;

	do {
		answer = smp_load_acquire(&from->answer);
		copy_once(from, to);
		smp_rmb(); /* all of it before the second look */
	} while (READ_ONCE(from->answer) != answer && --tries);
}

enum outcome { ANSWERED, NOT_YET, OVER };

/* With @arg: also copy what there is, if it is of this life. */
static enum outcome look(struct mkh_instance *inst, u32 number, u32 generation,
			 unsigned int index, struct mk_report *arg)
{
	enum outcome outcome = OVER;
	struct mkw_report *report;
	u64 base;
	int srcu;

	srcu = srcu_read_lock(&mkh_memory_srcu);
	base = READ_ONCE(inst->reports_base);
	if (READ_ONCE(inst->gone) || !base ||
	    READ_ONCE(inst->generation) != generation)
		goto unlock;
	report = reports_at(inst, base) + index;
	if (number && answered(report, number))
		outcome = ANSWERED;
	else if (READ_ONCE(inst->state) == MK_STATE_RUNNING)
		outcome = NOT_YET;
	if (arg && READ_ONCE(report->answer)) {
		arg->status = outcome == ANSWERED ? MK_REPORT_NOW
						  : MK_REPORT_BEFORE;
		copy(report, arg);
	}
unlock:
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	return outcome;
}

int mkh_report(struct mkh_instance *inst, struct mk_report *arg)
{
	unsigned long deadline;
	u32 number = 0, generation;
	int err;

	BUILD_BUG_ON(MK_REGISTERS != MKW_REGISTERS ||
		     MK_TRACE_BYTES != MKW_TRACE_BYTES);
	if (arg->index >= inst->nr_cpus)
		return -EINVAL;
	err = mutex_lock_killable(&inst->lock);
	if (err)
		return err;
	generation = inst->generation;
	if (arg->flags & MK_REPORT_F_ASK) {
		if (!inst->gone && inst->state == MK_STATE_RUNNING)
			number = ask(inst, arg->index);
		err = number ? 0 : -ENOTCONN;
	}
	mutex_unlock(&inst->lock);
	if (err || arg->index >= MKW_REPORTS)
		return err;
	/* Not under the lock: whoever wants to kill it need not wait. */
	deadline = jiffies + msecs_to_jiffies(arg->timeout_ms);
	while (number &&
	       look(inst, number, generation, arg->index, NULL) == NOT_YET &&
	       !time_after(jiffies, deadline) && !fatal_signal_pending(current))
		usleep_range(100, 200);
	look(inst, number, generation, arg->index, arg);
	return number && arg->status != MK_REPORT_NOW ? -ETIMEDOUT : 0;
}
