/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands and copies for the host: the agent's daemon listens, one process a
 * session does the work.  The protocol is in multikernel/exec.h.
 *
 * The daemon polls what exec_listen() gave for POLLIN and calls exec_accept()
 * each time.  Nothing else is asked of it: its children may be reaped by
 * waitpid(-1, ...) or by SIGCHLD being ignored, and a session resets signals,
 * the mask and the daemon's other descriptors for itself.
 */
#ifndef INIT_EXEC_H
#define INIT_EXEC_H

/*
 * A listening AF_VSOCK descriptor, non-blocking and close-on-exec; -1 and
 * errno when there is no vsock yet (EAFNOSUPPORT), or its port is taken.
 */
int exec_listen(void);

/*
 * Accept one connection, if there is one, and fork its session.  Never blocks.
 * A peer that is not the host's root is closed at once, without a word.
 */
void exec_accept(int listener);

/*
 * The session itself, on a connected stream socket: what exec_accept() calls
 * in the process that it has forked, and tests call in theirs.  Ends it.
 */
void exec_session(int sock) __attribute__((noreturn));

#endif /* INIT_EXEC_H */
