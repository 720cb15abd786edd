/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded writer over the caller's buffer, the counterpart of cursor.h.
 *
 * It never writes past the end: what does not fit sets @over, and from then on
 * nothing is written, so that a builder may put a whole table and test @over
 * once.  All numbers are little-endian, whatever the computer this runs on,
 * and no alignment is assumed.  Internal to the library.
 */
#ifndef MK_WRITER_H
#define MK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mk_writer {
	uint8_t *bytes;
	size_t size;
	size_t at; /* next byte to write; of the failed write once @over */
	bool over; /* something did not fit */
};

static inline struct mk_writer mk_writer(void *buffer, size_t size)
{
	return (struct mk_writer){ .bytes = buffer, .size = size };
}

/* The next @n bytes, taken and zeroed; NULL when there are fewer. */
static inline uint8_t *mk_writer_take(struct mk_writer *w, size_t n)
{
	uint8_t *bytes;

	if (w->over || n > w->size - w->at) {
		w->over = true;
		return NULL;
	}
	bytes = w->bytes + w->at;
	memset(bytes, 0, n);
	w->at += n;
	return bytes;
}

static inline void mk_writer_put(struct mk_writer *w, const void *bytes,
				 size_t n)
{
	uint8_t *to = mk_writer_take(w, n);

	if (to)
		memcpy(to, bytes, n);
}

/* Zeroes up to the next multiple of @alignment, a power of two. */
static inline void mk_writer_align(struct mk_writer *w, size_t alignment)
{
	mk_writer_take(w, -w->at & (alignment - 1));
}

/* Store @value in the @size bytes at @to. */
static inline void mk_store(uint8_t *to, uint64_t value, unsigned int size)
{
	for (; size--; value >>= 8)
		*to++ = (uint8_t)value;
}

static inline void mk_writer_number(struct mk_writer *w, uint64_t value,
				    unsigned int size)
{
	uint8_t *to = mk_writer_take(w, size);

	if (to)
		mk_store(to, value, size);
}

static inline void mk_writer_u8(struct mk_writer *w, uint8_t value)
{
	mk_writer_number(w, value, 1);
}

static inline void mk_writer_u16(struct mk_writer *w, uint16_t value)
{
	mk_writer_number(w, value, 2);
}

static inline void mk_writer_u32(struct mk_writer *w, uint32_t value)
{
	mk_writer_number(w, value, 4);
}

static inline void mk_writer_u64(struct mk_writer *w, uint64_t value)
{
	mk_writer_number(w, value, 8);
}

#endif /* MK_WRITER_H */
