/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last output of a console, in a file that outlives the supervisor.
 *
 * Positions count bytes since the console is there; each reader keeps his own.
 */
#ifndef SERVE_CONSOLE_RING_H
#define SERVE_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define CONSOLE_RING_BYTES (256 << 10) /* a power of two */

struct console_ring;

/* Map the file @path; what is not a ring of ours is made anew. */
int console_ring_open(const char *path, struct console_ring **ring,
		      struct mk_error *err);
void console_ring_close(struct console_ring *ring);

void console_ring_write(struct console_ring *ring, const void *bytes,
			size_t length);

/* Where the next byte will be, and where the oldest one is. */
uint64_t console_ring_end(const struct console_ring *ring);
uint64_t console_ring_begin(const struct console_ring *ring);

/*
 * Copy what is at @at, at most @size bytes; returns how many.  @at must lie
 * between begin and end.
 */
size_t console_ring_read(const struct console_ring *ring, uint64_t at,
			 void *bytes, size_t size);

#endif /* SERVE_CONSOLE_RING_H */
