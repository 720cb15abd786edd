/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of multikernel_channel.ko share, and what the host's and the
 * spawn's module need of it besides multikernel/channel.h.
 *
 * A *peer* stays (an instance; the host); a *channel* is one life of it: it is
 * made when the spawn starts, or when the agent loads, and closed at the end.
 *
 * Locks, outermost first; none is held while a handler runs:
 *   channel->tx_lock, channel->rx_lock   the two ends of the rings
 *   channel->calls_lock                  calls that wait for their reply
 *   (handler.c)                          who owns a type
 *   peer->lines_lock                     which lines are open
 *   peer->bell.lock, line->bell.lock     raw: the channel that a doorbell is
 *                                        for, where it is published
 * and up_lock of peer.c around telling the notifiers, which may send.
 */
#ifndef MKC_PEER_H
#define MKC_PEER_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <linux/multikernel.h>
#include <multikernel/channel.h>

#include "doorbell.h"
#include "line.h"
#include "ring.h"

/* What the owner of a peer does; all but release() while a channel is open. */
struct mkc_peer_ops {
	struct module *owner; /* stays until release() has returned */
	/* The peer woke us: look whether it wants something else.  Short. */
	void (*attention)(struct mkc_peer *peer);
	/* May we send an interrupt to this APIC id?  Any context. */
	bool (*may_ring)(struct mkc_peer *peer, u32 apic);
	/* It rings though our doorbell is withdrawn.  Hard interrupt. */
	void (*flood)(struct mkc_peer *peer);
	/* The last reference is gone.  NULL if that is nobody's business. */
	void (*release)(struct mkc_peer *peer);
};

struct mkc_peer {
	struct list_head link; /* peer.c */
	struct kref ref;
	u32 id; /* constant, like all up to the doorbell */
	char name[MK_NAME_BYTES];
	const struct mkc_peer_ops *ops;
	void (*release)(struct mkc_peer *peer);
	struct module *module;
	void *owner;
	struct mkc_doorbell bell;
	/* bell.lock to change it, and RCU to look; NULL = none under way */
	struct mkc_channel __rcu *channel;
	struct mutex lines_lock;
	struct list_head lines; /* that are open; lines_lock */
	/* Of all lines together, see line.c; racy, and good enough. */
	atomic_t lines_in_window;
	unsigned long lines_window_end;
	bool up; /* up_lock of peer.c; hello was said */
	bool gone; /* destroyed */
	wait_queue_head_t wait; /* up and gone */
	spinlock_t last_lock;
	struct mk_channel_counters last; /* of the last life; last_lock */
	bool last_broken; /* last_lock */
};

/* Where a channel lies in shared memory, seen from one side. */
struct mkc_layout {
	u8 *tx_data, *rx_data;
	struct mkw_producer *tx_own;
	const struct mkw_consumer *tx_peer;
	struct mkw_consumer *rx_own;
	const struct mkw_producer *rx_peer;
	__le64 *own_bell; /* where our doorbell is published */
	const __le64 *peer_bell;
	__le64 *own_lines; /* words of ours; NULL = no lines are offered */
	const __le64 *peer_lines;
	u32 generation;
};

/* Messages that are taken at once. */
#define MKC_BATCH 64

struct mkc_channel {
	struct kref ref;
	struct rcu_head rcu;
	struct mkc_peer *peer; /* holds a reference */
	/* The receiver, which holds a reference on us, and we on it. */
	struct task_struct *thread;
	struct completion exited;
	u32 generation;
	bool closed; /* set with both locks held; read with either, or racily */
	bool broken; /* the peer wrote what makes no sense; set with one lock */

	struct mutex tx_lock;
	struct mkc_tx tx;
	const __le64 *peer_bell; /* tx_lock or rx_lock */
	u64 peer_bell_checked; /* a word that may be rung */
	wait_queue_head_t room; /* senders that wait for it */
	__le64 *own_lines; /* constant; NULL = there are none */
	const __le64 *peer_lines;

	struct mutex rx_lock;
	struct mkc_rx rx;
	unsigned int pollers; /* rx_lock; calls that look for their reply */

	spinlock_t calls_lock;
	struct list_head calls;
	unsigned int nr_calls; /* that the peer has not answered; calls_lock */
	u64 first_token; /* calls before it are not counted; calls_lock */
	wait_queue_head_t slots; /* calls that wait to be among them */
	atomic64_t token;

	/* the receiver's own */
	u8 *bytes, *reply;
	struct mkc_header batch[MKC_BATCH];
	struct list_head replies; /* that found no room yet */
	unsigned int nr_replies;

