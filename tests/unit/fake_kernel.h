/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel's memory built by hand: VMCOREINFO, page tables and a printk ring
 * with a writer that works in the kernel's order (make reusable, reserve,
 * write, commit, finalize), so that a reader in another thread can be tried.
 *
 * Memory map, offsets in the 1 MiB:
 *	0x02000 VMCOREINFO, the note	0x04000 the bare text
 *	0x10000 image (linked at 0xffffffff81000000): +0x100 prb, +0x200 ring
 *	0x12000 init_top_pgt, then the tables below it, a page each
 *	0x20000 descriptors  0x30000 infos  0x80000 text
 */
#ifndef MK_FAKE_KERNEL_H
#define MK_FAKE_KERNEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

#define FAKE_SIZE   0x100000u
#define FAKE_BASE   0x140000000ull
#define FAKE_LINKED 0xffffffff81000000ull
#define FAKE_NOTE   0x2000u
#define FAKE_TEXT   0x4000u
#define FAKE_IMAGE  0x10000u
#define FAKE_PRB    (FAKE_IMAGE + 0x100)
#define FAKE_RING   (FAKE_IMAGE + 0x200)
#define FAKE_TABLES 0x12000u
#define FAKE_DESCS  0x20000u
#define FAKE_INFOS  0x30000u
#define FAKE_DATA   0x80000u

#define FAKE_DESC   24u /* bytes: state_var, begin, next */
#define FAKE_ID	    (~0ull >> 2)

enum { FAKE_RESERVED, FAKE_COMMITTED, FAKE_FINALIZED, FAKE_REUSABLE };

/* What differs between the kernels. */
struct fake_flavour {
	unsigned int info_size; /* 88 in 6.1 and 6.12, 112 in 7.2 */
	bool narrow_ids; /* DESC0_ID computed in 32 bits: 6.1 and 6.12 */
	bool tight; /* blocks may end exactly at the end: from 6.18 */
	bool dynamic; /* arrays in the direct map, not in the image */
	bool level5;
};

static const struct fake_flavour fake_6_1 = { 88, true, false, false, false };
static const struct fake_flavour fake_7_2 = { 112, false, true, true, true };

struct fake {
	struct fake_flavour flavour;
	uint8_t *memory; /* FAKE_SIZE bytes, 8-byte aligned */
	struct mk_memory view;
	unsigned int count_bits, size_bits;
	uint64_t seq; /* of the next record */
	uint64_t head, tail; /* ids */
	uint64_t head_lpos, tail_lpos;
};

static inline void fake_put(struct fake *f, uint64_t offset, uint64_t value)
{
	__atomic_store_n((uint64_t *)(void *)(f->memory + offset),
			 htole64(value), __ATOMIC_SEQ_CST);
}

static inline uint64_t fake_get(const struct fake *f, uint64_t offset)
{
	return mk_memory_get64(f->memory + offset);
}

static inline uint64_t fake_direct(const struct fake *f, uint64_t offset)
{
	return (f->flavour.level5 ? 0xff11000000000000ull
				  : 0xffff888000000000ull) +
	       FAKE_BASE + offset;
}

static inline uint64_t fake_array(const struct fake *f, uint64_t offset)
{
	return f->flavour.dynamic ? fake_direct(f, offset)
				  : FAKE_LINKED + offset - FAKE_IMAGE;
}

static inline uint64_t fake_index(const struct fake *f, uint64_t id)
{
	return id & ((1ull << f->count_bits) - 1);
}

static inline uint64_t fake_desc(const struct fake *f, uint64_t id)
{
	return FAKE_DESCS + fake_index(f, id) * FAKE_DESC;
}

static inline uint64_t fake_info(const struct fake *f, uint64_t id)
{
	return FAKE_INFOS + fake_index(f, id) * f->flavour.info_size;
}

static inline void fake_state(struct fake *f, uint64_t id, uint64_t state)
{
	fake_put(f, fake_desc(f, id), state << 62 | id);
}

