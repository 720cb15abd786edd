// SPDX-License-Identifier: GPL-2.0-only
/* A virtio device whose queues a vhost-user daemon serves; see daemon.h. */
#include "daemon_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

/* For requests that are under way; a test has less time. */
#ifndef STOP_MS
#define STOP_MS 30000
#endif

/* ---- while it serves ---- */

static void unwatch(struct daemon *p)
{
	if (!p->watched)
		return;
	p->watched = false;
	serve_ignore(p->d->s, p->connection);
	if (p->process.pidfd >= 0)
		serve_ignore(p->d->s, p->process.pidfd);
	serve_not_later(p->d->s, daemon_look_at_log, p);
}

/* The end of the process, or of the connection: whichever is seen first. */
static void gone(void *context, uint32_t events)
{
	char words[192], verdict[96], why[384];
	struct daemon *p = context;

	(void)events;
	unwatch(p);
	daemon_verdict(&p->process, verdict, sizeof(verdict));
	daemon_keep_words(p);
	daemon_last_words(p->log, words, sizeof(words));
	snprintf(why, sizeof(why), "%s %s%s%s", p->name, verdict,
		 words[0] ? ": " : "", words);
	/* Not NONE: what it had taken of the queues is not known. */
	set_phase(p, PHASE_RUNNING);
	daemon_let_go(p, false);
	serve_broken(p->d, why);
}

static int watch(struct daemon *p, struct mk_error *err)
{
	struct serve *s = p->d->s;
	int e;

	e = serve_watch(s, p->connection, EPOLLRDHUP, gone, p, err);
	if (e)
		return e;
	if (is_ours(p)) {
		e = serve_watch(s, p->process.pidfd, EPOLLIN, gone, p, err);
		if (!e)
			e = serve_later(s, DAEMON_LOG_LOOK_MS,
					daemon_look_at_log, p, err);
	}
	if (e) {
		serve_ignore(s, p->connection);
		if (p->process.pidfd >= 0)
			serve_ignore(s, p->process.pidfd);
		return e;
	}
	p->watched = true;
	return 0;
}

/* The daemon's eventfds become what d->queues[i].kick and .call are. */
static int give_events(struct daemon *p, struct mk_error *err)
{
	struct serve_queue *q = p->d->queues;
	unsigned int i;

	for (i = 0; i < p->d->nr_queues && is_ours(p); i++) {
		if (!p->d->state->queues[i].size)
			continue;
		if (dup3(p->kick[i], q[i].kick, O_CLOEXEC) < 0 ||
		    dup3(p->call[i], q[i].call, O_CLOEXEC) < 0)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "dup3 of an eventfd");
	}
	return 0;
}

/* ---- after a restart of ours ---- */

static int take(int pidfd, int32_t number)
{
	return number < 0 ? -1
			  : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

static bool is_eventfd(int fd)
{
	char path[64], what[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, what, sizeof(what) - 1);
	if (n < 0)
		return false;
	what[n] = '\0';
	return strcmp(what, "anon_inode:[eventfd]") == 0;
}

static bool is_connection(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLRDHUP };
	int domain = 0, type = 0;
	socklen_t size = sizeof(int);

	/* Nothing to read, and no end: see daemon.h. */
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       domain == AF_UNIX && type == SOCK_STREAM &&
	       poll(&pfd, 1, 0) == 0;
}

static void take_words(struct daemon *p)
{
	int words = take(p->process.pidfd, STDERR_FILENO);

	if (words >= 0 && daemon_words_is(words)) {
		close_fd(&p->words);
		p->words = words;
	} else {
		close_fd(&words);
	}
}

static bool take_over(struct daemon *p)
{
	struct state *st = state_of(p);
	int pidfd = p->process.pidfd;
	unsigned int i;

	if (st->nr_queues != p->d->nr_queues)
		return false;
	p->connection = take(pidfd, st->connection);
	if (p->connection < 0) {
		serve_log(p->d->s, p->d,
			  "cannot take the connection back from process %d: "
			  "%s (CAP_SYS_PTRACE is needed)",
			  st->pid, strerror(errno));
		return false;
	}
	if (!is_connection(p->connection))
		return false;
	for (i = 0; i < p->d->nr_queues; i++) {
		p->kick[i] = take(pidfd, st->kick[i]);
		p->call[i] = take(pidfd, st->call[i]);
		if (!is_eventfd(p->kick[i]) || !is_eventfd(p->call[i]))
			return false;
	}
	take_words(p);
	p->vu = (struct mk_vhost_user){ .fd = p->connection,
					.name = p->name,
					.timeout_ms = DAEMON_REPLY_MS };
	return true;
}

