// SPDX-License-Identifier: GPL-2.0-only
/* How far a long copy is, on a terminal. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd.h"

#define QUIET_MS    1000 /* nothing is shown before */
#define PROGRESS_MS 200

void progress_begin(struct progress *p, const char *what, const char *verb)
{
	*p = (struct progress){ .what = what, .verb = verb };
	if (isatty(STDERR_FILENO))
		p->since = now_ms();
}

void progress(struct progress *p, uint64_t at, uint64_t size)
{
	int64_t now;

	if (!p->since)
		return;
	now = now_ms();
	if (now - p->since < QUIET_MS || now - p->shown < PROGRESS_MS)
		return;
	p->shown = now;
	fprintf(stderr, "\rmkctl: %s: %s, %llu of %llu MiB ", p->what, p->verb,
		(unsigned long long)at >> 20, (unsigned long long)size >> 20);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}
