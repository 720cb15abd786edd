/* SPDX-License-Identifier: GPL-2.0-only */
/* What a daemon's device keeps in the state file.  Internal to daemon*.c. */
#ifndef SERVE_DAEMON_STATE_H
#define SERVE_DAEMON_STATE_H

#include <unistd.h>

#include "daemon.h"

/* For one reply, and so for a daemon's start; a test has less time. */
#ifndef DAEMON_REPLY_MS
#define DAEMON_REPLY_MS 10000
#endif
#define DAEMON_LOG_LOOK_MS 1000

/* What is under way; only a RUNNING daemon is taken over by another of us. */
enum phase {
	PHASE_NONE, /* no daemon, or one that no driver has had yet */
	PHASE_STARTING,
	PHASE_RUNNING, /* no request of ours is under way */
	PHASE_STOPPING,
};

#define STATE_MAGIC 0x6e6d6431 /* "1dmn": the rest is filled */

/* Ours of the state file. */
struct state {
	uint32_t magic;
	uint32_t phase;
	int32_t pid, child; /* 0 = none */
	uint64_t start, child_start;
	uint64_t exe_device, exe_inode; /* of both */
	uint64_t features; /* offered */
	uint32_t nr_queues;
	int32_t connection; /* these are numbers in the daemon's process */
	int32_t kick[SERVE_QUEUES], call[SERVE_QUEUES];
	uint32_t has_bases; /* stopped in order: where the queues would go on */
	uint16_t bases[SERVE_QUEUES];
	uint8_t config[MKV_CONFIG_MAX];
} __attribute__((may_alias));

_Static_assert(sizeof(struct state) <=
		       sizeof(((struct serve_device_state *)0)->backend),
	       "the state must fit in");
_Static_assert(offsetof(struct serve_device_state, backend) % 8 == 0,
	       "the state must be aligned");

static inline struct state *state_of(const struct daemon *p)
{
	return (struct state *)p->d->state->backend;
}

/* What was written before is in the shared mapping before the phase is. */
static inline void set_phase(struct daemon *p, enum phase phase)
{
	__atomic_store_n(&state_of(p)->phase, (uint32_t)phase,
			 __ATOMIC_SEQ_CST);
}

static inline bool is_ours(const struct daemon *p)
{
	return !p->socket[0];
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void forget_process(struct daemon *p)
{
	struct state *st = state_of(p);

	st->pid = st->child = 0;
	st->connection = -1;
}

/* ---- daemon_begin.c ---- */

int daemon_open_log(struct daemon *p, struct mk_error *err);
void daemon_close_log(struct daemon *p);
/* What a daemon says can be up to the spawn: it must not fill /run. */
void daemon_keep_words(struct daemon *p);
void daemon_look_at_log(void *context, uint32_t events);

/* A daemon and a connection, both new; @first: d has no features yet. */
int daemon_begin(struct daemon *p, bool first, struct mk_error *err);

/*
 * No daemon, no connection and no eventfds are left.  @politely: it has nothing
 * to do any more, and may say good-bye.
 */
void daemon_let_go(struct daemon *p, bool politely);

/*
 * Requests to it failed with @e and @err: if it has ended, that and its last
 * words are the better sentence.
 */
int daemon_explain(struct daemon *p, int e, struct mk_error *err);

#endif /* SERVE_DAEMON_STATE_H */