/* The text that such a kernel publishes; its length. */
static inline size_t fake_vmcoreinfo(const struct fake *f, char *text,
				     size_t size)
{
	int n = snprintf(
		text, size,
		"OSRELEASE=6.9.0-fake\nBUILD-ID=0123abcd\nPAGESIZE=4096\n"
		"SYMBOL(init_uts_ns)=ffffffff81000500\n"
		"OFFSET(uts_namespace.name)=0\n"
		"SYMBOL(prb)=%llx\nSYMBOL(clear_seq)=ffffffff81000180\n"
		"SIZE(printk_ringbuffer)=88\n"
		"OFFSET(printk_ringbuffer.desc_ring)=0\n"
		"OFFSET(printk_ringbuffer.text_data_ring)=48\n"
		"OFFSET(printk_ringbuffer.fail)=80\n"
		"SIZE(prb_desc_ring)=48\nOFFSET(prb_desc_ring.count_bits)=0\n"
		"OFFSET(prb_desc_ring.descs)=8\n"
		"OFFSET(prb_desc_ring.infos)=16\n"
		"OFFSET(prb_desc_ring.head_id)=24\n"
		"OFFSET(prb_desc_ring.tail_id)=32\n"
		"SIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n"
		"OFFSET(prb_desc.text_blk_lpos)=8\n"
		"SIZE(prb_data_blk_lpos)=16\n"
		"OFFSET(prb_data_blk_lpos.begin)=0\n"
		"OFFSET(prb_data_blk_lpos.next)=8\n"
		"SIZE(printk_info)=%u\nOFFSET(printk_info.seq)=0\n"
		"OFFSET(printk_info.ts_nsec)=8\n"
		"OFFSET(printk_info.text_len)=16\n"
		"OFFSET(printk_info.caller_id)=20\n"
		"OFFSET(printk_info.dev_info)=%u\n"
		"SIZE(prb_data_ring)=32\nOFFSET(prb_data_ring.size_bits)=0\n"
		"OFFSET(prb_data_ring.data)=8\n"
		"OFFSET(prb_data_ring.head_lpos)=16\n"
		"OFFSET(prb_data_ring.tail_lpos)=24\n"
		"SIZE(atomic_long_t)=8\nOFFSET(atomic_long_t.counter)=0\n"
		"NUMBER(phys_base)=%lld\nSYMBOL(init_top_pgt)=%llx\n"
		"NUMBER(pgtable_l5_enabled)=%d\nKERNELOFFSET=0\n"
		"NUMBER(KERNEL_IMAGE_SIZE)=1073741824\nNUMBER(sme_mask)=0\n",
		FAKE_LINKED + FAKE_PRB - FAKE_IMAGE, f->flavour.info_size,
		f->flavour.info_size - 64,
		(long long)(FAKE_BASE + FAKE_IMAGE - 0x1000000),
		FAKE_LINKED + FAKE_TABLES - FAKE_IMAGE, f->flavour.level5);

	return n < 0 ? 0 : (size_t)n;
}

static inline void fake_put_note(struct fake *f, uint64_t offset,
				 const char *text, size_t length)
{
	fake_put(f, offset, 11 | (uint64_t)length << 32);
	memcpy(f->memory + offset + 8, "\0\0\0\0VMCOREINFO\0\0", 16);
	memcpy(f->memory + offset + 24, text, length);
}

static inline void fake_publish(struct fake *f)
{
	char text[4096];
	size_t length = fake_vmcoreinfo(f, text, sizeof(text));

	fake_put_note(f, FAKE_NOTE, text, length);
}

/* Empty memory, a ring without records, tables; nothing published yet. */
static inline void fake_boot(struct fake *f, uint8_t *memory,
			     const struct fake_flavour *flavour,
			     unsigned int count_bits, unsigned int size_bits)
{
	uint64_t count = 1ull << count_bits, table = FAKE_TABLES, va;
	int level;

	memset(f, 0, sizeof(*f));
	memset(memory, 0, FAKE_SIZE);
	f->flavour = *flavour;
	f->memory = memory;
	f->view.base = FAKE_BASE;
	f->view.size = FAKE_SIZE;
	f->view.mapped = memory;
	f->count_bits = count_bits;
	f->size_bits = size_bits;

	/* The direct map of this memory: one leaf of 2 MiB. */
	va = fake_direct(f, 0);
	for (level = f->flavour.level5 ? 5 : 4; level > 2; level--) {
		fake_put(f, table + (va >> (12 + 9 * (level - 1)) & 511) * 8,
			 (FAKE_BASE + table + 0x1000) | 0x63);
		table += 0x1000;
	}
	fake_put(f, table + (va >> 21 & 511) * 8,
		 FAKE_BASE | 0x80000000000001e3ull);

	f->head = f->tail = f->flavour.narrow_ids ? (uint32_t) - (count + 1)
						  : -(count + 1) & FAKE_ID;
	f->head_lpos = f->tail_lpos = -(1ull << size_bits);
	fake_put(f, FAKE_PRB, FAKE_LINKED + FAKE_RING - FAKE_IMAGE);
	fake_put(f, FAKE_RING, count_bits);
	fake_put(f, FAKE_RING + 8, fake_array(f, FAKE_DESCS));
	fake_put(f, FAKE_RING + 16, fake_array(f, FAKE_INFOS));
	fake_put(f, FAKE_RING + 24, f->head);
	fake_put(f, FAKE_RING + 32, f->tail);
	fake_put(f, FAKE_RING + 40, 0x11); /* last_finalized: not published */
	fake_put(f, FAKE_RING + 48, size_bits);
	fake_put(f, FAKE_RING + 56, fake_array(f, FAKE_DATA));
	fake_state(f, f->head, FAKE_REUSABLE);
	fake_put(f, fake_desc(f, f->head) + 8, 1);
	fake_put(f, fake_desc(f, f->head) + 16, 1);
}

