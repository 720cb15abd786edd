// SPDX-License-Identifier: GPL-2.0-only
/* The supervisor's event loop: descriptors, timers, and the log. */
#include "core.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOG_BYTES      (512 << 10) /* a file of ours; then it begins anew */
#define COMPLAINTS     20 /* lines that a spawn can provoke ... */
#define COMPLAINTS_MS  10000 /* ... in this time */
#define EVENTS_AT_ONCE 32

/* A place in s->watches; @count tells a stale event of an earlier use. */
struct serve_watch {
	int fd; /* -1 = free */
	uint32_t count;
	serve_ready *ready;
	void *context;
};

struct serve_timer {
	int64_t due;
	uint64_t order;
	serve_ready *ready;
	void *context;
};

int64_t serve_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int serve_loop_init(struct serve *s, struct mk_error *err)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "epoll_create1");
	return 0;
}

void serve_loop_free(struct serve *s)
{
	if (s->epoll >= 0)
		close(s->epoll);
	s->epoll = -1;
	free(s->watches);
	s->watches = NULL;
	s->nr_watches = 0;
	free(s->timers);
	s->timers = NULL;
	s->nr_timers = 0;
	s->room_timers = 0;
}

/* --- descriptors ---------------------------------------------------------- */

static struct serve_watch *find_watch(struct serve *s, int fd)
{
	unsigned int i;

	for (i = 0; i < s->nr_watches; i++)
		if (s->watches[i].fd == fd)
			return &s->watches[i];
	return NULL;
}

/* A free place, of which there are more after this if need be. */
static struct serve_watch *free_watch(struct serve *s)
{
	struct serve_watch *w = find_watch(s, -1);
	unsigned int i, nr = s->nr_watches ? s->nr_watches * 2 : 32;

	if (w)
		return w;
	w = realloc(s->watches, nr * sizeof(*w));
	if (!w)
		return NULL;
	s->watches = w;
	for (i = s->nr_watches; i < nr; i++)
		w[i] = (struct serve_watch){ .fd = -1 };
	w += s->nr_watches;
	s->nr_watches = nr;
	return w;
}

static int control_epoll(struct serve *s, int operation,
			 const struct serve_watch *w, uint32_t events,
			 struct mk_error *err)
{
	struct epoll_event e = { .events = events };

	e.data.u64 = (uint64_t)w->count << 32 | (uint64_t)(w - s->watches);
	if (epoll_ctl(s->epoll, operation, w->fd, &e))
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot watch %d",
				     w->fd);
	return 0;
}

int serve_watch(struct serve *s, int fd, uint32_t events, serve_ready *ready,
		void *context, struct mk_error *err)
{
	struct serve_watch *w;
	int code;

	if (fd < 0 || find_watch(s, fd))
		return mk_fail(err, MK_E_CALL,
			       "descriptor %d cannot be watched (again)", fd);
	w = free_watch(s);
	if (!w)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	w->fd = fd;
	w->ready = ready;
	w->context = context;
	code = control_epoll(s, EPOLL_CTL_ADD, w, events, err);
	if (code)
		w->fd = -1;
	return code;
}

int serve_rewatch(struct serve *s, int fd, uint32_t events,
		  struct mk_error *err)
{
	struct serve_watch *w = fd < 0 ? NULL : find_watch(s, fd);

	if (!w)
		return mk_fail(err, MK_E_CALL, "descriptor %d is not watched",
			       fd);
	return control_epoll(s, EPOLL_CTL_MOD, w, events, err);
}

void serve_ignore(struct serve *s, int fd)
{
	struct serve_watch *w = fd < 0 ? NULL : find_watch(s, fd);

	if (!w)
		return;
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
	w->fd = -1;
	w->count++;
}

/* --- timers --------------------------------------------------------------- */

static struct serve_timer *find_timer(struct serve *s, serve_ready *ready,
				      const void *context)
{
	unsigned int i;

	for (i = 0; i < s->nr_timers; i++)
		if (s->timers[i].ready == ready &&
		    s->timers[i].context == context)
			return &s->timers[i];
	return NULL;
}

static void drop_timer(struct serve *s, struct serve_timer *t)
{
	*t = s->timers[--s->nr_timers];
}

int serve_later(struct serve *s, int ms, serve_ready *ready, void *context,
		struct mk_error *err)
{
	struct serve_timer *t = find_timer(s, ready, context);
	unsigned int room = s->room_timers ? s->room_timers * 2 : 16;

