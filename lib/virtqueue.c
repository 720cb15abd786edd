// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device's side of a split virtqueue.
 *
 * Barriers are named with the ones that they pair with in the driver,
 * drivers/virtio/virtio_ring.c (6.1).  A failing function of the walk returns
 * MK_E_INPUT; only mk_virtqueue_take() makes the queue broken by it.
 */
#include "virtqueue.h"

#include <endian.h>
#include <string.h>

#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#define ENTRIES_MAX	32768u /* virtio 1.2, section 2.7 */
#define CHAIN_MAX_BYTES (1ull << 32) /* section 2.7.5 */

/* A ring's flags, index and, behind the entries, event index. */
#define RING_BYTES(size, entry) (4 + (uint64_t)(size) * (entry) + 2)

/* Tables within the driver's buffers have any alignment. */
typedef uint64_t unaligned_u64 __attribute__((aligned(1), may_alias));

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct table {
	const uint8_t *entries;
	uint32_t count;
	bool indirect;
};

static uint16_t load(const uint16_t *word)
{
	return le16toh(__atomic_load_n(word, __ATOMIC_RELAXED));
}

static void store(uint16_t *word, uint16_t value)
{
	__atomic_store_n(word, htole16(value), __ATOMIC_RELAXED);
}

static struct vring_avail *available(const struct mk_virtqueue *vq)
{
	return (void *)vq->driver;
}

static struct vring_used *used(const struct mk_virtqueue *vq)
{
	return (void *)vq->device;
}

/* Behind the entries; the driver writes the first, we the second. */
static uint16_t *used_event(const struct mk_virtqueue *vq)
{
	return &available(vq)->ring[vq->size];
}

static uint16_t *avail_event(const struct mk_virtqueue *vq)
{
	return (void *)&used(vq)->ring[vq->size];
}

static bool holds(const struct mk_virtqueue_memory *memory, uint64_t address,
		  uint64_t bytes)
{
	return address >= memory->base &&
	       address - memory->base <= memory->bytes &&
	       bytes <= memory->bytes - (address - memory->base);
}

static uint8_t *place(const struct mk_virtqueue_memory *memory,
		      uint64_t address)
{
	return memory->mapped + (address - memory->base);
}

static int check_part(const struct mk_virtqueue_memory *memory,
		      const char *name, uint64_t address, uint64_t bytes,
		      unsigned int alignment, struct mk_error *err)
{
	if (address % alignment)
		return mk_fail(
			err, MK_E_INPUT,
			"the %s at %#llx is not at a multiple of %u bytes",
			name, (unsigned long long)address, alignment);
	if (!holds(memory, address, bytes))
		return mk_fail(err, MK_E_INPUT,
			       "the %s, %llu bytes at %#llx, is outside the "
			       "instance's memory",
			       name, (unsigned long long)bytes,
			       (unsigned long long)address);
	return 0;
}

int mk_virtqueue_check(const struct mk_virtqueue_memory *memory,
		       unsigned int size, uint64_t descriptors, uint64_t driver,
		       uint64_t device, struct mk_error *err)
{
	int ret;

	/* Alignment of an address has to be alignment of its pointer. */
	if (!memory->mapped ||
	    ((uintptr_t)memory->mapped - memory->base) % VRING_DESC_ALIGN_SIZE)
		return mk_fail(err, MK_E_CALL,
			       "the memory is not mapped page by page");
	if (!size || size > ENTRIES_MAX || size & (size - 1))
		return mk_fail(err, MK_E_INPUT,
			       "a queue of %u entries: not a power of two up "
			       "to %u",
			       size, ENTRIES_MAX);
	ret = check_part(memory, "descriptor table", descriptors,
			 (uint64_t)size * sizeof(struct vring_desc),
			 VRING_DESC_ALIGN_SIZE, err);
	if (ret)
		return ret;
	ret = check_part(memory, "available ring", driver, RING_BYTES(size, 2),
			 VRING_AVAIL_ALIGN_SIZE, err);
	if (ret)
		return ret;
	return check_part(memory, "used ring", device,
			  RING_BYTES(size, sizeof(struct vring_used_elem)),
			  VRING_USED_ALIGN_SIZE, err);
}

int mk_virtqueue_init(struct mk_virtqueue *vq,
		      const struct mk_virtqueue_memory *memory,
		      unsigned int size, uint64_t descriptors, uint64_t driver,
		      uint64_t device, bool event_idx, uint16_t next,
		      struct mk_error *err)
{
	int ret = mk_virtqueue_check(memory, size, descriptors, driver, device,
				     err);

