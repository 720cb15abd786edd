/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --pmem FILE[,ro]: files as persistent memory of a spawn.
 *
 * load_do() calls pmem_begin() before it plans, which puts each file into a
 * store or finds the one that has it, and pmem_end() when the image is loaded,
 * or is not.  In between the lock of the stores is held: a store that no image
 * names yet is not taken for one that nobody needs any more.
 */
#ifndef MKCTL_PMEM_H
#define MKCTL_PMEM_H

#include "cmd.h"
#include "plan.h"
#include "store.h"

struct pmem_args {
	struct pmem_file {
		char *path;
		bool ro;
	} files[MK_STORES_MAX];
	unsigned int nr;
};

/* What pmem_begin() has found, in the order of the options. */
struct pmem_use {
	int lock; /* or -1 */
	unsigned int nr;
	uint32_t ids[MK_STORES_MAX]; /* for mk_load.stores */
	struct mk_plan_pmem ranges[MK_STORES_MAX];
	char names[MK_STORES_MAX][MK_NAME_BYTES];
	bool made[MK_STORES_MAX]; /* by us: goes again if the load fails */
	bool reused[MK_STORES_MAX]; /* this is put back then: */
	struct store_record before[MK_STORES_MAX];
};

/* The value of one --pmem; wrong ones exit. */
void pmem_take(struct pmem_args *args, const struct parse *p,
	       const char *value);

/* Are they files that can be given?  Before anything is taken or changed. */
int pmem_check(const char *name, const struct pmem_args *args);

/* Exit statuses, having said what is wrong; nothing is left behind then. */
int pmem_begin(const struct ctl *ctl, struct mk_device *dev, const char *name,
	       struct mk_instance *inst, const struct pmem_args *args,
	       struct pmem_use *use);
/* For --dry-run: made-up places behind the instance's memory. */
int pmem_pretend(const char *name, const struct pmem_args *args,
		 const struct mk_machine *machine, struct pmem_use *use);
/*
 * @loaded: the image names the stores now.  Otherwise those that were made go
 * again.  What the image that was replaced had used is let go, if nobody does.
 */
void pmem_end(const struct ctl *ctl, struct mk_device *dev,
	      struct pmem_use *use, bool loaded);

/*
 * Write back and delete what no image names.  What cannot be written back
 * stays, and that is said; then MKCTL_COULD_NOT.
 */
int pmem_let_go(const struct ctl *ctl);

/* ---- pmem_save.c, while the lock is held ---- */

struct pmem_save {
	const struct ctl *ctl;
	struct mk_device *dev;
	bool force; /* even if the file has changed meanwhile */
	const char *output; /* into this new file instead, or NULL */
	int status; /* of all that was done with it */
};

/* Write a store back; says how it went.  0 or MKCTL_COULD_NOT. */
int pmem_save(struct pmem_save *s, const struct mk_info *info,
	      struct store_record *record);
/* Delete a store that nobody uses, and its record. */
int pmem_remove(const struct ctl *ctl, struct mk_device *dev, const char *name,
		struct mk_error *err);
/* Write back what must be, then remove it, if no image names it. */
int pmem_release(struct pmem_save *s, const struct mk_info *info);

#endif /* MKCTL_PMEM_H */
