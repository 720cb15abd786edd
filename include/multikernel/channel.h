/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The channel between two kernels: the interface for kernel modules.
 *
 * It is the same on both sides, exported (GPL) by multikernel_channel.ko.  On
 * the host each running instance is a *peer*; a spawn has one peer, its host.
 *
 * What is promised
 * ================
 *
 * Messages have a type and up to MKW_MESSAGE_MAX bytes.  Between two kernels
 * they arrive whole, in the order in which they were sent, once, or not at
 * all; not at all only when the peer ends or its agent leaves.  A ring that is
 * full makes senders wait; nothing is dropped for lack of room.
 *
 * Handlers run in one thread a peer, one after the other, in process context,
 * with no lock held: they may sleep.  (One that is still busy when its spawn is
 * started again meets a second thread, that of the new life.)  What a handler takes long for, later
 * messages of that peer wait for; give long work to a workqueue.  A handler
 * gets a private copy of the bytes, checked for length only: their contents
 * are the word of a stranger.
 *
 * A handler may mkc_send() to its own peer, but while the ring is full that
 * waits for the peer: two handlers that do nothing but send to each other can
 * wait for each other until their timeouts.  mkc_call() to the own peer from
 * a handler is refused: its reply could never be read.
 *
 * A call ends in one of three ways: done, failed (it did not happen, or the
 * peer's handler says that it failed), or *unknown*: it was sent, and nothing
 * came back before the deadline or the peer's end.  Unknown is not failed.
 *
 * Types are owned by who registers them first; see multikernel/wire.h for the
 * ranges.  Both kernels' own CPUs are named by mkc_cpu_physical_id() where a
 * message has to name one: logical numbers mean nothing to the other side.
 */
#ifndef MULTIKERNEL_CHANNEL_H
#define MULTIKERNEL_CHANNEL_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/refcount.h>
#include <linux/smp.h>
#include <linux/types.h>

#include <multikernel/wire.h>

struct mkc_peer; /* the kernel at the other end */

/* ---- peers ---------------------------------------------------------------- */

/*
 * The peer of instance @id on the host; on a spawn its host is peer 0.  NULL
 * when there is none.  Takes a reference.  Process context.
 */
struct mkc_peer *mkc_peer_find(u32 id);
struct mkc_peer *mkc_peer_get(struct mkc_peer *peer);
void mkc_peer_put(struct mkc_peer *peer);

u32 mkc_peer_id(const struct mkc_peer *peer);
const char *mkc_peer_name(const struct mkc_peer *peer);
/* May it be sent to?  It may change its mind at any time. */
bool mkc_peer_is_up(const struct mkc_peer *peer);

/*
 * Called in process context when a peer can be talked to, and when it cannot
 * any longer; @data is the struct mkc_peer.  Who registers is told at once of
 * those that are up already.  Other peers wait meanwhile, and so does the end
 * of an instance: take note, and do long work elsewhere.  Do not find, register
 * or unregister from inside.
 */
#define MKC_PEER_UP   1
#define MKC_PEER_DOWN 2
int mkc_register_notifier(struct notifier_block *nb);
int mkc_unregister_notifier(struct notifier_block *nb);

/* The APIC id of an own CPU, as the peer's kernel and the hardware know it. */
static inline u32 mkc_cpu_physical_id(unsigned int cpu)
{
	return cpu_physical_id(cpu);
}

/* ---- receiving ------------------------------------------------------------ */

#define MKC_REPLY_MAX MKW_MESSAGE_MAX

struct mkc_incoming {
	struct mkc_peer *peer; /* valid during the call */
	u16 type;
	bool wants_reply;
	const void *bytes; /* valid during the call */
	size_t length;
	void *reply; /* room for MKC_REPLY_MAX, if a reply is wanted */
	size_t reply_length; /* 0; the handler sets it */
};

/*
 * The caller owns the structure and fills in the first four fields; it must
 * stay until mkc_unregister() has returned.
 */
struct mkc_handler {
	u16 type;
	struct mkc_peer *peer; /* messages of this one only; NULL = any */
	/*
	 * Returns 0, or a negative errno that the peer's mkc_call() gets as
	 * its failure; of a plain send the result is counted, and that is all.
	 */
	int (*handle)(struct mkc_incoming *message, void *context);
	void *context;

	/* private */
	struct list_head link;
	refcount_t users;
	struct completion idle;
};

/*
 * Errors: -EINVAL (type 0, or one of the channel's own), -EBUSY (the type has
 * an owner already, for this peer or for any).  Process context.
 */
int mkc_register(struct mkc_handler *handler);

/*
 * Waits until the handler runs nowhere; it will not be called again.  Until
 * then it may be called for messages that were taken before.  Not from inside
 * the handler itself.  Process context, sleeps.
 */
void mkc_unregister(struct mkc_handler *handler);

/* ---- sending -------------------------------------------------------------- */

#define MKC_FOREVER (-1)

/*
 * Send one message and wait at most @timeout_ms for room (0: do not wait).
 * 0 says that it is in the ring, where the peer will find it.  Errors, all of
 * which mean "not sent": -EINVAL (type), -EMSGSIZE, -ENOTCONN (the peer is not
 * up), -EAGAIN (no room in time), -EINTR (a signal), -EPROTO (the peer has
 * broken the ring).  Process context, sleeps.
 */
int mkc_send(struct mkc_peer *peer, u16 type, const void *bytes, size_t length,
	     int timeout_ms);

enum mkc_outcome {
	MKC_DONE = 0,
	MKC_FAILED = 1,
	MKC_UNKNOWN = 2,
};

struct mkc_call {
	struct mkc_peer *peer; /* in */
	u16 type; /* in */
	const void *bytes; /* in: the request */
	size_t length; /* in */
	void *reply; /* in: where the reply goes; NULL = not wanted */
	size_t reply_room; /* in: a longer reply is -EMSGSIZE, outcome done */
	int timeout_ms; /* in: of all of it; MKC_FOREVER */
	size_t reply_length; /* out: of the whole reply */
	/*
	 * out: 0, or why.  Failed: an error of mkc_send(), -EDEADLK (from a
	 * handler of the same peer), -EPFNOSUPPORT (nobody there has the
	 * type), or what the peer's handler returned.  Unknown: -ETIMEDOUT,
	 * -EINTR, -ECONNRESET (the peer ended).
	 */
	int error;
};

/* Send a request and wait for its reply.  Process context, sleeps. */
enum mkc_outcome mkc_call(struct mkc_call *call);

#endif /* MULTIKERNEL_CHANNEL_H */
