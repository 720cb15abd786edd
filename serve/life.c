// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lives of the spawn: devices begin anew with each.  And what waits for the
 * spawn to be there, or for time to be over.
 */
#include "core.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define TICK_MS	     200
#define TICK_MS_MAX  2000
#define AT_ONCE	     64 /* requests, before others have their turn */
#define ROUND_MS     100 /* others have their turn then, too */
#define STOP_MS	     30000 /* for all daemons at the end of a life */
#define DRAIN_AT_END 65536 /* messages: more than the port's queue holds */

static uint8_t incoming[MK_MESSAGE_MAX]; /* a longer one would stay for ever */

/* --- ends and beginnings -------------------------------------------------- */

/*
 * What the last life sent must not be taken for the next one's.  If that has
 * begun already its first requests go too; it repeats them.
 */
static void drain(struct serve *s)
{
	unsigned int i;

	for (i = 0; i < DRAIN_AT_END; i++)
		if (s->outside->receive(s, incoming, sizeof(incoming), NULL) <
		    0)
			break;
}

void serve_hurry(struct serve *s)
{
	s->stop_until = serve_now() + STOP_MS;
}

int serve_patience(const struct serve *s, int ms)
{
	int64_t left;

	if (!s->stop_until)
		return ms;
	left = s->stop_until - serve_now();
	return left <= 0 ? 0 : left < ms ? (int)left : ms;
}

static void end_life(struct serve *s)
{
	unsigned int i;

	s->running = false;
	serve_hurry(s);
	serve_out_clear(s);
	drain(s);
	for (i = 0; i < SERVE_DEVICES; i++) {
		if (!s->slots[i]) {
			/* It could not be taken over; perhaps from anew. */
			serve_retry(s, i);
			continue;
		}
		serve_reset(s->slots[i]);
		s->slots[i]->announce = false;
		if (s->slots[i]->leaving) {
			serve_remove_now(s->slots[i]);
		} else if (s->slots[i]->d.broken && !s->slots[i]->d.holds) {
			/* The next life begins with another backend. */
			serve_close(s->slots[i]);
			serve_retry(s, i);
		}
	}
	s->stop_until = 0;
}

static void begin_life(struct serve *s, const struct mk_info *info)
{
	unsigned int i;

	s->running = true;
	s->state->life = info->generation;
	for (i = 0; i < SERVE_DEVICES; i++)
		if (s->slots[i]) {
			s->slots[i]->announce = true;
			s->slots[i]->starts = 0;
		}
	serve_tick(s);
	serve_watch_spawn(s);
}

void serve_look(struct serve *s)
{
	struct mk_error err;
	struct mk_info info;
	bool running;
	int code;

	code = s->outside->info(s, &info, &err);
	if (code == MK_E_NOTFOUND) {
		s->gone = true;
		s->stop = true;
		return;
	}
	if (code) {
		serve_complain(s, NULL, "%s", err.text);
		return;
	}
	running = info.state == MK_STATE_RUNNING;
	if (s->running && (!running || s->state->life != info.generation))
		end_life(s);
	s->state->events = info.events;
	if (running && !s->running)
		begin_life(s, &info);
	serve_ending_look(s, &info);
}

/* --- what waits ----------------------------------------------------------- */

/* True if some could not be told yet. */
static bool announce(struct serve *s)
{
	int64_t until = serve_now() + ROUND_MS;
	struct mk_virtio_message m;
	struct mk_error err;
	bool left = false;
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++) {
		if (!s->slots[i] || !s->slots[i]->announce)
			continue;
		if (serve_now() >= until)
			return true;
		/* In order with the removal of one that had its number. */
		if (left || s->out_nr || !s->outside->is_up(s))
			return true;
		mk_virtio_event_device(&m, (uint16_t)i, MKV_DEVICE_READY);
		if (s->outside->send(s, m.bytes, m.length, &err))
			left = true;
		else
			s->slots[i]->announce = false;
	}
	return left;
}

static void tick(void *context, uint32_t events)
{
	struct serve *s = context;
	struct serve_slot *slot;
	bool again = false;
	unsigned int i;

	if (!s->running)
		return;
	again = announce(s);
	for (i = 0; i < SERVE_DEVICES; i++) {
		slot = s->slots[i];
		if (slot && slot->start_again) {
			serve_start(slot, slot->start_resumes);
			again |= slot->start_again;
		}
		if (!slot || !slot->leaving)
			continue;
		if (serve_now() >= slot->leave_until) {
			serve_complain(s, &slot->d,
				       "the spawn did not let go of it in "
				       "time");
			serve_remove_now(slot);
		} else {
			again = true;
		}
	}
	if (!again)
		return;
	serve_later(s, s->tick_ms, tick, s, NULL);
	s->tick_ms *= 2;
	if (s->tick_ms > TICK_MS_MAX)
		s->tick_ms = TICK_MS_MAX;
}

void serve_tick(struct serve *s)
{
	s->tick_ms = TICK_MS;
	serve_later(s, TICK_MS / 4, tick, s, NULL);
}

/* --- what comes ----------------------------------------------------------- */

void serve_port_ready(void *context, uint32_t events)
{
	int64_t until = serve_now() + ROUND_MS;
	struct serve *s = context;
	unsigned int i;
	ssize_t n;

	/* Which life is it that speaks? */
	serve_look(s);
	/* One that takes our answers slowly takes none of the others' time. */
	for (i = 0; i < AT_ONCE && !s->stop && serve_now() < until; i++) {
		/* Who does not take our answers need not ask further. */
		if (s->out_nr >= SERVE_OUTGOING_FULL) {
			s->port_paused = !serve_rewatch(s, s->port, 0, NULL);
			return;
		}
		n = s->outside->receive(s, incoming, sizeof(incoming), NULL);
		if (n < 0)
			return;
		if (s->running)
			serve_handle(s, incoming, (size_t)n);
	}
}
