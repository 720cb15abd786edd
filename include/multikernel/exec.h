/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Commands and copies in a spawn: what mkctl and the agent's daemon say to
 * each other over a vsock connection.
 *
 * Who may
 * =======
 *
 * The agent listens at port MKX_PORT.  It takes a connection from CID 2 (the
 * host) and from a port below MKX_PRIVILEGED only, and closes any other at
 * once: such a port can be bound with CAP_NET_BIND_SERVICE of the host's first
 * user namespace only (net/vmw_vsock/af_vsock.c:__vsock_bind_connectible and
 * LAST_RESERVED_PORT, 6.1 to 7.2), and no process of the spawn can send from
 * CID 2: a loopback connection has CID 1 (vsock_loopback.c).
 *
 * Frames
 * ======
 *
 * Both ways the stream is frames: struct mkx_frame, then @length bytes.  All
 * numbers are little-endian.  Each side bounds the length by the type before
 * it reads on, and ends the connection at a type, length, value or order that
 * is not written down here.  The first frame of mkctl is the request: MKX_RUN,
 * MKX_PUT or MKX_GET.  The agent answers MKX_STARTED (the command was executed,
 * the copy goes on) or MKX_FAILED, which ends the session.
 *
 * A command
 * =========
 *
 *   host -> spawn  MKX_IN, MKX_END, MKX_SIGNAL, MKX_SIZE, MKX_CREDIT,
 *                  MKX_CLOSED
 *   spawn -> host  MKX_OUT, MKX_ERR, MKX_CREDIT, MKX_CLOSED, MKX_EXIT
 *
 * Each of the three streams begins with a credit of MKX_WINDOW bytes; a sender
 * that has used it up waits for MKX_CREDIT, which the receiver sends as it has
 * passed bytes on.  So both sides always read the connection, with a bounded
 * buffer: a signal is never stuck behind standard input, and standard error
 * not behind an output that nobody reads.  MKX_CLOSED says that nobody takes
 * the bytes of a stream any longer; those on the way are dropped.
 *
 * MKX_EXIT is the last frame.  A connection that ends without it leaves the
 * command's fate unknown to the host; in the spawn the command then gets a
 * SIGHUP, and a SIGKILL some seconds later.
 *
 * A copy
 * ======
 *
 * One tree goes from the sender (mkctl for MKX_PUT, the agent for MKX_GET) to
 * the receiver as a walk: MKX_ENTRY for each file, directory and symbolic
 * link, with a name of one component.  After a file: MKX_DATA, then MKX_END.
 * After a directory: its entries, then MKX_UP.  The first entry is the tree's
 * top, whose name the receiver does not use.  MKX_DONE ends the walk; for
 * MKX_PUT the agent answers MKX_DONE when everything is in its place.
 * MKX_FAILED from the receiver ends it at any time, and so does that from the
 * sender.  MKX_NOTE is a sentence about something that was left out.
 */
#ifndef MULTIKERNEL_EXEC_H
#define MULTIKERNEL_EXEC_H

#include <linux/types.h>

#define MKX_PORT	994
#define MKX_PRIVILEGED	1024
#define MKX_MAGIC	0x58454b4d /* "MKEX" */
#define MKX_REVISION	1

#define MKX_DATA_MAX	16384 /* bytes of a frame, but for requests */
#define MKX_REQUEST_MAX (256 * 1024)
#define MKX_WINDOW	65536
#define MKX_TEXT_MAX	512 /* of MKX_FAILED and MKX_NOTE */
#define MKX_STRINGS_MAX 4096 /* arguments and variables together */

#define MKX_NAME_MAX	255 /* bytes of a component */
#define MKX_TARGET_MAX	4095 /* of a symbolic link */
#define MKX_DEPTH_MAX	128 /* directories within each other */

#define MKX_SESSIONS	2048 /* of one spawn at once */

