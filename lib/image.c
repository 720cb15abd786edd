// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bzImage, taken apart by the 64-bit boot protocol.
 *
 * Source: Documentation/arch/x86/boot.rst (7.2) for the fields,
 * arch/x86/boot/header.S and compressed/head_64.S (6.1 to 7.2) for what the
 * code behind them does.  No field is used before it was compared with the
 * length of the file or with the bounds that the kernel's own build sets.
 */
#include "image.h"

#include <string.h>

#include "cursor.h"
#include "elf_image.h"
#include "magic.h"
#include "setup_header.h"

#define SECTOR	      512
#define ENTRY_64      0x200 /* of the 64-bit code, from the load address */
#define ALIGNMENT_MAX (1ull << 30)
#define CMDLINE_MAX   65535
#define PAYLOAD_MIN   16

/* PE format: "MS-DOS Stub", "Signature", "Optional Header". */
#define PE_MZ	     0x5a4d
#define PE_OFFSET    0x3c
#define PE_SIGNATURE 0x4550
#define PE_32_PLUS   0x20b

/* The setup header, as read; names as in boot.rst. */
struct header {
	uint64_t setup_size; /* bytes before the protected-mode part */
	uint64_t kernel_size; /* bytes of it, from syssize */
	unsigned int end; /* of the header in the file */
	uint16_t version;
	uint16_t kernel_version;
	uint8_t loadflags;
	uint32_t kernel_alignment;
	uint8_t min_alignment;
	uint8_t relocatable;
	uint16_t xloadflags;
	uint32_t cmdline_size;
	uint32_t payload_offset;
	uint32_t payload_length;
	uint64_t pref_address;
	uint32_t init_size;
	uint32_t kernel_info;
};

static uint64_t number_at(struct mk_cursor *c, uint64_t at, unsigned int size)
{
	mk_cursor_seek(c, at);
	return mk_cursor_number(c, size);
}

static int truncated(const struct mk_cursor *c, struct mk_error *err)
{
	return mk_fail(err, MK_E_INPUT,
		       "truncated: the setup header ends beyond the file's "
		       "%zu bytes",
		       c->length);
}

static int read_header(struct header *h, struct mk_cursor *c,
		       struct mk_error *err)
{
	uint32_t sectors;

	if (number_at(c, MK_HDR_BOOT_FLAG, 2) != MK_BOOT_FLAG && !c->over)
		return mk_fail(err, MK_E_INPUT,
			       "not a kernel image (no boot signature)");
	h->version = (uint16_t)number_at(c, MK_HDR_VERSION, 2);
	if (c->over)
		return truncated(c, err);
	if (h->version < 0x20c)
		return mk_fail(err, MK_E_SUPPORT,
			       "boot protocol %u.%02u is too old, "
			       "2.12 (Linux 3.8) is needed",
			       h->version >> 8, h->version & 0xff);
	if (h->version >= 0x300)
		return mk_fail(err, MK_E_SUPPORT,
			       "boot protocol %u.%02u is not known",
			       h->version >> 8, h->version & 0xff);

