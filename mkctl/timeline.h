/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several logs in one order of time.  Each source stays in its own order, also
 * where its times go back, as a kernel's do while its CPUs come up; of the
 * records that stand at their heads the earliest goes first, and of equal ones
 * that of the source with the lower number.
 */
#ifndef MKCTL_TIMELINE_H
#define MKCTL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timeline_head {
	bool filled; /* a record stands here */
	uint64_t time_ns; /* of it, or of the last one */
};

/* A record of @time_ns, or of the time of the one before if that is later. */
void timeline_fill(struct timeline_head *head, uint64_t time_ns);

/*
 * The number of the source whose record goes next, or -1 if there is none of
 * up to @until.
 */
int timeline_pick(const struct timeline_head *const *heads, unsigned int nr,
		  uint64_t until);

/*
 * The time t of a log whose clock is @offset_ns behind CLOCK_BOOTTIME, which
 * now is @now: what is there has happened, whatever a spawn says.
 */
uint64_t timeline_time(uint64_t t, int64_t offset_ns, uint64_t now);

#endif /* MKCTL_TIMELINE_H */
