/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts of a program in a test machine: the lines of verdict.sh. */
#ifndef MACHINE_VERDICT_H
#define MACHINE_VERDICT_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned int failures;

/* @have and @want are shown if it is not good. */
static inline void verdict(int good, const char *what, int have, int want)
{
	if (good) {
		printf("ok - %s\n", what);
		return;
	}
	failures++;
	printf("not ok - %s\n# %d (%s), not %d (%s)\n", what, have,
	       strerror(have), want, strerror(want));
}

/* What a call returned must be @want, which may be a negative errno. */
static inline void expect(const char *what, long have, long want)
{
	if (have < 0)
		have = -errno;
	verdict(have == want, what, (int)(have < 0 ? -have : have),
		(int)(want < 0 ? -want : want));
}

#endif /* MACHINE_VERDICT_H */
