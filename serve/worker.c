// SPDX-License-Identifier: GPL-2.0-only
/* A device's queue for a vhost worker of this kernel; see worker.h. */
#include "worker.h"

int worker_set_queue(struct mk_vhost *vh, unsigned int index,
		     const struct serve_device *d, unsigned int queue,
		     int error, bool resume, struct mk_error *err)
{
	const struct mk_virtqueue_memory memory = serve_queue_memory(d->s);
	const struct serve_queue_state *state = &d->state->queues[queue];
	const struct mk_vhost_queue q = {
		.index = index,
		.size = state->size,
		.descriptors = state->descriptors,
		.driver = state->driver,
		.device = state->device,
		.kick = d->queues[queue].kick,
		.call = d->queues[queue].call,
		.error = error,
		.resume = resume,
	};

	return mk_vhost_queue_set(vh, &memory, &q, err);
}
