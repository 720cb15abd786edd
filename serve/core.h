/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the supervisor's core share; backends see serve.h only.
 *
 *   loop.c      descriptors, timers, the log
 *   state.c     the state file
 *   slot.c      devices: open, start, stop, reset, close
 *   protocol.c  requests of the spawn's drivers
 *   outgoing.c  messages to the spawn
 *   life.c      the lives of the spawn, and what waits for one
 *   ending.c    what follows the end of a life; policy.c decides
 *   watchdog.c  gives up a spawn that hangs
 *   dump.c      files of dumps; dumper.c the process that writes them
 *   queue.c     virtqueues that are served here
 *   control.c   the control socket
 *   run.c       the process
 */
#ifndef SERVE_CORE_H
#define SERVE_CORE_H

#include <limits.h>

#include "serve.h"
#include "state.h"
#include "virtio_msg.h"
#include "virtqueue.h"

/* Messages that wait for room in the spawn's queue. */
#define SERVE_OUTGOING	    64
#define SERVE_OUTGOING_FULL 32 /* no request is read beyond that */

/* The module, or in tests what plays it. */
struct serve_outside {
	int (*send)(struct serve *s, const void *bytes, size_t size,
		    struct mk_error *err); /* as mk_port_send() */
	ssize_t (*receive)(struct serve *s, void *bytes, size_t size,
			   struct mk_error *err); /* as mk_port_receive() */
	int (*bind)(struct serve *s, unsigned int device, unsigned int queue,
		    int kick, int call, struct mk_error *err);
	int (*info)(struct serve *s, struct mk_info *info,
		    struct mk_error *err);
	bool (*is_up)(struct serve *s); /* the spawn's end of the port */
	int (*channel)(struct serve *s, struct mk_channel *channel,
		       struct mk_error *err); /* as mk_instance_channel() */
	/* As mk_instance_start(), once its log is saved. */
	int (*start)(struct serve *s, struct mk_error *err);
	int (*give_up)(struct serve *s,
		       struct mk_error *err); /* mk_instance_kill_hung() */
	/*
	 * Begin to write the instance's memory to the file @path; the end of
	 * that is told by serve_dumped().  NULL: let it be; nothing is told.
	 */
	int (*dump)(struct serve *s, const char *path, struct mk_error *err);
};

/* A place for a device, with what the core knows beyond struct serve_device. */
struct serve_slot {
	struct serve_device d;
	bool open; /* kind->open() succeeded, kind->close() is due */
	bool announce; /* the spawn is to be told that it is there */
	bool start_again; /* the start was not possible yet */
	int64_t start_until; /* CLOCK_MONOTONIC in ms: and then it failed */
	bool start_resumes; /* as serve_start()'s argument, when it is */
	unsigned int starts; /* in this stretch of time */
	int64_t starts_since;
	bool leaving; /* the spawn was asked to let go of it */
	int64_t leave_until; /* when it goes anyway */
	char why[256]; /* it is broken, or "" */
	struct serve_kick {
		struct serve_slot *slot;
		unsigned int queue;
	} kicks[SERVE_QUEUES]; /* contexts of the loop's */
	struct mk_virtqueue *queues[SERVE_QUEUES]; /* served here, or NULL */
};

struct serve_out {
	struct mk_virtio_message m;
	int64_t until; /* dropped then */
	bool once; /* not to be sent twice */
};

struct serve_watch; /* loop.c */
struct serve_timer;
struct serve_client; /* control.c */

struct serve {
	char name[MK_NAME_BYTES];
	char folder[PATH_MAX];
	struct mk_instance inst;
	int port, lock; /* descriptors, or -1 */
	struct serve_memory memory;
	const struct serve_outside *outside;
	struct serve_state *state;
	struct serve_slot *slots[SERVE_DEVICES]; /* NULL = free */

	bool running; /* the spawn is, in the life state->life */
	bool gone; /* the instance is deleted */
	bool port_paused; /* no request is read: outgoing.c is full */
	int tick_ms; /* until the next look at what waits for the spawn */
	int64_t stop_until; /* daemons have until then to let go; 0 = not set */

	bool fresh; /* nobody had a supervisor for it before us */
	bool looked; /* at how the last life ended */
	uint64_t started_ns; /* mk_info.started_ns of this life */
	int64_t suspect_since; /* the watchdog's, or 0 */
	int64_t held_since; /* START was refused as queues are held, or 0 */
	int dumper; /* socket to the process that writes dumps, or -1 */
	int dumper_pid;
	uint32_t dumper_asked; /* requests to it */
	bool dumping;
	char dump_path[PATH_MAX]; /* of the one under way */

	struct serve_out out[SERVE_OUTGOING];
	unsigned int out_first, out_nr;

	int epoll;
	struct serve_watch *watches;
	unsigned int nr_watches;
	struct serve_timer *timers;
	unsigned int nr_timers, room_timers;
	uint64_t timer_order;
	bool stop; /* serve_loop() returns */

