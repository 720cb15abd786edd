// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network card: vhost-net of this kernel between the spawn's queues and a
 * tap, one worker for each pair; the control queue is ours.
 *
 * Queues 2i and 2i + 1 are pair i, receive and transmit; the control queue is
 * behind the last pair that the driver can know of (virtio 1.2, 5.1.2).
 */
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "net_options.h"
#include "serve.h"
#include "tap.h"
#include "worker.h"

/* <linux/virtio_net.h> since 6.2. */
#define NET_F_GUEST_USO4 54
#define NET_F_GUEST_USO6 55
#define NET_F_HOST_USO	 56

#define BIT(n)		 (UINT64_C(1) << (n))
#define NET_QUEUE	 256 /* entries: what virtio cards have as a rule */
#define NET_COMMANDS	 16 /* of the control queue before others get a turn */

/*
 * Each queue that a tap attaches or detaches takes the lock of all the host's
 * interfaces (rtnl), and waits for its CPUs: so many a second in the long run,
 * and twice all queues at once.
 */
#define SWITCH_MS    50
#define SWITCH_BURST (2 * TAP_QUEUES)

/* What the worker must know of; the rest is the tap's affair, or ours. */
#define WORKER_FEATURES                                               \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
	 BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MRG_RXBUF))

/* Any tap reads and writes these, with the header that it is opened with. */
#define TAP_FEATURES                                                   \
	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) |        \
	 BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_HOST_ECN) |    \
	 BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	 BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN))
#define USO_FEATURES \
	(BIT(NET_F_HOST_USO) | BIT(NET_F_GUEST_USO4) | BIT(NET_F_GUEST_USO6))

struct net {
	struct net_options options;
	struct tap tap;
	struct mk_vhost vhosts[TAP_QUEUES]; /* one for each pair */
	unsigned int pairs; /* of them have queues set, at most */
	int64_t paid; /* when what was switched so far is within the budget */
	int error; /* eventfd of all workers while started, else -1 */
};

/* In the state file: what the driver asked for by the control queue. */
struct net_kept {
	uint32_t pairs;
};

/* As far as the driver has agreed to: without MQ it knows of one. */
static unsigned int pairs_known(const struct serve_device *d)
{
	const struct net *n = d->backend;

	return d->state->features & BIT(VIRTIO_NET_F_MQ) ? n->options.queues
							 : 1;
}

static bool pair_set_up(const struct serve_device *d, unsigned int pair)
{
	const struct serve_queue_state *queues = &d->state->queues[2 * pair];

	return queues[0].size && queues[1].size;
}

static void set_config(struct serve_device *d, size_t offset, uint16_t value)
{
	value = htole16(value);
	memcpy(d->config + offset, &value, sizeof(value));
}

/* ---- the queue pairs ---- */

static void detach_pairs(struct serve_device *d)
{
	struct net *n = d->backend;
	struct mk_error err;
	unsigned int i, half;

	for (i = 0; i < n->pairs; i++) {
		struct mk_vhost *vh = &n->vhosts[i];
		int code = 0;

		for (half = 0; half < MK_VHOST_QUEUES && !code; half++)
			code = mk_vhost_net_attach(vh, half, -1, &err);
		for (half = 0; half < MK_VHOST_QUEUES && !code; half++)
			code = mk_vhost_queue_unset(vh, half, &err);
		if (!code)
			continue;
		/* That ends its worker in any case; start opens another. */
		serve_log(d->s, d, "%s; it is closed", err.text);
		mk_vhost_close(vh);
	}
	n->pairs = 0;
}

static int attach_pair(struct serve_device *d, unsigned int pair, bool resume,
		       struct mk_error *err)
{
	const struct mk_virtqueue_memory memory = serve_queue_memory(d->s);
	struct net *n = d->backend;
	struct mk_vhost *vh = &n->vhosts[pair];
	unsigned int half;
	int code;

	if (vh->fd < 0) {
		code = mk_vhost_open(vh, MK_VHOST_NET, err);
		if (code)
			return code;
	}
	code = mk_vhost_setup(vh, d->state->features & WORKER_FEATURES, &memory,
			      err);
	if (code)
		return code;
	n->pairs = pair + 1;
	for (half = 0; half < MK_VHOST_QUEUES; half++) {
		const unsigned int i = 2 * pair + half;

		if (!d->state->queues[i].size)
			continue;
		code = worker_set_queue(vh, half, d, i, n->error, resume, err);
		if (!code)
			code = mk_vhost_net_attach(vh, half, n->tap.fds[pair],
						   err);
		if (code)
			return code;
	}
	return 0;
}

