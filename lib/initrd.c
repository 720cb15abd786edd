// SPDX-License-Identifier: LGPL-2.1-or-later
/* Initrd files: what they are, whether they are whole, and how they join. */
#include "initrd.h"

#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "magic.h"

#define NEWC_HEADER   110 /* 6 bytes of magic and 13 numbers in hex */
#define NEWC_MODE     1 /* index of a number */
#define NEWC_FILESIZE 6
#define NEWC_NAMESIZE 11
#define NEWC_NUMBERS  13
#define NAME_MAX_NUL  4096 /* PATH_MAX: Linux skips longer names silently */
#define FORMAT_MASK   0170000
#define FORMAT_LINK   0120000

static const char trailer[] = "TRAILER!!!";

/* Names a file in messages. */
struct where {
	const char *name;
	char number[32];
};

static const char *file_name(struct where *w, const struct mk_initrd_file *file,
			     unsigned int index)
{
	if (file->name && *file->name)
		return file->name;
	snprintf(w->number, sizeof(w->number), "initrd %u", index + 1);
	return w->number;
}

static int hex_number(uint32_t *value, const uint8_t *digits)
{
	unsigned int i;
	uint8_t c;

	*value = 0;
	for (i = 0; i < 8; i++) {
		c = digits[i];
		if (c >= '0' && c <= '9')
			c = (uint8_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			c = (uint8_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			c = (uint8_t)(c - 'A' + 10);
		else
			return -1;
		*value = *value << 4 | c;
	}
	return 0;
}

static void align4(struct mk_cursor *c)
{
	mk_cursor_take(c, -c->at & 3);
}

static int truncated(const char *name, size_t entry, struct mk_error *err)
{
	return mk_fail(err, MK_E_INPUT,
		       "%s: truncated in the cpio entry at byte %zu", name,
		       entry);
}

/* One entry; *@last when it was the trailer. */
static int walk_entry(struct mk_cursor *c, const char *name, bool *last,
		      struct mk_error *err)
{
	size_t entry = c->at;
	const uint8_t *header = mk_cursor_take(c, NEWC_HEADER);
	uint32_t number[NEWC_NUMBERS];
	const uint8_t *text;
	unsigned int i;

	if (!header)
		return truncated(name, entry, err);
	if (memcmp(header, "070701", 6) != 0 &&
	    memcmp(header, "070702", 6) != 0)
		return mk_fail(err, MK_E_INPUT,
			       "%s: no cpio entry at byte %zu, and no "
			       "trailer before",
			       name, entry);
	for (i = 0; i < NEWC_NUMBERS; i++)
		if (hex_number(&number[i], header + 6 + (size_t)8 * i))
			return mk_fail(err, MK_E_INPUT,
				       "%s: the cpio entry at byte %zu has a "
				       "damaged header",
				       name, entry);

	if (!number[NEWC_NAMESIZE] || number[NEWC_NAMESIZE] > NAME_MAX_NUL)
		return mk_fail(err, MK_E_INPUT,
			       "%s: the cpio entry at byte %zu has a name of "
			       "%u bytes",
			       name, entry, number[NEWC_NAMESIZE]);
	text = mk_cursor_take(c, number[NEWC_NAMESIZE]);
	if (!text)
		return truncated(name, entry, err);
	if (text[number[NEWC_NAMESIZE] - 1] != '\0')
		return mk_fail(err, MK_E_INPUT,
			       "%s: the cpio entry at byte %zu has a name "
			       "without an end",
			       name, entry);
	if ((number[NEWC_MODE] & FORMAT_MASK) == FORMAT_LINK &&
	    number[NEWC_FILESIZE] > NAME_MAX_NUL)
		return mk_fail(err, MK_E_INPUT,
			       "%s: the cpio entry at byte %zu has a link of "
			       "%u bytes",
			       name, entry, number[NEWC_FILESIZE]);
	*last = strcmp((const char *)text, trailer) == 0;
	/* What follows the last entry need not be aligned, or be at all. */
	if (*last && !number[NEWC_FILESIZE])
		return 0;
	align4(c);
	mk_cursor_take(c, number[NEWC_FILESIZE]);
	if (c->over)
		return truncated(name, entry, err);
	if (mk_cursor_left(c) > 3 || !*last)
		align4(c);
	return c->over ? truncated(name, entry, err) : 0;
}

static int walk_archive(struct mk_cursor *c, const char *name,
			struct mk_error *err)
{
	bool last = false;
	int ret;

	while (!last) {
		if (!mk_cursor_left(c))
			return mk_fail(err, MK_E_INPUT,
				       "%s: truncated at a cpio entry: no "
				       "trailer in %zu bytes",
				       name, c->length);
		ret = walk_entry(c, name, &last, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* The member at the cursor; *@done when nothing behind it can be judged. */
static int check_member(struct mk_cursor *c, const char *name, bool *done,
			struct mk_error *err)
{
	const uint8_t *bytes = c->bytes + c->at;
	const char *is;

	enum mk_magic magic = mk_magic(bytes, mk_cursor_left(c), &is);

	/* do_reset(): "broken padding", whatever stands behind an archive. */
	if (magic != MK_MAGIC_NONE && c->at & 3)
		return mk_fail(err, MK_E_INPUT,
			       "%s: %s at byte %zu, behind an archive, is not "
			       "at a multiple of 4",
			       name, is, c->at);
	switch (magic) {
	case MK_MAGIC_CPIO:
		return walk_archive(c, name, err);
	case MK_MAGIC_GZIP:
	case MK_MAGIC_BZIP2:
	case MK_MAGIC_LZMA:
	case MK_MAGIC_XZ:
	case MK_MAGIC_LZO:
	case MK_MAGIC_LZ4:
	case MK_MAGIC_ZSTD:
		*done = true;
		return 0;
	case MK_MAGIC_BZIMAGE:
	case MK_MAGIC_FOREIGN_KERNEL:
		return mk_fail(err, MK_E_INPUT,
			       "%s: this is a kernel image (%s), not an initrd",
			       name, is);
	case MK_MAGIC_ELF:
	case MK_MAGIC_OTHER:
		return mk_fail(err, c->at ? MK_E_INPUT : MK_E_SUPPORT,
			       "%s: this is %s, not an initrd", name, is);
	case MK_MAGIC_NONE:
	default:
		break;
	}
	if (c->at)
		return mk_fail(err, MK_E_INPUT,
			       "%s: unknown content at byte %zu, behind an "
			       "archive",
			       name, c->at);
	return mk_fail(err, MK_E_INPUT,
		       "%s: not an initrd (neither a cpio archive nor "
		       "compressed)",
		       name);
}

static int check_file(const struct mk_initrd_file *file, unsigned int index,
		      struct mk_error *err)
{
	struct mk_cursor c = mk_cursor(file->bytes, file->length);
	struct where w;
	const char *name = file_name(&w, file, index);
	bool done = false;
	int ret;

	if (!file->bytes && file->length)
		return mk_fail(err, MK_E_CALL, "%s: no bytes", name);
	if (!file->length)
		return mk_fail(err, MK_E_INPUT, "%s: the file is empty", name);
	do {
		ret = check_member(&c, name, &done, err);
		if (ret)
			return ret;
		while (mk_cursor_left(&c) && !c.bytes[c.at])
			c.at++;
	} while (mk_cursor_left(&c) && !done);
	return 0;
}

int mk_initrd_check(const struct mk_initrd_file *file, struct mk_error *err)
{
	if (!file)
		return mk_fail(err, MK_E_CALL, "mk_initrd_check: no file");
	return check_file(file, 0, err);
}

/*
 * Zero bytes behind a file that ends at @at and is not the last.  Four at the
 * least: unlz4() reads a zero length as its end, and whatever else stands there
 * as one more chunk.  Then up to a multiple of four, where alone an archive
 * may begin.
 */
static size_t padding(size_t at)
{
	return 4 + (-at & 3);
}

int mk_initrd_measure(const struct mk_initrd_file *files, unsigned int n,
		      size_t *total, struct mk_error *err)
{
	size_t sum = 0;
	unsigned int i;
	int ret;

	if ((!files && n) || !total)
		return mk_fail(err, MK_E_CALL, "mk_initrd_measure: no files");
	*total = 0;
	for (i = 0; i < n; i++) {
		ret = check_file(&files[i], i, err);
		if (ret)
			return ret;
		if (i)
			sum += padding(sum);
		if (files[i].length > SIZE_MAX / 2 - sum)
			return mk_fail(err, MK_E_INPUT,
				       "the initrd files are too large");
		sum += files[i].length;
	}
	*total = sum;
	return 0;
}

int mk_initrd_join(void *buffer, size_t size,
		   const struct mk_initrd_file *files, unsigned int n,
		   size_t *total, struct mk_error *err)
{
	uint8_t *out = buffer;
	size_t at = 0, gap;
	unsigned int i;
	int ret;

	ret = mk_initrd_measure(files, n, total, err);
	if (ret)
		return ret;
	if (*total > size)
		return mk_fail(err, MK_E_NOSPACE,
			       "the initrd needs %zu bytes, there are %zu",
			       *total, size);
	if (*total && !buffer)
		return mk_fail(err, MK_E_CALL, "mk_initrd_join: no buffer");
	for (i = 0; i < n; i++) {
		gap = i ? padding(at) : 0;
		memset(out + at, 0, gap);
		at += gap;
		memcpy(out + at, files[i].bytes, files[i].length);
		at += files[i].length;
	}
	return 0;
}
