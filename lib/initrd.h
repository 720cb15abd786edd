/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Initial RAM file systems: several files joined into the one that Linux
 * wants, and small archives written from nothing.
 *
 * Linux unpacks what it is given as a sequence of members, each a cpio archive
 * of the "newc" format or a compressed one, with any number of zero bytes
 * between (init/initramfs.c: unpack_to_rootfs(), 6.1 to 7.2).  It reports a
 * broken member in its log and boots on with half a file system, so members
 * are judged here, before anything is started.
 *
 * All over the caller's buffers; nothing is allocated.
 */
#ifndef MK_INITRD_H
#define MK_INITRD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* ---- joining ---------------------------------------------------------- */

struct mk_initrd_file {
	const char *name; /* for messages; may be NULL */
	const void *bytes;
	size_t length;
};

/*
 * Check one file: an uncompressed newc archive is walked entry by entry to its
 * trailer, and so is one that stands before a compressed member (as early
 * microcode does); a compressed member is known by its first bytes only.
 * Errors: MK_E_INPUT (empty, truncated, damaged, a kernel or another thing
 * that is no initrd), MK_E_SUPPORT (a format that Linux does not unpack).
 */
int mk_initrd_check(const struct mk_initrd_file *file, struct mk_error *err);

/*
 * Check all @n files and compute the length of the joined initrd; 0 for none.
 * Each file begins at a multiple of 4 bytes.  Errors as mk_initrd_check().
 */
int mk_initrd_measure(const struct mk_initrd_file *files, unsigned int n,
		      size_t *total, struct mk_error *err);

/*
 * The same, and write it into @buffer; *@total is set even when it answers
 * MK_E_NOSPACE.  Whatever of @buffer lies beyond *@total is left alone.
 */
int mk_initrd_join(void *buffer, size_t size,
		   const struct mk_initrd_file *files, unsigned int n,
		   size_t *total, struct mk_error *err);

/* ---- writing ---------------------------------------------------------- */

/*
 * A newc archive under construction.  Entries stand in the order of the calls
 * (a directory before what is in it, or Linux drops the contents), owner root,
 * time zero, inodes counted from 1: the same calls give the same bytes.
 *
 * begin, then any number of dir, file, symlink and device, then finish; any
 * other order is MK_E_STATE.  A call that answers MK_E_NOSPACE has written
 * nothing and may be repeated after mk_cpio_resize().  Before finish the
 * archive has no trailer, and mk_initrd_check() refuses it.
 */
struct mk_cpio {
	uint8_t *buffer;
	size_t size;
	size_t used; /* a multiple of 4 */
	uint32_t inode; /* of the next entry */
	unsigned int state; /* private */
};

#define MK_CPIO_NAME_MAX 4095 /* bytes, without the NUL */

void mk_cpio_begin(struct mk_cpio *cpio, void *buffer, size_t size);

/* Go on in a buffer that begins with the same used bytes (from realloc). */
int mk_cpio_resize(struct mk_cpio *cpio, void *buffer, size_t size,
		   struct mk_error *err);

/*
 * Names are relative ("sbin/init"); "", a leading or trailing '/', empty, "."
 * or ".." components and the trailer's name are MK_E_CALL, as are mode bits
 * beyond 07777.  Files of 4 GiB or more are MK_E_SUPPORT.
 */
int mk_cpio_dir(struct mk_cpio *cpio, const char *name, unsigned int mode,
		struct mk_error *err);
int mk_cpio_file(struct mk_cpio *cpio, const char *name, unsigned int mode,
		 const void *bytes, size_t length, struct mk_error *err);
int mk_cpio_symlink(struct mk_cpio *cpio, const char *name, const char *target,
		    struct mk_error *err);
/* A character device, or a block device if @block. */
int mk_cpio_device(struct mk_cpio *cpio, const char *name, unsigned int mode,
		   bool block, uint32_t major, uint32_t minor,
		   struct mk_error *err);

/* Write the trailer; *@length is the archive's. */
int mk_cpio_finish(struct mk_cpio *cpio, size_t *length, struct mk_error *err);

#endif /* MK_INITRD_H */
