/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doorbells: an interrupt of this kernel's own that the other kernel sends.
 *
 * The interrupt is an ordinary one of this kernel, with a line of its own in
 * /proc/interrupts and an affinity that can be set.  Where it can be rung
 * (APIC id and vector) is published in a word of shared memory, and published
 * again, with one ring by ourselves, whenever the kernel moves it.
 */
#ifndef MKC_DOORBELL_H
#define MKC_DOORBELL_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct mkc_doorbell {
	unsigned int irq;
	char name[56]; /* in /proc/interrupts */
	/*
	 * Hard interrupt context, also on real-time kernels.  True: @act is to
	 * follow, in a thread on those and at once on others; it may take
	 * ordinary spinlocks.
	 */
	bool (*rung)(struct mkc_doorbell *bell);
	void (*act)(struct mkc_doorbell *bell); /* may be NULL */
	raw_spinlock_t lock; /* all below; taken in hard interrupt context */
	u64 word; /* MKW_DOORBELL(): where it can be rung */
	__le64 *published; /* shared memory; NULL = nobody is told */
	bool masked; /* withdrawn for a while */
};

int mkc_doorbell_init(void); /* of the module: its interrupt domain */
void mkc_doorbell_exit(void);

/* Fill in @name, @rung and @act before.  Process context. */
int mkc_doorbell_request(struct mkc_doorbell *bell);
/* When it returns @rung runs nowhere and will not run again. */
void mkc_doorbell_free(struct mkc_doorbell *bell);

/*
 * Say where it can be rung in @word from now on; NULL ends that, and writes 0
 * to where it stood.  When it returns nobody here touches the old word.
 */
void mkc_doorbell_publish(struct mkc_doorbell *bell, __le64 *word);

/* Withdraw it, or publish it again; @bell->lock is held. */
void mkc_doorbell_mask_locked(struct mkc_doorbell *bell, bool masked);

/* Ring the other kernel's; @word is checked by the caller.  Any context. */
void mkc_doorbell_ring(u64 word);

#endif /* MKC_DOORBELL_H */
