/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The supervisor: one process that serves the virtio devices of one instance.
 *
 * It negotiates with the spawn's drivers (multikernel/virtio_msg.h over a port
 * of the channel), and joins each virtqueue to a backend: vhost in this kernel,
 * a vhost-user daemon, or, for what has no such backend (console, rng, the
 * control queues of net and vsock), itself.  It stands on no data path of the
 * first two kinds: the host module joins the queues' doorbells to eventfds.
 *
 * It may be killed at any moment and be started again.  What it must know then
 * is in its state file, a shared mapping below /run/multikernel/NAME: a change
 * is in there before the spawn is told that it happened.
 *
 * One thread, one event loop (loop.c).  Nothing of the spawn's is trusted: see
 * lib/virtqueue.h and lib/virtio_msg.h.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <multikernel/virtio_msg.h>

#include "device.h"
#include "error.h"
#include "virtqueue.h"

#define SERVE_RUN	    "/run/multikernel" /* below ctl->root in tests */
#define SERVE_DEVICES	    MKV_DEVICES
#define SERVE_QUEUES	    MKV_QUEUES
#define SERVE_OPTIONS_BYTES 1024

struct serve;
struct serve_device;

/* ---- the loop (loop.c) ---- */

/*
 * Call @ready when @fd has one of @events (EPOLLIN, ...), until it is ignored.
 * Within a call any descriptor may be watched and ignored.
 */
typedef void serve_ready(void *context, uint32_t events);
int serve_watch(struct serve *s, int fd, uint32_t events, serve_ready *ready,
		void *context, struct mk_error *err);
int serve_rewatch(struct serve *s, int fd, uint32_t events,
		  struct mk_error *err);
void serve_ignore(struct serve *s, int fd);

/* Call @ready once, after @ms; a second call for the same pair replaces it. */
int serve_later(struct serve *s, int ms, serve_ready *ready, void *context,
		struct mk_error *err);
void serve_not_later(struct serve *s, serve_ready *ready, void *context);

/*
 * At the end of a life all daemons together have a limited time: of @ms, what
 * is left.  0: do not wait.
 */
int serve_patience(const struct serve *s, int ms);