static unsigned int frames_wanted(uint64_t features)
{
	const uint64_t uso = BIT(NET_F_GUEST_USO4) | BIT(NET_F_GUEST_USO6);
	unsigned int frames = 0;

	if (features & BIT(VIRTIO_NET_F_GUEST_CSUM))
		frames |= TAP_CSUM;
	if (features & BIT(VIRTIO_NET_F_GUEST_TSO4))
		frames |= TAP_TSO4;
	if (features & BIT(VIRTIO_NET_F_GUEST_TSO6))
		frames |= TAP_TSO6;
	if (features & BIT(VIRTIO_NET_F_GUEST_ECN))
		frames |= TAP_ECN;
	if ((features & uso) == uso)
		frames |= TAP_USO;
	return frames;
}

/* ---- what goes wrong while it runs ---- */

static void serve_control(void *context, uint32_t events);

static void forget(struct serve_device *d, int *fd)
{
	if (*fd < 0)
		return;
	serve_ignore(d->s, *fd);
	close(*fd);
	*fd = -1;
}

/* For good: the driver sees the cable unplugged. */
static void give_up(struct serve_device *d, const char *why)
{
	struct net *n = d->backend;

	serve_not_later(d->s, serve_control, d);
	detach_pairs(d);
	forget(d, &n->tap.watch);
	forget(d, &n->error);
	set_config(d, offsetof(struct virtio_net_config, status), 0);
	serve_config_changed(d);
	/* Last: what comes of it may be that we are stopped and closed. */
	serve_broken(d, why);
}

static void worker_failed(void *context, uint32_t events)
{
	give_up(context, "vhost-net cannot use what the spawn's driver put "
			 "into a queue");
}

static void interfaces_changed(void *context, uint32_t events)
{
	const size_t offset = offsetof(struct virtio_net_config, status);
	struct serve_device *d = context;
	struct net *n = d->backend;
	enum tap_state state = tap_look(&n->tap);
	uint16_t before, now = state == TAP_UP ? VIRTIO_NET_S_LINK_UP : 0;
	char why[128];

	if (state == TAP_GONE) {
		snprintf(why, sizeof(why),
			 "the tap %s was deleted (make it again)", n->tap.name);
		give_up(d, why);
		return;
	}
	memcpy(&before, d->config + offset, sizeof(before));
	if (state == TAP_UNKNOWN || le16toh(before) == now)
		return;
	set_config(d, offset, now);
	serve_config_changed(d);
}

/* ---- the control queue ---- */

static unsigned int control_queue(const struct serve_device *d)
{
	return 2 * pairs_known(d);
}

