/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stays of the agent in user space when process 1 has become the user's
 * init: it loads drivers for devices that come, and lets the host in.
 */
#ifndef INIT_DAEMON_H
#define INIT_DAEMON_H

/*
 * Fork it; @argv0 is where the kernel put process 1's name, which it changes
 * for itself, and @null is /dev/null.  What fails is in the log, and no reason
 * not to go on.
 */
void daemon_start(char *argv0, int null);

#endif /* INIT_DAEMON_H */
