/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tap interface of the host: its queues, and what becomes of it.
 *
 * The admin makes it ("ip tuntap add NAME mode tap", with "multi_queue" for
 * more than one queue pair), gives it a bridge or an address and brings it up.
 * One that does not exist is made by tap_open(), and goes away with the last of
 * its descriptors, so also when the supervisor ends.
 */
#ifndef SERVE_TAP_H
#define SERVE_TAP_H

#include <net/if.h>
#include <stdbool.h>

#include "error.h"

#define TAP_QUEUES 15 /* with their control queue they fit MKV_QUEUES */
#define TAP_HEADER 12 /* bytes of struct virtio_net_hdr_v1 */

/* What frames a reader may be given besides plain ones. */
#define TAP_CSUM 1 /* without their checksum; all others need it */
#define TAP_TSO4 2
#define TAP_TSO6 4
#define TAP_ECN	 8 /* with TSO4 or TSO6 only */
#define TAP_USO	 16 /* IPv4 and IPv6 */

struct tap {
	char name[IFNAMSIZ]; /* as it was when opened */
	int fds[TAP_QUEUES]; /* -1 behind the last one */
	unsigned int nr; /* of them */
	unsigned int used; /* the first ones: frames go to these */
	int watch; /* readable when an interface of the host has changed */
	int lock; /* of the name, when it can have several queues; else -1 */
	bool made; /* did not exist before */
	bool uso; /* this kernel knows TAP_USO (6.2 and later) */
	unsigned int mtu;
};

enum tap_state {
	TAP_UP,
	TAP_DOWN,
	TAP_GONE, /* "ip link del"; it never comes back */
	TAP_UNKNOWN, /* in another network namespace by now */
};

/*
 * @nr queues, of which the first is used.  The kernel refuses a second user of
 * a tap with one queue; of one with several, a file in @locks does that for
 * supervisors.  A foreign process that joins such a tap is not seen.
 */
int tap_open(struct tap *tap, const char *name, unsigned int nr,
	     const char *locks, struct mk_error *err);
void tap_close(struct tap *tap);

/* TAP_... ; 0 = plain frames only. */
int tap_offload(struct tap *tap, unsigned int frames, struct mk_error *err);

/* Steer frames to the first @nr queues; on failure it is as it was. */
int tap_use(struct tap *tap, unsigned int nr, struct mk_error *err);

/* Forget what tap->watch has told, and look at the tap itself. */
enum tap_state tap_look(const struct tap *tap);

#endif /* SERVE_TAP_H */
