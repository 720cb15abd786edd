// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The vmlinux inside a bzImage, unpacked once instead of at every start.
 *
 * The payload is the compressed vmlinux (stripped ELF, in kernels built with
 * CONFIG_X86_NEED_RELOCS followed by relocation tables) and ends in its
 * uncompressed size, four bytes little-endian: gzip has it by itself, the
 * kernel's build appends it to everything else (scripts/Makefile.lib:
 * size_append, 6.1 to 7.2).
 *
 * Why the ELF kernel may be entered without the decompressor, and what the
 * decompressor would have left behind for it (arch/x86/boot/compressed
 * head_64.S, misc.c, pgtable_64.c, ident_map_64.c, sev.c, acpi.c; arch/x86/
 * kernel/head_64.S and head64.c or boot/startup/map_kernel.c; read in 6.1.176,
 * 6.12.95 and 7.2.12):
 *
 * - Place.  startup_64 takes its own physical address from %rip, stores the
 *   difference to the linked one in phys_base and corrects its page tables by
 *   it; it asks for a multiple of 2 MiB and nothing else.  handle_relocations()
 *   only undoes a *virtual* move, which KASLR alone makes: without it the
 *   difference is zero, it returns at once, and the tables behind the ELF file
 *   are not needed.  parse_elf() copies each PT_LOAD to its p_paddr less the
 *   linked base, and enters at e_entry less that base, as elf_image.c does.
 * - Memory.  Zero where the file has nothing.  It clears its .bss itself.  The
 *   image is changed by running: a restart needs a fresh copy.
 * - CPU.  64-bit mode, IF=0, DF=0, CR4 = PAE (MCE and LA57 may stay): no PCIDE,
 *   CET or FRED, because it masks CR4 only after it has changed CR3.  CS must
 *   be 64-bit code; it loads its own GDT, IDT, stack and GS base before it
 *   needs them.  %rsi = physical address of boot_params.
 * - Paging.  Four or five levels: it reads CR4.LA57 and goes on in that mode.
 *   The decompressor's switch of levels, which goes through low memory, does
 *   not happen; "no5lvl" is not needed.
 * - Identity map.  Writable and executable, over: the whole span,
 *   boot_params, the command line (6.1: sme_enable() parses it in place) and
 *   every setup_data node (find_cc_blob() walks the list).  The rest it maps by
 *   itself on page faults.
 * - boot_params.  What the decompressor writes, and so must be right here:
 *     acpi_rsdp_addr      from EFI or a scan of low memory when zero; the
 *                         kernel proper takes it or looks elsewhere, so the
 *                         builder sets it
 *     cc_blob_address     zeroed (not an SEV guest)
 *     hdr.loadflags       KASLR_FLAG cleared; the kernel would randomise its
 *                         memory layout by it.  Cleared here as well
 *     hdr.xloadflags      MEM_ENCRYPTION set by "mem_encrypt=on" (6.12, 7.2),
 *                         which therefore has no effect on a direct entry
 *     sentinel            sanitised again by the kernel proper
 *   init_size is read by the decompressor only.
 * - Not used natively: TDX and SEV detection, accepting of EFI's unaccepted
 *   memory, the early console.
 */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "elf_image.h"
#include "magic.h"
#include "setup_header.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZ4
#include <lz4.h>
#endif

#define UNPACKED_MAX (512u << 20)
#define UNPACKED_MIN 64
#define TRAILER	     4

/*
 * Each decoder fills exactly @size bytes of @out, or fails.  @in includes the
 * size trailer.
 */
struct packed {
	const uint8_t *in;
	size_t length;
	uint8_t *out;
	size_t size;
};

__attribute__((unused)) static int damaged(struct mk_error *err,
					   const char *format, const char *how)
{
	return mk_fail(err, MK_E_INPUT,
		       "the kernel's %s payload is damaged: %s", format, how);
}

static int unpack_gzip(const struct packed *p, struct mk_error *err)
{
#ifdef HAVE_ZLIB
	z_stream z = { 0 };
	int ret;

	z.next_in = (Bytef *)(uintptr_t)p->in;
	z.avail_in = (uInt)p->length;
	z.next_out = p->out;
	z.avail_out = (uInt)p->size;
	if (inflateInit2(&z, 15 + 16) != Z_OK) /* 16: gzip, not zlib, framing */
		return mk_fail(err, MK_E_SYSTEM, "no memory to unpack gzip");
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (ret == Z_MEM_ERROR)
		return mk_fail(err, MK_E_SYSTEM, "no memory to unpack gzip");
	if (ret != Z_STREAM_END)
		return damaged(err, "gzip", z.msg ? z.msg : "wrong length");
	if (z.total_out != p->size)
		return damaged(err, "gzip", "wrong length");
	return 0;
#else
	(void)p;
	return mk_fail(err, MK_E_SUPPORT,
		       "built without zlib: cannot unpack a gzip kernel");
#endif
}

