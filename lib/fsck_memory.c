// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ledger against the host kernel: memory, down to single pages. */
#include "fsck_memory.h"

#include <linux/kernel-page-flags.h>
#include <stdbool.h>
#include <string.h>

#include "hostmem.h"

#define LINES	1024 /* of /proc/iomem; some ten are usual */
#define BLOCK	4096 /* pages at a time */
#define LOW_END 0xa0000

static bool is_memory(const struct mk_ledger *e)
{
	return e->kind == MK_LEDGER_MEMORY || e->kind == MK_LEDGER_RESERVED ||
	       e->kind == MK_LEDGER_LOW;
}

/* The address behind it, or 0 for an entry that cannot be. */
static uint64_t end_of(const struct mk_ledger *e)
{
	uint64_t end;

	if (!e->length || e->start % MK_HOST_PAGE || e->length % MK_HOST_PAGE ||
	    __builtin_add_overflow(e->start, e->length, &end))
		return 0;
	return end;
}

static bool touches_ram(const struct mk_host_range *ranges, size_t nr,
			uint64_t start, uint64_t end)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!ranges[i].depth && ranges[i].start < end &&
		    ranges[i].last >= start &&
		    strcmp(ranges[i].name, "System RAM") == 0)
			return true;
	return false;
}

static void check_place(struct mk_fsck_state *s, const struct mk_ledger *e,
			const struct mk_host_range *ranges, size_t nr)
{
	uint64_t end = end_of(e);
	char what[128];

	mk_fsck_what(s, e, what, sizeof(what));
	if (!end) {
		mk_fsck_report(s, "%s: not made of whole pages", what);
		return;
	}
	if (e->kind == MK_LEDGER_RESERVED) {
		if (touches_ram(ranges, nr, e->start, end))
			mk_fsck_report(s,
				       "%s: set aside at boot, but the host "
				       "has System RAM there",
				       what);
		return;
	}
	if (e->kind == MK_LEDGER_LOW && end > LOW_END)
		mk_fsck_report(s, "%s: not below 640 KiB", what);
	if (!mk_host_covered(ranges, nr, "System RAM", e->start, e->length))
		mk_fsck_report(s, "%s: not all System RAM of the host", what);
}

static void check_overlaps(struct mk_fsck_state *s)
{
	const struct mk_ledger *e = s->in->ledger;
	char one[128], two[128];
	size_t i, k;

	for (i = 0; i < s->in->nr_ledger; i++) {
		if (!is_memory(&e[i]) || !end_of(&e[i]))
			continue;
		for (k = i + 1; k < s->in->nr_ledger; k++) {
			if (!is_memory(&e[k]) || !end_of(&e[k]) ||
			    e[i].start >= end_of(&e[k]) ||
			    e[k].start >= end_of(&e[i]))
				continue;
			mk_fsck_what(s, &e[i], one, sizeof(one));
			mk_fsck_what(s, &e[k], two, sizeof(two));
			mk_fsck_report(s, "%s overlaps %s", one, two);
		}
	}
}

/* What the host kernel must not think of a page that is not its own. */
static const struct {
	int bit;
	const char *what;
} wrong[] = {
	{ KPF_BUDDY, "free in the host" },
	{ KPF_SLAB, "in the host's slab" },
	{ KPF_LRU, "in the host's LRU lists" },
	{ KPF_ANON, "anonymous memory of the host" },
	{ KPF_PGTABLE, "page tables of the host" },
	{ KPF_HWPOISON, "marked as broken" },
	{ KPF_NOPAGE, "unknown to the host" },
};

#define WRONGS (sizeof(wrong) / sizeof(wrong[0]))

struct tally {
	uint64_t pages[WRONGS], first[WRONGS];
};

static void tally_page(struct tally *t, bool reserved, uint64_t flags,
		       uint64_t address)
{
	size_t i;

	for (i = 0; i < WRONGS; i++) {
		if (!(flags >> wrong[i].bit & 1) ||
		    (reserved && wrong[i].bit == KPF_NOPAGE))
			continue;
		if (!t->pages[i]++)
			t->first[i] = address;
	}
}

static int check_pages(struct mk_fsck_state *s, const struct mk_ledger *e,
		       struct mk_error *err)
{
	uint64_t flags[BLOCK], counts[BLOCK];
	uint64_t at = e->start / MK_HOST_PAGE, end = end_of(e) / MK_HOST_PAGE;
	struct tally tally = { { 0 }, { 0 } };
	size_t i, n;
	char what[128];
	int code;

	for (; at < end; at += n) {
		n = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
		code = mk_host_pages(s->in->root, at, n, flags, counts, err);
		if (code)
			return code == MK_E_NOTFOUND ? 0 : code;
		for (i = 0; i < n; i++) {
			tally_page(&tally, e->kind == MK_LEDGER_RESERVED,
				   flags[i], (at + i) * MK_HOST_PAGE);
			s->result->mapped += counts[i] != 0;
		}
		s->result->pages += n;
	}
	for (i = 0; i < WRONGS; i++)
		if (tally.pages[i])
			mk_fsck_report(s,
				       "%s: %llu pages %s, the first at 0x%llx",
				       mk_fsck_what(s, e, what, sizeof(what)),
				       (unsigned long long)tally.pages[i],
				       wrong[i].what,
				       (unsigned long long)tally.first[i]);
	return 0;
}

int mk_fsck_memory(struct mk_fsck_state *s, struct mk_error *err)
{
	struct mk_host_range ranges[LINES];
	const struct mk_ledger *e;
	size_t i, nr = 0;
	int code;

	code = mk_host_iomem(s->in->root, ranges, LINES, &nr, err);
	if (code)
		return code;
	for (i = 0; i < s->in->nr_ledger; i++) {
		e = &s->in->ledger[i];
		if (!is_memory(e))
			continue;
		if (e->kind == MK_LEDGER_LOW)
			s->result->low += e->length;
		else
			s->result->memory += e->length;
		check_place(s, e, ranges, nr);
		if (end_of(e))
			code = check_pages(s, e, err);
		if (code)
			return code;
	}
	check_overlaps(s);
	return 0;
}
