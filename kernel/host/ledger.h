/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: the one table that says who owns each CPU and each page range.
 *
 * What is not in it is the host's.  It only records; whoever changes an entry
 * has done, or is about to do, the real thing.  Pure logic: it builds in user
 * space too (tests/unit/ledger.c).  Callers serialise (mkh_lock).
 */
#ifndef MKH_LEDGER_H
#define MKH_LEDGER_H

#include <linux/types.h>
#include <linux/multikernel.h>

#define MKH_LEDGER_ENTRIES 2048

struct mkh_ledger_entry {
	u64 start; /* logical CPU number, or physical address */
	u64 length; /* 1, or bytes */
	u32 owner; /* instance id, MK_OWNER_TRANSIT, MK_OWNER_LOST */
	u16 kind; /* enum mk_ledger_kind; 0 = a free entry */
};

struct mkh_ledger {
	struct mkh_ledger_entry *entries;
	unsigned int room; /* entries there are */
	unsigned int used; /* highest used + 1 */
};

/*
 * Enter [start, start + length) of a kind for @owner.  Returns 0, -EBUSY when
 * any part of it is in the ledger already, -ENOSPC when the table is full,
 * -EINVAL for an empty or wrapping range.
 */
int mkh_ledger_enter(struct mkh_ledger *ledger, u16 kind, u64 start, u64 length,
		     u32 owner);

/* The same range changes its owner.  -ENOENT unless exactly this is entered. */
int mkh_ledger_move(struct mkh_ledger *ledger, u16 kind, u64 start, u64 length,
		    u32 owner);

/* Back to the host: the entry goes.  -ENOENT, and -EPERM for what is lost. */
int mkh_ledger_drop(struct mkh_ledger *ledger, u16 kind, u64 start, u64 length);

/*
 * Who owns the byte or CPU @at: 0 is the host.  MEMORY, RESERVED and LOW are
 * one address space, CPUs are another.
 */
u32 mkh_ledger_owner(const struct mkh_ledger *ledger, u16 kind, u64 at);

/* The @index-th used entry, or NULL. */
const struct mkh_ledger_entry *mkh_ledger_at(const struct mkh_ledger *ledger,
					     unsigned int index);

/* How many entries of a kind (0 = any) an owner has. */
unsigned int mkh_ledger_count(const struct mkh_ledger *ledger, u16 kind,
			      u32 owner);

#endif /* MKH_LEDGER_H */