	if (number_at(c, MK_HDR_JUMP, 1) != 0xeb)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: no jump at 0x200, "
			       "its length is not known");
	h->end = MK_HDR_MAGIC + mk_cursor_u8(c);
	if (h->end < MK_HDR_END_2_12 || h->end > MK_HDR_MAGIC + 0x7f)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: its end at %#x does not fit "
			       "protocol %u.%02u",
			       h->end, h->version >> 8, h->version & 0xff);

	sectors = (uint32_t)number_at(c, MK_HDR_SETUP_SECTS, 1);
	h->setup_size = ((uint64_t)(sectors ? sectors : 4) + 1) * SECTOR;
	h->kernel_size = number_at(c, MK_HDR_SYSSIZE, 4) * 16;
	h->kernel_version = (uint16_t)number_at(c, MK_HDR_KERNEL_VERSION, 2);
	h->loadflags = (uint8_t)number_at(c, MK_HDR_LOADFLAGS, 1);
	h->kernel_alignment = (uint32_t)number_at(c, MK_HDR_ALIGNMENT, 4);
	h->min_alignment = (uint8_t)number_at(c, MK_HDR_MIN_ALIGNMENT, 1);
	h->relocatable = (uint8_t)number_at(c, MK_HDR_RELOCATABLE, 1);
	h->xloadflags = (uint16_t)number_at(c, MK_HDR_XLOADFLAGS, 2);
	h->cmdline_size = (uint32_t)number_at(c, MK_HDR_CMDLINE_SIZE, 4);
	h->payload_offset = (uint32_t)number_at(c, MK_HDR_PAYLOAD_OFFSET, 4);
	h->payload_length = (uint32_t)number_at(c, MK_HDR_PAYLOAD_LENGTH, 4);
	h->pref_address = number_at(c, MK_HDR_PREF_ADDRESS, 8);
	h->init_size = (uint32_t)number_at(c, MK_HDR_INIT_SIZE, 4);
	if (h->end >= MK_HDR_END_2_15)
		h->kernel_info = (uint32_t)number_at(c, MK_HDR_KERNEL_INFO, 4);
	mk_cursor_seek(c, h->end);
	return c->over ? truncated(c, err) : 0;
}

/* Kernels this library cannot start, however well they are made. */
static int check_kind(const struct header *h, struct mk_error *err)
{
	if (!(h->loadflags & MK_LOADED_HIGH))
		return mk_fail(
			err, MK_E_SUPPORT,
			"a zImage, which loads low; a bzImage is needed");
	if (!(h->xloadflags & MK_XLF_KERNEL_64))
		return mk_fail(err, MK_E_SUPPORT,
			       "a 32-bit kernel; a 64-bit one is needed");
	if (!(h->xloadflags & MK_XLF_ABOVE_4G))
		return mk_fail(err, MK_E_SUPPORT,
			       "a kernel that cannot be loaded above 4 GiB");
	if (!h->relocatable)
		return mk_fail(err, MK_E_SUPPORT,
			       "a kernel that is not relocatable "
			       "(CONFIG_RELOCATABLE)");
	return 0;
}

static int check_sizes(const struct header *h, struct mk_cursor *c,
		       struct mk_error *err)
{
	uint64_t total = h->setup_size + h->kernel_size;

	if (h->kernel_size <= ENTRY_64)
		return mk_fail(
			err, MK_E_INPUT,
			"setup header: syssize of %llu bytes has no room "
			"for a kernel",
			(unsigned long long)h->kernel_size);
	if (total > c->length)
		return mk_fail(err, MK_E_INPUT,
			       "truncated: %zu bytes, the setup header says "
			       "%llu",
			       c->length, (unsigned long long)total);
	if (h->payload_length < PAYLOAD_MIN ||
	    (uint64_t)h->payload_offset + h->payload_length > h->kernel_size)
		return mk_fail(
			err, MK_E_INPUT,
			"setup header: the payload (%#x bytes at %#x) is "
			"not inside the kernel's %#llx",
			h->payload_length, h->payload_offset,
			(unsigned long long)h->kernel_size);
	if (h->init_size < h->kernel_size || h->init_size > MK_KERNEL_SPAN_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: init_size %#x does not fit a "
			       "kernel of %#llx bytes",
			       h->init_size,
			       (unsigned long long)h->kernel_size);
	if (!h->cmdline_size || h->cmdline_size > CMDLINE_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: cmdline_size of %u bytes",
			       h->cmdline_size);
	if (h->kernel_info) {
		c->over = false;
		if (h->kernel_info > h->kernel_size - 4 ||
		    number_at(c, h->setup_size + h->kernel_info, 4) !=
			    MK_KERNEL_INFO)
			return mk_fail(err, MK_E_INPUT,
				       "setup header: no kernel_info at %#x",
				       h->kernel_info);
	}
	return 0;
}