	/* the doorbell's, in hard interrupt context and the receiver */
	atomic_t armed; /* the receiver sleeps */
	bool empty; /* the last ring that woke it was for nothing */
	bool room_rung; /* there may be room for senders that wait */
	u64 received_before; /* counters.received when it was armed */

	struct mk_channel_counters counters; /* each has one writer at a time */
	atomic64_t rung;
};

/* main.c */
extern unsigned int mkc_poll_us;

/* peer.c */
struct mkc_peer *mkc_peer_create(u32 id, const char *name,
				 const struct mkc_peer_ops *ops, void *owner);
void mkc_peer_destroy(struct mkc_peer *peer); /* closed before */
/*
 * Tell the notifiers that the peer of this life can be talked to, or that it
 * cannot any longer.  Process context.
 */
void mkc_peer_up(struct mkc_peer *peer, u32 generation);
void mkc_peer_down(struct mkc_peer *peer);
struct mkc_channel *mkc_peer_channel(struct mkc_peer *peer); /* or NULL */

/* channel.c: one life */
int mkc_peer_open(struct mkc_peer *peer, const struct mkc_layout *layout);
/*
 * Nothing of the shared memory is touched any more when it returns, and no
 * call waits for a reply.  A handler may still run.  No-op if it is not open.
 */
void mkc_peer_close(struct mkc_peer *peer);
void mkc_channel_put(struct mkc_channel *ch);
/* The peer does not keep to the protocol: neither send nor listen any more. */
void mkc_channel_break(struct mkc_channel *ch);
/* Fail what waits for a reply with -ECONNRESET. */
void mkc_channel_reset_calls(struct mkc_channel *ch);
/*
 * Of the life under way, or else of the last.  True if the peer wrote what
 * makes no sense.
 */
bool mkc_peer_counters(struct mkc_peer *peer,
		       struct mk_channel_counters *counters);

/* Memory of this kernel that it takes: more while a channel is open. */
size_t mkc_peer_bytes(struct mkc_peer *peer);

/* send.c */
int mkc_channel_put_message(struct mkc_channel *ch,
			    const struct mkc_header *header, const void *bytes,
			    int timeout_ms);
/* The same without waiting: -EAGAIN asks for a doorbell. */
int mkc_channel_try_put(struct mkc_channel *ch, const struct mkc_header *header,
			const void *bytes);
/*
 * Ring what stands in the peer's word at @place, and again if it moved
 * meanwhile: the first may have gone where nobody listens any more.  Returns
 * how often.  @checked: the last word that it was seen to be right about.
 */
unsigned int mkc_ring_word(struct mkc_peer *peer, const __le64 *place,
			   u64 *checked);
void mkc_channel_ring(struct mkc_channel *ch); /* tx_lock or rx_lock held */
/* Wake the peer for something that stands elsewhere than in the ring. */
void mkc_peer_ring(struct mkc_peer *peer);
int mkc_send_internal(struct mkc_peer *peer, u16 type, const void *bytes,
		      size_t length, int timeout_ms);

/* receive.c: the receiver's thread */
int mkc_receiver(void *channel);
/*
 * From a call that waits: take what is at the head if it is a reply.  Wakes
 * the receiver if it is something else.
 */
void mkc_receive_poll(struct mkc_channel *ch);
void mkc_receiver_wake(struct mkc_channel *ch);
void mkc_channel_rung(struct mkc_channel *ch); /* hard interrupt context */

/* call.c */

/*
 * Calls that the peer has not answered, also those that nobody waits for any
 * more.  The peer keeps as many replies that find no room, and takes all else
 * meanwhile: two kernels that call each other with full rings never wait for
 * each other.
 */
#define MKC_CALLS_MAX 64

enum mkc_outcome mkc_call_internal(struct mkc_call *call);
/* A reply is at the head of the ring: take it.  rx_lock is held. */
void mkc_call_reply(struct mkc_channel *ch, const struct mkc_header *header);

/* handler.c */
int mkc_register_internal(struct mkc_handler *handler);
struct mkc_handler *mkc_handler_find(struct mkc_peer *peer, u16 type);
void mkc_handler_put(struct mkc_handler *handler);

/* Fills in the out fields of @arg, which is checked.  -ENOMEM only. */
int mkc_ping(struct mkc_peer *peer, struct mk_ping *arg);

/* line.c: those that are open ring nobody any more, and are rung no more */
void mkc_lines_end(struct mkc_peer *peer);

/* port.c: descriptors for programs */
int mkc_port_attach(struct mkc_peer *peer, const struct mk_attach __user *user);

#endif /* MKC_PEER_H */
