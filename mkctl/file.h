/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a kernel or initrd file whole. */
#ifndef MKCTL_FILE_H
#define MKCTL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * Read a regular file into malloc'ed memory.  Errors: MK_E_NOTFOUND,
 * MK_E_INPUT (a directory, a device, empty, larger than @most),
 * MK_E_SYSTEM.  The text names the file.
 */
int file_read(const char *path, uint64_t most, void **bytes, size_t *length,
	      struct mk_error *err);

#endif /* MKCTL_FILE_H */