/* One line in the supervisor's log (stderr, for the journal). */
void serve_log(const struct serve *s, const struct serve_device *d,
	       const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- the instance, as backends see it ---- */

struct serve_memory {
	int fd; /* of MK_IOC_MEMORY: can be sent away, commands nothing */
	uint64_t base, bytes; /* physical; offset 0 of fd is base */
	uint8_t *mapped; /* all of it, shared and writable */
};

const struct serve_memory *serve_memory(const struct serve *s);

/* The same, as what descriptors may name. */
static inline struct mk_virtqueue_memory
serve_queue_memory(const struct serve *s)
{
	const struct serve_memory *m = serve_memory(s);

	return (struct mk_virtqueue_memory){
		.base = m->base,
		.bytes = m->bytes,
		.mapped = m->mapped,
	};
}

const char *serve_name(const struct serve *s); /* of the instance */
const char *serve_folder(const struct serve *s); /* /run/multikernel/NAME */

/* ---- devices ---- */

/* What survives the supervisor: a part of the state file, fixed in size. */
struct serve_queue_state {
	uint32_t size; /* 0 = not set up */
	uint32_t reserved; /* 0 */
	uint64_t descriptors, driver, device; /* physical, checked */
};

struct serve_device_state {
	uint32_t used; /* 0 = a free place */
	uint32_t status; /* VIRTIO_CONFIG_S_... as the driver knows it */
	uint32_t generation; /* of the configuration */
	uint32_t life; /* of the spawn (mk_info.generation) that this is of */
	uint64_t features; /* the driver's, once FEATURES_OK is set */
	char kind[16]; /* serve_kind.name */
	char options[SERVE_OPTIONS_BYTES]; /* as given, "" if none */
	struct serve_queue_state queues[SERVE_QUEUES];
	uint8_t backend[1024]; /* the backend's own: pids, what it needs */
};

struct serve_queue {
	int kick, call; /* eventfds while it is served, else -1 */
	int binding; /* of MK_IOC_BIND, else -1 */
};

struct serve_device {
	struct serve *s;
	unsigned int number; /* 0..SERVE_DEVICES - 1 */
	const struct serve_kind *kind;
	struct serve_device_state *state; /* in the state file */
	/* Filled by open(), constant after it: */
	uint64_t features; /* offered; the core adds VIRTIO_F_VERSION_1 */
	unsigned int nr_queues;
	unsigned int queue_max; /* entries, a power of two <= MKV_QUEUE_MAX */
	unsigned int config_size;
	/* May be changed by the backend: see serve_config_changed(). */
	uint8_t config[MKV_CONFIG_MAX];
	bool broken; /* its backend is gone for good: not started again */
	bool running; /* between start() and stop() */
	/*
	 * Set by stop() for good: whoever served it could not be stopped and
	 * may still be writing.  The queues stay bound, so that the instance
	 * cannot be started again, and a reset is not answered.
	 */
	bool holds;
	struct serve_queue queues[SERVE_QUEUES];
	void *backend; /* the backend's own */
};

/*
 * A kind of device.  Order of calls: check, open, then any number of (start,
 * stop), then close.  After a restart of the supervisor: open with resume, and
 * start with resume if it was running; the state's queues and features are what
 * they were.  Every error is one sentence that names the cause.
 */
struct serve_kind {
	const char *name; /* "console", "net", "vsock", "disk", "share", "rng" */
	uint32_t device_id; /* of virtio */
	const char *arguments; /* for help: "tap=NAME[,mac=...]" or "" */
	/* Are the options well-formed?  Touches nothing of the machine. */
	int (*check)(const char *options, struct mk_error *err);
	/*
	 * Take what it needs of the host: files, a tap, a daemon.  On failure
	 * nothing is left behind.
	 */
	int (*open)(struct serve_device *d, const char *options, bool resume,
		    struct mk_error *err);
	/*
	 * The driver is ready: d->state has its features and queues (queues of
	 * size 0 are not used), d->queues[i].kick and .call are there and get
	 * bound by the core when this has succeeded.
	 */
	int (*start)(struct serve_device *d, bool resume, struct mk_error *err);
	/*
	 * Let go: when it returns nothing touches the queues or the buffers of
	 * this device any more.
	 */
	void (*stop)(struct serve_device *d);
	void (*close)(struct serve_device *d);
	/*
	 * For queues that the supervisor serves itself: true if it does, and
	 * what to do when the driver has kicked it.  May be NULL.
	 */
	bool (*serves)(const struct serve_device *d, unsigned int queue);
	void (*kicked)(struct serve_device *d, unsigned int queue);
	/*
	 * The driver wants to write configuration; returns how much of it was
	 * taken over into d->config.  NULL: nothing can be written.
	 */
	void (*configure)(struct serve_device *d, unsigned int offset,
			  const uint8_t *bytes, unsigned int length);
};

extern const struct serve_kind serve_console, serve_rng; /* no backend needed */
extern const struct serve_kind serve_net, serve_vsock; /* vhost */
extern const struct serve_kind serve_disk, serve_share; /* vhost-user */

/* All kinds, NULL-terminated (kinds.c). */
extern const struct serve_kind *const serve_kinds[];
const struct serve_kind *serve_kind_find(const char *name);

/* d->config was changed: a new generation, and the driver is told. */
void serve_config_changed(struct serve_device *d);
/* The backend is gone for good: logged, told by "mkctl device". */
void serve_broken(struct serve_device *d, const char *why);

/* ---- user-space queues (queue.c), for kinds that serve some ---- */

/* The queue's state machine, valid while running; NULL if it is not set up. */
struct mk_virtqueue *serve_virtqueue(struct serve_device *d,
				     unsigned int queue);
/* Something was given back: tell the driver if it wants that. */
void serve_virtqueue_done(struct serve_device *d, unsigned int queue);

#endif /* SERVE_H */
