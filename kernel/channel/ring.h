/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One ring: bytes of messages from one kernel to the other.
 *
 * One producer and one consumer, each with a lock of its own kernel around its
 * calls.  Indices count bytes and never go back; what each side has done so
 * far is kept in private memory, so that a peer that scribbles over the shared
 * words can deny service to itself and do no other harm: every shared word is
 * read once, checked, then used.
 *
 * A message becomes visible as a whole, when tail is published behind it.  A
 * producer that dies before that has sent nothing.
 *
 * Doorbells are asked for by place (as VIRTIO_F_EVENT_IDX does, virtio 1.2,
 * 2.7.10): a consumer about to sleep writes into @event the tail that it has
 * seen, and a publication that moves tail past it rings.  Likewise a producer
 * that waits for room writes into @room_event the head that will do.  Each
 * side writes its own word, then a full barrier, then reads the other's: one
 * of the two always sees the other (tests/model/ring.pml checks it).
 *
 * Pure logic; it builds in user space too (tests/unit/ring.c).
 */
#ifndef MKC_RING_H
#define MKC_RING_H

#include <linux/types.h>
#include <multikernel/wire.h>

/* A message's header, in the order of the CPU. */
struct mkc_header {
	u32 length;
	u16 type;
	u16 flags;
	u32 generation;
	u32 status;
	u64 token;
};

/* The end that fills a ring. */
struct mkc_tx {
	u8 *data; /* MKW_RING_BYTES, shared */
	struct mkw_producer *own; /* shared; we write it */
	const struct mkw_consumer *peer; /* shared; the consumer writes it */
	u32 tail; /* what we have published */
};

/* The end that empties it. */
struct mkc_rx {
	const u8 *data; /* shared */
	struct mkw_consumer *own; /* shared; we write it */
	const struct mkw_producer *peer; /* shared */
	u32 head; /* what we have consumed */
	u32 released; /* how much of it the producer knows of */
};

/*
 * Start at what stands in our own words: zeros in a new life; after the agent
 * was loaded again, where its predecessor stopped.
 */
void mkc_tx_init(struct mkc_tx *tx, u8 *data, struct mkw_producer *own,
		 const struct mkw_consumer *peer);
void mkc_rx_init(struct mkc_rx *rx, const u8 *data, struct mkw_consumer *own,
		 const struct mkw_producer *peer);

/* Bytes of a ring that a message with @length bytes of payload takes. */
static inline u32 mkc_ring_need(u32 length)
{
	return (sizeof(struct mkw_message) + length + MKW_MESSAGE_ALIGN - 1) &
	       ~(MKW_MESSAGE_ALIGN - 1U);
}

/*
 * Publish one message.  *@ring is set when the consumer asked for a doorbell.
 * Returns 0, -EAGAIN when there is no room, -EMSGSIZE when @length is beyond
 * MKW_MESSAGE_MAX, -EPROTO when the consumer's word makes no sense.
 */
int mkc_tx_put(struct mkc_tx *tx, const struct mkc_header *header,
	       const void *payload, bool *ring);

/*
 * Ask for a doorbell once @need bytes are free (and half of the ring, so that
 * a full ring costs few of them).  Returns 1 when they are free already, 0
 * when the caller may sleep, -EPROTO.
 */
int mkc_tx_wait_room(struct mkc_tx *tx, u32 need);

/*
 * Look at the next message.  Returns 1 with @header filled and checked, 0 when
 * there is none, -EPROTO when the producer's word or the header makes no
 * sense: nothing can be trusted from here on.
 */
int mkc_rx_peek(struct mkc_rx *rx, struct mkc_header *header);

/*
 * Take the message that was just looked at: its payload goes to @payload (NULL
 * to skip it), which has room for header->length.  *@ring is set when the
 * producer waits for the room.
 */
void mkc_rx_take(struct mkc_rx *rx, const struct mkc_header *header,
		 void *payload, bool *ring);

/* The same in two steps, so that a batch of messages costs one release. */
void mkc_rx_copy(struct mkc_rx *rx, const struct mkc_header *header,
		 void *payload);
void mkc_rx_release(struct mkc_rx *rx, bool *ring);

/*
 * Before sleeping: ask for a doorbell at the next publication.  Returns true
 * when there is something to look at already: then do not sleep.
 */
bool mkc_rx_arm(struct mkc_rx *rx);

/* No doorbell is needed: somebody is polling.  Undone by mkc_rx_arm(). */
void mkc_rx_disarm(struct mkc_rx *rx);

/* Is there something to look at?  For polling; cheap. */
bool mkc_rx_ready(const struct mkc_rx *rx);

#endif /* MKC_RING_H */
