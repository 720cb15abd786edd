// SPDX-License-Identifier: GPL-2.0-only
/* Between a file and its store: all of it there, what differs back. */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"
#include "signals.h"

#define STEP  (1U << 20)
#define BLOCK (64U << 10) /* what is written back at a time */

/* ---- bytes ---- */

/* Exactly @size bytes of the file; less is an error of its own. */
static int read_file(const struct store_file *file, uint64_t at, char *to,
		     size_t size, struct mk_error *err)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < size; done += (size_t)n) {
		n = pread(file->fd, to + done, size - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot read %.180s", file->path);
		else if (n == 0)
			return mk_fail(err, MK_E_INPUT,
				       "%.180s became shorter while it was "
				       "read",
				       file->path);
	}
	return 0;
}

static int write_file(const struct store_file *file, uint64_t at,
		      const char *from, size_t size, struct mk_error *err)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < size; done += (size_t)n) {
		n = pwrite(file->fd, from + done, size - done,
			   (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot write %.180s", file->path);
	}
	return 0;
}

static int read_store(struct mk_instance *store, uint64_t at, char *to,
		      size_t size, struct mk_error *err)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < size; done += (size_t)n) {
		n = mk_instance_read(store, at + done, to + done, size - done,
				     err);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return mk_fail(err, MK_E_SYSTEM,
				       "the store is smaller than its file");
	}
	return 0;
}

static int write_store(struct mk_instance *store, uint64_t at, const char *from,
		       size_t size, struct mk_error *err)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < size; done += (size_t)n) {
		n = mk_instance_write(store, at + done, from + done,
				      size - done, err);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

static bool all_zero(const char *bytes, size_t size)
{
	return !bytes[0] && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static size_t step_of(uint64_t at, uint64_t size)
{
	return size - at < STEP ? (size_t)(size - at) : STEP;
}

int store_fill(struct mk_instance *store, const struct store_file *file,
	       const char *what, struct mk_error *err)
{
	char *buffer = malloc(STEP);
	struct progress p;
	int code = 0;
	uint64_t at;
	size_t n;

	if (!buffer)
		return mk_fail_errno(err, MK_E_SYSTEM, "no memory to copy");
	progress_begin(&p, what, "copies into memory");
	for (at = 0; at < file->size && !code; at += n) {
		n = step_of(at, file->size);
		if (signals_came())
			code = mk_fail(err, MK_E_STATE,
				       "interrupted, nothing was kept of "
				       "%.150s",
				       file->path);
		else
			code = read_file(file, at, buffer, n, err);
		/* The store was wiped: holes of the file need not be written. */
		if (!code && !all_zero(buffer, n))
			code = write_store(store, at, buffer, n, err);
		progress(&p, at, file->size);
	}
	progress_end(&p);
	free(buffer);
	return code;
}

/* The blocks of one step that differ. */
static int save_step(const struct store_file *file, uint64_t at,
		     const char *from, const char *old, size_t size,
		     uint64_t *written, struct mk_error *err)
{
	size_t i, n;
	int code;

	for (i = 0; i < size; i += n) {
		n = size - i < BLOCK ? size - i : BLOCK;
		if (memcmp(from + i, old + i, n) == 0)
			continue;
		code = write_file(file, at + i, from + i, n, err);
		if (code)
			return code;
		*written += n;
	}
	return 0;
}

int store_save(struct mk_instance *store, const struct store_file *file,
	       const char *what, uint64_t *written, struct mk_error *err)
{
	char *buffer = malloc(2 * STEP);
	struct progress p;
	int code = 0;
	uint64_t at;
	size_t n;

	*written = 0;
	if (!buffer)
		return mk_fail_errno(err, MK_E_SYSTEM, "no memory to copy");
	progress_begin(&p, what, "writes back");
	for (at = 0; at < file->size && !code; at += n) {
		n = step_of(at, file->size);
		/* Copied once: what is compared is what is written. */
		code = read_store(store, at, buffer, n, err);
		if (!code)
			code = read_file(file, at, buffer + STEP, n, err);
		if (!code)
			code = save_step(file, at, buffer, buffer + STEP, n,
					 written, err);
		progress(&p, at, file->size);
	}
	progress_end(&p);
	free(buffer);
	if (!code && fsync(file->fd))
		code = mk_fail_errno(err, MK_E_SYSTEM,
				     "%.180s may not be on the disk",
				     file->path);
	return code;
}
