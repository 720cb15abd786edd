// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A dump in the form that makedumpfile calls kdump-compressed.
 *
 * In blocks of 4096 bytes: the header; the sub-header and the notes; two
 * bitmaps of pages, those that exist and those that are here; for each of the
 * latter a descriptor; their bytes.  All zero pages share one.  Layout:
 * makedumpfile's IMPLEMENTATION and diskdump_mod.h, 1.7.
 */
#include <stddef.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "vmcore.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#define BLOCK	    4096u
#define STEP	    (256u << 10)
#define VERSION	    6
#define BY_ZLIB	    1u
#define PFN_MAX	    (1ull << 36) /* 48 bits of address: bitmaps of 8 GiB */
#define DESCRIPTORS (BLOCK / sizeof(struct descriptor))

struct header {
	char signature[8];
	int32_t version;
	char utsname[6][65]; /* system, node, release, version, machine, domain */
	struct {
		int64_t seconds, microseconds;
	} time;
	uint32_t status;
	int32_t block_size;
	int32_t sub_blocks;
	uint32_t bitmap_blocks; /* of both */
	uint32_t max_pfn; /* the low half: all of it is in the sub-header */
	uint32_t total_ram_blocks, device_blocks, written_blocks;
	uint32_t current_cpu;
	int32_t nr_cpus;
};

struct sub_header {
	uint64_t phys_base;
	int32_t dump_level; /* 0: nothing is left out */
	int32_t split;
	uint64_t start_pfn_old, end_pfn_old;
	uint64_t info_at, info_bytes;
	uint64_t notes_at, notes_bytes;
	uint64_t erase_at, erase_bytes;
	uint64_t start_pfn, end_pfn, max_pfn;
};

struct descriptor {
	uint64_t offset;
	uint32_t bytes, flags; /* how it is compressed; 0 = as it is */
	uint64_t page_flags;
};

_Static_assert(offsetof(struct header, time) == 408, "makedumpfile 1.7");
_Static_assert(sizeof(struct header) == 464, "makedumpfile 1.7");
_Static_assert(sizeof(struct sub_header) == 104, "makedumpfile 1.7");
_Static_assert(sizeof(struct descriptor) == 24, "makedumpfile 1.7");

#ifdef HAVE_ZLIB

struct writer {
	const struct mk_vmcore *core;
	const struct mk_vmcore_sink *sink;
	struct mk_vmcore_result *result;
	struct mk_error *err;
	uint64_t descriptors_at, data_at; /* the next ones in the file */
	uint64_t zero_at; /* of the zero page, 0 = none yet */
	unsigned int nr; /* in descriptor */
	z_stream stream; /* one for all pages: setting it up costs more */
	struct descriptor descriptor[DESCRIPTORS];
	uint8_t in[STEP];
	uint8_t out[STEP + BLOCK];
	size_t filled; /* of out */
};

static int put(struct writer *w, uint64_t offset, const void *bytes,
	       size_t size)
{
	w->result->written_bytes += size;
	return w->sink->write(w->sink->context, offset, bytes, size, w->err);
}

static int flush_data(struct writer *w)
{
	int code = w->filled ? put(w, w->data_at, w->out, w->filled) : 0;

	w->data_at += w->filled;
	w->filled = 0;
	return code;
}

static int flush_descriptors(struct writer *w)
{
	size_t size = w->nr * sizeof(w->descriptor[0]);
	int code = size ? put(w, w->descriptors_at, w->descriptor, size) : 0;

	w->descriptors_at += size;
	w->nr = 0;
	return code;
}

/* The page's compressed size, or 0 if that would be no gain. */
static uint32_t compress_page(struct writer *w, const uint8_t *page)
{
	z_stream *z = &w->stream;

	z->next_in = (Bytef *)(uintptr_t)page;
	z->avail_in = BLOCK;
	z->next_out = w->out + w->filled;
	z->avail_out = BLOCK - 1;
	if (deflateReset(z) != Z_OK || deflate(z, Z_FINISH) != Z_STREAM_END)
		return 0;
	return BLOCK - 1 - z->avail_out;
}

