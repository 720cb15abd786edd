/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The front-end's side of the vhost-user protocol (QEMU, docs/interop/
 * vhost-user.rst): what it takes to join split virtqueues to a back-end.
 *
 * One unix stream connection; every call sends one request after the other and
 * waits for each reply that there is, no longer than the time limit.  A reply
 * is checked for its request, flags, size and content.  After one error the
 * state of the connection is not known: it is good for nothing but to be
 * closed, and further calls say so.  A time limit that is over gives
 * MK_E_UNKNOWN.
 *
 * Addresses: the back-end is told that the "user address" of the memory is its
 * physical address.  To it that is a number to translate by, and so nothing
 * that it is told depends on where, or in which process, we have mapped it.
 */
#ifndef MK_VHOST_USER_H
#define MK_VHOST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* The protocol's own feature bit; never offered to a driver. */
#define MK_VHOST_USER_F_PROTOCOL (1ULL << 30)

/* Protocol features that are agreed on where the back-end has them. */
#define MK_VHOST_USER_P_MQ	  (1ULL << 0)
#define MK_VHOST_USER_P_REPLY_ACK (1ULL << 3)
#define MK_VHOST_USER_P_CONFIG	  (1ULL << 9)

#define MK_VHOST_USER_CONFIG_MAX  256 /* of the protocol */

struct mk_vhost_user {
	int fd; /* the caller's */
	const char *name; /* of the back-end, for errors; the caller's */
	int timeout_ms; /* for one reply; may be changed between calls */
	uint64_t features; /* the back-end's, with MK_VHOST_USER_F_PROTOCOL */
	uint64_t protocol; /* agreed: MK_VHOST_USER_P_... */
	unsigned int nr_queues; /* at most; 0 = the back-end does not say */
	bool failed;
};

/* A split virtqueue; addresses are physical. */
struct mk_vhost_user_queue {
	unsigned int size;
	uint16_t base; /* index of the next available entry to take */
	uint64_t descriptors, driver, device;
	int kick, call; /* eventfds; the back-end gets copies */
};

/*
 * Learn the features, agree on protocol features, become the owner, and ask
 * how many queues there are.
 */
int mk_vhost_user_begin(struct mk_vhost_user *vu, int fd, const char *name,
			int timeout_ms, struct mk_error *err);

/* The first @size bytes of the configuration, not more than there can be. */
int mk_vhost_user_config(struct mk_vhost_user *vu, uint8_t *bytes,
			 unsigned int size, struct mk_error *err);

/*
 * Before the queues: what the driver took of vu->features (not a bit more),
 * and the memory: @bytes of @memory_fd from its offset 0, physical @base.
 */
int mk_vhost_user_setup(struct mk_vhost_user *vu, uint64_t features,
			int memory_fd, uint64_t base, uint64_t bytes,
			struct mk_error *err);

/* Set queue @index up and let it run. */
int mk_vhost_user_queue_start(struct mk_vhost_user *vu, unsigned int index,
			      const struct mk_vhost_user_queue *queue,
			      struct mk_error *err);

/* Has the back-end done all that it was told?  One round trip. */
int mk_vhost_user_sync(struct mk_vhost_user *vu, struct mk_error *err);

/* Stop queue @index; @base (may be NULL): where it would go on. */
int mk_vhost_user_queue_stop(struct mk_vhost_user *vu, unsigned int index,
			     uint16_t *base, struct mk_error *err);

#endif /* MK_VHOST_USER_H */
