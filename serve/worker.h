/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's queue for a vhost worker of this kernel: net and vsock. */
#ifndef SERVE_WORKER_H
#define SERVE_WORKER_H

#include "serve.h"
#include "vhost.h"

/*
 * Give queue @queue of the device, as its driver has set it up, to the worker
 * as its queue @index.  @error: eventfd that tells of a driver that broke a
 * rule.  Errors as mk_vhost_queue_set().
 */
int worker_set_queue(struct mk_vhost *vh, unsigned int index,
		     const struct serve_device *d, unsigned int queue,
		     int error, bool resume, struct mk_error *err);

#endif /* SERVE_WORKER_H */
