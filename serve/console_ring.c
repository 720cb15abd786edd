// SPDX-License-Identifier: GPL-2.0-only
/* The last output of a console, in a shared mapping. */
#include "console_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_MAGIC 0x676e69722d6b6dULL /* "mk-ring" */

struct console_ring {
	uint64_t magic;
	uint64_t written; /* bytes so far; any value is a good one */
	uint8_t reserved[4096 - 16];
	uint8_t bytes[CONSOLE_RING_BYTES];
};

int console_ring_open(const char *path, struct console_ring **ring,
		      struct mk_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct console_ring *r;
	struct stat st;
	int code = 0;

	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		code = mk_fail(err, MK_E_SYSTEM, "%s is no file", path);
		goto out;
	}
	if (st.st_size != sizeof(*r) && ftruncate(fd, 0)) {
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot empty %s", path);
		goto out;
	}
	/* All of it at once: a full tmpfs must not be a SIGBUS later. */
	errno = posix_fallocate(fd, 0, sizeof(*r));
	if (errno) {
		code = mk_fail_errno(err, MK_E_SYSTEM, "no room for %s", path);
		goto out;
	}
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r == MAP_FAILED) {
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot map %s", path);
		goto out;
	}
	if (r->magic != RING_MAGIC) {
		r->written = 0;
		r->magic = RING_MAGIC;
	}
	*ring = r;
out:
	close(fd);
	return code;
}

void console_ring_close(struct console_ring *ring)
{
	munmap(ring, sizeof(*ring));
}

void console_ring_write(struct console_ring *ring, const void *bytes,
			size_t length)
{
	const uint8_t *from = bytes;
	size_t at, n;

	while (length) {
		at = ring->written % CONSOLE_RING_BYTES;
		n = CONSOLE_RING_BYTES - at;
		if (n > length)
			n = length;
		memcpy(ring->bytes + at, from, n);
		ring->written += n;
		from += n;
		length -= n;
	}
}

uint64_t console_ring_end(const struct console_ring *ring)
{
	return ring->written;
}

uint64_t console_ring_begin(const struct console_ring *ring)
{
	return ring->written > CONSOLE_RING_BYTES
		       ? ring->written - CONSOLE_RING_BYTES
		       : 0;
}

size_t console_ring_read(const struct console_ring *ring, uint64_t at,
			 void *bytes, size_t size)
{
	uint8_t *to = bytes;
	size_t done = 0, from, n;

	if (size > ring->written - at)
		size = ring->written - at;
	while (done < size) {
		from = (at + done) % CONSOLE_RING_BYTES;
		n = CONSOLE_RING_BYTES - from;
		if (n > size - done)
			n = size - done;
		memcpy(to + done, ring->bytes + from, n);
		done += n;
	}
	return done;
}
