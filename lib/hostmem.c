// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the host kernel says about physical memory. */
#include "hostmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostinfo.h"

struct ranges {
	struct mk_host_range *at;
	size_t room, nr;
	bool seen; /* an address other than zero */
};

/* A hexadecimal number of at most 16 digits at *@at, without a prefix. */
static bool take_hex(const char **at, uint64_t *value)
{
	uint64_t v = 0;
	int n = 0;

	for (;; n++, (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
		if (n == 16)
			return false;
	}
	*value = v;
	return n > 0;
}

/* "  00100000-bfffffff : System RAM", two blanks a level. */
static int take_iomem(void *to, char *text)
{
	struct mk_host_range range = { 0 };
	struct ranges *r = to;
	const char *at = text;

	while (at[0] == ' ' && at[1] == ' ') {
		range.depth++;
		at += 2;
	}
	if (!take_hex(&at, &range.start) || *at++ != '-' ||
	    !take_hex(&at, &range.last) || strncmp(at, " : ", 3) != 0 ||
	    range.last < range.start)
		return MK_E_INPUT;
	snprintf(range.name, sizeof(range.name), "%.47s", at + 3);
	if (range.last)
		r->seen = true;
	if (r->nr == r->room)
		return MK_E_NOSPACE;
	r->at[r->nr++] = range;
	return 0;
}

int mk_host_iomem(const char *root, struct mk_host_range *ranges, size_t room,
		  size_t *nr, struct mk_error *err)
{
	struct ranges r = { .at = ranges, .room = room };
	int code;

	code = mk_host_lines(root, "/proc/iomem", take_iomem, &r, err);
	*nr = r.nr;
	if (code == MK_E_INPUT)
		return mk_fail(err, code, "/proc/iomem: line %zu is odd",
			       r.nr + 1);
	if (code == MK_E_NOSPACE)
		return mk_fail(err, code, "/proc/iomem has more than %zu lines",
			       room);
	if (!code && r.nr && !r.seen)
		return mk_fail(err, MK_E_SYSTEM,
			       "/proc/iomem hides its addresses: run as root");
	return code;
}

static int memmap_number(const char *root, size_t index, const char *file,
			 uint64_t *value, struct mk_error *err)
{
	char path[80], text[32];
	const char *at = text;
	int code;

	snprintf(path, sizeof(path), "/sys/firmware/memmap/%zu/%s", index,
		 file);
	code = mk_host_text(root, path, text, sizeof(text), err);
	if (code)
		return code;
	if (strncmp(at, "0x", 2) == 0)
		at += 2;
	if (!take_hex(&at, value) || *at)
		return mk_fail(err, MK_E_INPUT, "%s is odd", path);
	return 0;
}

int mk_host_memmap(const char *root, struct mk_host_range *ranges, size_t room,
		   size_t *nr, struct mk_error *err)
{
	struct mk_host_range range = { 0 };
	char path[80];
	size_t n = 0;
	int code;

	for (;; n++) {
		code = memmap_number(root, n, "start", &range.start, err);
		if (code == MK_E_NOTFOUND && n)
			break;
		if (!code)
			code = memmap_number(root, n, "end", &range.last, err);
		if (code)
			return code;
		snprintf(path, sizeof(path), "/sys/firmware/memmap/%zu/type",
			 n);
		code = mk_host_text(root, path, range.name, sizeof(range.name),
				    err);
		if (code)
			return code;
		if (n == room)
			return mk_fail(err, MK_E_NOSPACE,
				       "more than %zu firmware ranges", room);
		ranges[n] = range;
	}
	*nr = n;
	return 0;
}

bool mk_host_covered(const struct mk_host_range *ranges, size_t nr,
		     const char *name, uint64_t start, uint64_t bytes)
{
	uint64_t at = start, last;
	size_t i;

	if (!bytes || __builtin_add_overflow(start, bytes - 1, &last))
		return false;
	/* One pass suffices: the kernel prints them in ascending order. */
	for (i = 0; i < nr; i++) {
		if (ranges[i].depth || strcmp(ranges[i].name, name) != 0 ||
		    at < ranges[i].start || at > ranges[i].last)
			continue;
		if (last <= ranges[i].last)
			return true;
		at = ranges[i].last + 1;
	}
	return false;
}

/* "Node 0, zone   Normal   12 3 ...": one count an order, from order 0. */
static int take_buddies(void *to, char *text)
{
	uint64_t *bytes = to, count;
	unsigned int order = 0;
	char *at, *end;

	at = strstr(text, "zone");
	if (!at)
		return MK_E_INPUT;
	at += 4;
	at += strspn(at, " ");
	at += strcspn(at, " ");
	for (;; at = end, order++) {
		count = strtoull(at, &end, 10);
		if (end == at)
			break;
		if (order >= 9 && order < 32 && count < 1ULL << 20)
			*bytes += count * MK_HOST_PAGE << order;
	}
	return 0;
}

int mk_host_free_blocks(const char *root, uint64_t *bytes, struct mk_error *err)
{
	int code;

	*bytes = 0;
	code = mk_host_lines(root, "/proc/buddyinfo", take_buddies, bytes, err);
	if (code == MK_E_INPUT)
		return mk_fail(err, code, "/proc/buddyinfo: a line is odd");
	return code;
}

/* Read @nr words at index @first; what is not there becomes @absent. */
static int read_words(const char *root, const char *path, uint64_t first,
		      size_t nr, uint64_t *words, uint64_t absent,
		      struct mk_error *err)
{
	size_t want = nr * sizeof(*words), have = 0;
	char full[PATH_MAX];
	ssize_t n = 0;
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return mk_fail_errno(
			err, errno == ENOENT ? MK_E_NOTFOUND : MK_E_SYSTEM,
			"cannot open %s", path);
	while (have < want) {
		n = pread(fd, (char *)words + have, want - have,
			  (off_t)(first * sizeof(*words) + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (n < 0)
		mk_fail_errno(err, MK_E_SYSTEM, "cannot read %s", path);
	close(fd);
	if (n < 0)
		return MK_E_SYSTEM;
	for (have /= sizeof(*words); have < nr; have++)
		words[have] = absent;
	return 0;
}

int mk_host_pages(const char *root, uint64_t first, size_t nr, uint64_t *flags,
		  uint64_t *counts, struct mk_error *err)
{
	int code;

	if (first > UINT64_MAX / 16 || nr > SIZE_MAX / 16)
		return mk_fail(err, MK_E_CALL, "no such page frame");
	code = read_words(root, "/proc/kpageflags", first, nr, flags,
			  1ULL << KPF_NOPAGE, err);
	if (code)
		return code;
	return read_words(root, "/proc/kpagecount", first, nr, counts, 0, err);
}
