// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows the end of a life: policy.c decides, this does it.
 *
 * What is to be done is in the state file before it is begun, so the next
 * supervisor goes on with it; also with an end that nobody saw.  A restart that
 * cannot be done is not tried for ever: the instance stays as it is, and why
 * is in the log and in "mkctl show".
 */
#include "core.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "names.h"

#define HELD_STEP_MS 200 /* between tries while queues are held */
#define HELD_MS	     30000 /* until that has failed */
/* Whoever brought us back may be about to start it. */
#define TAKEN_OVER_MS 1000

static uint64_t boottime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

__attribute__((format(printf, 2, 3))) static void
set_why(struct serve *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->state->end.why, sizeof(s->state->end.why), format, args);
	va_end(args);
	if (s->state->end.why[0])
		serve_log(s, NULL, "%s", s->state->end.why);
}

/* --- the restart ---------------------------------------------------------- */

static void restart(void *context, uint32_t events);

static void restart_later(struct serve *s, int64_t ms)
{
	if (serve_later(s, (int)ms, restart, s, NULL)) {
		s->state->end.todo = 0;
		set_why(s, "not started again: out of memory");
	}
}

static void give_up(struct serve *s, const struct mk_error *err)
{
	s->held_since = 0;
	s->state->end.todo = 0;
	/* What the module says of its own state comes first. */
	serve_look(s);
	set_why(s, "not started again: %.200s", err->text);
}

/* True if it is to be tried again. */
static bool is_held(struct serve *s, const struct mk_error *err)
{
	int64_t now = serve_now();

	if (err->sys_errno != EBUSY)
		return false;
	if (!s->held_since)
		s->held_since = now;
	return now - s->held_since < HELD_MS;
}

static void restart(void *context, uint32_t events)
{
	struct serve *s = context;
	struct serve_end *end = &s->state->end;
	struct mk_error err;
	struct mk_info info;

	serve_look(s); /* somebody else may have done something with it */
	if (s->stop || s->running || end->todo != POLICY_RESTART)
		return;
	if (s->outside->info(s, &info, &err)) {
		give_up(s, &err);
		return;
	}
	end->started = info.generation + 1;
	if (s->outside->start(s, &err)) {
		if (is_held(s, &err))
			restart_later(s, HELD_STEP_MS);
		else
			give_up(s, &err);
		return;
	}
	s->held_since = 0;
	end->todo = 0;
	s->state->history.restarts++;
	serve_look(s);
}

static void restart_when_due(struct serve *s, int64_t least_ms)
{
	uint64_t now = boottime_ns(), due = s->state->end.due_ns;
	int64_t ms = due > now ? (int64_t)((due - now) / 1000000) : 0;

	/* From a file: the clock begins anew with the machine. */
	if (ms > POLICY_BACKOFF_MS_MAX)
		ms = POLICY_BACKOFF_MS_MAX;
	restart_later(s, ms > least_ms ? ms : least_ms);
}

/* --- what is to be done --------------------------------------------------- */

static void go_on(struct serve *s, int64_t least_ms)
{
	struct serve_end *end = &s->state->end;
	struct mk_error err;

	if (end->todo & POLICY_DUMP && !s->dumping) {
		if (!serve_dump_begin(s, &err))
			return;
		end->todo &= ~POLICY_DUMP;
		serve_log(s, NULL, "no dump: %s", err.text);
	}
	if (end->todo == POLICY_RESTART)
		restart_when_due(s, least_ms);
}

void serve_dumped(struct serve *s, const char *why)
{
	if (why)
		serve_log(s, NULL, "no dump: %s", why);
	s->state->end.todo &= ~POLICY_DUMP;
	go_on(s, 0);
}

void serve_ending_cancel(struct serve *s)
{
	s->state->end.todo = 0;
	s->held_since = 0;
	serve_not_later(s, restart, s);
	serve_dump_stop(s);
}

bool serve_ending_asked(struct serve *s)
{
	struct serve_end *end = &s->state->end;
	bool waited = end->todo & POLICY_RESTART;

	serve_look(s);
	if (s->running) {
		end->asked = s->state->life;
		return false;
	}
	if (!waited)
		return false;
	/* The dump, if there is one, goes on. */
	end->todo &= ~POLICY_RESTART;
	serve_not_later(s, restart, s);
	set_why(s, "not started again: that was called off");
	return true;
}

static void tell(struct serve *s, const struct mk_info *info,
		 const struct policy_end *e, const struct policy_decision *d)
{
	char restarts[64] = "";

	if (d->todo & POLICY_RESTART)
		snprintf(restarts, sizeof(restarts),
			 "; starts again in %lld s (%u in a row)",
			 (long long)(d->delay_ms / 1000),
			 s->state->history.row);
	serve_log(s, NULL, "life %u: %s (%s) after %lld.%lld s%s%s",
		  info->generation, mk_state_name(info->state),
		  mk_cause_name(info->cause), (long long)(e->lived_ms / 1000),
		  (long long)(e->lived_ms / 100 % 10),
		  d->todo & POLICY_DUMP ? "; its memory is dumped" : "",
		  restarts);
}

static void decide(struct serve *s, const struct mk_info *info)
{
	struct serve_end *end = &s->state->end;
	struct policy_history *h = &s->state->history;
	struct policy_decision d;
	struct policy_end e = {
		.state = info->state,
		.cause = info->cause,
		.asked = end->asked && end->asked == info->generation,
	};

	if (info->since_ns > info->started_ns)
		e.lived_ms = (int64_t)((info->since_ns - info->started_ns) /
				       1000000);
	/* Somebody else's start begins a new row. */
	if (info->generation != end->started)
		h->row = h->backoff_ms = 0;
	policy_decide(&s->state->policy, h, &e, &d);
	end->due_ns = info->since_ns + (uint64_t)d.delay_ms * 1000000;
	end->todo = d.todo;
	end->why[0] = '\0';
	/* Last: if we die before, it is decided anew. */
	__atomic_store_n(&end->events, info->events, __ATOMIC_RELEASE);
	tell(s, info, &e, &d);
	if (d.why)
		set_why(s, "%s", d.why);
	go_on(s, 0);
}

static void begun(struct serve *s, const struct mk_info *info)
{
	struct serve_end *end = &s->state->end;

	if (end->events == info->events)
		return;
	serve_ending_cancel(s);
	if (info->generation != end->started)
		s->state->history.row = s->state->history.backoff_ms = 0;
	end->why[0] = '\0';
	end->events = info->events;
}

void serve_ending_look(struct serve *s, const struct mk_info *info)
{
	struct serve_end *end = &s->state->end;

	s->started_ns = info->started_ns;
	if (info->state == MK_STATE_RUNNING) {
		begun(s, info);
	} else if (info->events == end->events) {
		/* A supervisor before us may have left it half done. */
		if (!s->looked && end->todo)
			go_on(s, TAKEN_OVER_MS);
	} else if (info->state == MK_STATE_STOPPED ||
		   info->state == MK_STATE_CRASHED) {
		decide(s, info);
	} else {
		serve_ending_cancel(s); /* it was unloaded, or loaded anew */
		end->events = info->events;
	}
	s->looked = true;
}
