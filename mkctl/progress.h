/* SPDX-License-Identifier: GPL-2.0-only */
/* How far a long copy is, on a terminal: nothing elsewhere, nor if it is quick. */
#ifndef MKCTL_PROGRESS_H
#define MKCTL_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *what, *verb; /* "web", "dumped" */
	int64_t since, shown;
};

void progress_begin(struct progress *p, const char *what, const char *verb);
void progress(struct progress *p, uint64_t at, uint64_t size);
void progress_end(struct progress *p); /* takes it away again */

#endif /* MKCTL_PROGRESS_H */
