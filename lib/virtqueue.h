/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A split virtqueue seen from the device's side (virtio 1.2, section 2.7).
 *
 * The driver is another kernel and may be hostile: every index, address, length
 * and flag is read once, checked, then used.  A driver that breaks a rule makes
 * the queue broken, with one sentence why; a broken queue gives nothing more
 * and touches nothing more.  Nothing here waits, allocates or calls the system.
 *
 * Indirect descriptors and VIRTIO_RING_F_EVENT_IDX are known; packed rings are
 * not.  A chain has at most MK_VIRTQUEUE_PARTS parts; a longer one is broken.
 */
#ifndef MK_VIRTQUEUE_H
#define MK_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "error.h"

#define MK_VIRTQUEUE_PARTS 128

/* The memory that descriptors may name: one range, mapped writable. */
struct mk_virtqueue_memory {
	uint64_t base, bytes; /* physical */
	uint8_t *mapped;
};

struct mk_virtqueue {
	struct mk_virtqueue_memory memory;
	unsigned int size;
	uint8_t *descriptors, *driver, *device; /* in memory.mapped */
	uint16_t next; /* index of the next available entry to take */
	uint16_t used; /* index that the next used entry gets */
	uint16_t told; /* used index when it was last asked whether to tell */
	bool event_idx;
	bool broken;
};

/* One chain of buffers that the driver made available. */
struct mk_virtqueue_chain {
	uint16_t head;
	unsigned int nr_out, nr_in; /* parts to read, then parts to write */
	size_t out_bytes, in_bytes;
	struct iovec parts[MK_VIRTQUEUE_PARTS]; /* the out ones first */
};

/*
 * Do size (a power of two up to 32768), alignment and place of the three parts
 * fit?  MK_E_INPUT, with which of them.
 */
int mk_virtqueue_check(const struct mk_virtqueue_memory *memory,
		       unsigned int size, uint64_t descriptors, uint64_t driver,
		       uint64_t device, struct mk_error *err);

/*
 * The same, then be ready at entry @next.  After a restart of ours that is what
 * the used ring says, for a device that finishes in order: see
 * mk_virtqueue_used_index().  Used entries go on where the used ring stands; it
 * is not known which of those in it the driver was told of, so the first
 * mk_virtqueue_must_tell() may say yes although nothing was given since.
 */
int mk_virtqueue_init(struct mk_virtqueue *vq,
		      const struct mk_virtqueue_memory *memory,
		      unsigned int size, uint64_t descriptors, uint64_t driver,
		      uint64_t device, bool event_idx, uint16_t next,
		      struct mk_error *err);

/* The used ring's index as it stands in memory. */
uint16_t mk_virtqueue_used_index(const struct mk_virtqueue *vq);

/* Is there an entry to take?  Does not break the queue. */
bool mk_virtqueue_ready(const struct mk_virtqueue *vq);

/*
 * Take the next chain: 1, or 0 when there is none, or MK_E_INPUT when the
 * driver broke a rule (the queue is broken from then on).  That is said once:
 * a queue that is broken already has none, so that a driver cannot fill a log.
 */
int mk_virtqueue_take(struct mk_virtqueue *vq, struct mk_virtqueue_chain *chain,
		      struct mk_error *err);

/* Undo the last take, which was 1: that chain will be taken again. */
void mk_virtqueue_untake(struct mk_virtqueue *vq);

/* Give the chain back, @written bytes of its in parts being filled. */
void mk_virtqueue_give(struct mk_virtqueue *vq,
		       const struct mk_virtqueue_chain *chain,
		       uint32_t written);

/* Does the driver want to be told of what was given since the last time? */
bool mk_virtqueue_must_tell(struct mk_virtqueue *vq);

/*
 * Ask to be kicked for the next entry, or not to be.  After asking,
 * mk_virtqueue_ready() must be looked at once more.
 */
void mk_virtqueue_want_kicks(struct mk_virtqueue *vq, bool wanted);

/* Copy from the out parts, or to the in parts, at an offset; bytes copied. */
size_t mk_virtqueue_read(const struct mk_virtqueue_chain *chain, size_t offset,
			 void *buffer, size_t length);
size_t mk_virtqueue_write(const struct mk_virtqueue_chain *chain, size_t offset,
			  const void *buffer, size_t length);

#endif /* MK_VIRTQUEUE_H */