static bool net_serves(const struct serve_device *d, unsigned int queue)
{
	return d->state->features & BIT(VIRTIO_NET_F_CTRL_VQ) &&
	       queue == control_queue(d);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* How long the driver's next command has to wait. */
static int in_debt_ms(const struct net *n)
{
	int64_t debt = n->paid - now_ms() - SWITCH_BURST * SWITCH_MS;

	return debt > 0 ? (int)debt : 0;
}

static void charge(struct net *n, unsigned int pairs)
{
	const unsigned int used = n->tap.used;
	const int64_t now = now_ms();

	if (n->paid < now)
		n->paid = now;
	n->paid += SWITCH_MS * (pairs > used ? pairs - used : used - pairs);
}

/* Kept first: it is to be so after a restart, once the driver knows of it. */
static int use_pairs(struct serve_device *d, unsigned int pairs,
		     struct mk_error *err)
{
	struct net_kept kept = { .pairs = pairs };
	struct net *n = d->backend;
	int code;

	charge(n, pairs);
	code = tap_use(&n->tap, pairs, err);
	if (!code)
		memcpy(d->state->backend, &kept, sizeof(kept));
	return code;
}

static uint8_t set_pairs(struct serve_device *d,
			 const struct mk_virtqueue_chain *chain)
{
	struct {
		struct virtio_net_ctrl_hdr header;
		uint16_t pairs;
	} __attribute__((packed)) command;
	struct mk_error err;
	unsigned int pairs, i;

	if (chain->out_bytes != sizeof(command) ||
	    mk_virtqueue_read(chain, 0, &command, sizeof(command)) !=
		    sizeof(command))
		return VIRTIO_NET_ERR;
	pairs = le16toh(command.pairs);
	if (pairs < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN || pairs > pairs_known(d))
		return VIRTIO_NET_ERR;
	/* Frames that are steered to a queue nobody serves would be lost. */
	for (i = 0; i < pairs; i++)
		if (!pair_set_up(d, i))
			return VIRTIO_NET_ERR;
	if (use_pairs(d, pairs, &err)) {
		serve_log(d->s, d, "%s", err.text);
		return VIRTIO_NET_ERR;
	}
	return VIRTIO_NET_OK;
}

/*
 * No filter is offered (VIRTIO_NET_F_CTRL_RX, CTRL_MAC_ADDR, ...): the spawn
 * gets every frame of its tap and chooses itself.
 */
static uint8_t obey(struct serve_device *d,
		    const struct mk_virtqueue_chain *chain)
{
	struct virtio_net_ctrl_hdr header;

	if (mk_virtqueue_read(chain, 0, &header, sizeof(header)) !=
	    sizeof(header))
		return VIRTIO_NET_ERR;
	if (header.class == VIRTIO_NET_CTRL_MQ &&
	    header.cmd == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET &&
	    d->state->features & BIT(VIRTIO_NET_F_MQ))
		return set_pairs(d, chain);
	return VIRTIO_NET_ERR;
}

static void serve_control(void *context, uint32_t events)
{
	struct serve_device *d = context;
	const unsigned int queue = control_queue(d);
	struct mk_virtqueue *vq = serve_virtqueue(d, queue);
	struct mk_virtqueue_chain chain;
	struct mk_error err;
	unsigned int i;
	uint8_t answer;
	int got, wait;

	for (i = 0; vq && i < NET_COMMANDS; i++) {
		/* Not refused: a driver that does so for a reason waits. */
		wait = in_debt_ms(d->backend);
		if (wait) {
			if (serve_later(d->s, wait, serve_control, d, &err))
				give_up(d, err.text);
			return;
		}
		got = mk_virtqueue_take(vq, &chain, &err);
		if (got < 0) {
			give_up(d, err.text);
			return;
		}
		if (got == 0) {
			mk_virtqueue_want_kicks(vq, true);
			if (!mk_virtqueue_ready(vq))
				return;
			continue;
		}
		/* As in console.c: its driver spins, too. */
		mk_virtqueue_want_kicks(vq, true);
		answer = obey(d, &chain);
		mk_virtqueue_give(vq, &chain,
				  (uint32_t)mk_virtqueue_write(&chain, 0,
							       &answer, 1));
		serve_virtqueue_done(d, queue);
	}
	/* Its driver does not rest: after the others. */
	if (vq && serve_later(d->s, 0, serve_control, d, &err))
		give_up(d, err.text);
}

static void net_kicked(struct serve_device *d, unsigned int queue)
{
	if (net_serves(d, queue))
		serve_control(d, 0);
}

/* ---- the kind ---- */

static void net_stop(struct serve_device *d)
{
	struct net *n = d->backend;

	serve_not_later(d->s, serve_control, d);
	detach_pairs(d);
	forget(d, &n->error);
}

static int net_start(struct serve_device *d, bool resume, struct mk_error *err)
{
	struct net *n = d->backend;
	struct net_kept kept;
	unsigned int i;
	int code;

	/* One pair until the driver asks for more: virtio 1.2, 5.1.6.5.5. */
	memcpy(&kept, d->state->backend, sizeof(kept));
	if (!resume || kept.pairs < 1 || kept.pairs > pairs_known(d))
		kept.pairs = 1;
	code = use_pairs(d, kept.pairs, err);
	if (!code)
		code = tap_offload(&n->tap, frames_wanted(d->state->features),
				   err);
	if (code)
		return code;
	n->error = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->error < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot make an eventfd");
	code = serve_watch(d->s, n->error, EPOLLIN, worker_failed, d, err);
	if (code)
		goto close;
	for (i = 0; i < pairs_known(d); i++) {
		code = attach_pair(d, i, resume, err);
		if (code)
			goto detach;
	}
	return 0;

detach:
	detach_pairs(d);
	forget(d, &n->error);
	return code;
close:
	close(n->error);
	n->error = -1;
	return code;
}

static void fill_config(struct serve_device *d)
{
	struct net *n = d->backend;
	char machine[33] = "";
	uint8_t mac[NET_MAC];
	ssize_t got = 0;
	int fd;

	memcpy(mac, n->options.mac, sizeof(mac));
	if (!n->options.has_mac) {
		/* Instances of one name on two machines may meet. */
		fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			got = read(fd, machine, sizeof(machine) - 1);
			close(fd);
		}
		machine[got > 0 ? got : 0] = '\0';
		net_options_mac(machine, serve_name(d->s), d->number, mac);
	}
	memset(d->config, 0, sizeof(d->config));
	memcpy(d->config, mac, sizeof(mac));
	set_config(d, offsetof(struct virtio_net_config, status),
		   tap_look(&n->tap) == TAP_UP ? VIRTIO_NET_S_LINK_UP : 0);
	set_config(d, offsetof(struct virtio_net_config, max_virtqueue_pairs),
		   (uint16_t)n->options.queues);
	set_config(d, offsetof(struct virtio_net_config, mtu),
		   (uint16_t)(n->tap.mtu < 65535 ? n->tap.mtu : 65535));
	d->config_size = offsetof(struct virtio_net_config, speed);
}