static struct daemon_process kept(const struct state *st, int32_t pid,
				  uint64_t start)
{
	struct daemon_process process = { .pidfd = -1,
					  .pid = pid,
					  .start = start,
					  .exe_device = st->exe_device,
					  .exe_inode = st->exe_inode };

	if (!daemon_find(&process))
		process = DAEMON_NO_PROCESS;
	return process;
}

static int resume_open(struct daemon *p)
{
	struct state *st = state_of(p);

	p->d->features = st->features & p->way->features;
	memcpy(p->d->config, st->config, sizeof(st->config));
	if (!is_ours(p))
		return 0;
	p->process = kept(st, st->pid, st->start);
	p->child = kept(st, st->child, st->child_start);
	if (st->phase == PHASE_RUNNING && daemon_alive(&p->process) &&
	    take_over(p))
		return 0;
	/* Gone, or in the middle of something: start() sorts that out. */
	daemon_let_go(p, false);
	return 0;
}

static uint16_t ring_index(const struct serve_memory *m, uint64_t ring)
{
	/* Both rings: flags, then the index (virtio 1.2, 2.7.6 and 2.7.8). */
	return __atomic_load_n((uint16_t *)(m->mapped + (ring - m->base) + 2),
			       __ATOMIC_ACQUIRE);
}

static bool in_memory(const struct serve_memory *m, uint64_t ring)
{
	return ring % 2 == 0 && ring >= m->base && m->bytes >= 4 &&
	       ring - m->base <= m->bytes - 4;
}

/* Where each queue goes on with a new daemon, if nothing was outstanding. */
static int find_bases(struct daemon *p, uint16_t *bases, struct mk_error *err)
{
	const struct serve_memory *m = serve_memory(p->d->s);
	const struct serve_queue_state *q = p->d->state->queues;
	unsigned int i, outstanding = 0;
	bool used = false;

	for (i = 0; i < p->d->nr_queues; i++) {
		if (!q[i].size)
			continue;
		if (!in_memory(m, q[i].driver) || !in_memory(m, q[i].device))
			return mk_fail(err, MK_E_INPUT,
				       "queue %u is not in the memory", i);
		bases[i] = ring_index(m, q[i].device);
		outstanding +=
			(uint16_t)(ring_index(m, q[i].driver) - bases[i]);
		used = used || bases[i];
	}
	if (used && p->way->keeps_session) {
		mk_fail(err, MK_E_STATE,
			"%s is gone, and with it what the spawn had open: "
			"restart the instance",
			p->name);
		goto broken;
	}
	if (!outstanding)
		return 0;
	mk_fail(err, MK_E_STATE,
		"%s is gone with %u request(s) outstanding, which may be half "
		"done: restart the instance",
		p->name, outstanding);
broken:
	if (err)
		serve_broken(p->d, err->text);
	return MK_E_STATE;
}

/* ---- the life of the device ---- */

int daemon_open(struct daemon *p, bool resume, struct mk_error *err)
{
	struct state *st = state_of(p);
	unsigned int i;
	int e;

	p->connection = p->log = p->words = p->kept = -1;
	p->process = p->child = DAEMON_NO_PROCESS;
	for (i = 0; i < SERVE_QUEUES; i++)
		p->kick[i] = p->call[i] = -1;
	if (is_ours(p)) {
		e = daemon_open_log(p, err);
		if (e)
			return e;
	}
	if (resume && st->magic == STATE_MAGIC && st->phase != PHASE_NONE)
		return resume_open(p);
	if (!resume || st->magic != STATE_MAGIC)
		memset(st, 0, sizeof(*st));
	forget_process(p);
	e = daemon_begin(p, true, err);
	if (e) {
		close_fd(&p->kept);
		daemon_close_log(p);
	}
	return e;
}

static int start_queues(struct daemon *p, const uint16_t *bases,
			struct mk_error *err)
{
	const struct serve_memory *m = serve_memory(p->d->s);
	struct serve_device *d = p->d;
	unsigned int i;
	int e;

	/* Bit 30 is the protocol's, whatever a driver says. */
	e = mk_vhost_user_setup(&p->vu,
				d->state->features & ~MK_VHOST_USER_F_PROTOCOL,
				m->fd, m->base, m->bytes, err);
	for (i = 0; !e && i < d->nr_queues; i++) {
		const struct serve_queue_state *q = &d->state->queues[i];
		struct mk_vhost_user_queue queue = {
			.size = q->size,
			.base = bases[i],
			.descriptors = q->descriptors,
			.driver = q->driver,
			.device = q->device,
			.kick = d->queues[i].kick,
			.call = d->queues[i].call,
		};

		if (q->size)
			e = mk_vhost_user_queue_start(&p->vu, i, &queue, err);
	}
	/* Without acknowledgements this is how an error shows. */
	if (!e && !(p->vu.protocol & MK_VHOST_USER_P_REPLY_ACK))
		e = mk_vhost_user_sync(&p->vu, err);
	return e;
}