	if (ret)
		return ret;
	*vq = (struct mk_virtqueue){
		.memory = *memory,
		.size = size,
		.descriptors = place(memory, descriptors),
		.driver = place(memory, driver),
		.device = place(memory, device),
		.next = next,
		.event_idx = event_idx,
	};
	vq->used = mk_virtqueue_used_index(vq);
	/*
	 * A predecessor may have died between giving and telling: any of the
	 * entries in the ring may be one that the driver sleeps for.
	 */
	vq->told = (uint16_t)(vq->used - size);
	return 0;
}

uint16_t mk_virtqueue_used_index(const struct mk_virtqueue *vq)
{
	return load(&used(vq)->idx);
}

/*
 * The acquire pairs with virtio_wmb() in virtqueue_add_split(): what is in the
 * ring and in the descriptors was written before the index.
 */
static uint16_t available_index(const struct mk_virtqueue *vq)
{
	return le16toh(__atomic_load_n(&available(vq)->idx, __ATOMIC_ACQUIRE));
}

bool mk_virtqueue_ready(const struct mk_virtqueue *vq)
{
	return !vq->broken && available_index(vq) != vq->next;
}

/* Two reads, and nothing looks at the memory again. */
static struct descriptor look(const struct table *table, uint32_t index)
{
	const uint8_t *at = table->entries + (size_t)index * 16;
	uint64_t rest = le64toh(*(const volatile unaligned_u64 *)(at + 8));

	return (struct descriptor){
		.address = le64toh(*(const volatile unaligned_u64 *)at),
		.length = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* Go on in the indirect table of @d (section 2.7.5.3). */
static int enter(const struct mk_virtqueue *vq, uint16_t head,
		 const struct descriptor *d, struct table *table,
		 struct mk_error *err)
{
	if (table->indirect)
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: an indirect table in an indirect "
			       "table",
			       head);
	if (d->flags & VRING_DESC_F_NEXT)
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: a descriptor is both indirect and "
			       "followed by another",
			       head);
	if (!d->length || d->length % sizeof(struct vring_desc))
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: an indirect table of %u bytes, not a "
			       "multiple of 16",
			       head, d->length);
	if (d->length / sizeof(struct vring_desc) > ENTRIES_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: an indirect table of %u bytes, more "
			       "than %u entries",
			       head, d->length, ENTRIES_MAX);
	if (!holds(&vq->memory, d->address, d->length))
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: an indirect table at %#llx, outside "
			       "the instance's memory",
			       head, (unsigned long long)d->address);
	*table = (struct table){
		.entries = place(&vq->memory, d->address),
		.count = d->length / sizeof(struct vring_desc),
		.indirect = true,
	};
	return 0;
}

static int add_part(const struct mk_virtqueue *vq, const struct descriptor *d,
		    struct mk_virtqueue_chain *chain, struct mk_error *err)
{
	unsigned int nr = chain->nr_out + chain->nr_in;
	bool in = d->flags & VRING_DESC_F_WRITE;

	if (nr == MK_VIRTQUEUE_PARTS)
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: more than %u parts, or a circle",
			       chain->head, MK_VIRTQUEUE_PARTS);
	if (!in && chain->nr_in)
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: a part to read after a part to write",
			       chain->head);
	if (!d->length)
		return mk_fail(err, MK_E_INPUT, "chain %u: a part of 0 bytes",
			       chain->head);
	if (!holds(&vq->memory, d->address, d->length))
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: a part of %u bytes at %#llx, outside "
			       "the instance's memory",
			       chain->head, d->length,
			       (unsigned long long)d->address);
	if (d->length > CHAIN_MAX_BYTES - chain->out_bytes - chain->in_bytes)
		return mk_fail(err, MK_E_INPUT,
			       "chain %u: more than 2^32 bytes", chain->head);
	chain->parts[nr] = (struct iovec){
		.iov_base = place(&vq->memory, d->address),
		.iov_len = d->length,
	};
	if (in) {
		chain->nr_in++;
		chain->in_bytes += d->length;
	} else {
		chain->nr_out++;
		chain->out_bytes += d->length;
	}
	return 0;
}

static int walk(const struct mk_virtqueue *vq, struct mk_virtqueue_chain *chain,
		struct mk_error *err)
{
	struct table table = { vq->descriptors, vq->size, false };
	uint32_t index = chain->head, seen = 0;
	struct descriptor d;
	int ret;

	for (;;) {
		if (index >= table.count)
			return mk_fail(err, MK_E_INPUT,
				       "chain %u: descriptor %u of a table "
				       "of %u",
				       chain->head, index, table.count);
		if (seen++ == table.count)
			return mk_fail(err, MK_E_INPUT,
				       "chain %u: it goes in a circle",
				       chain->head);
		d = look(&table, index);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			ret = enter(vq, chain->head, &d, &table, err);
			index = 0;
			seen = 0;
		} else {
			ret = add_part(vq, &d, chain, err);
			if (!ret && !(d.flags & VRING_DESC_F_NEXT))
				return 0;
			index = d.next;
		}
		if (ret)
			return ret;
	}
}

