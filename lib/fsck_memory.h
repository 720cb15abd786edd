/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to fsck.c and fsck_memory.c: one comparison under way. */
#ifndef MK_FSCK_MEMORY_H
#define MK_FSCK_MEMORY_H

#include "fsck.h"

struct mk_fsck_state {
	const struct mk_fsck_input *in;
	struct mk_fsck_result *result;
};

void mk_fsck_report(struct mk_fsck_state *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "memory 0x40000000+0x10000000 (of 'web')"; returns @text. */
const char *mk_fsck_what(const struct mk_fsck_state *s,
			 const struct mk_ledger *e, char *text, size_t size);

int mk_fsck_memory(struct mk_fsck_state *s, struct mk_error *err);

#endif /* MK_FSCK_MEMORY_H */
