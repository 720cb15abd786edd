// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened: the last MK_EVENTS changes of all instances, in one ring, so
 * that who looks late, or was killed, misses none (MK_IOC_EVENT).
 */
#include "host.h"

#include <linux/poll.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

static struct mk_event *ring; /* events_lock; that of seq is at seq % MK_EVENTS */
static u64 last; /* events_lock; 0 = none yet */
static DEFINE_SPINLOCK(events_lock);
static DECLARE_WAIT_QUEUE_HEAD(news);

int mkh_event_init(void)
{
	ring = vzalloc(MK_EVENTS * sizeof(*ring));
	return ring ? 0 : -ENOMEM;
}

void mkh_event_exit(void)
{
	vfree(ring);
}

u64 mkh_event_bytes(void)
{
	return MK_EVENTS * sizeof(*ring);
}

void mkh_event_add(struct mk_event *event)
{
	spin_lock(&events_lock);
	event->time_ns = ktime_get_boottime_ns();
	event->real_ns = ktime_get_real_ns();
	event->seq = ++last;
	ring[last % MK_EVENTS] = *event;
	spin_unlock(&events_lock);
	wake_up_all(&news);
}

int mkh_event_next(struct mk_event *event, u64 *seen)
{
	u64 after = event->seq, oldest;
	int err = -ENOENT;

	spin_lock(&events_lock);
	if (after > last) {
		/* Of another time, when the module was loaded before. */
		spin_unlock(&events_lock);
		return -EINVAL;
	}
	/* From here on poll() waits for what comes after this answer. */
	WRITE_ONCE(*seen, last);
	if (after < last) {
		oldest = last > MK_EVENTS ? last - MK_EVENTS + 1 : 1;
		after = max(after + 1, oldest);
		WRITE_ONCE(*seen, after);
		*event = ring[after % MK_EVENTS];
		err = 0;
	}
	spin_unlock(&events_lock);
	return err;
}

__poll_t mkh_event_poll(struct file *file, poll_table *table, const u64 *seen)
{
	bool more;

	poll_wait(file, &news, table);
	spin_lock(&events_lock);
	more = last > READ_ONCE(*seen);
	spin_unlock(&events_lock);
	return more ? EPOLLIN | EPOLLRDNORM : 0;
}
