// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells; see doorbell.h.
 *
 * An interrupt domain of ours hangs below the kernel's vector domain, as that
 * of the HPET or of UV's hubs does (arch/x86/platform/uv/uv_irq.c, 6.1 to 7.2):
 * the kernel gives each doorbell a vector, moves it when its affinity changes
 * or its CPU goes away, and ends it with an EOI.  There is no device behind it
 * that could be masked; the only source is the other kernel's CPU.
 */
#include "doorbell.h"

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include <multikernel/wire.h>

#include "icr.h"

#define WINDOW (HZ / 10)
/* For how long; twice as long each time it begins again at once. */
#define MASK_TIME     HZ
#define MASK_TIME_MAX (32 * HZ)
/* A ring that was on its way, or a look that was just before. */
#define MASK_GRACE (HZ / 4)

static struct fwnode_handle *fwnode;
static struct irq_domain *domain;

void mkc_doorbell_ring(u64 word)
{
	/* All ones, in the width of the mode, is everybody (SDM 3A, 11.6.1). */
	if (MKW_DOORBELL_APIC(word) >= (x2apic_mode ? ~0U : 0xffU))
		return;
	mkc_icr_write(APIC_DM_FIXED | MKW_DOORBELL_VECTOR(word),
		      MKW_DOORBELL_APIC(word));
}
EXPORT_SYMBOL_GPL(mkc_doorbell_ring);

static void publish_locked(struct mkc_doorbell *bell)
{
	if (bell->published)
		WRITE_ONCE(*bell->published,
			   cpu_to_le64(bell->masked ? 0 : bell->word));
}

/*
 * Read from the kernel where the interrupt is now.  The id is that of the CPU,
 * not irq_cfg's dest_apicid, which is a logical mask on some hosts (6.1 in
 * flat mode).  The interrupt's descriptor is locked, or nobody else knows it.
 */
static void look_where(struct mkc_doorbell *bell, struct irq_data *data)
{
	const struct cpumask *where =
		irq_data_get_effective_affinity_mask(data);
	unsigned int cpu = cpumask_first(where);
	struct irq_cfg *cfg = irqd_cfg(data);
	unsigned long flags;
	u64 word = 0, old;

	if (cfg && cfg->vector && cpu < nr_cpu_ids)
		word = MKW_DOORBELL(cpu_physical_id(cpu), cfg->vector);
	raw_spin_lock_irqsave(&bell->lock, flags);
	old = bell->word;
	bell->word = word;
	publish_locked(bell);
	raw_spin_unlock_irqrestore(&bell->lock, flags);
	/*
	 * A ring that went to the old place while we moved may be lost: ring
	 * at the new one ourselves.  It also ends the kernel's move: it keeps
	 * the old vector until one comes in on the new
	 * (arch/x86/kernel/apic/vector.c:irq_complete_move).
	 */
	if (old && word && old != word)
		mkc_doorbell_ring(word);
}

static int set_affinity(struct irq_data *data, const struct cpumask *mask,
			bool force)
{
	int ret = irq_chip_set_affinity_parent(data, mask, force);

	if (ret >= 0)
		look_where(irq_data_get_irq_chip_data(data), data);
	return ret;
}

/* The kernel masks around a move; there is nothing that could be. */
static void no_mask(struct irq_data *data)
{
}

static struct irq_chip chip = {
	.name = "multikernel",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = no_mask,
	.irq_unmask = no_mask,
	.irq_set_affinity = set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int domain_alloc(struct irq_domain *d, unsigned int virq,
			unsigned int nr, void *arg)
{
	struct irq_alloc_info *info = arg;
	int err;

	if (nr != 1)
		return -EINVAL;
	err = irq_domain_alloc_irqs_parent(d, virq, nr, arg);
	if (err)
		return err;
	irq_domain_set_info(d, virq, virq, &chip, info->data, handle_edge_irq,
			    NULL, "edge");
	/* It may be moved at once: no device sends to the old place. */
	compat_irq_move_at_once(virq);
	return 0;
}

static void domain_free(struct irq_domain *d, unsigned int virq,
			unsigned int nr)
{
	irq_set_handler(virq, NULL);
	irq_set_handler_data(virq, NULL);
	irq_domain_free_irqs_common(d, virq, nr);
}

static const struct irq_domain_ops domain_ops = {
	.alloc = domain_alloc,
	.free = domain_free,
};

int mkc_doorbell_init(void)
{
	fwnode = irq_domain_alloc_named_fwnode("multikernel");
	if (!fwnode)
		return -ENOMEM;
	domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, fwnode,
					     &domain_ops, NULL);
	if (!domain) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}
	return 0;
}

