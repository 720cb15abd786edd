/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of kernel logs on stdout. */
#ifndef MKCTL_LOGPRINT_H
#define MKCTL_LOGPRINT_H

#include "json.h"
#include "printk_ring.h"

/* The fields of a record: seq time_ns level facility lost text. */
void logprint_fields(struct json_object *to, const struct mk_log_record *r);

/*
 * A record of several sources: "[   1.234567] SOURCE: text", each line of it,
 * with "~" behind the time if that is not exact.  What is not printable ASCII
 * or a tab becomes \xNN.
 */
void logprint_line(const char *source, uint64_t time_ns, bool exact,
		   const struct mk_log_record *r);

/* "(N lines were overwritten)" if there are such. */
void logprint_lost(const char *source, const struct mk_log_record *r);

#endif /* MKCTL_LOGPRINT_H */
