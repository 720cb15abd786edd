/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting on a descriptor.  Internal to the library. */
#ifndef MK_WAIT_H
#define MK_WAIT_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "error.h"

/*
 * Wait for one of @events or POLLHUP.  @timeout_ms: negative = for ever.
 * @signals (may be NULL) is the mask while waiting.  Returns what happened,
 * 0 when the time is over or a signal came, or MK_E_SYSTEM.
 */
static inline int mk_wait(int fd, short events, int timeout_ms,
			  const sigset_t *signals, struct mk_error *err)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	struct timespec time = { .tv_sec = timeout_ms / 1000,
				 .tv_nsec = timeout_ms % 1000 * 1000000L };
	int n;

	n = ppoll(&pfd, 1, timeout_ms < 0 ? NULL : &time, signals);
	if (n == 0 || (n < 0 && errno == EINTR))
		return 0;
	if (n < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "wait");
	if (!(pfd.revents & (events | POLLHUP)))
		return mk_fail(err, MK_E_SYSTEM,
			       "wait: this cannot be waited for");
	return pfd.revents;
}

#endif /* MK_WAIT_H */
