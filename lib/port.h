/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages through a port, the descriptor from mk_instance_attach().
 *
 * An errno becomes a code, which tells "not sent" from "perhaps", and a
 * sentence; sys_errno is kept.  Ports stay through restarts of the spawn.
 */
#ifndef MK_PORT_H
#define MK_PORT_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/*
 * Send @size bytes as one message; returns 0 when the peer's port has it.
 * Errors: MK_E_UNKNOWN (it may have arrived); all others mean "not sent":
 * MK_E_REFUSED with sys_errno ENOTCONN (the peer is not up), ECONNREFUSED
 * (nobody receives the type there), EAGAIN (a port that does not block, and
 * the queue there is full) or another; MK_E_INPUT (empty, or too long),
 * MK_E_NOTFOUND (the instance is deleted).
 */
int mk_port_send(int port, const void *bytes, size_t size,
		 struct mk_error *err);

/*
 * Take the next message.  Returns its length, never 0.  Errors:
 * MK_E_STATE (there is none now: a port that does not block, or a signal
 * came), MK_E_NOSPACE (longer than @size: it stays), MK_E_CALL (attached for
 * sending only), MK_E_NOTFOUND (the instance is deleted), MK_E_SYSTEM.
 */
ssize_t mk_port_receive(int port, void *bytes, size_t size,
			struct mk_error *err);

/*
 * Wait until there is something to take.  @timeout_ms: negative = for ever.
 * @signals (may be NULL) is the signal mask while waiting, as in ppoll(2).
 * Returns 1 then, also when the port has ended, 0 when the time is over or a
 * signal came, or MK_E_SYSTEM.
 */
int mk_port_wait(int port, int timeout_ms, const sigset_t *signals,
		 struct mk_error *err);

#endif /* MK_PORT_H */
