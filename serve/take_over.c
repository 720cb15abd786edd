// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a supervisor begins with: the state file of one before it, or nothing;
 * and the devices of either.
 */
#include "take_over.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon.h"
#include "folder.h"

#define LAST_BREATH_MS 5000

static unsigned int nr_devices(const struct serve_state *state)
{
	unsigned int i, nr = 0;

	for (i = 0; i < SERVE_DEVICES; i++)
		nr += state->devices[i].used;
	return nr;
}

/* The same devices, in whatever order? */
bool take_over_same(const struct serve_state *state, const struct serve_wish *w)
{
	bool matched[SERVE_DEVICES] = { false };
	const struct serve_device_state *d;
	unsigned int i, k;

	if (nr_devices(state) != w->nr)
		return false;
	for (i = 0; i < w->nr; i++) {
		for (k = 0; k < SERVE_DEVICES; k++) {
			d = &state->devices[k];
			if (d->used && !matched[k] &&
			    strcmp(d->kind, w->devices[i].kind) == 0 &&
			    strcmp(d->options, w->devices[i].options) == 0)
				break;
		}
		if (k == SERVE_DEVICES)
			return false;
		matched[k] = true;
	}
	return true;
}

/*
 * Its lock was free, so it has ended; but a killed process closes one
 * descriptor after the other, and holds queues and taps until the last.  Its
 * memory went before them: who still has an executable is somebody else, with
 * the same number.
 */
static void wait_for_end(uint32_t pid)
{
	struct pollfd pfd = { .events = POLLIN };
	char path[64], executable;

	if (!pid || pid == (uint32_t)getpid())
		return;
	pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pfd.fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	if (readlink(path, &executable, 1) < 0)
		poll(&pfd, 1, LAST_BREATH_MS);
	close(pfd.fd);
}

static void forget_driver(struct serve_device_state *d)
{
	d->status = 0;
	d->features = 0;
	memset(d->queues, 0, sizeof(d->queues));
}

/* Daemons that outlived their supervisor are taken over only to be ended. */
static void end_leftovers(struct serve *s)
{
	struct mk_error err;
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++) {
		if (!s->state->devices[i].used)
			continue;
		forget_driver(&s->state->devices[i]);
		if (serve_resume(s, i, true, &err) == 0)
			serve_close(s->slots[i]);
		else
			daemon_end_of(s->folder, s->state->devices[i].kind, i);
		memset(s->state->devices[i].backend, 0,
		       sizeof(s->state->devices[i].backend));
	}
	s->state->held = 0;
}

static int refuse(const struct serve *s, struct mk_error *err)
{
	return mk_fail(err, MK_E_REFUSED,
		       "other devices were served before: mkctl serve %s "
		       "without options goes on with those, --replace forgets "
		       "them",
		       s->name);
}

int take_over_state(struct serve *s, const struct mk_info *info,
		    const struct serve_wish *w, struct mk_error *err)
{
	char path[PATH_MAX + 8];
	struct mk_error why;
	unsigned int nr;
	int code;

	snprintf(path, sizeof(path), "%s/state", s->folder);
	code = serve_state_open(path, &s->state, err);
	if (code == MK_E_INPUT && !w->replace) {
		why = *err;
		return mk_fail(err, MK_E_INPUT,
			       "%.140s; with --replace mkctl serve %s begins "
			       "anew",
			       why.text, s->name);
	}
	if (code && code != MK_E_NOTFOUND && code != MK_E_INPUT)
		return code;
	if (!code) {
		wait_for_end(s->state->supervisor);
		if (!serve_state_is_of(s->state, info)) {
			/* Of an instance that had this name before. */
			if (s->state->held)
				end_leftovers(s);
			serve_state_close(s->state);
			s->state = NULL;
			serve_folder_empty(s->folder);
		} else if (!w->replace &&
			   (!w->nr || take_over_same(s->state, w))) {
			return 0;
		} else if (!w->replace) {
			return refuse(s, err);
		} else {
			if (s->state->held)
				end_leftovers(s);
			serve_state_close(s->state);
			s->state = NULL;
		}
	}
	/* What a damaged state file would have said of them is not known. */
	nr = daemon_end_all(s->folder);
	if (nr)
		serve_log(s, NULL,
			  "ended %u daemon(s) that an earlier supervisor left",
			  nr);
	s->fresh = true;
	return serve_state_create(path, info, &s->state, err);
}

void take_over_policy(struct serve *s, const struct serve_wish *w)
{
	unsigned int i;

	for (i = 0; i < w->nr_policy; i++)
		policy_set(&s->state->policy, w->policy[i].name,
			   w->policy[i].value, NULL);
}

static int open_new(struct serve *s, const struct serve_wish *w,
		    struct mk_error *err)
{
	unsigned int i;
	int code;

	for (i = 0; i < w->nr; i++) {
		code = serve_add(s, serve_kind_find(w->devices[i].kind),
				 w->devices[i].options, err);
		if (code < 0)
			return code;
	}
	return 0;
}

int take_over_devices(struct serve *s, const struct mk_info *info,
		      const struct serve_wish *w, struct mk_error *err)
{
	bool running = info->state == MK_STATE_RUNNING;
	bool resume = s->state->held && running &&
		      s->state->life == info->generation;
	unsigned int i;
	int code;

	if (s->state->held && !resume)
		end_leftovers(s);
	s->state->supervisor = (uint32_t)getpid();
	s->state->held = 1;
	s->state->life = info->generation;
	s->state->events = info->events;
	if (!nr_devices(s->state))
		return open_new(s, w, err);
	for (i = 0; i < SERVE_DEVICES; i++) {
		if (!s->state->devices[i].used)
			continue;
		if (!resume)
			forget_driver(&s->state->devices[i]);
		code = serve_resume(s, i, resume, err);
		if (!code)
			continue;
		/* The others are in use: they come first. */
		if (!resume)
			return code;
		serve_log(s, NULL, "device %u (%s) cannot be taken over: %s", i,
			  s->state->devices[i].kind, err->text);
	}
	return 0;
}
