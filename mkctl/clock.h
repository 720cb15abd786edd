/* SPDX-License-Identifier: GPL-2.0-only */
/* Clocks: since the host's boot, of the wall, and of the host's own log. */
#ifndef MKCTL_CLOCK_H
#define MKCTL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT 32 /* "2026-01-31 12:00:00.000" and its NUL */

/* CLOCK_BOOTTIME, in nanoseconds. */
uint64_t clock_boot_ns(void);

/* What CLOCK_REALTIME was when CLOCK_BOOTTIME was @boot_ns, as it looks now. */
uint64_t clock_real_ns(uint64_t boot_ns);

/* CLOCK_REALTIME as local time; returns @text. */
const char *clock_text(char text[CLOCK_TEXT], uint64_t real_ns);

/*
 * What to add to a time of the host's kernel log for CLOCK_BOOTTIME, measured
 * now: that clock is not corrected by NTP, and stands still while the machine
 * sleeps.  False: it could not be measured, *@offset_ns is 0.
 */
bool clock_of_host_log(int64_t *offset_ns);

#endif /* MKCTL_CLOCK_H */
