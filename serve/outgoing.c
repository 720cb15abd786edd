// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to the spawn, which may be slow or hung.
 *
 * What cannot be sent waits here, so many and so long; then it is dropped: the
 * driver repeats its requests, and asks about a device that it misses.
 */
#include "core.h"

#include <errno.h>
#include <sys/epoll.h>

#define KEEP_MS	 5000 /* a message that finds no room */
#define FULL_MS	 20 /* until the next try: its queue is full */
#define ROUND_MS 100 /* at once; then others have their turn */
#define SLEPT_MS 1000 /* the same when it did not even answer */

static void flush_later(void *context, uint32_t events)
{
	serve_out_flush(context);
}

static void pop(struct serve *s)
{
	s->out_first = (s->out_first + 1) % SERVE_OUTGOING;
	s->out_nr--;
}

/* Try the first one: 0 when it is done with, else when to try again, in ms. */
static int send_first(struct serve *s)
{
	struct serve_out *o = &s->out[s->out_first];
	struct mk_error err;
	int code, again;

	code = s->outside->send(s, o->m.bytes, o->m.length, &err);
	if (code == MK_E_UNKNOWN && !o->once)
		again = SLEPT_MS;
	else if (code == MK_E_REFUSED && err.sys_errno == EAGAIN)
		again = FULL_MS;
	else
		return 0;
	if (serve_now() < o->until)
		return again;
	serve_complain(s, NULL, "a message is dropped: %s", err.text);
	return 0;
}

void serve_out_flush(struct serve *s)
{
	int64_t until = serve_now() + ROUND_MS;
	int again = 0;

	while (s->out_nr && serve_now() < until) {
		again = send_first(s);
		if (again)
			break;
		pop(s);
	}
	if (s->out_nr &&
	    serve_later(s, again, flush_later, s, NULL)) /* no memory */
		serve_out_clear(s);
	if (s->port_paused && s->out_nr < SERVE_OUTGOING_FULL &&
	    !serve_rewatch(s, s->port, EPOLLIN, NULL))
		s->port_paused = false;
}

void serve_out(struct serve *s, const struct mk_virtio_message *m, bool once)
{
	struct serve_out *o;

	if (s->out_nr == SERVE_OUTGOING) {
		serve_complain(s, NULL,
			       "a message is dropped: too many wait for the "
			       "spawn");
		return;
	}
	o = &s->out[(s->out_first + s->out_nr++) % SERVE_OUTGOING];
	o->m = *m;
	o->once = once;
	o->until = serve_now() + KEEP_MS;
	/* Behind others it waits for its turn. */
	if (s->out_nr == 1)
		serve_out_flush(s);
}

void serve_out_clear(struct serve *s)
{
	s->out_nr = 0;
	serve_not_later(s, flush_later, s);
	serve_out_flush(s);
}
