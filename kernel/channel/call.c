// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and their replies.
 *
 * A token never repeats within a generation: it counts up from the time at
 * which the channel was opened, also when the agent is loaded a second time.
 * So a reply that comes late meets no call, or its own.
 */
#include "peer.h"

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>

struct pending {
	struct list_head link; /* calls_lock; empty = taken off */
	struct mkc_call *call;
	u64 token;
	bool done;
	enum mkc_outcome outcome; /* once done */
	struct completion completion;
};

/* calls_lock is held. */
static void finish(struct pending *p, enum mkc_outcome outcome, int error,
		   size_t length)
{
	list_del_init(&p->link);
	p->outcome = outcome;
	p->call->error = error;
	p->call->reply_length = length;
	complete(&p->completion);
	/* Pairs with the look in wait_polling(): then the rest is there. */
	smp_store_release(&p->done, true);
}

/* One of those that were counted since the last reset; calls_lock is held. */
static void give_slot(struct mkc_channel *ch, u64 token)
{
	if (ch->nr_calls && (s64)(token - ch->first_token) > 0)
		ch->nr_calls--;
}

static struct pending *find(struct mkc_channel *ch, u64 token)
{
	struct pending *p;

	list_for_each_entry(p, &ch->calls, link)
		if (p->token == token)
			return p;
	return NULL;
}

/*
 * What the peer's handler returned.  Only what an errno of a system call can
 * be: those from 512 on mean something to the kernel itself
 * (include/linux/errno.h), and would reach user space through a port.
 */
static int error_of(u32 status)
{
	return status < 512 ? -(int)status : -EPROTO;
}

void mkc_call_reply(struct mkc_channel *ch, const struct mkc_header *header)
{
	struct mkc_call *call;
	struct pending *p;
	void *to = NULL;

	spin_lock(&ch->calls_lock);
	/* Answered, in time or late: it is none of those under way. */
	give_slot(ch, header->token);
	p = find(ch, header->token);
	if (!p) {
		ch->counters.late++;
		mkc_rx_copy(&ch->rx, header, NULL);
		goto unlock;
	}
	call = p->call;
	if (call->reply && header->length <= call->reply_room)
		to = call->reply;
	/* Straight into the caller's buffer: it stays until finish(). */
	mkc_rx_copy(&ch->rx, header, to);
	if (header->status)
		finish(p, MKC_FAILED, error_of(header->status), 0);
	else
		finish(p, MKC_DONE, call->reply && !to ? -EMSGSIZE : 0,
		       header->length);
unlock:
	spin_unlock(&ch->calls_lock);
	if (waitqueue_active(&ch->slots))
		wake_up(&ch->slots);
}

void mkc_channel_reset_calls(struct mkc_channel *ch)
{
	struct pending *p, *next;

	spin_lock(&ch->calls_lock);
	ch->nr_calls = 0;
	ch->first_token = atomic64_read(&ch->token);
	list_for_each_entry_safe(p, next, &ch->calls, link)
		finish(p, MKC_UNKNOWN, -ECONNRESET, 0);
	spin_unlock(&ch->calls_lock);
	wake_up(&ch->slots);
}

/* --- waiting ----------------------------------------------------------------- */

/* What is left of a call's time, in jiffies; 0 = it is over. */
static long time_left(const struct mkc_call *call, unsigned long end)
{
	if (call->timeout_ms < 0)
		return MAX_SCHEDULE_TIMEOUT;
	return time_before(jiffies, end) ? end - jiffies : 0;
}

/*
 * Look for the reply ourselves for a little while: no interrupt, no wake-up.
 * Meanwhile the peer need not ring for replies; the receiver is woken for
 * whatever else is at the head, and told to listen again at the end.
 */
static void wait_polling(struct mkc_channel *ch, struct pending *p,
			 unsigned long end)
{
	u64 us = READ_ONCE(mkc_poll_us), until;

	if (p->call->timeout_ms >= 0)
		us = min_t(u64, us, jiffies_to_usecs(time_left(p->call, end)));
	until = local_clock() + us * NSEC_PER_USEC;
	while (!smp_load_acquire(&p->done) && local_clock() < until &&
	       !signal_pending(current)) {
		mkc_receive_poll(ch);
		cpu_relax();
		cond_resched();
	}
}

static void poll_begin(struct mkc_channel *ch)
{
	mutex_lock(&ch->rx_lock);
	if (!ch->closed && !ch->pollers++)
		mkc_rx_disarm(&ch->rx);
	mutex_unlock(&ch->rx_lock);
}

static void poll_end(struct mkc_channel *ch)
{
	bool wake = false;

	mutex_lock(&ch->rx_lock);
	if (!ch->closed && !--ch->pollers && atomic_read(&ch->armed))
		wake = mkc_rx_arm(&ch->rx);
	mutex_unlock(&ch->rx_lock);
	if (wake)
		mkc_receiver_wake(ch);
}

