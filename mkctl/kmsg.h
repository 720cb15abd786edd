/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's own kernel log, /dev/kmsg. */
#ifndef MKCTL_KMSG_H
#define MKCTL_KMSG_H

#include "cmd.h"
#include "printk_ring.h"

/*
 * One read of /dev/kmsg, "PRIORITY,SEQ,MICROSECONDS,FLAGS...;TEXT\n", and then
 * lines that begin with a space (Documentation/ABI/testing/dev-kmsg).  False:
 * it is none.  record->lost is not set.
 */
bool kmsg_parse(const char *bytes, size_t size, struct mk_log_record *record);

struct kmsg {
	int fd;
	uint64_t next; /* sequence number looked for next */
};

/* From the first line that is kept.  MK_E_SYSTEM. */
int kmsg_open(struct kmsg *kmsg, const struct ctl *ctl, struct mk_error *err);
void kmsg_close(struct kmsg *kmsg);

/* The next record: 1, or 0 when there is none yet, or MK_E_SYSTEM. */
int kmsg_next(struct kmsg *kmsg, struct mk_log_record *record,
	      struct mk_error *err);

#endif /* MKCTL_KMSG_H */
