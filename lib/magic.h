/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file is, by its first bytes: for decoders, and for error messages
 * that tell a person which file was mistaken for which.
 *
 * Internal to the library.
 */
#ifndef MK_MAGIC_H
#define MK_MAGIC_H

#include <stddef.h>

enum mk_magic {
	MK_MAGIC_NONE, /* nothing known */
	/* archives that an initrd is made of */
	MK_MAGIC_CPIO,
	/* compressions that a Linux kernel may undo (lib/decompress.c, 7.2) */
	MK_MAGIC_GZIP,
	MK_MAGIC_BZIP2,
	MK_MAGIC_LZMA,
	MK_MAGIC_XZ,
	MK_MAGIC_LZO,
	MK_MAGIC_LZ4,
	MK_MAGIC_ZSTD,
	/* kernels */
	MK_MAGIC_BZIMAGE,
	MK_MAGIC_ELF,
	MK_MAGIC_FOREIGN_KERNEL, /* of another architecture or wrapping */
	/* anything else with a name */
	MK_MAGIC_OTHER,
};

/*
 * The kind of @bytes; *@name (may be NULL) becomes words that fit after "this
 * is" ("a gzip-compressed file"), or NULL for MK_MAGIC_NONE.
 */
enum mk_magic mk_magic(const void *bytes, size_t length, const char **name);

#endif /* MK_MAGIC_H */