/* Wait for the reply; 0 when there is one, or why there is none. */
static int wait_reply(struct mkc_channel *ch, struct pending *p,
		      unsigned long end)
{
	long left = time_left(p->call, end) ?: 1;

	left = wait_for_completion_interruptible_timeout(&p->completion, left);
	return left > 0 ? 0 : left ? -EINTR : -ETIMEDOUT;
}

/* --- calling ----------------------------------------------------------------- */

static bool take_slot(struct mkc_channel *ch)
{
	bool taken = false;

	spin_lock(&ch->calls_lock);
	if (ch->nr_calls < MKC_CALLS_MAX) {
		ch->nr_calls++;
		taken = true;
	}
	spin_unlock(&ch->calls_lock);
	return taken;
}

/* A place among the calls that the peer has to answer. */
static int enter(struct mkc_channel *ch, const struct mkc_call *call,
		 unsigned long end)
{
	long left;

	if (take_slot(ch))
		return 0;
	left = time_left(call, end);
	if (!left)
		return -EAGAIN;
	left = wait_event_interruptible_timeout(
		ch->slots, READ_ONCE(ch->closed) || take_slot(ch), left);
	if (left <= 0)
		return left ? -EINTR : -EAGAIN;
	return READ_ONCE(ch->closed) ? -ENOTCONN : 0;
}

/*
 * Send the request.  Polling begins before, so that the peer need not ring for
 * a reply that comes at once; but not while we wait for room, when nobody
 * would be looking.
 */
static int send_request(struct mkc_channel *ch, struct pending *p,
			const struct mkc_header *header, unsigned long end)
{
	int err = -EAGAIN, ms = -1;

	if (READ_ONCE(mkc_poll_us)) {
		poll_begin(ch);
		err = mkc_channel_put_message(ch, header, p->call->bytes, 0);
		if (!err)
			wait_polling(ch, p, end);
		poll_end(ch);
	}
	if (err != -EAGAIN)
		return err;
	if (p->call->timeout_ms >= 0)
		ms = jiffies_to_msecs(time_left(p->call, end));
	return mkc_channel_put_message(ch, header, p->call->bytes, ms);
}

static enum mkc_outcome call_on(struct mkc_channel *ch, struct mkc_call *call,
				unsigned long end)
{
	struct pending p = { .call = call };
	struct mkc_header header = {
		.length = call->length,
		.type = call->type,
		.flags = MKW_MESSAGE_F_REQUEST,
		.generation = ch->generation,
		.token = atomic64_inc_return(&ch->token),
	};
	int err;

	p.token = header.token;
	init_completion(&p.completion);
	spin_lock(&ch->calls_lock);
	list_add_tail(&p.link, &ch->calls);
	spin_unlock(&ch->calls_lock);

	err = send_request(ch, &p, &header, end);
	if (err) {
		/* Not sent; a reset may have met it all the same. */
		spin_lock(&ch->calls_lock);
		list_del_init(&p.link);
		give_slot(ch, p.token);
		spin_unlock(&ch->calls_lock);
		wake_up(&ch->slots);
		call->error = err;
		return MKC_FAILED;
	}
	/*
	 * Ended between our look and our entry: nobody resets this call.  What
	 * ends it sets its word, then resets; we entered, then look.
	 */
	smp_mb();
	if (READ_ONCE(ch->closed) || READ_ONCE(ch->broken) ||
	    (call->type >= MKW_TYPE_MODULE && !mkc_peer_is_up(ch->peer)))
		mkc_channel_reset_calls(ch);
	err = wait_reply(ch, &p, end);
	spin_lock(&ch->calls_lock);
	if (!p.done)
		finish(&p, MKC_UNKNOWN, err, 0);
	spin_unlock(&ch->calls_lock);
	return p.outcome;
}

enum mkc_outcome mkc_call_internal(struct mkc_call *call)
{
	unsigned long end =
		jiffies + msecs_to_jiffies(max(call->timeout_ms, 0));
	struct mkc_channel *ch = mkc_peer_channel(call->peer);
	enum mkc_outcome outcome = MKC_FAILED;

	call->reply_length = 0;
	if (!ch) {
		call->error = -ENOTCONN;
		return MKC_FAILED;
	}
	if (current == ch->thread)
		call->error = -EDEADLK;
	else if (call->length > MKW_MESSAGE_MAX)
		call->error = -EMSGSIZE;
	else
		call->error = enter(ch, call, end);
	if (!call->error)
		outcome = call_on(ch, call, end);
	mkc_channel_put(ch);
	return outcome;
}
EXPORT_SYMBOL_GPL(mkc_call_internal);

enum mkc_outcome mkc_call(struct mkc_call *call)
{
	call->reply_length = 0;
	call->error = call->type < MKW_TYPE_MODULE  ? -EINVAL
		      : !mkc_peer_is_up(call->peer) ? -ENOTCONN
						    : 0;
	return call->error ? MKC_FAILED : mkc_call_internal(call);
}
EXPORT_SYMBOL_GPL(mkc_call);
