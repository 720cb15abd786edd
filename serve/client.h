/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talking to a running supervisor, through its control socket: one JSON object
 * asks, one answers ({"ok":true,...} or {"ok":false,"error":"..."}).
 */
#ifndef SERVE_CLIENT_H
#define SERVE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define SERVE_ASK_BYTES	   4096 /* a request, at most */
#define SERVE_ANSWER_BYTES (256 << 10) /* an answer, at most */

/* Folders are below @root from now on; main() says so once. */
void serve_below(const char *root);

/*
 * The folder of the instance @name, or a file in it, as a path.  MK_E_INPUT if
 * @name is none, or the path is too long.
 */
int serve_path(char *path, size_t size, const char *name, const char *file,
	       struct mk_error *err);

/*
 * A socket to its supervisor; close it with close(2).  Returns the descriptor
 * or a negative code: MK_E_NOTFOUND if it has no (living) supervisor.
 */
int serve_connect(const char *name, struct mk_error *err);

/*
 * Ask, and wait for the answer (30 s at most), which ends with a NUL.  An
 * answer {"ok":false} is MK_E_REFUSED with the supervisor's sentence;
 * MK_E_UNKNOWN if none came.
 */
int serve_ask(int sock, const char *request, char *answer, size_t size,
	      struct mk_error *err);

/* The CID of its vsock device; MK_E_NOTFOUND if it has none. */
int serve_find_cid(const char *name, uint32_t *cid, struct mk_error *err);

#endif /* SERVE_CLIENT_H */
