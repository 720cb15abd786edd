// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receiver: one thread a channel that empties the ring and runs handlers,
 * and the doorbell that wakes it.
 *
 * The doorbell's handler only wakes the thread; what is not asked for it
 * counts.  A peer that rings without need too often has the doorbell withdrawn
 * for a while, in which the thread looks by the clock; one that rings on then
 * does so on purpose, and its owner is told.
 *
 * Small messages are taken in batches: one lock and one barrier for many.
 */
#include "peer.h"

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

/* So many rings in a tenth of a second that nobody asked for are too many. */
#define SPURIOUS_MAX	  250
#define LOOK_WHILE_MASKED (HZ / 50 ?: 1)

/* A reply that found no room in the ring. */
struct reply {
	struct list_head link;
	struct mkc_header header;
	u8 bytes[];
};

/* --- the doorbell ----------------------------------------------------------- */

static void rate(struct mkc_channel *ch)
{
	switch (mkc_doorbell_count_locked(&ch->peer->bell, SPURIOUS_MAX)) {
	case MKC_RATE_GOOD:
		break;
	case MKC_RATE_MASKED:
		ch->counters.doorbells_masked++;
		break;
	case MKC_RATE_FLOOD:
		ch->peer->ops->flood(ch->peer);
		break;
	}
}

