// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The writer half of initrd.h.
 *
 * An entry is a header of 110 bytes (magic "070701", then thirteen numbers of
 * eight hex digits), the name with its NUL, zeros up to a multiple of 4, the
 * data, zeros up to a multiple of 4 (Documentation/driver-api/early-userspace/
 * buffer-format.rst, 7.2).
 */
#include "initrd.h"

#include <stdio.h>
#include <string.h>

#define HEADER	     110
#define FORMAT_LINK  0120000u
#define FORMAT_FILE  0100000u
#define FORMAT_BLOCK 0060000u
#define FORMAT_DIR   0040000u
#define FORMAT_CHAR  0020000u
#define MODE_MAX     07777u

enum { STATE_NONE, STATE_OPEN = 0x6370696f, STATE_DONE };

static const char trailer[] = "TRAILER!!!";

struct entry {
	const char *name;
	uint32_t inode;
	uint32_t mode;
	uint32_t links;
	const void *bytes;
	size_t length;
	uint32_t major;
	uint32_t minor;
};

static uint8_t *put_padded(uint8_t *at, const void *bytes, size_t length,
			   size_t before)
{
	if (length)
		memcpy(at, bytes, length);
	at += length;
	for (; (before + length) & 3; length++)
		*at++ = 0;
	return at;
}

static int put_entry(struct mk_cpio *cpio, const struct entry *e,
		     struct mk_error *err)
{
	size_t name = strlen(e->name) + 1;
	size_t need = ((HEADER + name + 3) & ~(size_t)3) +
		      ((e->length + 3) & ~(size_t)3);
	char header[HEADER + 1];
	uint8_t *at;

	if (need > cpio->size - cpio->used)
		return mk_fail(err, MK_E_NOSPACE,
			       "%s: the archive needs %zu bytes more, "
			       "there are %zu",
			       e->name, need, cpio->size - cpio->used);
	/* Inode, mode, uid, gid, links, mtime, size, device, of what, name. */
	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 e->inode, e->mode, 0u, 0u, e->links, 0u, (uint32_t)e->length,
		 0u, 0u, e->major, e->minor, (uint32_t)name, 0u);
	at = cpio->buffer + cpio->used;
	memcpy(at, header, HEADER);
	at = put_padded(at + HEADER, e->name, name, HEADER);
	put_padded(at, e->bytes, e->length, 0);
	cpio->used += need;
	return 0;
}

static int check_open(const struct mk_cpio *cpio, struct mk_error *err)
{
	if (!cpio)
		return mk_fail(err, MK_E_CALL, "no archive");
	if (cpio->state != STATE_OPEN)
		return mk_fail(err, MK_E_STATE, "the archive is %s",
			       cpio->state == STATE_DONE ? "finished"
							 : "not begun");
	return 0;
}

