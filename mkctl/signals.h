/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ctrl-C without half-done work.
 *
 * From signals_hold() on SIGINT, SIGTERM and SIGHUP wait: no command of the
 * module is cut short by them.  Between two steps the caller asks whether one
 * came and undoes or finishes; only while it waits (signals_mask() given to
 * mk_instance_wait(), signals_sleep(), or a command that is nothing but a wait
 * within signals_pass()) do they come through and end that wait.
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

/*
 * From true to false they come through.  One that comes between the caller's
 * last look at signals_came() and the start of his wait does not end that.
 */
void signals_pass(bool pass);

#endif /* MKCTL_SIGNALS_H */