int mk_virtqueue_take(struct mk_virtqueue *vq, struct mk_virtqueue_chain *chain,
		      struct mk_error *err)
{
	uint16_t waiting;
	int ret;

	chain->head = 0;
	chain->nr_out = 0;
	chain->nr_in = 0;
	chain->out_bytes = 0;
	chain->in_bytes = 0;
	if (vq->broken)
		return 0;
	waiting = (uint16_t)(available_index(vq) - vq->next);
	if (!waiting)
		return 0;
	if (waiting > vq->size) {
		ret = mk_fail(err, MK_E_INPUT,
			      "%u chains are said to wait in a queue of %u "
			      "entries",
			      waiting, vq->size);
	} else {
		chain->head =
			load(&available(vq)->ring[vq->next & (vq->size - 1)]);
		ret = walk(vq, chain, err);
	}
	if (ret) {
		vq->broken = true;
		chain->nr_out = 0;
		chain->nr_in = 0;
		chain->out_bytes = 0;
		chain->in_bytes = 0;
		return ret;
	}
	vq->next++;
	return 1;
}

void mk_virtqueue_untake(struct mk_virtqueue *vq)
{
	if (!vq->broken)
		vq->next--;
}

void mk_virtqueue_give(struct mk_virtqueue *vq,
		       const struct mk_virtqueue_chain *chain, uint32_t written)
{
	struct vring_used_elem *entry;

	if (vq->broken)
		return;
	entry = &used(vq)->ring[vq->used & (vq->size - 1)];
	__atomic_store_n(&entry->id, htole32(chain->head), __ATOMIC_RELAXED);
	__atomic_store_n(&entry->len, htole32(written), __ATOMIC_RELAXED);
	vq->used++;
	/* 65535 entries is as far as told can lag behind in 16 bits. */
	if (vq->used == vq->told)
		vq->told++;
	/*
	 * Pairs with virtio_rmb() in virtqueue_get_buf_ctx_split(): the entry
	 * and the bytes in the buffers come before the index.
	 */
	__atomic_store_n(&used(vq)->idx, htole16(vq->used), __ATOMIC_RELEASE);
}

bool mk_virtqueue_must_tell(struct mk_virtqueue *vq)
{
	uint16_t old = vq->told;

	if (vq->broken || old == vq->used)
		return false;
	vq->told = vq->used;
	/*
	 * The used index is written before it is read what the driver wants.
	 * It does the reverse: virtio_store_mb() of the used event in
	 * virtqueue_get_buf_ctx_split(), or virtio_mb() in virtqueue_poll()
	 * after virtqueue_enable_cb_prepare_split(), and then looks at the
	 * index.  So one of both sees the other.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx)
		return !(load(&available(vq)->flags) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	return vring_need_event(load(used_event(vq)), vq->used, old);
}

void mk_virtqueue_want_kicks(struct mk_virtqueue *vq, bool wanted)
{
	if (vq->broken)
		return;
	if (!vq->event_idx)
		store(&used(vq)->flags, wanted ? 0 : VRING_USED_F_NO_NOTIFY);
	else if (wanted)
		store(avail_event(vq), vq->next);
	/* else the event lies behind, and is not passed again for long */
	/*
	 * Pairs with virtio_mb() in virtqueue_kick_prepare_split(), which is
	 * between the write of the available index and the look at our wish:
	 * either it sees that, or mk_virtqueue_ready() the entry.
	 */
	if (wanted)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* From the parts to @to, or from @from to the parts. */
static size_t copy(const struct iovec *parts, unsigned int nr, size_t offset,
		   uint8_t *to, const uint8_t *from, size_t length)
{
	size_t done = 0, bytes;
	unsigned int i;
	uint8_t *at;

	for (i = 0; i < nr && done < length; i++) {
		if (offset >= parts[i].iov_len) {
			offset -= parts[i].iov_len;
			continue;
		}
		at = (uint8_t *)parts[i].iov_base + offset;
		bytes = parts[i].iov_len - offset;
		if (bytes > length - done)
			bytes = length - done;
		if (to)
			memcpy(to + done, at, bytes);
		else
			memcpy(at, from + done, bytes);
		done += bytes;
		offset = 0;
	}
	/* The copy is what gets used: the compiler must not look again. */
	__asm__ volatile("" : : "r"(to) : "memory");
	return done;
}

size_t mk_virtqueue_read(const struct mk_virtqueue_chain *chain, size_t offset,
			 void *buffer, size_t length)
{
	return copy(chain->parts, chain->nr_out, offset, buffer, NULL, length);
}

size_t mk_virtqueue_write(const struct mk_virtqueue_chain *chain, size_t offset,
			  const void *buffer, size_t length)
{
	return copy(chain->parts + chain->nr_out, chain->nr_in, offset, NULL,
		    buffer, length);
}
