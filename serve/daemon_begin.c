// SPDX-License-Identifier: GPL-2.0-only
/* A daemon is started, and spoken to for the first time; see daemon.h. */
#include "daemon_state.h"

#include <linux/virtio_config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LOG_MAX		 (256 * 1024)
#define FEATURE_VERSION1 (1ULL << VIRTIO_F_VERSION_1)

void daemon_argument(struct daemon *p, const char *format, ...)
{
	size_t left = sizeof(p->arguments) - p->arguments_used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->arguments + p->arguments_used, left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= left || p->nr_arguments >= DAEMON_ARGUMENTS) {
		p->nr_arguments = DAEMON_ARGUMENTS + 1;
		return;
	}
	p->argv[p->nr_arguments++] = p->arguments + p->arguments_used;
	p->argv[p->nr_arguments] = NULL;
	p->arguments_used += (size_t)n + 1;
}

/* ---- the log of a daemon ---- */

#define LOG_PATH 512

static bool log_path(const struct daemon *p, char *path)
{
	return snprintf(path, LOG_PATH, "%s/%s-%u.log", serve_folder(p->d->s),
			p->d->kind->name, p->d->number) < LOG_PATH;
}

void daemon_close_log(struct daemon *p)
{
	char path[LOG_PATH];

	if (p->log >= 0 && log_path(p, path))
		unlink(path);
	close_fd(&p->log);
	close_fd(&p->words);
}

int daemon_open_log(struct daemon *p, struct mk_error *err)
{
	char path[LOG_PATH];

	if (!log_path(p, path))
		return mk_fail(err, MK_E_INPUT, "the path of %s is too long",
			       serve_folder(p->d->s));
	p->log = open(path,
		      O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	if (p->log < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "open %s", path);
	p->words = daemon_words_open(p->log, err);
	if (p->words < 0) {
		close_fd(&p->log);
		return MK_E_SYSTEM;
	}
	return 0;
}

void daemon_keep_words(struct daemon *p)
{
	if (p->words < 0 || daemon_words_keep(p->words, p->log, LOG_MAX) ||
	    p->talkative)
		return;
	p->talkative = true;
	serve_log(p->d->s, p->d,
		  "the messages of %s were dropped: they were more than %d "
		  "KiB, and are each time from now on",
		  p->name, LOG_MAX / 1024);
}

void daemon_look_at_log(void *context, uint32_t events)
{
	struct daemon *p = context;

	(void)events;
	daemon_keep_words(p);
	serve_later(p->d->s, DAEMON_LOG_LOOK_MS, daemon_look_at_log, p, NULL);
}

/* ---- descriptors ---- */

static void close_events(struct daemon *p)
{
	unsigned int i;

	for (i = 0; i < SERVE_QUEUES; i++) {
		close_fd(&p->kick[i]);
		close_fd(&p->call[i]);
	}
}

static int make_events(struct daemon *p, struct mk_error *err)
{
	unsigned int i;

	for (i = 0; i < p->d->nr_queues; i++) {
		p->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		p->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (p->kick[i] < 0 || p->call[i] < 0) {
			mk_fail_errno(err, MK_E_SYSTEM, "eventfd");
			close_events(p);
			return MK_E_SYSTEM;
		}
	}
	return 0;
}

static int connect_to(struct daemon *p, const struct sockaddr_un *address,
		      const char *path, struct mk_error *err)
{
	p->connection =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->connection < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "socket");
	/* Never waits: a full queue of connections is EAGAIN. */
	if (connect(p->connection, (const struct sockaddr *)address,
		    sizeof(*address)) == 0)
		return 0;
	mk_fail_errno(err, MK_E_SYSTEM, "connect to %s (does the daemon run?)",
		      path);
	close_fd(&p->connection);
	return MK_E_SYSTEM;
}

/*
 * A listening socket for the daemon, with our connection already in its queue.
 * Its name is gone when this returns: nobody else can ever connect.
 */
static int make_listener(struct daemon *p, int *listener, struct mk_error *err)
{
	const char *folder = serve_folder(p->d->s);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[64];
	int dir, e = 0;

	dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "open %s", folder);
	/* By the descriptor, for an address has no room for a long path. */
	snprintf(name, sizeof(name), "%s-%u.sock", p->d->kind->name,
		 p->d->number);
	snprintf(address.sun_path, sizeof(address.sun_path),
		 "/proc/self/fd/%d/%s", dir, name);
	*listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*listener < 0) {
		e = mk_fail_errno(err, MK_E_SYSTEM, "socket");
		goto close_dir;
	}
	unlinkat(dir, name, 0);
	if (bind(*listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir, name, 0600, 0) < 0 || listen(*listener, 1) < 0)
		e = mk_fail_errno(err, MK_E_SYSTEM, "listen in %s", folder);
	else
		e = connect_to(p, &address, name, err);
	unlinkat(dir, name, 0);
	if (e)
		close_fd(listener);
close_dir:
	close(dir);
	return e;
}

/* ---- a new daemon ---- */

void daemon_let_go(struct daemon *p, bool politely)
{
	/* Its own copy of our end keeps the connection: closing is no end. */
	if (p->connection >= 0)
		shutdown(p->connection, SHUT_RDWR);
	close_fd(&p->connection);
	if (!daemon_end(&p->process, &p->child, politely)) {
		p->d->holds = true;
		serve_broken(p->d, "its daemon cannot be killed, it waits in "
				   "the kernel: it may still write to the "
				   "instance's memory");
	}
	forget_process(p);
	close_events(p);
	p->unused = false;
}

