/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger of the module against what the host kernel says.
 *
 * A difference is anything of this:
 *  - a CPU of the ledger that the host has online or in its present mask, that
 *    is not possible, or stands twice in the ledger;
 *  - a CPU that is offline or was taken out of the present mask and is not in
 *    the ledger (an offline one is fine while SMT is switched off);
 *  - memory that overlaps, is not all System RAM (set aside at boot: is), has
 *    pages that the host thinks free (buddy), in its LRU lists, slab, page
 *    tables or anonymous memory, or low memory that is not below 640 KiB;
 *  - anything lost, in transit, or of an instance that does not exist;
 *  - totals of an instance that are not what MK_IOC_INFO says.
 * A page that is only mapped (through the instance's own descriptor, say by a
 * log reader) is counted, not a difference.
 */
#ifndef MK_FSCK_H
#define MK_FSCK_H

#include <linux/multikernel.h>

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct mk_fsck_input {
	const char *root; /* as in hostinfo.h */
	const struct mk_ledger *ledger;
	size_t nr_ledger;
	const struct mk_info *infos; /* of all instances */
	size_t nr_infos;
	/* Called with one line for each difference. */
	void (*report)(void *to, const char *text);
	void *to;
};

struct mk_fsck_result {
	unsigned int differences;
	unsigned int cpus; /* in the ledger */
	uint64_t memory, low; /* bytes in the ledger */
	uint64_t pages; /* looked at; 0 without /proc/kpageflags */
	uint64_t mapped; /* of them, mapped by somebody */
};

/*
 * Compare.  Returns 0 when the comparison was made, whatever it found; errors
 * are those of hostinfo.h.  Uses about 300 KiB of stack.
 */
int mk_fsck(const struct mk_fsck_input *in, struct mk_fsck_result *result,
	    struct mk_error *err);

#endif /* MK_FSCK_H */
