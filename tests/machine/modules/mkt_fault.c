// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of a spawn's kernel, for the fault matrix.  Loaded in the spawn; the
 * name of a fault written to its parameter "fault" makes it happen:
 *
 *   panic        the kernel panics
 *   oops         a kernel thread reads where nothing is
 *   bug-irq      BUG() in an interrupt
 *   softlockup   every CPU loops in a thread that gives way to nobody
 *   hardlockup   every CPU loops with interrupts off
 *   wild-text    the code of schedule() is overwritten
 *   wild-tables  the page tables of process 1 are overwritten
 *   agent-stuck  the work queue that the agent beats on is full of sleepers
 */
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

static int oops(void *unused)
{
	/* Beyond what any table maps, and canonical. */
	return READ_ONCE(*(int *)0xfffff00000000000UL);
}

static void interrupted(struct irq_work *work)
{
	BUG();
}

static void bug_in_interrupt(void)
{
	static struct irq_work work;

	init_irq_work(&work, interrupted);
	irq_work_queue(&work);
}

static int loop(void *unused)
{
	preempt_disable();
	for (;;)
		cpu_relax();
	return 0;
}

static void soft_lockup(void)
{
	struct task_struct *thread;
	int cpu, self = raw_smp_processor_id();

	/* Our own last, which may not come back to us. */
	for_each_online_cpu(cpu)
	{
		if (cpu == self)
			continue;
		thread = kthread_create(loop, NULL, "mkt_loop/%d", cpu);
		if (IS_ERR(thread))
			continue;
		kthread_bind(thread, cpu);
		wake_up_process(thread);
	}
	thread = kthread_run(loop, NULL, "mkt_loop");
	if (IS_ERR(thread))
		pr_err("no thread: %ld\n", PTR_ERR(thread));
	loop(NULL);
}

static void hard_lockup(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* As a stray pointer of a kernel whose protections are off would. */
static void wild_text(void)
{
	u16 *code = (u16 *)schedule;
	unsigned long cr0, flags;
	unsigned int i;

	local_irq_save(flags);
	/* The kernel's own function does not let this bit go. */
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" ::"r"(cr0 & ~(1UL << 16)) : "memory");
	for (i = 0; i < 64; i++)
		WRITE_ONCE(code[i], 0x0b0f); /* ud2 */
	asm volatile("mov %0, %%cr0" ::"r"(cr0) : "memory");
	local_irq_restore(flags);
}

/*
 * Entries that are not present: others would let the CPUs walk, and mark,
 * whatever memory of the machine they happen to name (hazard H11).
 */
static void wild_tables(void)
{
	struct task_struct *task;
	struct mm_struct *mm;
	u64 *table;
	int i;

	rcu_read_lock();
	task = pid_task(find_vpid(1), PIDTYPE_PID);
	mm = task ? get_task_mm(task) : NULL;
	rcu_read_unlock();
	if (!mm)
		return;
	table = (u64 *)mm->pgd;
	for (i = 0; i < 256; i++) {
		WRITE_ONCE(table[i], 0xdead4bad5badbeecULL);
		if (boot_cpu_has(X86_FEATURE_PTI))
			WRITE_ONCE(table[i + 512], 0xdead4bad5badbeecULL);
	}
	/* The reference stays: nobody tidies these tables up. */
}

static void sleeper(struct work_struct *work)
{
	for (;;)
		msleep(10000);
}

static void fill_queue(void)
{
	unsigned int i, n = WQ_DFL_ACTIVE + 16;
	struct work_struct *works;
	int cpu;

	for_each_online_cpu(cpu)
	{
		works = kcalloc(n, sizeof(*works), GFP_KERNEL);
		for (i = 0; works && i < n; i++) {
			INIT_WORK(&works[i], sleeper);
			queue_work_on(cpu, system_wq, &works[i]);
		}
	}
}

static int set_fault(const char *what, const struct kernel_param *param)
{
	if (sysfs_streq(what, "panic"))
		panic("mkt_fault: as it was told to");
	else if (sysfs_streq(what, "oops"))
		return PTR_ERR_OR_ZERO(kthread_run(oops, NULL, "mkt_oops"));
	else if (sysfs_streq(what, "bug-irq"))
		bug_in_interrupt();
	else if (sysfs_streq(what, "softlockup"))
		soft_lockup();
	else if (sysfs_streq(what, "hardlockup"))
		on_each_cpu(hard_lockup, NULL, 0);
	else if (sysfs_streq(what, "wild-text"))
		wild_text();
	else if (sysfs_streq(what, "wild-tables"))
		wild_tables();
	else if (sysfs_streq(what, "agent-stuck"))
		fill_queue();
	else
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops fault_ops = { .set = set_fault };
module_param_cb(fault, &fault_ops, NULL, 0200);

static int __init fault_init(void)
{
	return 0;
}

static void __exit fault_exit(void)
{
}

module_init(fault_init);
module_exit(fault_exit);

MODULE_DESCRIPTION("Faults of a spawn, for tests");
MODULE_LICENSE("GPL");
