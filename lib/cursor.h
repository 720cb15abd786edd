/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded reader over somebody else's bytes.
 *
 * It never reads past the end: a read that would do so gives zero (or NULL),
 * sets @over and leaves @at where that read began, and so does every read
 * after it.  A parser may therefore take several fields, test @over once, and
 * still name the place of the first one that was missing.  All numbers are
 * little-endian, whatever the computer this runs on.
 */
#ifndef MK_CURSOR_H
#define MK_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mk_cursor {
	const uint8_t *bytes;
	size_t length;
	size_t at; /* next byte to read; of the failed read once @over */
	bool over; /* a read wanted more than there is */
};

static inline struct mk_cursor mk_cursor(const void *bytes, size_t length)
{
	return (struct mk_cursor){ .bytes = bytes, .length = length };
}

/* Bytes between here and the end; 0 once @over. */
static inline size_t mk_cursor_left(const struct mk_cursor *c)
{
	return c->over ? 0 : c->length - c->at;
}

/* Go to an absolute place; the end itself is a place, beyond it is not. */
static inline void mk_cursor_seek(struct mk_cursor *c, uint64_t at)
{
	if (c->over)
		return;
	if (at > c->length)
		c->over = true;
	else
		c->at = (size_t)at;
}

/* The next @n bytes, taken; NULL when there are fewer. */
static inline const uint8_t *mk_cursor_take(struct mk_cursor *c, uint64_t n)
{
	const uint8_t *bytes = c->bytes + c->at;

	if (c->over || n > c->length - c->at) {
		c->over = true;
		return NULL;
	}
	c->at += (size_t)n;
	return bytes;
}

static inline uint64_t mk_cursor_number(struct mk_cursor *c, unsigned int size)
{
	const uint8_t *bytes = mk_cursor_take(c, size);
	uint64_t value = 0;

	while (bytes && size--)
		value = value << 8 | bytes[size];
	return value;
}

static inline uint8_t mk_cursor_u8(struct mk_cursor *c)
{
	return (uint8_t)mk_cursor_number(c, 1);
}

static inline uint16_t mk_cursor_u16(struct mk_cursor *c)
{
	return (uint16_t)mk_cursor_number(c, 2);
}

static inline uint32_t mk_cursor_u32(struct mk_cursor *c)
{
	return (uint32_t)mk_cursor_number(c, 4);
}

static inline uint64_t mk_cursor_u64(struct mk_cursor *c)
{
	return mk_cursor_number(c, 8);
}

#endif /* MK_CURSOR_H */
