// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A module out of its compressed file; see modules.h.
 *
 * How long it becomes stands nowhere that can be trusted: it is unpacked bit by
 * bit into memory that grows, up to what the caller allows.
 */
#include "modules.h"

#include <stdlib.h>
#include <string.h>

#include "magic.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define FIRST (256u << 10)
/* scripts/Makefile.modinst, 6.1 to 7.2: a dictionary of 1 or 2 MiB. */
#define XZ_MEMORY (64ull << 20)

struct unpacking {
	const uint8_t *in;
	size_t length;
	uint8_t *out;
	size_t size, used, most;
};

__attribute__((unused)) static int damaged(struct mk_error *err,
					   const char *how)
{
	return mk_fail(err, MK_E_INPUT, "a damaged module: %s", how);
}

/* Room for at least one more byte. */
__attribute__((unused)) static int grow(struct unpacking *u,
					struct mk_error *err)
{
	size_t size = u->size ? 2 * u->size : FIRST;
	uint8_t *out;

	if (u->used < u->size)
		return 0;
	if (u->used >= u->most)
		return mk_fail(err, MK_E_SUPPORT,
			       "a module that unpacks to %zu bytes or more",
			       u->most);
	if (size > u->most)
		size = u->most;
	out = realloc(u->out, size);
	if (!out)
		return mk_fail(err, MK_E_SYSTEM, "no memory for a module");
	u->out = out;
	u->size = size;
	return 0;
}

#ifdef HAVE_ZLIB
static int unpack_gzip(struct unpacking *u, struct mk_error *err)
{
	z_stream z = { 0 };
	int ret, code = 0;

	z.next_in = (Bytef *)(uintptr_t)u->in;
	z.avail_in = (uInt)u->length;
	if (inflateInit2(&z, 15 + 16) != Z_OK) /* 16: gzip, not zlib, framing */
		return mk_fail(err, MK_E_SYSTEM, "no memory to unpack gzip");
	do {
		code = grow(u, err);
		if (code)
			break;
		z.next_out = u->out + u->used;
		z.avail_out = (uInt)(u->size - u->used);
		ret = inflate(&z, Z_NO_FLUSH);
		u->used = u->size - z.avail_out;
		if (ret == Z_MEM_ERROR)
			code = mk_fail(err, MK_E_SYSTEM,
				       "no memory to unpack gzip");
		else if (ret != Z_OK && ret != Z_STREAM_END)
			code = damaged(err, z.msg ? z.msg : "it ends early");
	} while (!code && ret != Z_STREAM_END);
	inflateEnd(&z);
	return code;
}
#endif

#ifdef HAVE_LZMA
static int xz_code(lzma_ret ret, struct mk_error *err)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_STREAM_END:
		return 0;
	case LZMA_MEM_ERROR:
		return mk_fail(err, MK_E_SYSTEM, "no memory to unpack xz");
	case LZMA_MEMLIMIT_ERROR:
	case LZMA_OPTIONS_ERROR:
		return mk_fail(err, MK_E_SUPPORT,
			       "a module whose xz needs a filter or a "
			       "dictionary that is not supported");
	case LZMA_BUF_ERROR:
		return damaged(err, "it ends early");
	default:
		return damaged(err, "wrong data");
	}
}

static int unpack_xz(struct unpacking *u, struct mk_error *err)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret ret;
	int code;

	ret = lzma_stream_decoder(&z, XZ_MEMORY, 0);
	if (ret != LZMA_OK)
		return xz_code(ret, err);
	z.next_in = u->in;
	z.avail_in = u->length;
	do {
		code = grow(u, err);
		if (code)
			break;
		z.next_out = u->out + u->used;
		z.avail_out = u->size - u->used;
		ret = lzma_code(&z, z.avail_in ? LZMA_RUN : LZMA_FINISH);
		u->used = u->size - z.avail_out;
		code = xz_code(ret, err);
	} while (!code && ret != LZMA_STREAM_END);
	lzma_end(&z);
	return code;
}
#endif

#ifdef HAVE_ZSTD
static int unpack_zstd(struct unpacking *u, struct mk_error *err)
{
	ZSTD_inBuffer in = { u->in, u->length, 0 };
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_outBuffer out;
	size_t left, before;
	int code;

	if (!z)
		return mk_fail(err, MK_E_SYSTEM, "no memory to unpack zstd");
	do {
		code = grow(u, err);
		if (code)
			break;
		out = (ZSTD_outBuffer){ u->out, u->size, u->used };
		before = in.pos;
		left = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(left))
			code = damaged(err, ZSTD_getErrorName(left));
		else if (left && in.pos == before && out.pos == u->used)
			code = damaged(err, "it ends early");
		u->used = out.pos;
	} while (!code && left);
	ZSTD_freeDStream(z);
	return code;
}
#endif

__attribute__((unused)) static int built_without(struct mk_error *err,
						 const char *what)
{
	return mk_fail(err, MK_E_SUPPORT,
		       "built without %s: cannot unpack this module", what);
}

static int copy(struct unpacking *u, struct mk_error *err)
{
	if (u->length > u->most)
		return mk_fail(err, MK_E_SUPPORT,
			       "a module of more than %zu bytes", u->most);
	u->out = malloc(u->length);
	if (!u->out)
		return mk_fail(err, MK_E_SYSTEM, "no memory for a module");
	memcpy(u->out, u->in, u->length);
	u->used = u->length;
	return 0;
}

static int unpack(struct unpacking *u, struct mk_error *err)
{
	const char *name;

	switch (mk_magic(u->in, u->length, &name)) {
	case MK_MAGIC_ELF:
		return copy(u, err);
	case MK_MAGIC_GZIP:
#ifdef HAVE_ZLIB
		return unpack_gzip(u, err);
#else
		return built_without(err, "zlib");
#endif
	case MK_MAGIC_XZ:
#ifdef HAVE_LZMA
		return unpack_xz(u, err);
#else
		return built_without(err, "liblzma");
#endif
	case MK_MAGIC_ZSTD:
#ifdef HAVE_ZSTD
		return unpack_zstd(u, err);
#else
		return built_without(err, "libzstd");
#endif
	default:
		return mk_fail(err, MK_E_INPUT, "not a module but %s",
			       name ? name : "something unknown");
	}
}

int mk_module_unpack(const void *in, size_t length, size_t most, void **out,
		     size_t *out_length, struct mk_error *err)
{
	struct unpacking u = { .in = in, .length = length, .most = most };
	int code;

	*out = NULL;
	*out_length = 0;
	/* zlib counts in 32 bits. */
	if (length > UINT32_MAX || most > UINT32_MAX)
		return mk_fail(err, MK_E_CALL, "a module of 4 GiB or more");
	code = unpack(&u, err);
	if (!code && (u.used < 4 || memcmp(u.out, "\177ELF", 4) != 0))
		code = mk_fail(err, MK_E_INPUT,
			       "what a module's file holds is not an ELF file");
	if (code) {
		free(u.out);
		return code;
	}
	*out = u.out;
	*out_length = u.used;
	return 0;
}
