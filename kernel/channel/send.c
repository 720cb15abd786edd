// SPDX-License-Identifier: GPL-2.0-only
/* Put messages into the ring, wait for room, ring the peer. */
#include "peer.h"

#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

/*
 * Whoever waits for room looks again this often, whatever the doorbell does:
 * the peer may forget to ring, and our receiver may be busy in a handler.
 */
#define LOOK_AGAIN msecs_to_jiffies(20)

/*
 * May we send what stands in @word?  It is the peer's word, so it has to name
 * one of its own CPUs; and no vector that the hardware keeps for exceptions.
 */
static bool may_ring(struct mkc_peer *peer, u64 word, u64 *checked)
{
	u64 vector = MKW_DOORBELL_VECTOR(word);

	if (READ_ONCE(*checked) == word)
		return true;
	if (vector < 0x20 || vector > 0xff ||
	    !peer->ops->may_ring(peer, MKW_DOORBELL_APIC(word)))
		return false;
	WRITE_ONCE(*checked, word);
	return true;
}

unsigned int mkc_ring_word(struct mkc_peer *peer, const __le64 *place,
			   u64 *checked)
{
	u64 word = le64_to_cpu(READ_ONCE(*place)), last;
	unsigned int rung = 0;

	while (word && rung < 3 && may_ring(peer, word, checked)) {
		last = word;
		mkc_doorbell_ring(word);
		rung++;
		word = le64_to_cpu(READ_ONCE(*place));
		if (word == last)
			break;
	}
	return rung;
}

void mkc_channel_ring(struct mkc_channel *ch)
{
	atomic64_add(mkc_ring_word(ch->peer, ch->peer_bell,
				   &ch->peer_bell_checked),
		     &ch->rung);
}

/*
 * One try; tx_lock is held.  -EAGAIN when there is no room; then a doorbell is
 * asked for if @wait.
 */
static int put_locked(struct mkc_channel *ch, const struct mkc_header *header,
		      const void *bytes, bool wait)
{
	bool ring = false;
	int err;

	if (ch->closed)
		return -ENOTCONN;
	err = ch->broken ? -EPROTO : mkc_tx_put(&ch->tx, header, bytes, &ring);
	if (err == -EAGAIN && wait) {
		err = mkc_tx_wait_room(&ch->tx, mkc_ring_need(header->length));
		/* Room came meanwhile, or there is none. */
		if (err >= 0)
			err = err ? mkc_tx_put(&ch->tx, header, bytes, &ring)
				  : -EAGAIN;
	}
	if (err == -EPROTO && !ch->broken)
		mkc_channel_break(ch);
	if (err)
		return err;
	ch->counters.sent++;
	ch->counters.sent_bytes += header->length;
	if (ring)
		mkc_channel_ring(ch);
	else
		ch->counters.doorbells_suppressed++;
	return 0;
}

static int try_put(struct mkc_channel *ch, const struct mkc_header *header,
		   const void *bytes, bool wait)
{
	int err;

	mutex_lock(&ch->tx_lock);
	err = put_locked(ch, header, bytes, wait);
	mutex_unlock(&ch->tx_lock);
	return err;
}

int mkc_channel_try_put(struct mkc_channel *ch, const struct mkc_header *header,
			const void *bytes)
{
	return try_put(ch, header, bytes, true);
}

static void count_wait(struct mkc_channel *ch)
{
	mutex_lock(&ch->tx_lock);
	ch->counters.full_waits++;
	mutex_unlock(&ch->tx_lock);
}

int mkc_channel_put_message(struct mkc_channel *ch,
			    const struct mkc_header *header, const void *bytes,
			    int timeout_ms)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	unsigned long end = jiffies + msecs_to_jiffies(max(timeout_ms, 0));
	int err = try_put(ch, header, bytes, timeout_ms != 0);

	if (err != -EAGAIN || !timeout_ms)
		return err;
	count_wait(ch);
	add_wait_queue(&ch->room, &wait);
	for (;;) {
		err = try_put(ch, header, bytes, true);
		if (err != -EAGAIN)
			break;
		if (signal_pending(current) ||
		    (current->flags & PF_KTHREAD && kthread_should_stop())) {
			err = -EINTR;
			break;
		}
		if (timeout_ms > 0 && time_after_eq(jiffies, end))
			break;
		wait_woken(&wait, TASK_INTERRUPTIBLE, LOOK_AGAIN);
	}
	remove_wait_queue(&ch->room, &wait);
	return err;
}

/*
 * The common case, without a reference: room in the ring, nobody else sending.
 * -EBUSY when it is not that.  RCU keeps the channel, and what it points to is
 * touched only while it is not closed.
 */
static int send_fast(struct mkc_peer *peer, struct mkc_header *header,
		     const void *bytes)
{
	struct mkc_channel *ch;
	int err = -EBUSY;

	rcu_read_lock();
	ch = rcu_dereference(peer->channel);
	if (ch && mutex_trylock(&ch->tx_lock)) {
		header->generation = ch->generation;
		err = put_locked(ch, header, bytes, false);
		mutex_unlock(&ch->tx_lock);
	}
	rcu_read_unlock();
	return err;
}

int mkc_send_internal(struct mkc_peer *peer, u16 type, const void *bytes,
		      size_t length, int timeout_ms)
{
	struct mkc_header header = { .length = length, .type = type };
	struct mkc_channel *ch;
	int err;

	if (length > MKW_MESSAGE_MAX)
		return -EMSGSIZE;
	err = send_fast(peer, &header, bytes);
	if (err != -EBUSY && (err != -EAGAIN || !timeout_ms))
		return err;
	ch = mkc_peer_channel(peer);
	if (!ch)
		return -ENOTCONN;
	header.generation = ch->generation;
	err = mkc_channel_put_message(ch, &header, bytes, timeout_ms);
	mkc_channel_put(ch);
	return err;
}
EXPORT_SYMBOL_GPL(mkc_send_internal);

void mkc_peer_ring(struct mkc_peer *peer)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);

	if (!ch)
		return;
	mutex_lock(&ch->tx_lock);
	if (!ch->closed)
		mkc_channel_ring(ch);
	mutex_unlock(&ch->tx_lock);
	mkc_channel_put(ch);
}
EXPORT_SYMBOL_GPL(mkc_peer_ring);

int mkc_send(struct mkc_peer *peer, u16 type, const void *bytes, size_t length,
	     int timeout_ms)
{
	if (type < MKW_TYPE_MODULE)
		return -EINVAL;
	if (!mkc_peer_is_up(peer))
		return -ENOTCONN;
	return mkc_send_internal(peer, type, bytes, length, timeout_ms);
}
EXPORT_SYMBOL_GPL(mkc_send);
