/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames of multikernel/exec.h over a non-blocking stream socket, for both
 * sides: what came, cut into frames and bounded, and what waits to go.
 *
 * Both are fixed in size.  The agent builds this file, too, without the rest
 * of the library.
 */
#ifndef MK_EXEC_FRAME_H
#define MK_EXEC_FRAME_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <multikernel/exec.h>

/* One frame; the bytes are valid until the next mk_frames_fill(). */
struct mk_frame {
	unsigned int type;
	const uint8_t *bytes;
	size_t length;
};

struct mk_frames {
	size_t from, to;
	uint8_t bytes[sizeof(struct mkx_frame) + MKX_DATA_MAX];
};

/* The least and the most that follow a header of @type; false: no such type. */
static inline bool mk_frame_bounds(unsigned int type, size_t *least,
				   size_t *most)
{
	*least = *most = 0;
	switch (type) {
	case MKX_RUN:
		*least = sizeof(struct mkx_run);
		*most = MKX_REQUEST_MAX;
		return true;
	case MKX_PUT:
	case MKX_GET:
		*least = sizeof(struct mkx_copy);
		*most = MKX_REQUEST_MAX;
		return true;
	case MKX_STARTED:
	case MKX_DONE:
	case MKX_END:
	case MKX_UP:
		return true;
	case MKX_FAILED:
		*least = sizeof(struct mkx_failed);
		*most = *least + MKX_TEXT_MAX;
		return true;
	case MKX_EXIT:
		*least = *most = sizeof(struct mkx_exit);
		return true;
	case MKX_IN:
	case MKX_OUT:
	case MKX_ERR:
	case MKX_DATA:
		*least = 1;
		*most = MKX_DATA_MAX;
		return true;
	case MKX_CREDIT:
		*least = *most = sizeof(struct mkx_credit);
		return true;
	case MKX_CLOSED:
	case MKX_SIGNAL:
	case MKX_SIZE:
		*least = *most = sizeof(uint32_t);
		return true;
	case MKX_ENTRY:
		*least = sizeof(struct mkx_entry);
		*most = *least + MKX_NAME_MAX + MKX_TARGET_MAX;
		return true;
	case MKX_NOTE:
		*least = 1;
		*most = MKX_TEXT_MAX;
		return true;
	}
	return false;
}

/* Whether it may be believed; its length and type in @frame. */
static inline bool mk_frame_header(const uint8_t *bytes, struct mk_frame *frame)
{
	struct mkx_frame h;
	size_t least, most;

	memcpy(&h, bytes, sizeof(h));
	frame->type = h.type;
	frame->length = le32toh(h.length);
	return !h.zero[0] && !h.zero[1] && !h.zero[2] &&
	       mk_frame_bounds(h.type, &least, &most) &&
	       frame->length >= least && frame->length <= most;
}

/* 1: one is in @frame; 0: more bytes are needed; -1: no frame, never again. */
static inline int mk_frames_next(struct mk_frames *f, struct mk_frame *frame)
{
	size_t have = f->to - f->from;

	if (have < sizeof(struct mkx_frame))
		return 0;
	/* A request is longer than the buffer, and never comes in here. */
	if (!mk_frame_header(f->bytes + f->from, frame) ||
	    frame->length > MKX_DATA_MAX)
		return -1;
	if (have - sizeof(struct mkx_frame) < frame->length)
		return 0;
	frame->bytes = f->bytes + f->from + sizeof(struct mkx_frame);
	f->from += sizeof(struct mkx_frame) + frame->length;
	return 1;
}

/*
 * Read what is there.  1: something came; 0: nothing now; -1 and errno, 0 at
 * the end of the connection.  To be called after mk_frames_next() gave 0.
 */
static inline int mk_frames_fill(struct mk_frames *f, int sock)
{
	ssize_t n;

	memmove(f->bytes, f->bytes + f->from, f->to - f->from);
	f->to -= f->from;
	f->from = 0;
	n = recv(sock, f->bytes + f->to, sizeof(f->bytes) - f->to,
		 MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		errno = 0;
	f->to += (size_t)n;
	return n ? 1 : -1;
}

static inline uint32_t mk_frame_number(const uint8_t *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return le32toh(number);
}

/* ---- going out ---- */

struct mk_outgoing {
	size_t from, to;
	/* Room for one of data, and for small ones beside it. */
	uint8_t bytes[sizeof(struct mkx_frame) + MKX_DATA_MAX + 8192];
};

static inline bool mk_outgoing_empty(const struct mk_outgoing *o)
{
	return o->from == o->to;
}

/* Whether a frame of @length bytes has room. */
static inline bool mk_outgoing_has_room(const struct mk_outgoing *o,
					size_t length)
{
	return sizeof(o->bytes) - (o->to - o->from) >=
	       sizeof(struct mkx_frame) + length;
}

/* Append a frame of two parts; false when it has no room. */
static inline bool mk_outgoing_put2(struct mk_outgoing *o, unsigned int type,
				    const void *a, size_t a_length,
				    const void *b, size_t b_length)
{
	struct mkx_frame h = { .type = (uint8_t)type,
			       .length = htole32(
				       (uint32_t)(a_length + b_length)) };

	if (!mk_outgoing_has_room(o, a_length + b_length))
		return false;
	memmove(o->bytes, o->bytes + o->from, o->to - o->from);
	o->to -= o->from;
	o->from = 0;
	memcpy(o->bytes + o->to, &h, sizeof(h));
	o->to += sizeof(h);
	if (a_length)
		memcpy(o->bytes + o->to, a, a_length);
	o->to += a_length;
	if (b_length)
		memcpy(o->bytes + o->to, b, b_length);
	o->to += b_length;
	return true;
}

static inline bool mk_outgoing_put(struct mk_outgoing *o, unsigned int type,
				   const void *bytes, size_t length)
{
	return mk_outgoing_put2(o, type, bytes, length, NULL, 0);
}

static inline bool mk_outgoing_credit(struct mk_outgoing *o,
				      unsigned int stream, uint32_t bytes)
{
	struct mkx_credit c = { htole32(stream), htole32(bytes) };

	return mk_outgoing_put(o, MKX_CREDIT, &c, sizeof(c));
}

static inline bool mk_outgoing_number(struct mk_outgoing *o, unsigned int type,
				      uint32_t number)
{
	number = htole32(number);
	return mk_outgoing_put(o, type, &number, sizeof(number));
}

/* Send what goes without waiting; -1 and errno when the connection is gone. */
static inline int mk_outgoing_flush(struct mk_outgoing *o, int sock)
{
	ssize_t n;

	while (o->from < o->to) {
		n = send(sock, o->bytes + o->from, o->to - o->from,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		o->from += (size_t)n;
	}
	return 0;
}

#endif /* MK_EXEC_FRAME_H */