static int check_name(const char *name, struct mk_error *err)
{
	const char *part, *end;
	size_t length;

	if (!name || !*name)
		return mk_fail(err, MK_E_CALL, "archive entry: empty name");
	length = strlen(name);
	if (length > MK_CPIO_NAME_MAX)
		return mk_fail(err, MK_E_CALL,
			       "archive entry: a name of %zu bytes, %u at most",
			       length, MK_CPIO_NAME_MAX);
	if (strcmp(name, trailer) == 0)
		return mk_fail(err, MK_E_CALL,
			       "archive entry: \"%s\" is the trailer's name",
			       name);
	for (part = name; part; part = *end ? end + 1 : NULL) {
		end = strchr(part, '/');
		if (!end)
			end = part + strlen(part);
		length = (size_t)(end - part);
		if (!length || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return mk_fail(err, MK_E_CALL,
				       "archive entry: \"%s\" is not a plain "
				       "relative name",
				       name);
	}
	return 0;
}

static int add(struct mk_cpio *cpio, struct entry *e, struct mk_error *err)
{
	int ret;

	ret = check_open(cpio, err);
	if (!ret)
		ret = check_name(e->name, err);
	if (ret)
		return ret;
	if (!e->bytes && e->length)
		return mk_fail(err, MK_E_CALL, "%s: no bytes", e->name);
	if (e->length > UINT32_MAX)
		return mk_fail(err, MK_E_SUPPORT,
			       "%s: %zu bytes, an archive holds files below "
			       "4 GiB",
			       e->name, e->length);
	e->inode = cpio->inode;
	ret = put_entry(cpio, e, err);
	if (!ret)
		cpio->inode++;
	return ret;
}

static int check_mode(unsigned int mode, struct mk_error *err)
{
	if (mode > MODE_MAX)
		return mk_fail(err, MK_E_CALL, "archive entry: mode %o", mode);
	return 0;
}

void mk_cpio_begin(struct mk_cpio *cpio, void *buffer, size_t size)
{
	memset(cpio, 0, sizeof(*cpio));
	cpio->buffer = buffer;
	cpio->size = buffer ? size : 0;
	cpio->inode = 1;
	cpio->state = STATE_OPEN;
}

int mk_cpio_resize(struct mk_cpio *cpio, void *buffer, size_t size,
		   struct mk_error *err)
{
	int ret = check_open(cpio, err);

	if (ret)
		return ret;
	if (!buffer || size < cpio->used)
		return mk_fail(err, MK_E_CALL,
			       "mk_cpio_resize: %zu bytes are in use",
			       cpio->used);
	cpio->buffer = buffer;
	cpio->size = size;
	return 0;
}

int mk_cpio_dir(struct mk_cpio *cpio, const char *name, unsigned int mode,
		struct mk_error *err)
{
	struct entry e = { .name = name,
			   .mode = FORMAT_DIR | mode,
			   .links = 2 };
	int ret = check_mode(mode, err);

	return ret ? ret : add(cpio, &e, err);
}

int mk_cpio_file(struct mk_cpio *cpio, const char *name, unsigned int mode,
		 const void *bytes, size_t length, struct mk_error *err)
{
	struct entry e = { .name = name,
			   .mode = FORMAT_FILE | mode,
			   .links = 1,
			   .bytes = bytes,
			   .length = length };
	int ret = check_mode(mode, err);

	return ret ? ret : add(cpio, &e, err);
}

int mk_cpio_symlink(struct mk_cpio *cpio, const char *name, const char *target,
		    struct mk_error *err)
{
	struct entry e = { .name = name,
			   .mode = FORMAT_LINK | 0777,
			   .links = 1,
			   .bytes = target,
			   .length = target ? strlen(target) : 0 };

	if (!e.length || e.length > MK_CPIO_NAME_MAX)
		return mk_fail(err, MK_E_CALL,
			       "archive entry: a link target of %zu bytes",
			       e.length);
	return add(cpio, &e, err);
}

int mk_cpio_device(struct mk_cpio *cpio, const char *name, unsigned int mode,
		   bool block, uint32_t major, uint32_t minor,
		   struct mk_error *err)
{
	struct entry e = { .name = name,
			   .mode = (block ? FORMAT_BLOCK : FORMAT_CHAR) | mode,
			   .links = 1,
			   .major = major,
			   .minor = minor };
	int ret = check_mode(mode, err);

	return ret ? ret : add(cpio, &e, err);
}

int mk_cpio_finish(struct mk_cpio *cpio, size_t *length, struct mk_error *err)
{
	struct entry e = { .name = trailer, .links = 1 };
	int ret = check_open(cpio, err);

	if (ret)
		return ret;
	if (!length)
		return mk_fail(err, MK_E_CALL, "mk_cpio_finish: no length");
	ret = put_entry(cpio, &e, err);
	if (ret)
		return ret;
	cpio->state = STATE_DONE;
	*length = cpio->used;
	return 0;
}