/* Nothing is lost: what was signalled while nobody looked is looked at. */
static void nudge(struct daemon *p)
{
	unsigned int i;

	for (i = 0; i < p->d->nr_queues; i++) {
		if (!p->d->state->queues[i].size)
			continue;
		eventfd_write(p->d->queues[i].kick, 1);
		eventfd_write(p->d->queues[i].call, 1);
	}
}

static int start_running(struct daemon *p, const uint16_t *bases,
			 struct mk_error *err)
{
	int e;

	if (!p->unused || (is_ours(p) && !daemon_alive(&p->process))) {
		daemon_let_go(p, false);
		e = daemon_begin(p, false, err);
		if (e)
			return e;
	}
	p->unused = false;
	state_of(p)->has_bases = 0;
	set_phase(p, PHASE_STARTING);
	e = give_events(p, err);
	if (!e) {
		e = start_queues(p, bases, err);
		if (e)
			e = daemon_explain(p, e, err);
	}
	if (!e)
		e = watch(p, err);
	if (e) {
		daemon_let_go(p, false);
		set_phase(p, PHASE_NONE);
		return e;
	}
	set_phase(p, PHASE_RUNNING);
	return 0;
}

int daemon_start(struct daemon *p, bool resume, struct mk_error *err)
{
	uint16_t bases[SERVE_QUEUES] = { 0 };
	struct state *st = state_of(p);
	int e;

	if (resume && st->phase == PHASE_STOPPING) {
		/* The driver asks for its reset again; nothing else comes. */
		serve_log(p->d->s, p->d,
			  "was being reset: not served until "
			  "the driver sets it up again");
		return 0;
	}
	if (resume && p->connection >= 0 && !p->unused) {
		e = give_events(p, err);
		if (!e)
			e = watch(p, err);
		if (!e)
			nudge(p);
		return e;
	}
	/* It may not be the driver who wanted the last stop(). */
	if (resume && st->phase == PHASE_NONE && st->has_bases &&
	    !p->way->keeps_session) {
		memcpy(bases, st->bases, sizeof(bases));
	} else if (resume) {
		e = find_bases(p, bases, err);
		if (e)
			return e;
	}
	e = start_running(p, bases, err);
	if (!e && resume)
		nudge(p);
	return e;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Shut our side down, and wait for the end of the other. */
static bool wait_closed(struct daemon *p, int64_t deadline)
{
	struct pollfd pfd = { .fd = p->connection, .events = POLLIN };
	char drop[256];
	int64_t left;
	ssize_t n;

	shutdown(p->connection, SHUT_WR);
	while ((left = deadline - now_ms()) > 0) {
		if (poll(&pfd, 1, (int)left) <= 0)
			continue;
		n = recv(p->connection, drop, sizeof(drop), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
	}
	return false;
}

void daemon_stop(struct daemon *p)
{
	int64_t deadline = now_ms() + serve_patience(p->d->s, STOP_MS), left;
	struct mk_error err = { 0 };
	struct state *st = state_of(p);
	bool closed, used = !p->unused;
	unsigned int i;
	int e = 0;

	unwatch(p);
	if (p->connection < 0) {
		set_phase(p, PHASE_NONE);
		return;
	}
	set_phase(p, PHASE_STOPPING);
	for (i = 0; !e && used && i < p->d->nr_queues; i++) {
		if (!p->d->state->queues[i].size)
			continue;
		left = deadline - now_ms();
		p->vu.timeout_ms = left > 0 ? (int)left : 0;
		e = mk_vhost_user_queue_stop(&p->vu, i, &st->bases[i], &err);
	}
	closed = wait_closed(p, deadline);
	if (e || !closed)
		serve_log(p->d->s, p->d, "%s",
			  e ? err.text : "the daemon did not let go in time");
	if (!closed && !is_ours(p)) {
		p->d->holds = true;
		serve_broken(p->d, "the daemon at its socket did not close "
				   "the connection: it may still write to the "
				   "instance's memory; end it, then the "
				   "supervisor");
	}
	daemon_let_go(p, closed);
	if (used)
		st->has_bases = !e && closed;
	set_phase(p, PHASE_NONE);
}

void daemon_close(struct daemon *p)
{
	daemon_stop(p);
	/* One that is broken, or never began, has no connection. */
	daemon_let_go(p, true);
	close_fd(&p->kept);
	daemon_close_log(p);
}
