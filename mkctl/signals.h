/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ctrl-C without half-done work.
 *
 * From signals_hold() on SIGINT, SIGTERM and SIGHUP wait: no command of the
 * module is cut short by them.  Between two steps the caller asks whether one
 * came and undoes or finishes; only while it waits (signals_mask() given to
 * mk_instance_wait(), or signals_sleep()) do they come through and end that
 * wait.
 */
#ifndef MKCTL_SIGNALS_H
#define MKCTL_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

void signals_hold(void);

/* Whether one came since. */
bool signals_came(void);

/* The mask of before, to wait with. */
const sigset_t *signals_mask(void);

/* Sleep; shorter when one comes. */
void signals_sleep(int ms);

#endif /* MKCTL_SIGNALS_H */
