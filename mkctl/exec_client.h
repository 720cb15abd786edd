/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's end of multikernel/exec.h: connecting, and the two kinds of
 * sessions over any connected stream socket.
 *
 * The spawn is a stranger: every frame of its is bounded and checked, and one
 * that is wrong ends the session with a message.
 */
#ifndef MKCTL_EXEC_CLIENT_H
#define MKCTL_EXEC_CLIENT_H

#include "cmd.h"
#include "exec_request.h"

/* Exit status of exec when it is about mkctl, the agent or the connection. */
#define EXEC_TROUBLE   255
#define EXEC_CANNOT    126
#define EXEC_MISSING   127

#define EXEC_ANSWER_MS 30000 /* for the answer to a request */

/* ---- exec_connect.c ---- */

/*
 * Connect to the agent of the running instance @name, with a privileged port.
 * Returns a descriptor, or -1 after having said why.
 */
int exec_connect(const struct ctl *ctl, const char *name);

/*
 * Send a request of @length bytes; blocks at most EXEC_ANSWER_MS.  0, or -1
 * and errno.
 */
int exec_send_request(int sock, unsigned int type, const void *bytes,
		      size_t length);

/* ---- exec_session.c ---- */

/*
 * The session of a command whose request was sent: descriptors 0, 1 and 2 are
 * its streams.  Returns the exit status, after having said what was wrong.
 */
int exec_session_run(const char *name, int sock, const struct mk_exec_run *run);

/* ---- exec_copy.c ---- */

struct exec_copy {
	const char *name; /* the instance's, for messages */
	bool recursive, progress;
	const char *from, *to; /* "-" on the host's side: a standard stream */
};

/* Both return an exit status; both send the request themselves. */
int exec_copy_put(int sock, const struct exec_copy *copy);
int exec_copy_get(int sock, const struct exec_copy *copy);

/* The last component of @path; "." if it has no name of its own. */
void exec_base_name(const char *path, char *name, size_t size);

/* ---- exec_tty.c ---- */

/* Raw mode for the terminal on standard input, if it is one. */
void exec_tty_raw(void);
/* As it was; does nothing when it is. */
void exec_tty_restore(void);
/* The size of the terminal on standard input or output; false: none. */
bool exec_tty_size(uint16_t *rows, uint16_t *columns);

#endif /* MKCTL_EXEC_CLIENT_H */