static void offer(struct serve_device *d)
{
	struct net *n = d->backend;

	d->features = (n->vhosts[0].features & WORKER_FEATURES) | TAP_FEATURES |
		      BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) |
		      BIT(VIRTIO_NET_F_CTRL_VQ);
	if (n->tap.uso)
		d->features |= USO_FEATURES;
	if (n->options.queues > 1)
		d->features |= BIT(VIRTIO_NET_F_MQ);
	if (n->tap.mtu != 1500)
		d->features |= BIT(VIRTIO_NET_F_MTU);
	d->nr_queues = 2 * n->options.queues + 1;
	d->queue_max = NET_QUEUE;
}

static void net_close(struct serve_device *d)
{
	struct net *n = d->backend;
	unsigned int i;

	for (i = 0; i < TAP_QUEUES; i++)
		mk_vhost_close(&n->vhosts[i]);
	forget(d, &n->tap.watch);
	tap_close(&n->tap);
	free(n);
	d->backend = NULL;
}

static int net_open(struct serve_device *d, const char *options, bool resume,
		    struct mk_error *err)
{
	struct net *n = calloc(1, sizeof(*n));
	char locks[512];
	unsigned int i;
	int code;

	if (!n)
		return mk_fail(err, MK_E_SYSTEM, "no memory for a net device");
	n->error = -1;
	for (i = 0; i < TAP_QUEUES; i++)
		n->vhosts[i].fd = -1;
	code = net_options_parse(options, &n->options, err);
	if (code)
		goto free;
	snprintf(locks, sizeof(locks), "%s/..", serve_folder(d->s));
	code = tap_open(&n->tap, n->options.tap, n->options.queues, locks, err);
	if (code)
		goto free;
	for (i = 0; i < n->options.queues; i++) {
		code = mk_vhost_open(&n->vhosts[i], MK_VHOST_NET, err);
		if (code)
			goto close;
	}
	/* From here on d->backend is there, for whoever is called back. */
	d->backend = n;
	code = serve_watch(d->s, n->tap.watch, EPOLLIN, interfaces_changed, d,
			   err);
	if (code)
		goto forget;
	fill_config(d);
	offer(d);
	if (n->tap.made)
		serve_log(d->s, d,
			  "the tap %s did not exist: it was made, and goes "
			  "away when the supervisor ends; to keep one, 'ip "
			  "tuntap add %s mode tap%s' beforehand",
			  n->tap.name, n->tap.name,
			  n->options.queues > 1 ? " multi_queue" : "");
	return 0;

forget:
	d->backend = NULL;
close:
	for (i = 0; i < TAP_QUEUES; i++)
		mk_vhost_close(&n->vhosts[i]);
	tap_close(&n->tap);
free:
	free(n);
	return code;
}

static int net_check(const char *options, struct mk_error *err)
{
	struct net_options parsed;

	return net_options_parse(options, &parsed, err);
}

const struct serve_kind serve_net = {
	.name = "net",
	.device_id = VIRTIO_ID_NET,
	.arguments = NET_ARGUMENTS,
	.check = net_check,
	.open = net_open,
	.start = net_start,
	.stop = net_stop,
	.close = net_close,
	.serves = net_serves,
	.kicked = net_kicked,
};