/*
 * A signed kernel has its signature behind the kernel, where only the PE
 * header tells of it (PE format, "The Attribute Certificate Table": entry 4 of
 * the data directories of a PE32+ image, a file offset and a size).  A file
 * that ends inside it was cut.
 */
static int check_signature(struct mk_cursor *c, struct mk_error *err)
{
	uint64_t pe, start, size;

	c->over = false;
	if (number_at(c, 0, 2) != PE_MZ)
		return 0;
	pe = number_at(c, PE_OFFSET, 4);
	if (number_at(c, pe, 4) != PE_SIGNATURE ||
	    number_at(c, pe + 24, 2) != PE_32_PLUS ||
	    number_at(c, pe + 24 + 108, 4) <= 4)
		return 0;
	start = number_at(c, pe + 24 + 112 + 4 * 8, 4);
	size = number_at(c, pe + 24 + 112 + 4 * 8 + 4, 4);
	if (!c->over && size && start + size > c->length)
		return mk_fail(err, MK_E_INPUT,
			       "truncated: %zu bytes, the signature ends at "
			       "%llu",
			       c->length, (unsigned long long)(start + size));
	return 0;
}

static int check_placement(const struct header *h, struct mk_error *err)
{
	uint64_t align = h->kernel_alignment;

	if (!align || (align & (align - 1)) || align > ALIGNMENT_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: kernel_alignment %#llx is not a "
			       "power of two up to 1 GiB",
			       (unsigned long long)align);
	/* min_alignment: a power of two, since 2.10 (header.S: 21, 2 MiB). */
	if (h->min_alignment >= 32 || align < 1ULL << h->min_alignment)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: kernel_alignment %#llx is less "
			       "than its min_alignment, 2 to the %u",
			       (unsigned long long)align, h->min_alignment);
	if (h->pref_address & (align - 1) ||
	    h->pref_address & (MK_KERNEL_ALIGN - 1) ||
	    h->pref_address > MK_KERNEL_SPAN_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "setup header: pref_address %#llx is not a "
			       "multiple of the alignment %#llx below 1 GiB",
			       (unsigned long long)h->pref_address,
			       (unsigned long long)align);
	return 0;
}

/*
 * "6.1.0-50-cloud-amd64 (debian-kernel@...) #1 SMP ...": the first word, which
 * is what uname -r will say, so at most 64 bytes.
 */
static int read_release(struct mk_image *image, const struct header *h,
			struct mk_cursor *c, struct mk_error *err)
{
	unsigned int n = 0;
	uint8_t byte;

	if (!h->kernel_version)
		return 0;
	mk_cursor_seek(c, (uint64_t)ENTRY_64 + h->kernel_version);
	for (;;) {
		byte = mk_cursor_u8(c);
		if (c->over || c->at > h->setup_size)
			return mk_fail(err, MK_E_INPUT,
				       "setup header: the release text at %#x "
				       "runs out of the setup part",
				       ENTRY_64 + h->kernel_version);
		if (byte == '\0' || byte == ' ')
			break;
		if (byte < ' ' || byte > '~' || n == sizeof(image->release) - 1)
			return mk_fail(err, MK_E_INPUT,
				       "setup header: the text at %#x is not a "
				       "release",
				       ENTRY_64 + h->kernel_version);
		image->release[n++] = (char)byte;
	}
	return 0;
}

