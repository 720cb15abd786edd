/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices whose queues a vhost-user daemon serves: its life, seen from here.
 *
 * A daemon of ours is started for each time that a driver sets the device up:
 * the C virtiofsd ends with its connection and takes no second FUSE_INIT, and
 * what a spawn left open or half done ends with the process for certain.  The
 * first one starts in open(), for its features and configuration.
 *
 * Surviving the supervisor
 * ------------------------
 * The daemon is a session of its own and outlives us.  So that nothing it works
 * with ends with us, it inherits copies of what we hold: our end of the
 * connection (it never sees an end of file) and the eventfds of all queues.
 * It never looks at them; their numbers, its pid, start time and executable are
 * in the state file.  The next supervisor takes them back with pidfd_getfd(2)
 * from the process that we started.  (virtiofsd forks for its sandbox; the
 * parent stays, waits, and holds the copies.)  Not one message is sent then:
 *
 * - no new KICK and CALL.  The C virtiofsd ends on an assertion when a running
 *   queue gets another KICK (tools/virtiofsd/fuse_virtio.c,
 *   fv_queue_set_started()), and vhost-user-backend (Rust) does not watch the
 *   second one.  The queue's own eventfds go on, with the kicks in them;
 * - no stale reply can be waiting: the state says STARTING and STOPPING while
 *   requests are under way, and only a RUNNING daemon is taken over.
 *
 * start() puts these eventfds in the place of d->queues[i].kick and .call with
 * dup3(2): the core must watch or bind those numbers after start() only.
 *
 * If the daemon is gone too, what it had taken from a queue is not known.  A
 * new one is started only if nothing was outstanding (used index == available
 * index in all queues), else the device is broken.  It is also broken if the
 * daemon knew what a new one does not: files that are open, of virtiofsd.
 *
 * A daemon that is not ours (vhost-user:SOCKET) sees the end of the connection
 * when we end.  It is connected again by the same rule.
 *
 * A daemon that was started but whose pid did not get into the state file is
 * known by its standard error, which has the name of our log (even if that was
 * removed), and ended at the next open(): see daemon_end_leftovers().
 *
 * Letting go
 * ----------
 * GET_VRING_BASE stops a queue, but qemu-storage-daemon answers it while
 * requests are still under way (block/export/vhost-user-blk-server.c).  It waits
 * for them when the connection ends, then unmaps, then closes its end
 * (util/vhost-user-server.c, vu_client_trip()).  So stop() shuts our side down
 * and waits for the daemon's: an end of file means that nothing is mapped.
 */
#ifndef SERVE_DAEMON_H
#define SERVE_DAEMON_H

#include <stdint.h>
#include <sys/types.h>

#include "serve.h"
#include "vhost_user.h"

#define DAEMON_ARGUMENTS      32
#define DAEMON_ARGUMENT_BYTES 8192
#define DAEMON_SOCKET_MAX     107 /* of a unix socket's address */

/* ---- a process (daemon_process.c) ---- */

struct daemon_process {
	int pidfd; /* -1 = none */
	int32_t pid;
	uint64_t start; /* in ticks since boot: with the pid, unique */
	uint64_t exe_device, exe_inode;
};

#define DAEMON_NO_PROCESS ((struct daemon_process){ .pidfd = -1 })

/*
 * Start argv[0], with @inherited descriptors under the same numbers, standard
 * output and error into @log.
 */
int daemon_spawn(struct daemon_process *process, char *const *argv,
		 const int *inherited, unsigned int nr_inherited, int log,
		 struct mk_error *err);
/* Open process->pidfd if this very process still lives. */
bool daemon_find(struct daemon_process *process);
/* The only child of @process, if it has one. */
struct daemon_process daemon_child(const struct daemon_process *process);
bool daemon_alive(const struct daemon_process *process);
/*
 * End both, by SIGTERM to @process first if @politely, then by SIGKILL; false:
 * it still lives.  Then the pidfds are closed either way.
 */
bool daemon_end(struct daemon_process *process, struct daemon_process *child,
		bool politely);
/*
 * Where a daemon's messages go at first: of a fixed size, whoever reads it or
 * not, for a spawn may make a daemon say a lot.  What finds no room gets EPERM
 * and is lost.  It is known as @log by daemon_end_leftovers(), and to be taken
 * to there by daemon_words_keep().
 */
int daemon_words_open(int log, struct mk_error *err);
/* Is it one of these, @fd that another process has? */
bool daemon_words_is(int fd);
/* Keep in @log, of @most bytes, what there is; false: older words had to go. */
bool daemon_words_keep(int words, int log, off_t most);
/* Kill processes whose standard error is @log; how many there were. */
unsigned int daemon_end_leftovers(int log);
/* The same for the log of device @number in @folder, for one without a slot. */
unsigned int daemon_end_of(const char *folder, const char *kind,
			   unsigned int number);
/* The same for the logs of all devices in @folder, of which no state is left. */
unsigned int daemon_end_all(const char *folder);
/* "ended with status 1", ... of a process that has ended. */
void daemon_verdict(const struct daemon_process *process, char *text,
		    size_t size);
/* The last line or so of @log, fit for printing; "" if there is none. */
void daemon_last_words(int log, char *text, size_t size);
/*
 * What @argv says on standard output and error, or the start of it; it is
 * killed after @timeout_ms.
 */
int daemon_ask(char *const *argv, int timeout_ms, char *text, size_t size,
	       struct mk_error *err);

/* ---- a device served by a daemon (daemon.c, daemon_begin.c) ---- */

struct daemon;

struct daemon_way {
	uint64_t features; /* those that make sense to offer */
	unsigned int config_size; /* to ask for; 0 = d->config is ours */
	bool keeps_session; /* another daemon cannot go on for it */
	/*
	 * Say what to run, with daemon_argument(); it takes the connection
	 * from the listening socket @listener.
	 */
	int (*command)(struct daemon *p, int listener, struct mk_error *err);
	/* A better sentence for why it ended at once, or NULL; may be NULL. */
	int (*explain)(struct daemon *p, const char *words,
		       struct mk_error *err);
};

struct daemon {
	/* Filled by the kind before daemon_open(): */
	struct serve_device *d; /* with nr_queues and config_size */
	const struct daemon_way *way;
	const char *name; /* for messages: "qemu-storage-daemon" */
	char socket[DAEMON_SOCKET_MAX + 1]; /* of one not ours, else "" */
	int kept; /* inherited and kept open, for a lock; -1 = none */
	/* daemon*.c's: */
	struct mk_vhost_user vu;
	int connection; /* -1 = none */
	int log; /* the file with its messages */
	int words; /* its standard error: daemon_words_open() */
	bool talkative; /* and that was logged */
	struct daemon_process process, child;
	int kick[SERVE_QUEUES], call[SERVE_QUEUES];
	bool unused; /* began, and no driver has had it yet */
	bool watched;
	char *argv[DAEMON_ARGUMENTS + 1];
	unsigned int nr_arguments;
	char arguments[DAEMON_ARGUMENT_BYTES];
	size_t arguments_used;
};

/* Too many or too long ones are noticed when the daemon is to be started. */
void daemon_argument(struct daemon *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * As in struct serve_kind.  open() fills d->features and, if the way asks for
 * it, d->config.
 */
int daemon_open(struct daemon *p, bool resume, struct mk_error *err);
int daemon_start(struct daemon *p, bool resume, struct mk_error *err);
void daemon_stop(struct daemon *p);
void daemon_close(struct daemon *p);

#endif /* SERVE_DAEMON_H */
