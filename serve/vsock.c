// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_VSOCK: vhost-vsock of this kernel on queues 0 (receive) and 1 (transmit).
 * Queue 2 is ours: it tells the driver that all connections are gone.
 */
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "serve.h"
#include "worker.h"

#define BIT(n)	    (UINT64_C(1) << (n))
#define VSOCK_QUEUE 128 /* entries */
#define EVENTS	    2 /* the queue of events */
#define CID_MIN	    3 /* below: the hypervisor, local, and the host */
#define CID_MAX	    UINT32_C(0xfffffffe) /* above: any */

#define VSOCK_FEATURES                                                \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
	 BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_VSOCK_F_SEQPACKET))

struct vsock {
	struct mk_vhost vhost;
	bool set; /* the worker has queues of ours */
	bool reset_due; /* the driver does not know yet */
	int error; /* eventfd of the worker while started, else -1 */
};

static int parse(const char *options, uint32_t *cid, struct mk_error *err)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < 11 && options[i] >= '0' && options[i] <= '9'; i++)
		value = value * 10 + (uint64_t)(options[i] - '0');
	if (options[i] || value < CID_MIN || value > CID_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "vsock '%.40s': its address (CID) is a number "
			       "from %u to %u",
			       options, CID_MIN, CID_MAX);
	*cid = (uint32_t)value;
	return 0;
}

static int vsock_check(const char *options, struct mk_error *err)
{
	uint32_t cid;

	return parse(options, &cid, err);
}

static void end_worker(struct serve_device *d)
{
	struct vsock *v = d->backend;
	struct mk_error err;
	unsigned int i;
	int code;

	if (v->error >= 0) {
		serve_ignore(d->s, v->error);
		close(v->error);
		v->error = -1;
	}
	if (!v->set)
		return;
	v->set = false;
	code = mk_vhost_vsock_run(&v->vhost, false, &err);
	for (i = 0; i < MK_VHOST_QUEUES && !code; i++)
		code = mk_vhost_queue_unset(&v->vhost, i, &err);
	if (!code)
		return;
	/* That ends its worker in any case; start opens another. */
	serve_log(d->s, d, "%s; it is closed", err.text);
	mk_vhost_close(&v->vhost);
}

/*
 * For good.  Processes here are connected to what does not answer any more:
 * closing the worker resets their sockets, ending it does not (vsock_stop()).
 */
static void give_up(struct serve_device *d, const char *why)
{
	struct vsock *v = d->backend;

	end_worker(d);
	mk_vhost_close(&v->vhost);
	serve_broken(d, why);
}

/* ---- the queue of events ---- */

/*
 * The sockets on this side went with the supervisor before us, but the driver
 * holds its own for connected until it is told.  When it has no buffer for that
 * yet, it kicks us once it has.
 */
static void tell_reset(void *context, uint32_t events)
{
	const struct virtio_vsock_event event = {
		.id = htole32(VIRTIO_VSOCK_EVENT_TRANSPORT_RESET),
	};
	struct serve_device *d = context;
	struct vsock *v = d->backend;
	struct mk_virtqueue *vq = serve_virtqueue(d, EVENTS);
	struct mk_virtqueue_chain chain;
	struct mk_error err;
	int got = 0;

	if (!v->reset_due || !vq)
		return;
	got = mk_virtqueue_take(vq, &chain, &err);
	if (got == 0) {
		/* Asked first, looked again: it may have come in between. */
		mk_virtqueue_want_kicks(vq, true);
		if (mk_virtqueue_ready(vq))
			got = mk_virtqueue_take(vq, &chain, &err);
	}
	if (got == 0)
		return;
	v->reset_due = false;
	if (got > 0 && chain.in_bytes >= sizeof(event)) {
		mk_virtqueue_write(&chain, 0, &event, sizeof(event));
		mk_virtqueue_give(vq, &chain, sizeof(event));
		serve_virtqueue_done(d, EVENTS);
		return;
	}
	give_up(d, got < 0 ? err.text
			   : "a buffer for events of the spawn's driver is "
			     "too short for one");
}

static bool vsock_serves(const struct serve_device *d, unsigned int queue)
{
	return queue == EVENTS;
}

static void vsock_kicked(struct serve_device *d, unsigned int queue)
{
	if (queue == EVENTS)
		tell_reset(d, 0);
}

/* ---- the worker ---- */

