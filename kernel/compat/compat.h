/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels we build for; force-included everywhere.
 *
 * Each entry says which release changed and when the entry can go.
 */
#ifndef MKH_COMPAT_H
#define MKH_COMPAT_H

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <asm/msr.h>
#include <asm/processor.h>

/* cpuid_eax() and its like left asm/processor.h (seen in 7.2, not in 6.12). */
#ifdef COMPAT_HAVE_CPUID_API
#include <asm/cpuid/api.h>
#endif

/*
 * alloc_contig_range() takes acr_flags_t where it took a migrate type (seen in
 * 7.2, not in 6.12).  Can go with the last kernel before that.
 */
static inline int compat_alloc_contig_range(unsigned long start,
					    unsigned long end, gfp_t gfp)
{
#ifdef COMPAT_HAVE_ACR_FLAGS
	return alloc_contig_range(start, end, ACR_FLAGS_NONE, gfp);
#else
	return alloc_contig_range(start, end, MIGRATE_MOVABLE, gfp);
#endif
}

/*
 * vm_flags_set() and vm_flags_clear() appeared in 6.3 together with the rule
 * that vm_flags is not written directly.  Can go with 6.1.
 */
static inline void compat_vm_flags_mod(struct vm_area_struct *vma,
				       unsigned long set, unsigned long clear)
{
#ifdef COMPAT_HAVE_VM_FLAGS_CLEAR
	vm_flags_set(vma, set);
	vm_flags_clear(vma, clear);
#else
	vma->vm_flags |= set;
	vma->vm_flags &= ~clear;
#endif
}

/* rdmsrl() became rdmsrq() (seen in 7.2, not in 6.12). */
static inline u64 compat_rdmsr(u32 msr)
{
	u64 value;

#ifdef COMPAT_HAVE_RDMSRQ
	rdmsrq(msr, value);
#else
	rdmsrl(msr, value);
#endif
	return value;
}

/*
 * An interrupt that may be moved in process context had to say so until
 * IRQCHIP_MOVE_DEFERRED turned the default round (seen in 7.2, not in 6.12).
 */
static inline void compat_irq_move_at_once(unsigned int irq)
{
#ifndef COMPAT_HAVE_MOVE_DEFERRED
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);
#endif
}

/*
 * A kmsg dumper gets its reason as it is, or in struct kmsg_dump_detail (seen
 * in 6.12, not in 6.1).  Can go with 6.1.
 */
#ifdef COMPAT_HAVE_KMSG_DUMP_DETAIL
#define COMPAT_KMSG_DUMPER(name, function)                \
	static void name(struct kmsg_dumper *dumper,      \
			 struct kmsg_dump_detail *detail) \
	{                                                 \
		function(detail->reason);                 \
	}
#else
#define COMPAT_KMSG_DUMPER(name, function)             \
	static void name(struct kmsg_dumper *dumper,   \
			 enum kmsg_dump_reason reason) \
	{                                              \
		function(reason);                      \
	}
#endif

#endif /* MKH_COMPAT_H */
