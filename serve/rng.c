// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers (virtio 1.2, section 5.4), out of this kernel's. */
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <sys/random.h>

#include "serve.h"
#include "virtqueue.h"

/* A spawn that asks without end gets so much in so long. */
#define BUDGET_BYTES (64 << 10)
#define BUDGET_MS    10
#define CHAINS_MAX   256 /* in the same time: they may be short */

struct rng {
	struct serve_device *d;
	size_t left; /* of the budget */
	unsigned int chains;
	bool waits; /* for the next one */
	bool bad; /* the driver broke a rule; said once */
};

/* How much of the chain was filled: it need not be all. */
static size_t fill(struct rng *rng, const struct mk_virtqueue_chain *chain)
{
	uint8_t bytes[4096];
	size_t done = 0, n;
	ssize_t got;

	while (done < chain->in_bytes && rng->left) {
		n = chain->in_bytes - done;
		if (n > sizeof(bytes))
			n = sizeof(bytes);
		if (n > rng->left)
			n = rng->left;
		/* Not the boot's: it does not wait (random(7)). */
		got = getrandom(bytes, n, 0);
		if (got <= 0)
			break;
		n = mk_virtqueue_write(chain, done, bytes, (size_t)got);
		rng->left -= (size_t)got;
		if (!n)
			break;
		done += n;
	}
	return done;
}

static void serve_chains(struct rng *rng);

static void next_budget(void *context, uint32_t events)
{
	struct rng *rng = context;

	rng->waits = false;
	rng->left = BUDGET_BYTES;
	rng->chains = CHAINS_MAX;
	serve_chains(rng);
}

static void serve_chains(struct rng *rng)
{
	struct mk_virtqueue *vq = serve_virtqueue(rng->d, 0);
	static struct mk_virtqueue_chain chain;
	struct mk_error err;
	int code;

	if (!rng->d->running || !vq || rng->waits)
		return;
	mk_virtqueue_want_kicks(vq, false);
	while (rng->left && rng->chains) {
		code = mk_virtqueue_take(vq, &chain, &err);
		if (code == 0) {
			mk_virtqueue_want_kicks(vq, true);
			if (!mk_virtqueue_ready(vq))
				break;
			mk_virtqueue_want_kicks(vq, false);
			continue;
		}
		if (code < 0) {
			if (!rng->bad)
				serve_log(rng->d->s, rng->d, "%s", err.text);
			rng->bad = true;
			break;
		}
		mk_virtqueue_give(vq, &chain, (uint32_t)fill(rng, &chain));
		rng->chains--;
	}
	serve_virtqueue_done(rng->d, 0);
	/* What was used of the budget comes back after a while. */
	if ((rng->left < BUDGET_BYTES || rng->chains < CHAINS_MAX) &&
	    !rng->bad &&
	    !serve_later(rng->d->s, BUDGET_MS, next_budget, rng, NULL) &&
	    !(rng->left && rng->chains))
		rng->waits = true;
}

static bool rng_serves(const struct serve_device *d, unsigned int queue)
{
	return true;
}

static void rng_kicked(struct serve_device *d, unsigned int queue)
{
	serve_chains(d->backend);
}

static int rng_check(const char *options, struct mk_error *err)
{
	if (*options)
		return mk_fail(err, MK_E_INPUT, "rng has no options");
	return 0;
}

static int rng_open(struct serve_device *d, const char *options, bool resume,
		    struct mk_error *err)
{
	struct rng *rng = calloc(1, sizeof(*rng));

	if (!rng)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	rng->d = d;
	d->backend = rng;
	d->features = 1ULL << VIRTIO_RING_F_INDIRECT_DESC |
		      1ULL << VIRTIO_RING_F_EVENT_IDX;
	d->nr_queues = 1;
	d->queue_max = 64;
	return 0;
}

static int rng_start(struct serve_device *d, bool resume, struct mk_error *err)
{
	struct rng *rng = d->backend;

	rng->left = BUDGET_BYTES;
	rng->chains = CHAINS_MAX;
	rng->waits = false;
	rng->bad = false;
	return 0;
}

static void rng_stop(struct serve_device *d)
{
	serve_not_later(d->s, next_budget, d->backend);
}

static void rng_close(struct serve_device *d)
{
	free(d->backend);
	d->backend = NULL;
}

const struct serve_kind serve_rng = {
	.name = "rng",
	.device_id = VIRTIO_ID_RNG,
	.arguments = "",
	.check = rng_check,
	.open = rng_open,
	.start = rng_start,
	.stop = rng_stop,
	.close = rng_close,
	.serves = rng_serves,
	.kicked = rng_kicked,
};