#ifdef HAVE_LZMA
/* scripts/xz_wrap.sh: dictionaries of 32 MiB (6.1) and 128 MiB (7.2). */
#define XZ_MEMORY (320ull << 20)
#endif

static int unpack_xz(const struct packed *p, struct mk_error *err)
{
#ifdef HAVE_LZMA
	uint64_t memory = XZ_MEMORY;
	size_t in = 0, out = 0;
	lzma_ret ret;

	ret = lzma_stream_buffer_decode(&memory, 0, NULL, p->in, &in,
					p->length - TRAILER, p->out, &out,
					p->size);
	switch (ret) {
	case LZMA_OK:
		break;
	case LZMA_MEM_ERROR:
		return mk_fail(err, MK_E_SYSTEM, "no memory to unpack xz");
	case LZMA_MEMLIMIT_ERROR:
	case LZMA_OPTIONS_ERROR:
		return mk_fail(err, MK_E_SUPPORT,
			       "the kernel's xz payload needs a filter or a "
			       "dictionary that is not supported");
	case LZMA_BUF_ERROR:
		return damaged(err, "xz", "wrong length");
	default:
		return damaged(err, "xz", "wrong data");
	}
	return out == p->size ? 0 : damaged(err, "xz", "wrong length");
#else
	(void)p;
	return mk_fail(err, MK_E_SUPPORT,
		       "built without liblzma: cannot unpack an xz kernel");
#endif
}

static int unpack_zstd(const struct packed *p, struct mk_error *err)
{
#ifdef HAVE_ZSTD
	/*
	 * In one call, so that @out is the window: the 128 MiB that "zstd -22
	 * --ultra" asks for need no memory of their own.
	 */
	size_t n = ZSTD_decompress(p->out, p->size, p->in, p->length - TRAILER);

	if (ZSTD_isError(n))
		return damaged(err, "zstd", ZSTD_getErrorName(n));
	return n == p->size ? 0 : damaged(err, "zstd", "wrong length");
#else
	(void)p;
	return mk_fail(err, MK_E_SUPPORT,
		       "built without libzstd: cannot unpack a zstd kernel");
#endif
}

#ifdef HAVE_LZ4
#define LZ4_MAGIC 0x184c2102
#define LZ4_CHUNK (8u << 20) /* unpacked; all but the last are full */
#endif

/* The "legacy" format: magic, then chunks of u32 length and one LZ4 block. */
static int unpack_lz4(const struct packed *p, struct mk_error *err)
{
#ifdef HAVE_LZ4
	struct mk_cursor c = mk_cursor(p->in, p->length - TRAILER);
	size_t done = 0, room;
	const uint8_t *chunk;
	uint32_t length;
	int n;

	mk_cursor_u32(&c);
	while (mk_cursor_left(&c)) {
		length = mk_cursor_u32(&c);
		if (!c.over && length == LZ4_MAGIC) /* files put together */
			continue;
		if (length > (uint32_t)LZ4_compressBound(LZ4_CHUNK))
			return damaged(err, "lz4", "a chunk is too long");
		chunk = mk_cursor_take(&c, length);
		if (!chunk)
			return damaged(err, "lz4", "it ends inside a chunk");
		room = p->size - done < LZ4_CHUNK ? p->size - done : LZ4_CHUNK;
		n = LZ4_decompress_safe((const char *)chunk,
					(char *)p->out + done, (int)length,
					(int)room);
		if (n < 0)
			return damaged(err, "lz4", "wrong data");
		done += (size_t)n;
	}
	return done == p->size ? 0 : damaged(err, "lz4", "wrong length");
#else
	(void)p;
	return mk_fail(err, MK_E_SUPPORT,
		       "built without liblz4: cannot unpack an lz4 kernel");
#endif
}

static int unpack(const struct packed *p, struct mk_error *err)
{
	const char *name;

	switch (mk_magic(p->in, p->length, &name)) {
	case MK_MAGIC_GZIP:
		return unpack_gzip(p, err);
	case MK_MAGIC_XZ:
		return unpack_xz(p, err);
	case MK_MAGIC_ZSTD:
		return unpack_zstd(p, err);
	case MK_MAGIC_LZ4:
		return unpack_lz4(p, err);
	case MK_MAGIC_BZIP2:
	case MK_MAGIC_LZMA:
	case MK_MAGIC_LZO:
		return mk_fail(err, MK_E_SUPPORT,
			       "the kernel's payload is %s, which this library "
			       "does not unpack",
			       name);
	default:
		return mk_fail(err, MK_E_SUPPORT,
			       "the kernel's payload is of an unknown "
			       "compression");
	}
}

