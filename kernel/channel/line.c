// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines; see line.h.
 *
 * A peer that is not trusted may ring so often (parameter line_rate), and all
 * lines of a peer together four times as often.  A line that rings more has its
 * word withdrawn for a while, in which it counts as rung at every tick: slower,
 * but nothing is missed.  One that rings on where nothing says that it may does
 * so on purpose, and its owner is told.
 */
#include "peer.h"

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>

static unsigned int line_rate = 200000;
module_param(line_rate, uint, 0644);
MODULE_PARM_DESC(line_rate,
		 "rings a second of one line before it is polled for a while");

static struct lock_class_key line_key;

static unsigned int limit(void)
{
	/* A few are always right: our own when the interrupt moves, e.g. */
	return max(READ_ONCE(line_rate) / 10, 100U);
}

/* Do all lines of the peer together ring more than several would? */
static bool too_many(struct mkc_peer *peer)
{
	if (time_after(jiffies, READ_ONCE(peer->lines_window_end))) {
		WRITE_ONCE(peer->lines_window_end, jiffies + HZ / 10);
		atomic_set(&peer->lines_in_window, 0);
	}
	return atomic_inc_return(&peer->lines_in_window) > 4 * limit();
}

/* Count a ring, and do something about too many; the bell's lock is held. */
static void rate(struct mkc_line *line)
{
	bool all = too_many(line->peer) && !line->bell.masked;

	/* The one that makes it too many for all has to bear it. */
	switch (mkc_doorbell_count_locked(&line->bell, all ? 0 : limit())) {
	case MKC_RATE_GOOD:
		break;
	case MKC_RATE_MASKED:
		schedule_delayed_work(&line->look, 1);
		break;
	case MKC_RATE_FLOOD:
		line->peer->ops->flood(line->peer);
		break;
	}
}

static bool bell_rung(struct mkc_doorbell *bell)
{
	struct mkc_line *line = container_of(bell, struct mkc_line, bell);
	unsigned long flags;
	bool go_on;

	raw_spin_lock_irqsave(&bell->lock, flags);
	go_on = line->peer_word;
	if (go_on && line->limited) {
		rate(line);
		/* Then the clock does it. */
		go_on = !bell->masked;
	}
	raw_spin_unlock_irqrestore(&bell->lock, flags);
	return go_on;
}

static void bell_act(struct mkc_doorbell *bell)
{
	struct mkc_line *line = container_of(bell, struct mkc_line, bell);

	line->rung(line);
}

static void look(struct work_struct *work)
{
	struct mkc_line *line =
		container_of(to_delayed_work(work), struct mkc_line, look);
	struct mkc_doorbell *bell = &line->bell;
	unsigned long flags;
	bool over;

	raw_spin_lock_irqsave(&bell->lock, flags);
	over = !line->peer_word;
	mkc_doorbell_tend_locked(bell);
	if (bell->masked && !over)
		schedule_delayed_work(&line->look, 1);
	raw_spin_unlock_irqrestore(&bell->lock, flags);
	/*
	 * Pairs with the peer's barrier between what it makes available and its
	 * look at the word: it sees that it may ring, or we see what it did.
	 */
	smp_mb();
	if (!over)
		line->rung(line);
}

static bool is_open(struct mkc_peer *peer, unsigned int index)
{
	struct mkc_line *line;

	list_for_each_entry(line, &peer->lines, link)
		if (line->index == index)
			return true;
	return false;
}

/* Join it to the life under way; peer->lines_lock is held. */
static int attach(struct mkc_line *line, struct mkc_channel *ch)
{
	unsigned long flags;

	/* A channel that closes does so before it takes the lock. */
	if (READ_ONCE(ch->closed) || !ch->own_lines)
		return -ENOTCONN;
	if (line->generation && line->generation != ch->generation)
		return -ENOTCONN;
	if (is_open(line->peer, line->index))
		return -EBUSY;
	raw_spin_lock_irqsave(&line->bell.lock, flags);
	line->peer_word = &ch->peer_lines[line->index];
	raw_spin_unlock_irqrestore(&line->bell.lock, flags);
	mkc_doorbell_publish(&line->bell, &ch->own_lines[line->index]);
	list_add_tail(&line->link, &line->peer->lines);
	/* As in look(). */
	smp_mb();
	return 0;
}

