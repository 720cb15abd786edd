// SPDX-License-Identifier: GPL-2.0-only
/* One life of a channel: opened when its spawn starts, closed when it ends. */
#include "peer.h"

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

static void release(struct kref *ref)
{
	struct mkc_channel *ch = container_of(ref, struct mkc_channel, ref);

	if (ch->thread)
		put_task_struct(ch->thread);
	mkc_peer_put(ch->peer);
	kvfree(ch->bytes);
	kvfree(ch->reply);
	/* A sender may be looking whether it is closed: send_fast(). */
	kfree_rcu(ch, rcu);
}

void mkc_channel_put(struct mkc_channel *ch)
{
	kref_put(&ch->ref, release);
}

static struct mkc_channel *channel_alloc(struct mkc_peer *peer,
					 const struct mkc_layout *layout)
{
	struct mkc_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL_ACCOUNT);

	if (!ch)
		return NULL;
	ch->bytes = kvmalloc(MKW_MESSAGE_MAX, GFP_KERNEL_ACCOUNT);
	ch->reply = kvmalloc(MKC_REPLY_MAX, GFP_KERNEL_ACCOUNT);
	if (!ch->bytes || !ch->reply) {
		kvfree(ch->bytes);
		kvfree(ch->reply);
		kfree(ch);
		return NULL;
	}
	kref_init(&ch->ref);
	ch->peer = mkc_peer_get(peer);
	init_completion(&ch->exited);
	ch->generation = layout->generation;
	mutex_init(&ch->tx_lock);
	mutex_init(&ch->rx_lock);
	mkc_tx_init(&ch->tx, layout->tx_data, layout->tx_own, layout->tx_peer);
	mkc_rx_init(&ch->rx, layout->rx_data, layout->rx_own, layout->rx_peer);
	ch->peer_bell = layout->peer_bell;
	ch->own_lines = layout->own_lines;
	ch->peer_lines = layout->peer_lines;
	init_waitqueue_head(&ch->room);
	init_waitqueue_head(&ch->slots);
	spin_lock_init(&ch->calls_lock);
	INIT_LIST_HEAD(&ch->calls);
	INIT_LIST_HEAD(&ch->replies);
	/* No two calls of one boot get the same: see call.c. */
	ch->first_token = ktime_get_boottime_ns();
	atomic64_set(&ch->token, ch->first_token);
	return ch;
}

void mkc_channel_break(struct mkc_channel *ch)
{
	WRITE_ONCE(ch->broken, true);
	pr_warn("%s wrote what makes no sense into a ring: the channel is not used any more\n",
		ch->peer->name);
	mkc_channel_reset_calls(ch);
}

static void get_counters(struct mkc_channel *ch,
			 struct mk_channel_counters *counters)
{
	*counters = ch->counters;
	counters->doorbells_rung = atomic64_read(&ch->rung);
}

static void set_channel(struct mkc_peer *peer, struct mkc_channel *ch)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&peer->bell.lock, flags);
	rcu_assign_pointer(peer->channel, ch);
	raw_spin_unlock_irqrestore(&peer->bell.lock, flags);
}

int mkc_peer_open(struct mkc_peer *peer, const struct mkc_layout *layout)
{
	struct mkc_channel *ch = channel_alloc(peer, layout);
	struct task_struct *thread;

	if (!ch)
		return -ENOMEM;
	thread = kthread_create(mkc_receiver, ch, "mk/%s", peer->name);
	if (IS_ERR(thread)) {
		mkc_channel_put(ch);
		return PTR_ERR(thread);
	}
	/* It may outlive everything else that keeps this code, in a handler. */
	__module_get(THIS_MODULE);
	kref_get(&ch->ref);
	get_task_struct(thread);
	ch->thread = thread;
	set_channel(peer, ch);
	mkc_doorbell_publish(&peer->bell, layout->own_bell);
	wake_up_process(thread);
	/*
	 * An agent before this one may have published something without coming
	 * to ring for it.
	 */
	mkc_peer_ring(peer);
	return 0;
}
EXPORT_SYMBOL_GPL(mkc_peer_open);

void mkc_peer_close(struct mkc_peer *peer)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);

	if (!ch)
		return;
	mutex_lock(&ch->tx_lock);
	mutex_lock(&ch->rx_lock);
	WRITE_ONCE(ch->closed, true);
	mutex_unlock(&ch->rx_lock);
	mutex_unlock(&ch->tx_lock);
	mkc_doorbell_publish(&peer->bell, NULL);
	mkc_lines_end(peer);
	/* Before the notifiers are told: one may wait in a call. */
	mkc_channel_reset_calls(ch);
	mkc_peer_down(peer);
	wake_up_all(&ch->room);
	mkc_receiver_wake(ch);
	/* A courtesy: it may be in a handler, for how long nobody knows. */
	if (current != ch->thread)
		wait_for_completion_timeout(&ch->exited, HZ / 4);
	/* What it counted stays to be shown until the next life. */
	spin_lock(&peer->last_lock);
	get_counters(ch, &peer->last);
	peer->last_broken = ch->broken;
	spin_unlock(&peer->last_lock);
	set_channel(peer, NULL);
	mkc_channel_put(ch);
	mkc_channel_put(ch);
}
EXPORT_SYMBOL_GPL(mkc_peer_close);

size_t mkc_peer_bytes(struct mkc_peer *peer)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);
	size_t bytes = sizeof(*peer);

	if (ch) {
		bytes += sizeof(*ch) + MKW_MESSAGE_MAX + MKC_REPLY_MAX;
		mkc_channel_put(ch);
	}
	return bytes;
}
EXPORT_SYMBOL_GPL(mkc_peer_bytes);

bool mkc_peer_counters(struct mkc_peer *peer,
		       struct mk_channel_counters *counters)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);
	bool broken;

	if (ch) {
		get_counters(ch, counters);
		broken = READ_ONCE(ch->broken);
		mkc_channel_put(ch);
		return broken;
	}
	spin_lock(&peer->last_lock);
	*counters = peer->last;
	broken = peer->last_broken;
	spin_unlock(&peer->last_lock);
	return broken;
}
EXPORT_SYMBOL_GPL(mkc_peer_counters);
