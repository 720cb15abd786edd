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
	bool masked; /* withdrawn for a while; may be read without the lock */
	unsigned int in_window; /* rings that were one too many */
	unsigned long window_end, masked_since, mask_time;
};

int mkc_doorbell_init(void); /* of the module: its interrupt domain */
void mkc_doorbell_exit(void);

/* Fill in @name, @rung and @act before.  Process context. */
int mkc_doorbell_request(struct mkc_doorbell *bell);
/* When it returns @rung runs nowhere and will not run again. */
void mkc_doorbell_free(struct mkc_doorbell *bell);

/*
 * Say where it can be rung in @word from now on; NULL ends that, and writes 0
 * to where it stood.  What was counted of rings is forgotten.  When it
 * returns nobody here touches the old word.
 */
void mkc_doorbell_publish(struct mkc_doorbell *bell, __le64 *word);

/*
 * A peer that rings too often has the doorbell withdrawn for a while: the word
 * is 0.  What rings on then does not look where it may, so it does so on
 * purpose.  All with @bell->lock held.
 */
enum mkc_rate {
	MKC_RATE_GOOD,
	MKC_RATE_MASKED, /* withdrawn by this very ring */
	MKC_RATE_FLOOD,
};

/* Count a ring; more than @most in a tenth of a second are too many. */
enum mkc_rate mkc_doorbell_count_locked(struct mkc_doorbell *bell,
					unsigned int most);
/* Publish it again if its time is over; true if that was so just now. */
bool mkc_doorbell_tend_locked(struct mkc_doorbell *bell);

/* Ring the other kernel's; @word is checked by the caller.  Any context. */
void mkc_doorbell_ring(u64 word);

#endif /* MKC_DOORBELL_H */
