/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests of multikernel/exec.h: writing one, and taking one apart.
 *
 * The agent builds this, too, without the rest of the library.
 */
#ifndef MK_EXEC_REQUEST_H
#define MK_EXEC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <multikernel/exec.h>

struct mk_exec_run {
	bool tty, input;
	uint16_t rows, columns;
	const char *user, *folder; /* "" = the default */
	/* Arrays of the caller's; when taken apart, ends with NULL. */
	const char **args, **vars;
	size_t nr_args, nr_vars;
};

/*
 * Write what follows the frame's header.  Returns the length, or 0 when it is
 * more than @size or MKX_REQUEST_MAX, or has too many strings.
 */
size_t mk_exec_run_build(const struct mk_exec_run *run, void *buffer,
			 size_t size);
size_t mk_exec_copy_build(bool recursive, const char *path, const char *name,
			  void *buffer, size_t size);

/*
 * Take @length bytes apart; the strings stay in them.  @pointers has room for
 * MKX_STRINGS_MAX + 2.  Returns NULL, or what is wrong with it.
 */
const char *mk_exec_run_parse(const uint8_t *bytes, size_t length,
			      const char **pointers, struct mk_exec_run *run);

/* @name is NULL for MKX_GET. */
const char *mk_exec_copy_parse(const uint8_t *bytes, size_t length,
			       bool *recursive, const char **path,
			       const char **name);

/* Whether @name may be a component of a tree: no slash, no ".", no "..". */
bool mk_exec_name_ok(const char *name);

#endif /* MK_EXEC_REQUEST_H */
