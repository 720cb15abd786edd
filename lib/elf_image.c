// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vmlinux: an ELF file of which only the program headers are believed.
 *
 * Linux on x86-64 puts the physical address it is linked at into p_paddr and
 * its 64-bit entry, also physical, into e_entry (arch/x86/kernel/vmlinux.lds.S:
 * phys_startup_64); the whole may be moved to any other 2 MiB boundary as long
 * as it stays in one piece.  Up to 6.13 the per-CPU data is a PT_LOAD of its
 * own with p_vaddr 0 and its p_paddr in line with the others.
 */
#include "elf_image.h"

#include <string.h>

#include "cursor.h"
#include "setup_header.h"

#define ELF_HEADER    64
#define ELF_PHDR      56
#define ELF_PHDRS_MAX 256

#define ELFCLASS32    1
#define ELFCLASS64    2
#define ELFDATA2LSB   1
#define ET_REL	      1
#define ET_EXEC	      2
#define ET_DYN	      3
#define ET_CORE	      4
#define EM_386	      3
#define EM_X86_64     62
#define PT_LOAD	      1
#define PT_INTERP     3

struct elf_header {
	uint16_t type;
	uint64_t entry;
	uint64_t phdrs; /* file offset */
	uint16_t nr_phdrs;
};

static int read_header(struct elf_header *h, struct mk_cursor *c,
		       struct mk_error *err)
{
	const uint8_t *ident = mk_cursor_take(c, 16);
	uint16_t machine, size;
	uint32_t version;

	if (!ident)
		goto truncated;
	if (memcmp(ident, "\177ELF", 4) != 0)
		return mk_fail(err, MK_E_INPUT, "this is not an ELF file");
	h->type = mk_cursor_u16(c);
	machine = mk_cursor_u16(c);
	version = mk_cursor_u32(c);
	if (c->over)
		goto truncated;
	if (machine == EM_386 ||
	    (machine == EM_X86_64 && ident[4] == ELFCLASS32))
		return mk_fail(err, MK_E_SUPPORT,
			       "this is a 32-bit ELF file; "
			       "a 64-bit kernel is needed");
	if (machine != EM_X86_64)
		return mk_fail(err, MK_E_SUPPORT,
			       "this ELF file is for another architecture "
			       "(machine %u), not x86-64",
			       machine);
	if (ident[4] != ELFCLASS64 || ident[5] != ELFDATA2LSB || version != 1)
		return mk_fail(
			err, MK_E_INPUT,
			"ELF header: class %u, byte order %u, version %u "
			"do not fit an x86-64 file",
			ident[4], ident[5], version);
	if (h->type == ET_REL)
		return mk_fail(err, MK_E_INPUT,
			       "this is an object file or a kernel module, "
			       "not a kernel");
	if (h->type == ET_CORE)
		return mk_fail(err, MK_E_INPUT,
			       "this is a core dump, not a kernel");
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return mk_fail(err, MK_E_INPUT,
			       "ELF header: unknown file type %u", h->type);

	h->entry = mk_cursor_u64(c);
	h->phdrs = mk_cursor_u64(c);
	mk_cursor_take(c, 8 + 4 + 2); /* section headers, flags, own size */
	size = mk_cursor_u16(c);
	h->nr_phdrs = mk_cursor_u16(c);
	mk_cursor_take(c, 2 + 2 + 2);
	if (c->over)
		goto truncated;
	if (size != ELF_PHDR)
		return mk_fail(err, MK_E_INPUT,
			       "ELF header: program headers of %u bytes "
			       "instead of %u",
			       size, ELF_PHDR);
	if (!h->nr_phdrs || h->nr_phdrs > ELF_PHDRS_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "ELF header: %u program headers", h->nr_phdrs);
	return 0;

truncated:
	return mk_fail(err, MK_E_INPUT,
		       "truncated: %zu bytes are too few for an ELF header",
		       c->length);
}

/*
 * One PT_LOAD into @image->parts, in order of address; offsets are still
 * physical addresses.
 */
static int add_part(struct mk_image *image, struct mk_cursor *c,
		    struct mk_error *err)
{
	struct mk_cursor file = mk_cursor(c->bytes, c->length);
	struct mk_image_part part = { 0 };
	uint64_t offset, vaddr;
	unsigned int i;