static int put_page(struct writer *w, const uint8_t *page)
{
	struct descriptor *d = &w->descriptor[w->nr];
	bool zero = mk_vmcore_zero(page, BLOCK);
	uint32_t size = zero ? 0 : compress_page(w, page);
	int code = 0;

	w->result->zero_pages += zero;
	memset(d, 0, sizeof(*d));
	d->offset = zero && w->zero_at ? w->zero_at : w->data_at + w->filled;
	d->bytes = size ? size : BLOCK;
	d->flags = size ? BY_ZLIB : 0;
	if (!size && !(zero && w->zero_at)) {
		memcpy(w->out + w->filled, page, BLOCK);
		size = BLOCK;
	}
	if (zero)
		w->zero_at = d->offset;
	w->filled += size;
	if (w->filled >= STEP)
		code = flush_data(w);
	if (++w->nr == DESCRIPTORS && !code)
		code = flush_descriptors(w);
	return code;
}

static int put_memory(struct writer *w)
{
	const struct mk_memory *memory = w->core->memory;
	uint64_t done = 0;
	size_t size, at;
	int code = 0;

	while (done < memory->size && !code) {
		size = memory->size - done < STEP
			       ? (size_t)(memory->size - done)
			       : STEP;
		code = mk_memory_read(memory, memory->base + done, w->in, size,
				      w->err);
		for (at = 0; at < size && !code; at += BLOCK)
			code = put_page(w, w->in + at);
		done += size;
		if (!code && w->sink->progress)
			code = w->sink->progress(w->sink->context, done,
						 memory->size, w->err);
	}
	if (!code)
		code = flush_descriptors(w);
	return code ? code : flush_data(w);
}

/* One bit a page; pages below the memory are not there. */
static int put_bitmap(struct writer *w, uint64_t offset)
{
	uint64_t first = w->core->memory->base / BLOCK;
	uint64_t end = first + w->core->memory->size / BLOCK;
	uint64_t byte, pfn, all = (end + 7) / 8;
	size_t size;
	int code = 0;

	for (byte = first / 8; byte < all && !code; byte += size) {
		size = all - byte < STEP ? (size_t)(all - byte) : STEP;
		memset(w->in, 0, size);
		for (pfn = byte * 8; pfn < (byte + size) * 8; pfn++)
			if (pfn >= first && pfn < end)
				w->in[pfn / 8 - byte] |=
					(uint8_t)(1u << pfn % 8);
		code = put(w, offset + byte, w->in, size);
	}
	return code;
}

/*
 * What the kernel calls itself, out of its memory.  Readers refuse a header
 * where one of these is empty or odd.
 */