static uint32_t header_u32(const struct mk_image *image, unsigned int at)
{
	struct mk_cursor c =
		mk_cursor(image->setup_header, image->setup_header_length);

	mk_cursor_seek(&c, at - MK_HDR_START);
	return mk_cursor_u32(&c);
}

/* The payload within the protected-mode part, and what it says it grows to. */
static int find_payload(struct packed *p, const struct mk_image *bzimage,
			struct mk_error *err)
{
	struct mk_cursor c =
		mk_cursor(bzimage->parts[0].bytes, bzimage->parts[0].length);

	p->length = header_u32(bzimage, MK_HDR_PAYLOAD_LENGTH);
	mk_cursor_seek(&c, header_u32(bzimage, MK_HDR_PAYLOAD_OFFSET));
	p->in = mk_cursor_take(&c, p->length);
	if (!p->in || p->length < 2 * TRAILER)
		return mk_fail(err, MK_E_INPUT,
			       "the kernel's payload is not inside the image");
	c = mk_cursor(p->in, p->length);
	mk_cursor_seek(&c, p->length - TRAILER);
	p->size = mk_cursor_u32(&c);
	/* It is unpacked in place at boot, so it fits into init_size. */
	if (p->size < UNPACKED_MIN || p->size > UNPACKED_MAX ||
	    p->size > bzimage->span)
		return mk_fail(err, MK_E_INPUT,
			       "the kernel's payload says that it unpacks to "
			       "%zu bytes, the image has room for %llu",
			       p->size, (unsigned long long)bzimage->span);
	return 0;
}

/* What the ELF file does not know of itself. */
static void inherit(struct mk_image *elf, const struct mk_image *bzimage)
{
	memcpy(elf->release, bzimage->release, sizeof(elf->release));
	elf->protocol = bzimage->protocol;
	if (elf->alignment < bzimage->alignment)
		elf->alignment = bzimage->alignment;
	elf->la57 = bzimage->la57;
	elf->cmdline_max = bzimage->cmdline_max;
	memcpy(elf->setup_header, bzimage->setup_header,
	       sizeof(elf->setup_header));
	elf->setup_header_length = bzimage->setup_header_length;
	elf->setup_header[MK_HDR_LOADFLAGS - MK_HDR_START] &=
		(uint8_t)~MK_KASLR_FLAG;
}

int mk_image_unpack(const struct mk_image *bzimage, struct mk_image *elf,
		    void **bytes, size_t *length, struct mk_error *err)
{
	struct packed p = { 0 };
	int ret;

	if (!bzimage || !elf || !bytes || !length ||
	    bzimage->kind != MK_IMAGE_BZIMAGE || bzimage->nr_parts != 1 ||
	    bzimage->setup_header_length > MK_SETUP_HEADER_MAX ||
	    bzimage->setup_header_length < MK_HDR_END_2_12 - MK_HDR_START)
		return mk_fail(err, MK_E_CALL,
			       "mk_image_unpack: not a parsed bzImage");
	*bytes = NULL;
	*length = 0;
	memset(elf, 0, sizeof(*elf));

	ret = find_payload(&p, bzimage, err);
	if (ret)
		return ret;
	p.out = malloc(p.size);
	if (!p.out)
		return mk_fail(err, MK_E_SYSTEM,
			       "no memory for a kernel of %zu bytes", p.size);
	ret = unpack(&p, err);
	if (ret)
		goto free_out;
	ret = mk_elf_parse(elf, p.out, p.size, err);
	if (ret)
		goto free_out;
	if (elf->span > bzimage->span || elf->preferred != bzimage->preferred) {
		ret = mk_fail(err, MK_E_INPUT,
			      "the unpacked kernel (%#llx bytes at %#llx) does "
			      "not fit its setup header (%#llx at %#llx)",
			      (unsigned long long)elf->span,
			      (unsigned long long)elf->preferred,
			      (unsigned long long)bzimage->span,
			      (unsigned long long)bzimage->preferred);
		goto free_out;
	}
	inherit(elf, bzimage);
	*bytes = p.out;
	*length = p.size;
	return 0;

free_out:
	memset(elf, 0, sizeof(*elf));
	free(p.out);
	return ret;
}