/* bell.lock is held, which also keeps the channel. */
void mkc_channel_rung(struct mkc_channel *ch)
{
	ch->counters.doorbells_received++;
	/* Senders and replies that wait for room have asked, too. */
	if ((waitqueue_active(&ch->room) || READ_ONCE(ch->nr_replies)) &&
	    !READ_ONCE(ch->room_rung)) {
		WRITE_ONCE(ch->room_rung, true);
		mkc_receiver_wake(ch);
		return;
	}
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

/* What may be taken besides replies. */
enum wanted { REPLIES, SENDS, ALL };

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

static bool is_wanted(const struct mkc_header *h, enum wanted wanted)
{
	if (h->flags & MKW_MESSAGE_F_REPLY)
		return true;
	return wanted == ALL ||
	       (wanted == SENDS && !(h->flags & MKW_MESSAGE_F_REQUEST));
}

static int look(struct mkc_channel *ch, struct mkc_header *h)
{
	int found;

	if (ch->closed || ch->broken)
		return 0;
	found = mkc_rx_peek(&ch->rx, h);
	if (found >= 0)
		return found;
	mkc_channel_break(ch);
	return 0;
}

/*
 * Take the message at the head; rx_lock is held, and the caller releases the
 * ring.  A reply is given to its call at once; any other goes to @to, if there
 * is @room for it, and otherwise stays.  MESSAGE with @to NULL: it stays, too.
 */
static enum taken take(struct mkc_channel *ch, struct mkc_header *h,
		       enum wanted wanted, u8 *to, size_t room)
{
	if (look(ch, h) <= 0)
		return NOTHING;
	if (!acceptable(ch, h)) {
		mkc_rx_copy(&ch->rx, h, NULL);
		return SKIPPED;
	}
	if (!is_wanted(h, wanted))
		return to ? NOTHING : MESSAGE;
	if (!(h->flags & MKW_MESSAGE_F_REPLY) && h->length > room)
		return NOTHING;
	ch->counters.received++;
	ch->counters.received_bytes += h->length;
	if (h->flags & MKW_MESSAGE_F_REPLY) {
		mkc_call_reply(ch, h);
		return REPLY;
	}
	mkc_rx_copy(&ch->rx, h, to);
	return MESSAGE;
}

static void release(struct mkc_channel *ch)
{
	bool ring;

	if (ch->closed)
		return;
	mkc_rx_release(&ch->rx, &ring);
	if (ring)
		mkc_channel_ring(ch);
}

void mkc_receive_poll(struct mkc_channel *ch)
{
	enum taken taken = NOTHING;
	struct mkc_header h;

	if (!mutex_trylock(&ch->rx_lock))
		return;
	if (!ch->closed && mkc_rx_ready(&ch->rx)) {
		taken = take(ch, &h, REPLIES, NULL, 0);
		release(ch);
	}
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

static void flush_replies(struct mkc_channel *ch)
{
	struct reply *reply, *next;

	list_for_each_entry_safe(reply, next, &ch->replies, link) {
		if (mkc_channel_try_put(ch, &reply->header, reply->bytes) ==
		    -EAGAIN)
			return;
		list_del(&reply->link);
		kvfree(reply);
		ch->nr_replies--;
	}
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

static void dispatch(struct mkc_channel *ch, struct mkc_handler *handler,
		     const struct mkc_header *h, const u8 *bytes)
{
	struct mkc_incoming in = {
		.peer = ch->peer,
		.type = h->type,
		.wants_reply = h->flags & MKW_MESSAGE_F_REQUEST,
		.bytes = bytes,
		.length = h->length,
		.reply = ch->reply,
	};
	int result = -EPFNOSUPPORT;

	if (handler) {
		result = handler->handle(&in, handler->context);
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

/* Handle what was taken.  Most batches are of one type: look it up once. */
static void dispatch_all(struct mkc_channel *ch, unsigned int nr)
{
	struct mkc_handler *handler = NULL;
	const u8 *bytes = ch->bytes;
	unsigned int i;

	for (i = 0; i < nr && !READ_ONCE(ch->closed); i++) {
		const struct mkc_header *h = &ch->batch[i];

		if (!handler || handler->type != h->type) {
			if (handler)
				mkc_handler_put(handler);
			handler = mkc_handler_find(ch->peer, h->type);
		}
		dispatch(ch, handler, h, bytes);
		bytes += ALIGN(h->length, 8);
	}
	if (handler)
		mkc_handler_put(handler);
}

/* Take and handle a batch; false when there is nothing that we may take. */
static bool receive(struct mkc_channel *ch)
{
	/*
	 * A peer whose replies find no room may send more of everything else
	 * but requests: its replies to us are what makes room.
	 */
	enum wanted wanted = ch->nr_replies < MKC_CALLS_MAX ? ALL : SENDS;
	unsigned int nr = 0, requests = 0, looks = 0;
	enum taken taken, any = NOTHING;
	struct mkc_header *h;
	size_t used = 0;

	mutex_lock(&ch->rx_lock);
	/* A peer could go on with what is only skipped for ever. */
	while (nr < MKC_BATCH && looks++ < 4 * MKC_BATCH) {
		h = &ch->batch[nr];
		taken = take(ch, h, wanted, ch->bytes + used,
			     MKW_MESSAGE_MAX - used);
		if (taken == NOTHING)
			break;
		any = taken;
		if (taken != MESSAGE)
			continue;
		nr++;
		used += ALIGN(h->length, 8);
		if (used >= MKW_MESSAGE_MAX)
			break;
		/* Each may leave a reply that is kept. */
		requests += !!(h->flags & MKW_MESSAGE_F_REQUEST);
		if (ch->nr_replies + requests >= MKC_CALLS_MAX)
			wanted = SENDS;
	}
	release(ch);
	mutex_unlock(&ch->rx_lock);
	dispatch_all(ch, nr);
	return any != NOTHING;
}

/* Something to do?  Otherwise a doorbell is asked for. */
static bool arm(struct mkc_channel *ch)
{
	bool ready = false;

	mutex_lock(&ch->rx_lock);
	ch->received_before = ch->counters.received;
	atomic_set(&ch->armed, 1);
	/* From here on a ring wakes us; what came before it we see now. */
	smp_mb();
	/* Under the lock: not once the channel is closed. */
	if (!ch->closed)
		ch->peer->ops->attention(ch->peer);
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
	bool over;

	if (!READ_ONCE(bell->masked))
		return;
	raw_spin_lock_irqsave(&bell->lock, flags);
	over = mkc_doorbell_tend_locked(bell);
	raw_spin_unlock_irqrestore(&bell->lock, flags);
	if (!over)
		return;
	pr_info_ratelimited(
		"%s rang too often: its doorbell was withdrawn for %lu s\n",
		ch->peer->name, bell->mask_time / HZ);
}

static void wake_senders(struct mkc_channel *ch)
{
	if (!READ_ONCE(ch->room_rung))
		return;
	WRITE_ONCE(ch->room_rung, false);
	WRITE_ONCE(ch->empty, false);
	wake_up_all(&ch->room);
}

static void sleep_until_rung(struct mkc_channel *ch)
{
	long time = HZ;

	/* Short, while nobody can ring, or a reply looks for room. */
	if (ch->nr_replies)
		time = 1;
	else if (READ_ONCE(ch->peer->bell.masked))
		time = LOOK_WHILE_MASKED;
	if (!arm(ch)) {
		/* Who wakes us takes armed away first: none is missed. */
		set_current_state(TASK_IDLE);
		if (atomic_read(&ch->armed) && !READ_ONCE(ch->room_rung))
			schedule_timeout(time);
		__set_current_state(TASK_RUNNING);
	}
	/*
	 * Still armed: it was the clock.  Else somebody woke us, for nothing
	 * unless we find something, or a call that polls was faster.
	 */
	WRITE_ONCE(ch->empty, !atomic_xchg(&ch->armed, 0) &&
				      READ_ONCE(ch->counters.received) ==
					      ch->received_before);
}

/* Only out of its own sleep, not out of one of a handler. */
void mkc_receiver_wake(struct mkc_channel *ch)
{
	if (atomic_xchg(&ch->armed, 0))
		wake_up_process(ch->thread);
}

int mkc_receiver(void *arg)
{
	struct mkc_channel *ch = arg;
	struct reply *reply, *next;
	u64 poll_until = 0;

	while (!READ_ONCE(ch->closed)) {
		tend_mask(ch);
		wake_senders(ch);
		flush_replies(ch);
		if (receive(ch)) {
			WRITE_ONCE(ch->empty, false);
			poll_until = local_clock() +
				     READ_ONCE(mkc_poll_us) * 1000ULL;
		} else if (local_clock() < poll_until) {
			cpu_relax();
		} else {
			sleep_until_rung(ch);
		}
		cond_resched();
	}
	list_for_each_entry_safe(reply, next, &ch->replies, link)
		kvfree(reply);
	complete_all(&ch->exited);
	mkc_channel_put(ch);
	module_put_and_kthread_exit(0);
}