int mkc_line_open(struct mkc_line *line, struct mkc_peer *peer)
{
	struct mkc_channel *ch;
	int err;

	if (line->index >= MKW_LINES)
		return -EINVAL;
	ch = mkc_peer_channel(peer);
	if (!ch)
		return -ENOTCONN;
	INIT_DELAYED_WORK(&line->look, look);
	line->peer_word = NULL;
	line->checked = 0;
	line->bell.rung = bell_rung;
	line->bell.act = bell_act;
	snprintf(line->bell.name, sizeof(line->bell.name),
		 "multikernel-%s-%u.%u", peer->name,
		 line->index / MKW_LINES_QUEUES,
		 line->index % MKW_LINES_QUEUES);
	err = mkc_doorbell_request(&line->bell);
	if (err)
		goto put;
	/* Rung inside of drivers' locks, unlike that of the channel. */
	lockdep_set_class(&line->bell.lock, &line_key);
	line->peer = mkc_peer_get(peer);
	mutex_lock(&peer->lines_lock);
	err = attach(line, ch);
	mutex_unlock(&peer->lines_lock);
	if (err) {
		mkc_doorbell_free(&line->bell);
		mkc_peer_put(peer);
	}
put:
	mkc_channel_put(ch);
	return err;
}
EXPORT_SYMBOL_GPL(mkc_line_open);

static void detach(struct mkc_line *line)
{
	unsigned long flags;

	mkc_doorbell_publish(&line->bell, NULL);
	raw_spin_lock_irqsave(&line->bell.lock, flags);
	line->peer_word = NULL;
	raw_spin_unlock_irqrestore(&line->bell.lock, flags);
}

void mkc_line_close(struct mkc_line *line)
{
	struct mkc_peer *peer = line->peer;

	mutex_lock(&peer->lines_lock);
	list_del(&line->link);
	detach(line);
	mutex_unlock(&peer->lines_lock);
	mkc_doorbell_free(&line->bell);
	cancel_delayed_work_sync(&line->look);
	mkc_peer_put(peer);
}
EXPORT_SYMBOL_GPL(mkc_line_close);

void mkc_lines_end(struct mkc_peer *peer)
{
	struct mkc_line *line;

	mutex_lock(&peer->lines_lock);
	list_for_each_entry(line, &peer->lines, link)
		detach(line);
	mutex_unlock(&peer->lines_lock);
}

bool mkc_line_ring(struct mkc_line *line)
{
	unsigned int rung = 0;
	unsigned long flags;

	/*
	 * The lock is a full barrier, too: what was made available is visible
	 * before the word is read.  Pairs with attach() and look() of the peer.
	 */
	raw_spin_lock_irqsave(&line->bell.lock, flags);
	smp_mb__after_spinlock();
	if (line->peer_word)
		rung = mkc_ring_word(line->peer, line->peer_word,
				     &line->checked);
	raw_spin_unlock_irqrestore(&line->bell.lock, flags);
	return rung;
}
EXPORT_SYMBOL_GPL(mkc_line_ring);

bool mkc_line_has_peer(struct mkc_line *line)
{
	unsigned long flags;
	bool has;

	raw_spin_lock_irqsave(&line->bell.lock, flags);
	has = line->peer_word && READ_ONCE(*line->peer_word);
	raw_spin_unlock_irqrestore(&line->bell.lock, flags);
	return has;
}
EXPORT_SYMBOL_GPL(mkc_line_has_peer);

bool mkc_line_is_over(struct mkc_line *line)
{
	return !READ_ONCE(line->peer_word);
}
EXPORT_SYMBOL_GPL(mkc_line_is_over);