	if (!t && s->nr_timers == s->room_timers) {
		t = realloc(s->timers, room * sizeof(*t));
		if (!t)
			return mk_fail(err, MK_E_SYSTEM, "out of memory");
		s->timers = t;
		s->room_timers = room;
		t = NULL;
	}
	if (!t)
		t = &s->timers[s->nr_timers++];
	t->due = serve_now() + ms;
	t->order = s->timer_order++;
	t->ready = ready;
	t->context = context;
	return 0;
}

void serve_not_later(struct serve *s, serve_ready *ready, void *context)
{
	struct serve_timer *t = find_timer(s, ready, context);

	if (t)
		drop_timer(s, t);
}

static int next_timer_ms(const struct serve *s, int most)
{
	int64_t now = serve_now(), left;
	unsigned int i;

	for (i = 0; i < s->nr_timers; i++) {
		left = s->timers[i].due - now;
		if (left < 0)
			left = 0;
		if (most < 0 || left < most)
			most = (int)left;
	}
	return most;
}

/* Those that are set in here wait for the next round. */
static void run_timers(struct serve *s)
{
	uint64_t limit = s->timer_order;
	int64_t now = serve_now();
	struct serve_timer t;
	unsigned int i;

	for (i = 0; i < s->nr_timers;) {
		t = s->timers[i];
		if (t.due > now || t.order >= limit) {
			i++;
			continue;
		}
		drop_timer(s, &s->timers[i]);
		t.ready(t.context, 0);
		/* It may have changed what is there. */
		i = 0;
	}
}

int serve_loop_once(struct serve *s, int most_ms, struct mk_error *err)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct serve_watch w;
	uint32_t index;
	int i, nr;

	nr = epoll_wait(s->epoll, events, EVENTS_AT_ONCE,
			next_timer_ms(s, most_ms));
	if (nr < 0 && errno != EINTR)
		return mk_fail_errno(err, MK_E_SYSTEM, "epoll_wait");
	for (i = 0; i < nr && !s->stop; i++) {
		index = (uint32_t)events[i].data.u64;
		/* A copy: the call may move the table. */
		w = s->watches[index];
		if (w.fd < 0 || w.count != events[i].data.u64 >> 32)
			continue;
		w.ready(w.context, events[i].events);
	}
	if (!s->stop)
		run_timers(s);
	return 0;
}

int serve_loop(struct serve *s, struct mk_error *err)
{
	int code = 0;

	while (!s->stop && !code)
		code = serve_loop_once(s, -1, err);
	return code;
}

/* --- the log -------------------------------------------------------------- */

static void log_args(const struct serve *s, const struct serve_device *d,
		     const char *format, va_list args)
{
	char line[1024], when[32] = "";
	size_t at = 0, i;
	time_t now = time(NULL);
	struct stat st;
	struct tm tm;

	/* Whoever follows the file sees it begin anew. */
	if (s->background && fstat(STDERR_FILENO, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size > LOG_BYTES &&
	    ftruncate(STDERR_FILENO, 0) == 0)
		dprintf(STDERR_FILENO, "(what was here is gone: too long)\n");
	if (s->background && gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	if (d)
		at = (size_t)snprintf(line, sizeof(line),
				      "%s%s: device %u (%s): ", when, s->name,
				      d->number, d->kind->name);
	else
		at = (size_t)snprintf(line, sizeof(line), "%s%s: ", when,
				      s->name);
	vsnprintf(line + at, sizeof(line) - at, format, args);
	/* What strangers say is part of it. */
	for (i = 0; line[i]; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	dprintf(STDERR_FILENO, "%s\n", line);
}

void serve_log(const struct serve *s, const struct serve_device *d,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(s, d, format, args);
	va_end(args);
}

void serve_complain(struct serve *s, const struct serve_device *d,
		    const char *format, ...)
{
	int64_t now = serve_now();
	va_list args;

	if (now - s->complaints_since > COMPLAINTS_MS) {
		s->complaints_since = now;
		s->complaints = 0;
	}
	if (s->complaints > COMPLAINTS)
		return;
	if (s->complaints++ == COMPLAINTS) {
		serve_log(s, NULL,
			  "the spawn brings about more lines than are shown");
		return;
	}
	va_start(args, format);
	log_args(s, d, format, args);
	va_end(args);
}
