/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vhost of the kernel that runs us: a worker that serves virtqueues between an
 * instance's memory and a tap or AF_VSOCK (<linux/vhost.h>).
 *
 * The order is open, setup, queue_set for each queue, net_attach or vsock_run;
 * back: net_attach with -1 or vsock_run with false, queue_unset, close.  Closing
 * alone ends everything as well, always.  The process that opens is the one
 * whose memory the worker uses and the only one that may command it, so open
 * after the last fork (drivers/vhost/vhost.c: vhost_dev_check_owner).
 *
 * The worker copies through this process' page tables and pins nothing, as long
 * as nothing is logged (VHOST_F_LOG_ALL) and zero copy is off; so any mapping
 * of the memory will do.
 */
#ifndef MK_VHOST_H
#define MK_VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "virtqueue.h"

enum mk_vhost_kind {
	MK_VHOST_NET, /* /dev/vhost-net; queue 0 receives, 1 sends */
	MK_VHOST_VSOCK, /* /dev/vhost-vsock; the same; events are not its own */
};

#define MK_VHOST_QUEUES 2 /* of either kind */

struct mk_vhost {
	int fd; /* -1 = closed */
	uint64_t features; /* what it can do, of bits 0 to 63 */
};

struct mk_vhost_queue {
	unsigned int index; /* < MK_VHOST_QUEUES */
	unsigned int size;
	uint64_t descriptors, driver, device; /* physical */
	int kick, call, error; /* eventfds; error: a driver broke a rule */
	/*
	 * Go on where the last server of this queue ended.  A worker finishes
	 * in order, so the used ring's index in memory says where that is: what
	 * is below it is done, and what it had begun is done again.  Otherwise
	 * begin with entry 0.
	 */
	bool resume;
};

/* MK_E_SYSTEM with the module to load, or what else to do. */
int mk_vhost_open(struct mk_vhost *vh, enum mk_vhost_kind kind,
		  struct mk_error *err);
void mk_vhost_close(struct mk_vhost *vh); /* also if it is closed */

/*
 * What the driver may use, and the memory that its descriptors may name.
 * MK_E_CALL: a feature that this worker has not, or that is never used.
 */
int mk_vhost_setup(struct mk_vhost *vh, uint64_t features,
		   const struct mk_virtqueue_memory *memory,
		   struct mk_error *err);

/* MK_E_INPUT as of mk_virtqueue_check(); the worker does not touch it yet. */
int mk_vhost_queue_set(struct mk_vhost *vh,
		       const struct mk_virtqueue_memory *memory,
		       const struct mk_vhost_queue *queue,
		       struct mk_error *err);

/* Forget its eventfds.  Only when it is not attached and does not run. */
int mk_vhost_queue_unset(struct mk_vhost *vh, unsigned int index,
			 struct mk_error *err);

/*
 * Let the worker move frames between a queue and @tap, or with -1 end that:
 * when it returns 0 then, the queue and its buffers are not touched any more.
 */
int mk_vhost_net_attach(struct mk_vhost *vh, unsigned int index, int tap,
			struct mk_error *err);

/* MK_E_REFUSED with EADDRINUSE in sys_errno: another has it. */
int mk_vhost_vsock_cid(struct mk_vhost *vh, uint32_t cid, struct mk_error *err);

/* Serve both queues, or no more: as with mk_vhost_net_attach(). */
int mk_vhost_vsock_run(struct mk_vhost *vh, bool run, struct mk_error *err);

#endif /* MK_VHOST_H */
