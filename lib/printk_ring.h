/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another kernel's log, read out of its memory while it runs, hangs or is
 * dead.  Nothing is asked of that kernel and nothing in it is touched.
 *
 * The printk ring (kernel/printk/printk_ringbuffer.c, the same scheme from
 * 5.10 on; read with 6.1, 6.12 and 7.2) is lockless.  A descriptor ring holds
 * for each record a state word, (state << 62 | id), and where its text lies in
 * the data ring.  Ids and sequence numbers count up by one a record, so that
 * their difference never changes; id & (count - 1) is the index.  A writer
 * makes a descriptor *reusable* before it touches the text, so a copy is good
 * if the state word was the same before and after copying.  All sizes and
 * offsets come from VMCOREINFO.
 *
 * The kernel announces the ring in the middle of its boot (VMCOREINFO); from
 * then on the log is there from its first line, until it is overwritten.
 *
 * Use:
 *	mk_log_open(&log, &memory, 0, &err);
 *	while ((ret = mk_log_next(&log, &record, &err)) == MK_LOG_RECORD)
 *		print record.lost and mk_log_format(&record, ...);
 * To print what is there, set log.impatient and stop after log.capacity
 * records (a ring holds no more; a busy or hostile kernel writes for ever).
 * To follow, call again whenever MK_LOG_NONE was returned, after a pause; when
 * the kernel is dead, set log.impatient and drain what is left.
 */
#ifndef MK_PRINTK_RING_H
#define MK_PRINTK_RING_H

#include "error.h"
#include "memory.h"
#include "vmcoreinfo.h"

/*
 * The kernel limits a record to 1024 bytes (LOG_LINE_MAX in 6.1,
 * PRINTKRB_RECORD_MAX later), continuations included; twice that here.
 */
#define MK_LOG_TEXT_MAX 2048

struct mk_log {
	/* the caller's */
	bool impatient; /* do not wait for records still being written */
	/* for reading */
	uint64_t capacity; /* records that the ring can hold */
	uint64_t next; /* sequence number looked for next */
	struct mk_vmcoreinfo info; /* info.address: hint for the next open */
	/* the reader's own; physical addresses */
	const struct mk_memory *memory;
	uint64_t pointer; /* of the variable prb */
	uint64_t ring; /* its value, a virtual address */
	uint64_t head_id, tail_id; /* of the two counters */
	uint64_t descs, infos, data;
	uint64_t first_id; /* of record 0; no address */
	unsigned int count_bits, size_bits;
	/* the newest record returned, to see that the ring is still the same */
	bool witness;
	uint64_t witness_seq, witness_time;
};

struct mk_log_record {
	uint64_t seq; /* counts every record since boot */
	uint64_t lost; /* records overwritten or unreadable just before */
	uint64_t time; /* nanoseconds of that kernel's clock */
	uint32_t caller_id; /* bit 31: CPU number, else thread id; 0: not told */
	uint8_t facility; /* 0 = the kernel, others = user space */
	uint8_t level; /* 0 emergency .. 7 debug */
	bool open; /* impatient only: more text may be appended */
	bool truncated; /* the text is shorter than the kernel says */
	uint16_t length; /* of @text without the final NUL */
	char text[MK_LOG_TEXT_MAX + 1]; /* raw bytes, hostile, may hold NULs */
};

/*
 * Plausible VMCOREINFOs followed in one opening before the rest is not
 * believed; each may cost a look at every descriptor.
 */
#define MK_LOG_TRIES 32

enum {
	MK_LOG_NONE = 0, /* no more for now */
	MK_LOG_RECORD = 1,
};

/*
 * Find the log of the kernel whose memory @memory is; it must stay as long as
 * @log is used.  @hint: where VMCOREINFO was last time (info.address), 0 if
 * not known; it is tried first and saves the scan.  Sets every field.
 * MK_E_NOTFOUND: the kernel has not come so far yet (or none runs there): ask
 * again later.  MK_E_SUPPORT: no such ring (a kernel before 5.10, 32-bit).
 * MK_E_INPUT: there is VMCOREINFO, but what it leads to makes no sense.
 */
int mk_log_open(struct mk_log *log, const struct mk_memory *memory,
		uint64_t hint, struct mk_error *err);

/*
 * The next record, in order.  Returns MK_LOG_RECORD, MK_LOG_NONE, or
 *   MK_E_STATE	the ring is gone or began again: the kernel was restarted.
 *		Records read so far stay true; open again.
 *   MK_E_INPUT	the memory could not be read.
 * A patient reader returns a record once it is final; one that is still being
 * written holds up those behind it, as in the kernel's own readers.  An
 * impatient one takes what can be had, and counts the rest as lost.  A call
 * looks at no more than @capacity descriptors.
 *
 * A restarted kernel that is the same, at the same address, is recognised by
 * the counters going back, or by the newest record returned having another
 * time.  Who knows of restarts by other means should open again by himself.
 */
int mk_log_next(struct mk_log *log, struct mk_log_record *record,
		struct mk_error *err);

/*
 * The most that mk_log_format() writes, NUL included: each byte of text is at
 * worst a newline, which costs a prefix "[18446744073.709551] " and itself.
 */
#define MK_LOG_FORMAT_MAX ((MK_LOG_TEXT_MAX + 1) * 22 + 8)

/*
 * Write @record as a person reads it, "[    1.234567] text\n": each line of
 * the text with the time in front, a newline after the last.  What is not
 * printable ASCII or a tab becomes \xNN, so that nobody's terminal obeys a
 * spawn.  NUL-terminated; *@length (may be NULL) without the NUL.
 * MK_E_NOSPACE: nothing useful in @buffer; MK_LOG_FORMAT_MAX always suffices.
 */
int mk_log_format(const struct mk_log_record *record, char *buffer, size_t size,
		  size_t *length, struct mk_error *err);

#endif /* MK_PRINTK_RING_H */
