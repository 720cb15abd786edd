// SPDX-License-Identifier: LGPL-2.1-or-later
/* One table of first bytes. */
#include "magic.h"

#include <string.h>

struct magic {
	unsigned int offset;
	unsigned int length;
	const char *bytes;
	enum mk_magic kind;
	const char *name;
};

#define AT(offset, text, kind, name)                                  \
	{                                                             \
		offset, sizeof(text) - 1, text, MK_MAGIC_##kind, name \
	}

/*
 * The first match wins, so what can also be taken for something shorter stands
 * before it: every EFI kernel begins with the MZ of a DOS program.  The
 * compressions are told by the bytes that Linux itself goes by
 * (lib/decompress.c, 7.2), and lzma by one byte more.
 */
static const struct magic table[] = {
	AT(0, "070701", CPIO, "a cpio archive"),
	AT(0, "070702", CPIO, "a cpio archive with checksums"),
	AT(0, "070707", OTHER, "a cpio archive of the old portable format"),
	AT(0, "\xc7\x71", OTHER, "a cpio archive of the old binary format"),
	AT(0, "\x1f\x8b", GZIP, "a gzip-compressed file"),
	AT(0, "BZh", BZIP2, "a bzip2-compressed file"),
	AT(0, "\x5d\0\0", LZMA, "an lzma-compressed file"),
	AT(0,
	   "\xfd"
	   "7zXZ\0",
	   XZ, "an xz-compressed file"),
	AT(0, "\x89LZO", LZO, "an lzo-compressed file"),
	AT(0, "\x02\x21\x4c\x18", LZ4, "an lz4-compressed file"),
	AT(0, "\x04\x22\x4d\x18", OTHER,
	   "an lz4 file of the frame format, which Linux cannot unpack"),
	AT(0, "\x28\xb5\x2f\xfd", ZSTD, "a zstd-compressed file"),
	AT(0x202, "HdrS", BZIMAGE, "an x86 kernel image"),
	AT(0, "\177ELF", ELF, "an ELF file"),
	AT(0x38, "ARM\x64", FOREIGN_KERNEL, "an arm64 kernel"),
	AT(0x38, "RSC\x05", FOREIGN_KERNEL, "a RISC-V kernel"),
	AT(0x24, "\x18\x28\x6f\x01", FOREIGN_KERNEL, "a 32-bit ARM kernel"),
	AT(4, "zimg", FOREIGN_KERNEL,
	   "a compressed EFI (zboot) kernel: unpack it first"),
	AT(0, "\x27\x05\x19\x56", FOREIGN_KERNEL, "a U-Boot image"),
	AT(0, "MZ", OTHER, "an EFI or DOS program, not a bare kernel"),
	AT(0, "\xd0\x0d\xfe\xed", OTHER, "a device tree"),
	AT(0, "hsqs", OTHER, "a squashfs file system"),
	AT(0, "!<arch>\n", OTHER, "an archive or Debian package"),
	AT(0, "QFI\xfb", OTHER, "a disk image"),
	AT(0, "#!", OTHER, "a script"),
	AT(0x101, "ustar", OTHER, "a tar archive"),
	AT(0x438, "\x53\xef", OTHER, "an ext file system"),
};

enum mk_magic mk_magic(const void *bytes, size_t length, const char **name)
{
	const unsigned char *b = bytes;
	const struct magic *m;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		m = &table[i];
		if (length < m->offset || length - m->offset < m->length)
			continue;
		if (memcmp(b + m->offset, m->bytes, m->length) != 0)
			continue;
		if (name)
			*name = m->name;
		return m->kind;
	}
	if (name)
		*name = NULL;
	return MK_MAGIC_NONE;
}