/* Take away the text at the data ring's tail. */
static inline void fake_push_data(struct fake *f)
{
	uint64_t mask = (1ull << f->size_bits) - 1;
	uint64_t id = fake_get(f, FAKE_DATA + (f->tail_lpos & mask));

	fake_state(f, id, FAKE_REUSABLE);
	f->tail_lpos = fake_get(f, fake_desc(f, id) + 16);
}

/* The newest descriptor, reserved, without text. */
static inline uint64_t fake_reserve(struct fake *f)
{
	uint64_t id = (f->head + 1) & FAKE_ID;

	if (f->tail == ((id - (1ull << f->count_bits)) & FAKE_ID)) {
		fake_state(f, f->tail, FAKE_REUSABLE);
		f->tail = (f->tail + 1) & FAKE_ID;
		fake_put(f, FAKE_RING + 32, f->tail);
	}
	f->head = id;
	fake_put(f, FAKE_RING + 24, id);
	fake_state(f, id, FAKE_RESERVED);
	fake_put(f, fake_info(f, id), f->seq++);
	return id;
}

static inline void fake_lpos(struct fake *f, uint64_t id, uint64_t begin,
			     uint64_t next)
{
	fake_put(f, fake_desc(f, id) + 8, begin);
	fake_put(f, fake_desc(f, id) + 16, next);
}

static inline void fake_meta(struct fake *f, uint64_t id, unsigned int level,
			     uint64_t time, size_t length)
{
	uint64_t at = fake_info(f, id);

	fake_put(f, at + 8, time);
	/* text_len, facility 0, flags 0 and level, caller_id: CPU 1 */
	fake_put(f, at + 16,
		 (length & 0xffff) | (uint64_t)level << 29 |
			 0x80000001ull << 32);
}

/* Space for text, and the text; the record stays reserved. */
static inline void fake_write(struct fake *f, uint64_t id, const char *text,
			      size_t length)
{
	uint64_t whole = 1ull << f->size_bits;
	uint64_t size = 8 + ((length + 7) & ~7ull);
	uint64_t begin = f->head_lpos, next = begin + size, at;
	bool wraps = (begin ^ (next - f->flavour.tight)) >> f->size_bits;

	if (wraps)
		next = ((begin >> f->size_bits) + 1) * whole + size;
	while (next - f->tail_lpos > whole)
		fake_push_data(f);
	at = FAKE_DATA + (wraps ? 0 : begin & (whole - 1));
	fake_put(f, FAKE_DATA + (begin & (whole - 1)), id);
	fake_put(f, at, id);
	f->head_lpos = next;
	fake_lpos(f, id, begin, next);
	memcpy(f->memory + at + 8, text, length);
}

/* One whole record; the most that fits is half the data ring. */
static inline uint64_t fake_printk(struct fake *f, unsigned int level,
				   uint64_t time, const char *text)
{
	uint64_t id = fake_reserve(f);
	size_t length = strlen(text);

	fake_meta(f, id, level, time, length);
	if (length)
		fake_write(f, id, text, length);
	else
		fake_lpos(f, id, 3, 3);
	fake_state(f, id, FAKE_COMMITTED);
	fake_state(f, id, FAKE_FINALIZED);
	return id;
}

#endif /* MK_FAKE_KERNEL_H */