	mk_cursor_u32(c); /* p_flags: 7.2 enters a segment that is "RW" */
	offset = mk_cursor_u64(c);
	vaddr = mk_cursor_u64(c);
	part.offset = mk_cursor_u64(c);
	part.length = mk_cursor_u64(c);
	part.memory = mk_cursor_u64(c);

	if (part.length > part.memory)
		return mk_fail(err, MK_E_INPUT,
			       "ELF segment at %#llx: more bytes in the file "
			       "than in memory",
			       (unsigned long long)part.offset);
	if (!part.memory)
		return 0;
	mk_cursor_seek(&file, offset);
	part.bytes = mk_cursor_take(&file, part.length);
	if (!part.bytes)
		return mk_fail(
			err, MK_E_INPUT,
			"truncated: the ELF segment at %#llx ends beyond "
			"the file's %zu bytes",
			(unsigned long long)part.offset, c->length);
	if (part.offset >= MK_KERNEL_SPAN_MAX ||
	    part.memory > MK_KERNEL_SPAN_MAX - part.offset)
		return mk_fail(err, MK_E_INPUT,
			       "ELF segment at %#llx: no x86-64 kernel reaches "
			       "beyond 1 GiB",
			       (unsigned long long)part.offset);
	if (vaddr && vaddr != MK_KERNEL_MAP + part.offset)
		return mk_fail(err, MK_E_INPUT,
			       "ELF segment at %#llx: virtual address %#llx is "
			       "not a Linux kernel's",
			       (unsigned long long)part.offset,
			       (unsigned long long)vaddr);
	if (image->nr_parts == MK_IMAGE_PARTS)
		return mk_fail(err, MK_E_SUPPORT,
			       "ELF file: more than %u loadable segments",
			       MK_IMAGE_PARTS);

	for (i = image->nr_parts++;
	     i && image->parts[i - 1].offset > part.offset; i--)
		image->parts[i] = image->parts[i - 1];
	image->parts[i] = part;
	return 0;
}

static int read_parts(struct mk_image *image, const struct elf_header *h,
		      struct mk_cursor *c, struct mk_error *err)
{
	const struct mk_image_part *a, *b;
	unsigned int i;
	uint32_t type;
	int ret;

	for (i = 0; i < h->nr_phdrs; i++) {
		mk_cursor_seek(c, h->phdrs);
		mk_cursor_take(c, (uint64_t)i * ELF_PHDR);
		type = mk_cursor_u32(c);
		if (mk_cursor_left(c) < ELF_PHDR - 4)
			return mk_fail(err, MK_E_INPUT,
				       "truncated: the ELF program headers end "
				       "beyond the file's %zu bytes",
				       c->length);
		if (type == PT_INTERP)
			return mk_fail(err, MK_E_INPUT,
				       "this is an ordinary program, "
				       "not a kernel");
		if (type != PT_LOAD)
			continue;
		ret = add_part(image, c, err);
		if (ret)
			return ret;
	}
	if (!image->nr_parts)
		return mk_fail(err, MK_E_INPUT,
			       "ELF file: nothing in it is to be loaded");
	for (i = 1; i < image->nr_parts; i++) {
		a = &image->parts[i - 1];
		b = &image->parts[i];
		if (b->offset - a->offset < a->memory)
			return mk_fail(
				err, MK_E_INPUT,
				"ELF segments at %#llx and %#llx overlap",
				(unsigned long long)a->offset,
				(unsigned long long)b->offset);
	}
	return 0;
}

/*
 * A stripped kernel carries its .bss, .brk and scratch area as zeros in the
 * file (12 MiB in 6.1): nothing to store or to copy.
 */
static void trim_zeros(struct mk_image_part *part)
{
	while (part->length && !part->bytes[part->length - 1])
		part->length--;
}

int mk_elf_parse(struct mk_image *image, const void *bytes, size_t length,
		 struct mk_error *err)
{
	struct mk_cursor c = mk_cursor(bytes, length);
	const struct mk_image_part *part;
	struct elf_header h = { 0 };
	bool inside = false;
	uint64_t base;
	unsigned int i;
	int ret;

