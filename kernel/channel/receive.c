// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receiver: one thread a channel that empties the ring and runs handlers,
 * and the doorbell that wakes it.
 *
 * The doorbell's handler only wakes the thread; what is not asked for it
 * counts.  A peer that rings without need too often has the doorbell withdrawn
 * for a while, in which the thread looks by the clock; one that rings on then
 * does so on purpose, and its owner is told.
 */
#include "peer.h"

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

/* So many rings in WINDOW that nobody asked for withdraw the doorbell. */
#define SPURIOUS_MAX 1000
#define WINDOW	     (HZ / 10)
#define MASK_TIME    HZ
/* What rings on after this does not look where it may. */
#define MASK_GRACE (HZ / 4)

/* A reply that found no room in the ring. */
struct reply {
	struct list_head link;
	struct mkc_header header;
	u8 bytes[];
};

/* --- the doorbell ----------------------------------------------------------- */

static void rate(struct mkc_channel *ch)
{
	if (time_after(jiffies, ch->window_end)) {
		ch->window_end = jiffies + WINDOW;
		ch->in_window = 0;
	}
	if (++ch->in_window <= SPURIOUS_MAX)
		return;
	ch->in_window = 0;
	if (!ch->masked) {
		ch->masked = true;
		ch->masked_since = jiffies;
		ch->counters.doorbells_masked++;
		mkc_doorbell_mask_locked(&ch->peer->bell, true);
	} else if (time_after(jiffies, ch->masked_since + MASK_GRACE)) {
		ch->peer->ops->flood(ch->peer);
	}
}

/* bell.lock is held, which also keeps the channel. */
void mkc_channel_rung(struct mkc_channel *ch)
{
	ch->counters.doorbells_received++;
	if (atomic_xchg(&ch->armed, 0)) {
		wake_up_process(ch->thread);
		if (!READ_ONCE(ch->empty))
			return;
	}
	ch->counters.doorbells_spurious++;
	rate(ch);
}

/* --- what comes in ---------------------------------------------------------- */

enum taken { NOTHING, SKIPPED, REPLY, MESSAGE };

static bool acceptable(struct mkc_channel *ch, const struct mkc_header *h)
{
	if (h->generation != ch->generation) {
		ch->counters.stale++;
		return false;
	}
	if (h->flags & ~__MKW_MESSAGE_F_ALL ||
	    h->flags == __MKW_MESSAGE_F_ALL) {
		ch->counters.refused++;
		return false;
	}
	return true;
}

/*
 * Take the message at the head; rx_lock is held.  A reply is given to its
 * call at once; any other goes into the receiver's buffer.
 */
static enum taken take(struct mkc_channel *ch, struct mkc_header *h,
		       bool replies_only)
{
	enum taken taken = MESSAGE;
	bool ring = false;
	int found;

	if (ch->closed || ch->broken)
		return NOTHING;
	found = mkc_rx_peek(&ch->rx, h);
	if (found < 0) {
		ch->broken = true;
		pr_warn("%s wrote what makes no sense into the ring: not listening any more\n",
			ch->peer->name);
	}
	if (found <= 0)
		return NOTHING;
	if (replies_only && !(h->flags & MKW_MESSAGE_F_REPLY)) {
		/* Whoever asks only for replies has no buffer. */
		return MESSAGE;
	}
	if (!acceptable(ch, h)) {
		mkc_rx_take(&ch->rx, h, NULL, &ring);
		taken = SKIPPED;
	} else {
		ch->counters.received++;
		ch->counters.received_bytes += h->length;
		if (h->flags & MKW_MESSAGE_F_REPLY) {
			mkc_call_reply(ch, h, &ring);
			taken = REPLY;
		} else {
			mkc_rx_take(&ch->rx, h, ch->bytes, &ring);
		}
	}
	if (ring)
		mkc_channel_ring(ch);
	return taken;
}

void mkc_receive_poll(struct mkc_channel *ch)
{
	enum taken taken = NOTHING;
	struct mkc_header h;

	if (!mutex_trylock(&ch->rx_lock))
		return;
	if (!ch->closed && mkc_rx_ready(&ch->rx))
		taken = take(ch, &h, true);
	mutex_unlock(&ch->rx_lock);
	if (taken == MESSAGE)
		mkc_receiver_wake(ch);
}

/* --- replies ---------------------------------------------------------------- */

static void keep_reply(struct mkc_channel *ch, const struct mkc_header *header,
		       const void *bytes)
{
	struct reply *reply =
		kvmalloc(sizeof(*reply) + header->length, GFP_KERNEL);

	if (!reply) {
		/* No memory to keep it: then everything waits for the room. */
		while (mkc_channel_try_put(ch, header, bytes) == -EAGAIN)
			msleep(1);
		return;
	}
	reply->header = *header;
	memcpy(reply->bytes, bytes, header->length);
	list_add_tail(&reply->link, &ch->replies);
	ch->nr_replies++;
}

/* Send what waits; false while something is left. */
static bool flush_replies(struct mkc_channel *ch)
{
	struct reply *reply, *next;

	list_for_each_entry_safe(reply, next, &ch->replies, link) {
		if (mkc_channel_try_put(ch, &reply->header, reply->bytes) ==
		    -EAGAIN)
			return false;
		list_del(&reply->link);
		kvfree(reply);
		ch->nr_replies--;
	}
	return true;
}

