/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of a session share; see exec.h for what the daemon sees. */
#ifndef INIT_EXEC_SESSION_H
#define INIT_EXEC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/exec_frame.h"
#include "../lib/exec_request.h"
#include "../lib/exec_tree.h"

/* Milliseconds of a clock that only goes forward. */
int64_t exec_now(void);

/* A proc file system of our own, wherever the root is. */
int exec_proc(void);

/* ---- ends of a session ---- */

/* MKX_FAILED with a sentence, and the end. */
void exec_fail(int sock, unsigned int why, int error, const char *format, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/*
 * Send what is left, and leave once the host has closed its end: a connection
 * that is closed with bytes on their way to it could lose those to the host.
 */
void exec_end(int sock, struct mk_outgoing *out) __attribute__((noreturn));

/* ---- kinds of sessions ---- */

void exec_run(int sock, const struct mk_exec_run *run)
	__attribute__((noreturn));
void exec_put(int sock, bool recursive, const char *path, const char *name)
	__attribute__((noreturn));
void exec_get(int sock, bool recursive, const char *path)
	__attribute__((noreturn));

/* ---- users (exec_user.c) ---- */

#define EXEC_GROUPS 256

struct exec_user {
	uid_t uid;
	gid_t gid, groups[EXEC_GROUPS];
	size_t nr_groups;
	char name[64], home[256], shell[256];
};

/* USER[:GROUP], names or numbers, "" = root.  NULL, or what is wrong. */
const char *exec_user_find(const char *text, struct exec_user *user);

/* ---- the command (exec_child.c) ---- */

struct exec_child {
	pid_t pid; /* of its session and process group, too */
	int pidfd;
	int report; /* EOF: executed; else a struct mkx_failed */
	int in, out, err; /* our ends, non-blocking; -1 = none */
	bool tty;
};

/* Returns only with a child; fails as exec_fail() does. */
void exec_child_start(int sock, const struct mk_exec_run *run,
		      struct exec_child *child);

/* A signal to everything of its session, whatever the process group. */
void exec_child_kill_session(const struct exec_child *child, int number);

#endif /* INIT_EXEC_SESSION_H */