	memset(image, 0, sizeof(*image));
	image->kind = MK_IMAGE_ELF;
	ret = read_header(&h, &c, err);
	if (ret)
		return ret;
	ret = read_parts(image, &h, &c, err);
	if (ret)
		return ret;

	for (i = 0; i < image->nr_parts; i++) {
		part = &image->parts[i];
		if (h.entry >= part->offset &&
		    h.entry - part->offset < part->length)
			inside = true;
	}
	if (!inside)
		return mk_fail(
			err, MK_E_INPUT,
			"ELF header: the entry at %#llx is in no segment",
			(unsigned long long)h.entry);

	base = image->parts[0].offset & ~(MK_KERNEL_ALIGN - 1);
	for (i = 0; i < image->nr_parts; i++) {
		image->parts[i].offset -= base;
		trim_zeros(&image->parts[i]);
	}
	part = &image->parts[image->nr_parts - 1];
	/*
	 * Linux maps itself with whole 2 MiB pages (__startup_64), so the rest
	 * of the last one has to be memory too.
	 */
	image->span = (part->offset + part->memory + MK_KERNEL_ALIGN - 1) &
		      ~(MK_KERNEL_ALIGN - 1);
	image->entry = h.entry - base;
	image->alignment = MK_KERNEL_ALIGN;
	image->preferred = base;
	/*
	 * Nothing in the file says whether it knows 5-level paging.  It takes
	 * the mode it finds (check_la57_support()), and four levels always do.
	 */
	image->la57 = false;
	image->kaslr = false;
	return 0;
}

/* The word after the banner's "Linux version " (init/version-timestamp.c). */
static void find_release(struct mk_image *image)
{
	static const char banner[] = "Linux version ";
	const size_t size = sizeof(banner) - 1;
	const uint8_t *at, *end;
	unsigned int i, n;

	for (i = 0; i < image->nr_parts; i++) {
		at = image->parts[i].bytes;
		end = at + image->parts[i].length;
		while ((size_t)(end - at) > size) {
			at = memchr(at, banner[0], (size_t)(end - at) - size);
			if (!at)
				break;
			if (memcmp(at, banner, size) != 0 || at[size] < '1' ||
			    at[size] > '9') {
				at++;
				continue;
			}
			at += size;
			for (n = 0; at + n < end && at[n] > ' ' && at[n] < 0x7f;
			     n++)
				if (n == sizeof(image->release) - 1)
					return;
			memcpy(image->release, at, n);
			return;
		}
	}
}

static void put(struct mk_image *image, unsigned int at, unsigned int size,
		uint64_t value)
{
	for (at -= MK_HDR_START; size--; value >>= 8)
		image->setup_header[at++] = (uint8_t)value;
}

void mk_elf_finish(struct mk_image *image)
{
	find_release(image);
	image->cmdline_max = 2047; /* COMMAND_LINE_SIZE less the NUL */
	image->setup_header_length = MK_HDR_END_2_15 - MK_HDR_START;
	put(image, MK_HDR_BOOT_FLAG, 2, MK_BOOT_FLAG);
	put(image, MK_HDR_JUMP, 2, 0xeb | (MK_HDR_END_2_15 - 0x202) << 8);
	put(image, MK_HDR_MAGIC, 4, MK_HDRS);
	put(image, MK_HDR_VERSION, 2, 0x20f);
	put(image, MK_HDR_LOADFLAGS, 1, MK_LOADED_HIGH);
	put(image, MK_HDR_RAMDISK_MAX, 4, 0x7fffffff);
	put(image, MK_HDR_ALIGNMENT, 4, image->alignment);
	put(image, MK_HDR_RELOCATABLE, 1, 1);
	put(image, MK_HDR_MIN_ALIGNMENT, 1, 21);
	put(image, MK_HDR_XLOADFLAGS, 2, MK_XLF_KERNEL_64 | MK_XLF_ABOVE_4G);
	put(image, MK_HDR_CMDLINE_SIZE, 4, image->cmdline_max);
	put(image, MK_HDR_PREF_ADDRESS, 8, image->preferred);
	put(image, MK_HDR_INIT_SIZE, 4, image->span);
}