static int run(struct daemon *p, int listener, struct mk_error *err)
{
	int inherited[3 + 2 * SERVE_QUEUES];
	struct state *st = state_of(p);
	unsigned int i, n = 0;
	int e;

	p->nr_arguments = 0;
	p->arguments_used = 0;
	e = p->way->command(p, listener, err);
	if (e)
		return e;
	if (p->nr_arguments > DAEMON_ARGUMENTS || p->nr_arguments == 0)
		return mk_fail(err, MK_E_INPUT,
			       "the command line of %s is too long", p->name);
	st->nr_queues = p->d->nr_queues;
	st->connection = p->connection;
	inherited[n++] = listener;
	inherited[n++] = p->connection;
	if (p->kept >= 0)
		inherited[n++] = p->kept;
	for (i = 0; i < p->d->nr_queues; i++) {
		st->kick[i] = inherited[n++] = p->kick[i];
		st->call[i] = inherited[n++] = p->call[i];
	}
	if (ftruncate(p->log, 0) < 0 || lseek(p->words, 0, SEEK_SET) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "empty the log");
	p->talkative = false;
	e = daemon_spawn(&p->process, p->argv, inherited, n, p->words, err);
	if (e)
		return e;
	st->start = p->process.start;
	st->exe_device = p->process.exe_device;
	st->exe_inode = p->process.exe_inode;
	st->child = 0;
	/* Last: without it the rest says nothing. */
	__atomic_store_n(&st->pid, p->process.pid, __ATOMIC_SEQ_CST);
	return 0;
}

static int run_ours(struct daemon *p, struct mk_error *err)
{
	unsigned int n = daemon_end_leftovers(p->log);
	int listener = -1, e;

	if (n)
		serve_log(p->d->s, p->d,
			  "ended %u daemon(s) that an earlier supervisor left",
			  n);
	e = make_events(p, err);
	if (e)
		return e;
	e = make_listener(p, &listener, err);
	if (e)
		return e;
	e = run(p, listener, err);
	/* If the daemon ends, our connection must do so too. */
	close(listener);
	return e;
}

static int connect_other(struct daemon *p, struct mk_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", p->socket);
	return connect_to(p, &address, p->socket, err);
}

int daemon_explain(struct daemon *p, int e, struct mk_error *err)
{
	char words[1024], verdict[96];

	/* An answer that is wrong, or none in time, is told as it is. */
	if (!is_ours(p) || e != MK_E_SYSTEM)
		return e;
	daemon_verdict(&p->process, verdict, sizeof(verdict));
	daemon_keep_words(p);
	daemon_last_words(p->log, words, sizeof(words));
	if (p->way->explain) {
		e = p->way->explain(p, words, err);
		if (e)
			return e;
	}
	return mk_fail(err, MK_E_SYSTEM, "%s %s: %s", p->name, verdict,
		       words[0] ? words : "it said nothing");
}

/* What it offers goes to d and into the state file. */
static int learn(struct daemon *p, uint8_t *config, struct mk_error *err)
{
	struct state *st = state_of(p);
	struct serve_device *d = p->d;
	int e;

	e = mk_vhost_user_begin(&p->vu, p->connection, p->name, DAEMON_REPLY_MS,
				err);
	if (e)
		return e;
	if (!(p->vu.features & FEATURE_VERSION1))
		return mk_fail(err, MK_E_SUPPORT,
			       "%s is too old: it knows no virtio 1", p->name);
	if (p->vu.nr_queues && p->vu.nr_queues < d->nr_queues)
		return mk_fail(err, MK_E_SUPPORT, "%s has %u queues, not %u",
			       p->name, p->vu.nr_queues, d->nr_queues);
	if (p->way->config_size) {
		e = mk_vhost_user_config(&p->vu, config, p->way->config_size,
					 err);
		if (e)
			return e;
	}
	if (is_ours(p)) {
		p->child = daemon_child(&p->process);
		st->child_start = p->child.start;
		st->child = p->child.pidfd >= 0 ? p->child.pid : 0;
	}
	return 0;
}

int daemon_begin(struct daemon *p, bool first, struct mk_error *err)
{
	uint8_t config[MKV_CONFIG_MAX];
	struct serve_device *d = p->d;
	struct state *st = state_of(p);
	unsigned int size = p->way->config_size;
	int e;

	e = is_ours(p) ? run_ours(p, err) : connect_other(p, err);
	if (!e) {
		e = learn(p, config, err);
		if (e)
			e = daemon_explain(p, e, err);
	}
	if (e) {
		daemon_let_go(p, false);
		return e;
	}
	if (first)
		d->features = p->vu.features & p->way->features;
	if (size && (first || memcmp(d->config, config, size) != 0)) {
		memcpy(d->config, config, size);
		if (!first)
			serve_config_changed(d);
	}
	st->features = d->features;
	memcpy(st->config, d->config, sizeof(st->config));
	__atomic_store_n(&st->magic, STATE_MAGIC, __ATOMIC_SEQ_CST);
	p->unused = true;
	return 0;
}