void mkc_doorbell_exit(void)
{
	irq_domain_remove(domain);
	irq_domain_free_fwnode(fwnode);
}

static irqreturn_t handle(int irq, void *data)
{
	struct mkc_doorbell *bell = data;

	if (!bell->rung(bell))
		return IRQ_HANDLED;
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return IRQ_WAKE_THREAD;
	bell->act(bell);
	return IRQ_HANDLED;
}

static irqreturn_t act(int irq, void *data)
{
	struct mkc_doorbell *bell = data;

	bell->act(bell);
	return IRQ_HANDLED;
}

int mkc_doorbell_request(struct mkc_doorbell *bell)
{
	struct irq_alloc_info info = { .data = bell };
	int irq, err;

	raw_spin_lock_init(&bell->lock);
	bell->word = 0;
	bell->published = NULL;
	bell->masked = false;
	irq = irq_domain_alloc_irqs(domain, 1, NUMA_NO_NODE, &info);
	if (irq < 0)
		return irq;
	bell->irq = irq;
	/* The first part counts each ring, so it must not be threaded. */
	err = request_threaded_irq(
		irq, handle,
		IS_ENABLED(CONFIG_PREEMPT_RT) && bell->act ? act : NULL,
		IRQF_NO_THREAD, bell->name, bell);
	if (err) {
		irq_dispose_mapping(irq);
		return err;
	}
	/*
	 * Starting it gave it a vector in place of the one that was reserved,
	 * and told us through set_affinity(), as any move does from now on.
	 */
	if (!READ_ONCE(bell->word)) {
		free_irq(irq, bell);
		irq_dispose_mapping(irq);
		return -ENOSPC;
	}
	return 0;
}

void mkc_doorbell_free(struct mkc_doorbell *bell)
{
	mkc_doorbell_publish(bell, NULL);
	free_irq(bell->irq, bell);
	irq_dispose_mapping(bell->irq);
}

void mkc_doorbell_publish(struct mkc_doorbell *bell, __le64 *word)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bell->lock, flags);
	if (bell->published)
		WRITE_ONCE(*bell->published, 0);
	bell->published = word;
	bell->masked = false;
	bell->in_window = 0;
	bell->window_end = jiffies;
	bell->mask_time = 0;
	publish_locked(bell);
	raw_spin_unlock_irqrestore(&bell->lock, flags);
}

static void mask_locked(struct mkc_doorbell *bell, bool masked)
{
	WRITE_ONCE(bell->masked, masked);
	bell->in_window = 0;
	publish_locked(bell);
}

enum mkc_rate mkc_doorbell_count_locked(struct mkc_doorbell *bell,
					unsigned int most)
{
	if (time_after(jiffies, bell->window_end)) {
		bell->window_end = jiffies + WINDOW;
		bell->in_window = 0;
	}
	if (++bell->in_window <= most)
		return MKC_RATE_GOOD;
	bell->in_window = 0;
	if (bell->masked)
		return time_after(jiffies, bell->masked_since + MASK_GRACE)
			       ? MKC_RATE_FLOOD
			       : MKC_RATE_GOOD;
	if (bell->mask_time &&
	    time_before(jiffies, bell->masked_since + bell->mask_time + HZ))
		bell->mask_time = min_t(unsigned long, MASK_TIME_MAX,
					2 * bell->mask_time);
	else
		bell->mask_time = MASK_TIME;
	bell->masked_since = jiffies;
	mask_locked(bell, true);
	return MKC_RATE_MASKED;
}

bool mkc_doorbell_tend_locked(struct mkc_doorbell *bell)
{
	if (!bell->masked ||
	    time_before(jiffies, bell->masked_since + bell->mask_time))
		return false;
	mask_locked(bell, false);
	return true;
}