enum mkx_type {
	/* requests */
	MKX_RUN = 1,
	MKX_PUT = 2,
	MKX_GET = 3,
	/* answers */
	MKX_STARTED = 16, /* empty */
	MKX_FAILED = 17, /* struct mkx_failed, text */
	MKX_DONE = 18, /* empty */
	MKX_EXIT = 19, /* struct mkx_exit */
	/* streams */
	MKX_IN = 32, /* bytes, at least one, as in the next two */
	MKX_OUT = 33,
	MKX_ERR = 34,
	MKX_END = 35, /* empty: the end of standard input, or of a file */
	MKX_CREDIT = 36, /* struct mkx_credit */
	MKX_CLOSED = 37, /* __le32, enum mkx_stream */
	MKX_SIGNAL = 38, /* __le32, a signal's number */
	MKX_SIZE = 39, /* struct mkx_size */
	/* copies */
	MKX_ENTRY = 64, /* struct mkx_entry, name, target */
	MKX_DATA = 65, /* bytes, at least one */
	MKX_UP = 66, /* empty */
	MKX_NOTE = 67, /* text */
};

enum mkx_stream {
	MKX_STREAM_IN = 0,
	MKX_STREAM_OUT = 1,
	MKX_STREAM_ERR = 2,
};

struct mkx_frame {
	__u8 type; /* enum mkx_type */
	__u8 zero[3];
	__le32 length; /* of what follows */
};

/*
 * MKX_RUN: then strings, each with its NUL: the user ("" = root), the folder
 * ("" = the user's home if there is one), @args arguments (one at least), @vars
 * variables NAME=VALUE.
 */
#define MKX_RUN_TTY   1 /* a pseudo terminal for all three streams */
#define MKX_RUN_STDIN 2 /* there will be MKX_IN; else it is /dev/null */

struct mkx_run {
	__le32 magic, revision;
	__le32 flags;
	__le16 rows, columns; /* of the terminal; 0 = not known */
	__le32 args, vars;
};

/*
 * MKX_PUT: then the path, and the name that it gets below the path if that is
 * a directory ("" = it must not be one, "." = the directory itself).
 * MKX_GET: then the path.
 */
#define MKX_COPY_RECURSIVE 1

struct mkx_copy {
	__le32 magic, revision;
	__le32 flags;
};

enum mkx_why {
	MKX_WHY_REQUEST = 1, /* the request is wrong, or of another revision */
	MKX_WHY_BUSY = 2, /* MKX_SESSIONS are open */
	MKX_WHY_SYSTEM = 3, /* a system call failed */
	MKX_WHY_USER = 4, /* no such user or group */
	MKX_WHY_FOLDER = 5, /* -w cannot be entered */
	MKX_WHY_MISSING = 6, /* no such command */
	MKX_WHY_CANNOT = 7, /* it is there, but cannot be executed */
	MKX_WHY_FILE = 8, /* a file cannot be read or written */
};

struct mkx_failed {
	__le32 why; /* enum mkx_why */
	__le32 error; /* errno, or 0 */
};

struct mkx_exit {
	__le32 signal; /* 0 = it has exited */
	__le32 status; /* 0 to 255 then */
};

struct mkx_credit {
	__le32 stream; /* enum mkx_stream */
	__le32 bytes; /* more that may be sent */
};

struct mkx_size {
	__le16 rows, columns;
};

enum mkx_kind {
	MKX_FILE = 1,
	MKX_FOLDER = 2,
	MKX_LINK = 3,
};

struct mkx_entry {
	__le32 kind; /* enum mkx_kind */
	__le32 mode; /* permissions, 0777 */
	__le64 size; /* of a file, for showing progress only */
	__le64 seconds; /* modified, since 1970 */
	__le32 nanoseconds;
	__le16 name; /* bytes that follow: the name, no NUL */
	__le16 target; /* then the target of a link; 0 for others */
};

_Static_assert(sizeof(struct mkx_frame) == 8, "wire format");
_Static_assert(sizeof(struct mkx_run) == 24, "wire format");
_Static_assert(sizeof(struct mkx_copy) == 12, "wire format");
_Static_assert(sizeof(struct mkx_failed) == 8, "wire format");
_Static_assert(sizeof(struct mkx_entry) == 32, "wire format");

#endif /* MULTIKERNEL_EXEC_H */