	bool background; /* the log is a file of ours, kept short */
	unsigned int complaints; /* in this stretch of time */
	int64_t complaints_since;

	int control; /* socket, or -1 */
	struct serve_client *clients;
	unsigned int nr_clients;
};

int64_t serve_now(void); /* CLOCK_MONOTONIC in ms */

/* loop.c */
int serve_loop_init(struct serve *s, struct mk_error *err);
void serve_loop_free(struct serve *s);
/* One round: wait at most @most_ms (negative: for ever), call what is due. */
int serve_loop_once(struct serve *s, int most_ms, struct mk_error *err);
/* Until s->stop. */
int serve_loop(struct serve *s, struct mk_error *err);
/* As serve_log(), for what a spawn can bring about as often as it likes. */
void serve_complain(struct serve *s, const struct serve_device *d,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* slot.c */
struct serve_slot *serve_slot(struct serve_device *d);
/* A new device in a free place; returns its number or a code. */
int serve_add(struct serve *s, const struct serve_kind *kind,
	      const char *options, struct mk_error *err);
/*
 * One whose place is in the state file.  A failure leaves no slot and does not
 * change the place.
 */
int serve_resume(struct serve *s, unsigned int number, bool resume,
		 struct mk_error *err);
/* Open one that serve_resume() failed for, for another life. */
void serve_retry(struct serve *s, unsigned int number);
/* Ask the spawn to let go of it; it is closed when it has, or time is over. */
void serve_remove(struct serve_slot *slot);
void serve_remove_now(struct serve_slot *slot);
/* DRIVER_OK.  A failure is in the log and in the status. */
void serve_start(struct serve_slot *slot, bool resume);
/* Stop, if it runs; state and queues stay. */
void serve_halt(struct serve_slot *slot);
/* Stop and forget what the driver set. */
void serve_reset(struct serve_slot *slot);
/* The opposite of serve_resume(): the state file keeps it. */
void serve_close(struct serve_slot *slot);
void serve_needs_reset(struct serve_slot *slot);
/* What is offered to the driver. */
uint64_t serve_offered(const struct serve_slot *slot);

/* queue.c */
int serve_queues_init(struct serve_slot *slot, bool resume,
		      struct mk_error *err);
int serve_queues_resume(struct serve_slot *slot, struct mk_error *err);
int serve_queues_watch(struct serve_slot *slot, struct mk_error *err);
void serve_queues_free(struct serve_slot *slot);

/* protocol.c */
void serve_handle(struct serve *s, const void *bytes, size_t length);

/* outgoing.c */
void serve_out(struct serve *s, const struct mk_virtio_message *m, bool once);
void serve_out_clear(struct serve *s);
/* Send what can be sent. */
void serve_out_flush(struct serve *s);

/* life.c */
/* From now on all daemons together have so long to let go. */
void serve_hurry(struct serve *s);
/* Look at the instance; ends and begins lives. */
void serve_look(struct serve *s);
/* Something waits for the spawn: look every now and then. */
void serve_tick(struct serve *s);
/* Read what the spawn sent. */
void serve_port_ready(void *context, uint32_t events);

/* ending.c */
/* After each look at the instance: has it ended, does it run again? */
void serve_ending_look(struct serve *s, const struct mk_info *info);
/* The user ends this life, or calls the restart off: true if that one waited. */
bool serve_ending_asked(struct serve *s);
/* The user starts it: what was to be done is not done any more. */
void serve_ending_cancel(struct serve *s);
/* The dump that was begun is there, or @why not. */
void serve_dumped(struct serve *s, const char *why);

/* watchdog.c */
void serve_watch_spawn(struct serve *s);

/* dump.c */
/* Begin one; 0, or a code and serve_dumped() is not called. */
int serve_dump_begin(struct serve *s, struct mk_error *err);
void serve_dump_stop(struct serve *s);
/* Who writes it is done; @why not, or NULL.  Does nothing if none is begun. */
void serve_dump_end(struct serve *s, const char *why);

/* dumper.c */
/* Begin the process that writes dumps, while we may do what it has to. */
int serve_dumper_begin(struct serve *s, const char *root, struct mk_error *err);
int serve_dumper_watch(struct serve *s, struct mk_error *err);
/* As serve_outside.dump. */
int serve_dumper_ask(struct serve *s, const char *path, struct mk_error *err);
void serve_dumper_end(struct serve *s);

/* control.c */
int serve_control_open(struct serve *s, struct mk_error *err);
void serve_control_close(struct serve *s);
/* One request, and its answer as text of at most @size bytes. */
struct json_object;
struct json_object *serve_command(struct serve *s, struct json_object *request);
struct json_object *serve_request_parse(const char *text, size_t length,
					struct mk_error *err);

/* privileges.c: give up what no device needs */
int serve_drop_privileges(struct mk_error *err);

#endif /* SERVE_CORE_H */
