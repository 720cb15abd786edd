/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Send one interrupt to one CPU, by its physical APIC id.
 *
 * No shorthand and no logical destination (hazards H1 and H2); the callers see
 * to it that the id is not the one that means everybody.
 */
#ifndef MKC_ICR_H
#define MKC_ICR_H

#include <linux/irqflags.h>
#include <asm/apic.h>
#include <asm/apicdef.h>
#include <asm/barrier.h>

/* xAPIC: a write while the last one is on its way would be lost. */
static inline void mkc_icr_write(u32 low, u32 apicid)
{
	unsigned long flags;
	int tries = 100000;

	local_irq_save(flags);
	while (!x2apic_mode && (apic->icr_read() & APIC_ICR_BUSY) && tries--)
		cpu_relax();
	/*
	 * In x2APIC mode the write is no barrier: what the interrupt is about
	 * must be visible before it (SDM 3A, 11.12.3; as weak_wrmsr_fence()).
	 */
	asm volatile("mfence; lfence" ::: "memory");
	apic->icr_write(low, apicid);
	local_irq_restore(flags);
}

#endif /* MKC_ICR_H */
