// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: who owns each CPU and each page range. */
#include "ledger.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#include <stddef.h>
#endif

/* CPUs are one name space; all kinds of memory are another. */
static bool same_space(u16 a, u16 b)
{
	return (a == MK_LEDGER_CPU) == (b == MK_LEDGER_CPU);
}

static bool overlaps(const struct mkh_ledger_entry *e, u16 kind, u64 start,
		     u64 last)
{
	return e->kind && same_space(e->kind, kind) && e->start <= last &&
	       start <= e->start + (e->length - 1);
}

static struct mkh_ledger_entry *find(const struct mkh_ledger *ledger, u16 kind,
				     u64 start, u64 length)
{
	unsigned int i;

	for (i = 0; i < ledger->used; i++) {
		struct mkh_ledger_entry *e = &ledger->entries[i];

		if (e->kind == kind && e->start == start && e->length == length)
			return e;
	}
	return NULL;
}

int mkh_ledger_enter(struct mkh_ledger *ledger, u16 kind, u64 start, u64 length,
		     u32 owner)
{
	struct mkh_ledger_entry *slot = NULL;
	unsigned int i;

	if (!kind || !owner || !length || start + (length - 1) < start)
		return -EINVAL;
	for (i = 0; i < ledger->used; i++) {
		struct mkh_ledger_entry *e = &ledger->entries[i];

		if (overlaps(e, kind, start, start + (length - 1)))
			return -EBUSY;
		if (!e->kind && !slot)
			slot = e;
	}
	if (!slot) {
		if (ledger->used == ledger->room)
			return -ENOSPC;
		slot = &ledger->entries[ledger->used++];
	}
	slot->kind = kind;
	slot->start = start;
	slot->length = length;
	slot->owner = owner;
	return 0;
}

int mkh_ledger_move(struct mkh_ledger *ledger, u16 kind, u64 start, u64 length,
		    u32 owner)
{
	struct mkh_ledger_entry *e = find(ledger, kind, start, length);

	if (!owner)
		return -EINVAL;
	if (!e)
		return -ENOENT;
	if (e->owner == MK_OWNER_LOST)
		return -EPERM;
	e->owner = owner;
	return 0;
}

int mkh_ledger_drop(struct mkh_ledger *ledger, u16 kind, u64 start, u64 length)
{
	struct mkh_ledger_entry *e = find(ledger, kind, start, length);

	if (!e)
		return -ENOENT;
	if (e->owner == MK_OWNER_LOST)
		return -EPERM;
	e->kind = 0;
	while (ledger->used && !ledger->entries[ledger->used - 1].kind)
		ledger->used--;
	return 0;
}

u32 mkh_ledger_owner(const struct mkh_ledger *ledger, u16 kind, u64 at)
{
	unsigned int i;

	for (i = 0; i < ledger->used; i++)
		if (overlaps(&ledger->entries[i], kind, at, at))
			return ledger->entries[i].owner;
	return 0;
}

const struct mkh_ledger_entry *mkh_ledger_at(const struct mkh_ledger *ledger,
					     unsigned int index)
{
	unsigned int i;

	for (i = 0; i < ledger->used; i++)
		if (ledger->entries[i].kind && !index--)
			return &ledger->entries[i];
	return NULL;
}

unsigned int mkh_ledger_count(const struct mkh_ledger *ledger, u16 kind,
			      u32 owner)
{
	unsigned int i, n = 0;

	for (i = 0; i < ledger->used; i++) {
		const struct mkh_ledger_entry *e = &ledger->entries[i];

		if (e->kind && (!kind || e->kind == kind) && e->owner == owner)
			n++;
	}
	return n;
}