static void send_reply(struct mkc_channel *ch, const struct mkc_header *request,
		       const struct mkc_incoming *in, int result)
{
	struct mkc_header header = {
		.length = result < 0 ? 0 : in->reply_length,
		.type = request->type,
		.flags = MKW_MESSAGE_F_REPLY,
		.generation = ch->generation,
		.status = result < 0 ? -result : 0,
		.token = request->token,
	};

	/* In order behind those that wait. */
	if (!list_empty(&ch->replies) ||
	    mkc_channel_try_put(ch, &header, in->reply) == -EAGAIN)
		keep_reply(ch, &header, in->reply);
}

/* --- the thread ------------------------------------------------------------- */

static void count(struct mkc_channel *ch, u64 *counter)
{
	mutex_lock(&ch->rx_lock);
	(*counter)++;
	mutex_unlock(&ch->rx_lock);
}

static void dispatch(struct mkc_channel *ch, const struct mkc_header *h)
{
	struct mkc_incoming in = {
		.peer = ch->peer,
		.type = h->type,
		.wants_reply = h->flags & MKW_MESSAGE_F_REQUEST,
		.bytes = ch->bytes,
		.length = h->length,
		.reply = ch->reply,
	};
	struct mkc_handler *handler = mkc_handler_find(ch->peer, h->type);
	int result = -EPFNOSUPPORT;

	if (handler) {
		result = handler->handle(&in, handler->context);
		mkc_handler_put(handler);
		if (WARN_ON_ONCE(in.reply_length > MKC_REPLY_MAX))
			result = -EMSGSIZE;
		if (result < 0 && !in.wants_reply)
			count(ch, &ch->counters.refused);
	} else {
		count(ch, &ch->counters.unowned);
	}
	if (in.wants_reply)
		send_reply(ch, h, &in, result);
}

/* Take and handle one message; false when there is none that we may take. */
static bool receive_one(struct mkc_channel *ch)
{
	/* Those that wait for us to read them may be what makes room. */
	bool replies_only = ch->nr_replies >= MKC_CALLS_MAX;
	struct mkc_header h;
	enum taken taken;

	mutex_lock(&ch->rx_lock);
	taken = take(ch, &h, replies_only);
	mutex_unlock(&ch->rx_lock);
	if (taken == MESSAGE) {
		if (replies_only)
			return false;
		dispatch(ch, &h);
	}
	return taken != NOTHING;
}

/* Something to do?  Otherwise a doorbell is asked for. */
static bool arm(struct mkc_channel *ch)
{
	bool ready = false;

	mutex_lock(&ch->rx_lock);
	/* Under the lock: not once the channel is closed. */
	if (!ch->closed)
		ch->peer->ops->attention(ch->peer);
	atomic_set(&ch->armed, 1);
	/* One that polls listens for us, and arms when it stops: call.c. */
	if (!ch->closed && !ch->broken && !ch->pollers &&
	    ch->nr_replies < MKC_CALLS_MAX)
		ready = mkc_rx_arm(&ch->rx);
	mutex_unlock(&ch->rx_lock);
	return ready || READ_ONCE(ch->closed);
}

/* Publish the doorbell again when its time is over: see rate(). */
static void tend_mask(struct mkc_channel *ch)
{
	struct mkc_doorbell *bell = &ch->peer->bell;
	unsigned long flags;

	if (!READ_ONCE(ch->masked) ||
	    time_before(jiffies, ch->masked_since + MASK_TIME))
		return;
	raw_spin_lock_irqsave(&bell->lock, flags);
	ch->masked = false;
	ch->in_window = 0;
	mkc_doorbell_mask_locked(bell, false);
	raw_spin_unlock_irqrestore(&bell->lock, flags);
	pr_info_ratelimited(
		"%s rang too often: its doorbell was withdrawn for a second\n",
		ch->peer->name);
}

static void sleep_until_rung(struct mkc_channel *ch)
{
	long time = HZ;

	/* Short, while nobody can ring, or a reply looks for room. */
	if (READ_ONCE(ch->masked) || ch->nr_replies)
		time = 1;
	if (!arm(ch)) {
		/* Who wakes us takes armed away first: none is missed. */
		set_current_state(TASK_IDLE);
		if (atomic_read(&ch->armed))
			schedule_timeout(time);
		__set_current_state(TASK_RUNNING);
	}
	/* Still armed: it was the clock.  Else see what there is to do. */
	WRITE_ONCE(ch->empty, !atomic_xchg(&ch->armed, 0));
}

void mkc_receiver_wake(struct mkc_channel *ch)
{
	atomic_set(&ch->armed, 0);
	wake_up_process(ch->thread);
}

int mkc_receiver(void *arg)
{
	struct mkc_channel *ch = arg;
	struct reply *reply, *next;
	u64 poll_until = 0;
	bool busy;

	while (!READ_ONCE(ch->closed)) {
		tend_mask(ch);
		flush_replies(ch);
		busy = false;
		while (receive_one(ch)) {
			busy = true;
			cond_resched();
		}
		if (wq_has_sleeper(&ch->room)) {
			WRITE_ONCE(ch->empty, false);
			wake_up_all(&ch->room);
		}
		if (busy) {
			WRITE_ONCE(ch->empty, false);
			poll_until = local_clock() +
				     READ_ONCE(mkc_poll_us) * 1000ULL;
			continue;
		}
		if (local_clock() < poll_until) {
			cpu_relax();
			cond_resched();
			continue;
		}
		sleep_until_rung(ch);
	}
	list_for_each_entry_safe(reply, next, &ch->replies, link)
		kvfree(reply);
	complete_all(&ch->exited);
	mkc_channel_put(ch);
	module_put_and_kthread_exit(0);
}
