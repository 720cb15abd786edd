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

/*
 * eventfd_signal() took how much to add and lost that in 6.8, when it was
 * always 1.  Can go with 6.1.
 */
#ifdef COMPAT_HAVE_EVENTFD_ONE
#define compat_eventfd_signal(ctx) eventfd_signal(ctx)
#else
#define compat_eventfd_signal(ctx) eventfd_signal(ctx, 1)
#endif

/*
 * What a virtio driver wants of each of its queues came in three arrays, and
 * comes in one of struct virtqueue_info (seen in 6.12, not in 6.1).  Defines
 * @name for virtio_config_ops.find_vqs, by @one for each queue with a name and
 * @undo when one fails.  Can go with 6.1.
 */
#ifdef COMPAT_HAVE_VQ_INFO
#define COMPAT_FIND_VQS_ARGS	     struct virtqueue_info infos[]
#define COMPAT_FIND_VQS(member, old) (infos[i].member)
#define COMPAT_FIND_VQS_CTX	     (infos[i].ctx)
#else
#define COMPAT_FIND_VQS_ARGS \
	vq_callback_t *callbacks[], const char *const names[], const bool *ctxs
#define COMPAT_FIND_VQS(member, old) (old[i])
#define COMPAT_FIND_VQS_CTX	     (ctxs ? ctxs[i] : false)
#endif
#define COMPAT_DEFINE_FIND_VQS(fn, one, undo)                              \
	static int fn(struct virtio_device *vdev, unsigned int nr,         \
		      struct virtqueue *vqs[], COMPAT_FIND_VQS_ARGS,       \
		      struct irq_affinity *affinity)                       \
	{                                                                  \
		unsigned int i, index = 0;                                 \
                                                                           \
		for (i = 0; i < nr; i++) {                                 \
			vqs[i] = NULL;                                     \
			/* One without a name does not count. */           \
			if (!COMPAT_FIND_VQS(name, names))                 \
				continue;                                  \
			vqs[i] = one(vdev, index++,                        \
				     COMPAT_FIND_VQS(callback, callbacks), \
				     COMPAT_FIND_VQS(name, names),         \
				     COMPAT_FIND_VQS_CTX);                 \
			if (IS_ERR(vqs[i])) {                              \
				int err = PTR_ERR(vqs[i]);                 \
                                                                           \
				vqs[i] = NULL;                             \
				undo(vdev);                                \
				return err;                                \
			}                                                  \
		}                                                          \
		return 0;                                                  \
	}

#endif /* MKH_COMPAT_H */