static void worker_failed(void *context, uint32_t events)
{
	give_up(context, "vhost-vsock cannot use what the spawn's driver put "
			 "into a queue");
}

static int open_worker(struct vsock *v, uint32_t cid, struct mk_error *err)
{
	int code = mk_vhost_open(&v->vhost, MK_VHOST_VSOCK, err);

	if (code)
		return code;
	code = mk_vhost_vsock_cid(&v->vhost, cid, err);
	if (code)
		mk_vhost_close(&v->vhost);
	return code;
}

static int vsock_start(struct serve_device *d, bool resume,
		       struct mk_error *err)
{
	const struct mk_virtqueue_memory memory = serve_queue_memory(d->s);
	struct vsock *v = d->backend;
	unsigned int i;
	uint64_t cid;
	int code;

	if (!d->state->queues[0].size || !d->state->queues[1].size)
		return mk_fail(err, MK_E_INPUT,
			       "the spawn's driver has not set up both queues "
			       "of vsock");
	memcpy(&cid, d->config, sizeof(cid));
	if (v->vhost.fd < 0) {
		code = open_worker(v, (uint32_t)le64toh(cid), err);
		if (code)
			return code;
	}
	v->error = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->error < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot make an eventfd");
	code = serve_watch(d->s, v->error, EPOLLIN, worker_failed, d, err);
	if (code)
		goto close;
	code = mk_vhost_setup(&v->vhost, d->state->features & VSOCK_FEATURES,
			      &memory, err);
	if (code)
		goto end;
	v->set = true;
	for (i = 0; i < MK_VHOST_QUEUES && !code; i++)
		code = worker_set_queue(&v->vhost, i, d, i, v->error, resume,
					err);
	if (!code)
		code = mk_vhost_vsock_run(&v->vhost, true, err);
	if (code)
		goto end;
	v->reset_due = resume;
	/* The queue of events is there when we have returned, not yet. */
	if (resume)
		code = serve_later(d->s, 0, tell_reset, d, err);
	if (code)
		goto end;
	return 0;

end:
	end_worker(d);
	return code;
close:
	close(v->error);
	v->error = -1;
	return code;
}

static void vsock_stop(struct serve_device *d)
{
	struct vsock *v = d->backend;
	struct mk_error err;
	bool set = v->set;
	uint64_t cid;

	serve_not_later(d->s, tell_reset, d);
	v->reset_due = false;
	end_worker(d);
	if (!set)
		return;
	/*
	 * Processes here are connected to what is gone, and would wait for it
	 * for ever: closing resets their sockets (drivers/vhost/vsock.c:
	 * vhost_vsock_reset_orphans, 6.1 to 7.2), stopping does not.  Opened
	 * again at once, for the CID is ours; if that fails, start tries again.
	 */
	mk_vhost_close(&v->vhost);
	memcpy(&cid, d->config, sizeof(cid));
	if (open_worker(v, (uint32_t)le64toh(cid), &err))
		serve_log(d->s, d, "%s", err.text);
}

static void vsock_close(struct serve_device *d)
{
	struct vsock *v = d->backend;

	mk_vhost_close(&v->vhost);
	free(v);
	d->backend = NULL;
}

static int vsock_open(struct serve_device *d, const char *options, bool resume,
		      struct mk_error *err)
{
	struct virtio_vsock_config config;
	struct vsock *v;
	uint32_t cid;
	int code = parse(options, &cid, err);

	if (code)
		return code;
	v = calloc(1, sizeof(*v));
	if (!v)
		return mk_fail(err, MK_E_SYSTEM,
			       "no memory for a vsock device");
	v->error = -1;
	code = open_worker(v, cid, err);
	if (code) {
		free(v);
		return code;
	}
	d->backend = v;
	d->features = v->vhost.features & VSOCK_FEATURES;
	d->nr_queues = EVENTS + 1;
	d->queue_max = VSOCK_QUEUE;
	config.guest_cid = htole64(cid);
	memset(d->config, 0, sizeof(d->config));
	memcpy(d->config, &config, sizeof(config));
	d->config_size = sizeof(config);
	return 0;
}

const struct serve_kind serve_vsock = {
	.name = "vsock",
	.device_id = VIRTIO_ID_VSOCK,
	.arguments = "CID",
	.check = vsock_check,
	.open = vsock_open,
	.start = vsock_start,
	.stop = vsock_stop,
	.close = vsock_close,
	.serves = vsock_serves,
	.kicked = vsock_kicked,
};
