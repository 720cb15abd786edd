// SPDX-License-Identifier: GPL-2.0-only
/* Virtqueues that the supervisor serves itself. */
#include "core.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int queue_init(struct serve_slot *slot, unsigned int queue, bool resume,
		      struct mk_error *err)
{
	struct serve_queue_state *state = &slot->d.state->queues[queue];
	const struct mk_virtqueue_memory where = serve_queue_memory(slot->d.s);
	bool event_idx = slot->d.state->features >> VIRTIO_RING_F_EVENT_IDX & 1;
	struct mk_virtqueue *vq = calloc(1, sizeof(*vq));
	int code;

	if (!vq)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	slot->queues[queue] = vq;
	code = mk_virtqueue_init(vq, &where, state->size, state->descriptors,
				 state->driver, state->device, event_idx, 0,
				 err);
	/*
	 * All kinds that serve queues here finish in order, so the used ring
	 * says where who served it before us has ended.
	 */
	if (!code && resume)
		code = mk_virtqueue_init(vq, &where, state->size,
					 state->descriptors, state->driver,
					 state->device, event_idx,
					 mk_virtqueue_used_index(vq), err);
	return code;
}

int serve_queues_init(struct serve_slot *slot, bool resume,
		      struct mk_error *err)
{
	struct serve_device *d = &slot->d;
	unsigned int i;
	int code = 0;

	for (i = 0; i < d->nr_queues && !code; i++)
		if (d->state->queues[i].size && d->kind->serves &&
		    d->kind->serves(d, i))
			code = queue_init(slot, i, resume, err);
	if (code)
		serve_queues_free(slot);
	return code;
}

/*
 * Until a queue was bound nobody was there, and the spawn may have given back
 * buffers in our place (kernel/virtio/queue.c:give_back()).
 */
int serve_queues_resume(struct serve_slot *slot, struct mk_error *err)
{
	unsigned int i;
	int code = 0;

	for (i = 0; i < SERVE_QUEUES && !code; i++) {
		if (!slot->queues[i])
			continue;
		free(slot->queues[i]);
		slot->queues[i] = NULL;
		code = queue_init(slot, i, true, err);
	}
	return code;
}

static void kicked(void *context, uint32_t events)
{
	const struct serve_kick *kick = context;
	struct serve_device *d = &kick->slot->d;
	eventfd_t count;

	eventfd_read(d->queues[kick->queue].kick, &count);
	if (d->kind->kicked)
		d->kind->kicked(d, kick->queue);
}

int serve_queues_watch(struct serve_slot *slot, struct mk_error *err)
{
	unsigned int i;
	int code = 0;

	for (i = 0; i < slot->d.nr_queues && !code; i++)
		if (slot->queues[i])
			code = serve_watch(slot->d.s, slot->d.queues[i].kick,
					   EPOLLIN, kicked, &slot->kicks[i],
					   err);
	return code;
}

void serve_queues_free(struct serve_slot *slot)
{
	unsigned int i;

	for (i = 0; i < SERVE_QUEUES; i++) {
		if (!slot->queues[i])
			continue;
		serve_ignore(slot->d.s, slot->d.queues[i].kick);
		free(slot->queues[i]);
		slot->queues[i] = NULL;
	}
}

struct mk_virtqueue *serve_virtqueue(struct serve_device *d, unsigned int queue)
{
	return queue < SERVE_QUEUES ? serve_slot(d)->queues[queue] : NULL;
}

void serve_virtqueue_done(struct serve_device *d, unsigned int queue)
{
	struct mk_virtqueue *vq = serve_virtqueue(d, queue);

	if (!vq)
		return;
	if (mk_virtqueue_must_tell(vq))
		eventfd_write(d->queues[queue].call, 1);
}
