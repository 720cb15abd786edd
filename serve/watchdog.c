// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives up a spawn whose agent does not beat any more: it has crashed then,
 * cause HUNG, and what follows is that of a crash.
 */
#include "core.h"

#include <string.h>
#include <time.h>

static int64_t lived_ms(const struct serve *s)
{
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_BOOTTIME, &t);
	now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	return now - (int64_t)(s->started_ns / 1000000);
}

static void end_hung(struct serve *s, int64_t age)
{
	struct mk_error err;

	if (age < 0)
		serve_log(s, NULL,
			  "its agent has not beaten in %lld s: given up as "
			  "hung",
			  (long long)(lived_ms(s) / 1000));
	else
		serve_log(s, NULL,
			  "its agent has not beaten for %lld.%lld s: given up "
			  "as hung",
			  (long long)(age / 1000), (long long)(age / 100 % 10));
	/* It may just have ended by itself. */
	if (s->outside->give_up(s, &err) && err.code != MK_E_STATE)
		serve_complain(s, NULL, "it cannot be ended: %s", err.text);
	serve_look(s);
}

static void look(void *context, uint32_t events)
{
	struct serve *s = context;
	const struct policy *p = &s->state->policy;
	int64_t now = serve_now(), age, suspect = -1;
	struct mk_channel channel;
	struct mk_error err;
	int again = policy_watch_ms(p);

	if (!s->running || !p->watchdog_ms)
		return;
	if (s->outside->channel(s, &channel, &err)) {
		if (err.code != MK_E_NOTFOUND)
			serve_complain(s, NULL, "the watchdog sees nothing: %s",
				       err.text);
	} else if (channel.generation == s->state->life) {
		age = channel.heartbeat_age_ms == ~0U
			      ? -1
			      : (int64_t)channel.heartbeat_age_ms;
		if (s->suspect_since)
			suspect = now - s->suspect_since;
		switch (policy_watch(p, age, lived_ms(s), suspect)) {
		case POLICY_FINE:
			s->suspect_since = 0;
			break;
		case POLICY_SUSPECT:
			if (!s->suspect_since)
				s->suspect_since = now;
			break;
		case POLICY_HUNG:
			s->suspect_since = 0;
			end_hung(s, age);
			break;
		}
	}
	if (s->running)
		serve_later(s, again, look, s, NULL);
}

void serve_watch_spawn(struct serve *s)
{
	s->suspect_since = 0;
	if (s->running && s->state->policy.watchdog_ms)
		serve_later(s, policy_watch_ms(&s->state->policy), look, s,
			    NULL);
	else
		serve_not_later(s, look, s);
}