static int parse_bzimage(struct mk_image *image, const void *bytes,
			 size_t length, struct mk_error *err)
{
	struct mk_cursor c = mk_cursor(bytes, length);
	const uint8_t *b = bytes;
	struct header h = { 0 };
	int ret;

	ret = read_header(&h, &c, err);
	if (!ret)
		ret = check_kind(&h, err);
	if (!ret)
		ret = check_sizes(&h, &c, err);
	if (!ret)
		ret = check_signature(&c, err);
	if (!ret)
		ret = check_placement(&h, err);
	c.over = false;
	if (!ret)
		ret = read_release(image, &h, &c, err);
	if (ret)
		return ret;

	image->kind = MK_IMAGE_BZIMAGE;
	image->protocol = h.version;
	image->alignment = h.kernel_alignment;
	if (image->alignment < MK_KERNEL_ALIGN)
		image->alignment = MK_KERNEL_ALIGN;
	image->preferred = h.pref_address;
	/*
	 * The decompressor runs the kernel at the load address, raised to
	 * pref_address when it is lower, and first moves itself to the end of
	 * the init_size bytes that begin there, which the kernel's build makes
	 * large enough for both (header.S: INIT_SIZE).  The running kernel then
	 * maps itself with whole 2 MiB pages.
	 */
	image->span = ((uint64_t)h.init_size + MK_KERNEL_ALIGN - 1) &
		      ~(MK_KERNEL_ALIGN - 1);
	image->entry = ENTRY_64;
	image->la57 = (h.xloadflags & MK_XLF_5LEVEL) &&
		      (h.xloadflags & MK_XLF_5LEVEL_ENABLED);
	image->kaslr = true; /* whether built in, the header does not say */
	image->cmdline_max = h.cmdline_size;
	image->nr_parts = 1;
	image->parts[0].bytes = b + h.setup_size;
	image->parts[0].length = h.kernel_size;
	image->parts[0].memory = h.kernel_size;

	/* A header that grew beyond what boot_params has a name for is cut. */
	image->setup_header_length = h.end - MK_HDR_START;
	if (image->setup_header_length > MK_SETUP_HEADER_MAX)
		image->setup_header_length = MK_SETUP_HEADER_MAX;
	memcpy(image->setup_header, b + MK_HDR_START,
	       image->setup_header_length);
	return 0;
}

int mk_image_parse(struct mk_image *image, const void *bytes, size_t length,
		   struct mk_error *err)
{
	const char *name;
	int ret;

	if (!image || (!bytes && length))
		return mk_fail(err, MK_E_CALL, "mk_image_parse: no image");
	memset(image, 0, sizeof(*image));
	if (!length)
		return mk_fail(err, MK_E_INPUT, "the file is empty");

	switch (mk_magic(bytes, length, &name)) {
	case MK_MAGIC_BZIMAGE:
		ret = parse_bzimage(image, bytes, length, err);
		break;
	case MK_MAGIC_ELF:
		ret = mk_elf_parse(image, bytes, length, err);
		if (!ret)
			mk_elf_finish(image);
		break;
	case MK_MAGIC_FOREIGN_KERNEL:
		return mk_fail(err, MK_E_SUPPORT,
			       "this is %s, not an x86-64 kernel image", name);
	case MK_MAGIC_CPIO:
		return mk_fail(err, MK_E_INPUT,
			       "this is an initrd (%s), not a kernel image",
			       name);
	case MK_MAGIC_GZIP:
	case MK_MAGIC_BZIP2:
	case MK_MAGIC_LZMA:
	case MK_MAGIC_XZ:
	case MK_MAGIC_LZO:
	case MK_MAGIC_LZ4:
	case MK_MAGIC_ZSTD:
		return mk_fail(err, MK_E_INPUT,
			       "this is %s, perhaps an initrd; decompress it "
			       "first if it is a kernel",
			       name);
	case MK_MAGIC_OTHER:
	case MK_MAGIC_NONE:
	default:
		if (length < MK_HDR_VERSION)
			return mk_fail(err, MK_E_INPUT,
				       "not a kernel image, or truncated: "
				       "%zu bytes are too few",
				       length);
		if (name)
			return mk_fail(err, MK_E_INPUT,
				       "this is %s, not a kernel image", name);
		return mk_fail(err, MK_E_INPUT,
			       "not a kernel image (no boot signature)");
	}
	if (ret)
		memset(image, 0, sizeof(*image));
	return ret;
}
