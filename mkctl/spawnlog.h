/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A spawn's kernel log, over the module's view of its memory.
 *
 * Takes care of what the library leaves to its caller: the mapping, a log that
 * is not there yet, a spawn that was started again.
 */
#ifndef MKCTL_SPAWNLOG_H
#define MKCTL_SPAWNLOG_H

#include "device.h"
#include "printk_ring.h"

struct spawnlog {
	struct mk_instance *inst;
	struct mk_memory memory;
	const void *map; /* or NULL: read(2) is used */
	bool opened; /* log is valid */
	struct mk_log log;
	struct mk_log_record record;
	char line[MK_LOG_FORMAT_MAX];
};

/* Errors: those of mk_instance_info(). */
int spawnlog_begin(struct spawnlog *view, struct mk_instance *inst,
		   struct mk_error *err);
void spawnlog_end(struct spawnlog *view);

/* Another life began: what comes next is its log. */
void spawnlog_again(struct spawnlog *view);

/*
 * The next record into view->record, as MK_LOG_RECORD; MK_LOG_NONE when there
 * is none for now, which includes that the kernel has not made its log known
 * yet.  Other errors as mk_log_open() and mk_log_next(); after MK_E_STATE
 * (restarted) the next call begins with the new log.  MK_E_NOTFOUND: the
 * instance was deleted.
 */
int spawnlog_next(struct spawnlog *view, struct mk_error *err);

/* Do not wait for records that are half written: for a spawn that is dead. */
void spawnlog_hurry(struct spawnlog *view);

/* view->record as lines with time and newline; "" if it cannot be. */
const char *spawnlog_format(struct spawnlog *view);

#endif /* MKCTL_SPAWNLOG_H */
