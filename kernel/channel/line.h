/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines: a doorbell each way for one purpose, without a message; devices have
 * one for each virtqueue.  See multikernel/wire.h: struct mkw_lines.
 *
 * A line is of one life of the channel: when that is over it rings nobody, and
 * nobody is rung by it.  Who made it still has to close it.
 */
#ifndef MKC_LINE_H
#define MKC_LINE_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "doorbell.h"

struct mkc_peer;

struct mkc_line {
	/* The caller's: constant, filled in before it is opened. */
	unsigned int index; /* < MKW_LINES */
	u32 generation; /* of the life that is meant; 0 = the one under way */
	/*
	 * The peer rang, or may have.  Hard interrupt context, or a thread on
	 * real-time kernels, or process context: it takes no mutex.
	 */
	void (*rung)(struct mkc_line *line);
	bool limited; /* the peer is not trusted: see line.c */

	/* private */
	struct list_head link; /* peer->lines_lock */
	struct mkc_peer *peer; /* holds a reference */
	struct mkc_doorbell bell; /* its lock: all below */
	const __le64 *peer_word; /* NULL = this life is over */
	u64 checked; /* a word of the peer's that may be rung */
	struct delayed_work look; /* while it is masked */
};

/*
 * Errors: -EINVAL, -ENOTCONN (no channel, or one without lines, or of another
 * life), -EBUSY (it is
 * open already), -ENOSPC (no interrupt vector left), -ENOMEM.  The peer may
 * ring before it returns, and what it wanted to ring for earlier is not known:
 * call @rung once after it.  Process context, sleeps.
 */
int mkc_line_open(struct mkc_line *line, struct mkc_peer *peer);

/* When it returns @rung runs nowhere and will not run again.  Sleeps. */
void mkc_line_close(struct mkc_line *line);

/*
 * Ring the peer; false if it does not listen.  What the ring is about is
 * visible to the peer before.  Any context.
 */
bool mkc_line_ring(struct mkc_line *line);

/* Does the peer listen?  Does not ring.  Any context. */
bool mkc_line_has_peer(struct mkc_line *line);

bool mkc_line_is_over(struct mkc_line *line);

#endif /* MKC_LINE_H */