static void fill_names(struct header *h, const struct mk_vmcore *core)
{
	static const char *const plain[] = { "Linux",  "(none)", "(none)",
					     "(none)", "x86_64", "(none)" };
	const struct mk_vmcoreinfo *info = core->info;
	char names[6][65] = { "" };
	unsigned int i;
	char *c;

	if (info && mk_vmcoreinfo_has(info, MK_VMC_INIT_UTS_NS) &&
	    mk_vmcoreinfo_has(info, MK_VMC_UTS_NAME) &&
	    mk_memory_read(core->memory,
			   mk_vmcoreinfo_phys(
				   info, info->value[MK_VMC_INIT_UTS_NS] +
						 info->value[MK_VMC_UTS_NAME]),
			   names, sizeof(names), NULL))
		memset(names, 0, sizeof(names));
	for (i = 0; i < 6; i++) {
		names[i][64] = '\0';
		for (c = names[i]; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		if (i == 2 && info && info->release[0])
			memcpy(names[i], info->release, sizeof(names[i]));
		/* This machine's, whatever the memory says. */
		if (!names[i][0] || i == 0 || i == 4)
			strcpy(names[i], plain[i]);
		/* Nothing of the memory behind the end of a name. */
		memcpy(h->utsname[i], names[i], strlen(names[i]));
	}
}

static int put_headers(struct writer *w, const uint8_t *notes, size_t length,
		       size_t info_at, uint32_t bitmap_blocks)
{
	const struct mk_memory *memory = w->core->memory;
	uint64_t max_pfn = (memory->base + memory->size) / BLOCK;
	const struct mk_vmcoreinfo *info = w->core->info;
	struct header h = {
		.signature = "KDUMP   ",
		.version = VERSION,
		.time.seconds = time(NULL),
		.status = BY_ZLIB,
		.block_size = BLOCK,
		.sub_blocks = (int32_t)((sizeof(struct sub_header) + length +
					 BLOCK - 1) /
					BLOCK),
		.bitmap_blocks = bitmap_blocks,
		.max_pfn = (uint32_t)max_pfn,
		.nr_cpus = (int32_t)w->core->nr_cpus,
	};
	struct sub_header s = {
		.phys_base = info ? info->value[MK_VMC_PHYS_BASE] : 0,
		.notes_at = BLOCK + sizeof(s),
		.notes_bytes = length,
		.max_pfn = max_pfn,
	};
	int code;

	fill_names(&h, w->core);
	if (info) {
		s.info_at = s.notes_at + info_at;
		s.info_bytes = info->length;
	}
	code = put(w, BLOCK, &s, sizeof(s));
	if (!code)
		code = put(w, BLOCK + sizeof(s), notes, length);
	/* Last: a file without it is none. */
	return code ? code : put(w, 0, &h, sizeof(h));
}

int mk_vmcore_compressed(const struct mk_vmcore *core,
			 const struct mk_vmcore_sink *sink,
			 struct mk_vmcore_result *result, struct mk_error *err)
{
	uint64_t end, bitmap, at;
	size_t length, info_at;
	uint8_t *notes = NULL;
	struct writer *w;
	int code;

	memset(result, 0, sizeof(*result));
	code = mk_vmcore_notes(core, &notes, &length, &info_at, err);
	if (code)
		return code;
	end = (core->memory->base + core->memory->size) / BLOCK;
	bitmap = (end + BLOCK * 8 - 1) / (BLOCK * 8); /* blocks */
	w = end > PFN_MAX ? NULL : malloc(sizeof(*w));
	if (w)
		memset(w, 0, offsetof(struct writer, in));
	if (!w || deflateInit(&w->stream, Z_BEST_SPEED) != Z_OK) {
		code = end > PFN_MAX
			       ? mk_fail(err, MK_E_SUPPORT,
					 "addresses of more than 48 bits do "
					 "not go into a compressed dump")
			       : mk_fail(err, MK_E_SYSTEM, "no memory to copy");
		free(w);
		free(notes);
		return code;
	}
	w->core = core;
	w->sink = sink;
	w->result = result;
	w->err = err;
	w->filled = 0; /* behind what was cleared */
	at = BLOCK +
	     (sizeof(struct sub_header) + length + BLOCK - 1) / BLOCK * BLOCK;
	w->descriptors_at = at + 2 * bitmap * BLOCK;
	w->data_at = w->descriptors_at +
		     core->memory->size / BLOCK * sizeof(struct descriptor);
	code = put_bitmap(w, at);
	if (!code)
		code = put_bitmap(w, at + bitmap * BLOCK);
	if (!code)
		code = put_memory(w);
	if (!code)
		code = put_headers(w, notes, length, info_at,
				   (uint32_t)(2 * bitmap));
	result->file_bytes = w->data_at;
	deflateEnd(&w->stream);
	free(w);
	free(notes);
	return code;
}

bool mk_vmcore_can_compress(void)
{
	return true;
}

#else /* without zlib */

int mk_vmcore_compressed(const struct mk_vmcore *core,
			 const struct mk_vmcore_sink *sink,
			 struct mk_vmcore_result *result, struct mk_error *err)
{
	(void)core;
	(void)sink;
	memset(result, 0, sizeof(*result));
	return mk_fail(err, MK_E_SUPPORT,
		       "built without zlib: there is no compressed dump");
}

bool mk_vmcore_can_compress(void)
{
	return false;
}

#endif
