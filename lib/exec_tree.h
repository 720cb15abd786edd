/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree of files as frames of multikernel/exec.h: walking one, and building
 * one from what a stranger sends.
 *
 * Files, directories and symbolic links with their permissions and times; no
 * owners, and no set-user-ID bits, so that a stranger's file never becomes a
 * program with the reader's rights.
 *
 * The receiver goes down and up with one descriptor a directory, takes names
 * of one component only, and follows no symbolic link: nothing is written
 * outside of the folder that it began with, whatever comes.  A file is written
 * under another name, and gets its own when it is complete.
 *
 * The agent builds this, too, without the rest of the library.
 */
#ifndef MK_EXEC_TREE_H
#define MK_EXEC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "exec_frame.h"

/* What failed; ->text is a sentence, with names in it as they came. */
struct mk_tree_error {
	int error; /* errno, or 0 */
	char text[MKX_TEXT_MAX];
};

/* @error: an errno whose text ends the sentence, or 0.  Returns -1. */
int mk_tree_fail(struct mk_tree_error *e, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- receiving ---- */

struct mk_tree_level {
	int fd;
	bool made; /* by us: it gets the sender's permissions and time */
	unsigned int mode;
	struct timespec modified;
};

struct mk_tree_in {
	bool recursive;
	int stream; /* the one file goes there, else -1 */
	const char *top;
	unsigned int depth;
	struct mk_tree_level levels[MKX_DEPTH_MAX + 1]; /* [0] is the caller's */
	bool begun, in_file;
	/* The file that is being written; -1 = none. */
	int file;
	char temporary[32], name[MKX_NAME_MAX + 1];
	unsigned int mode;
	struct timespec modified;
	/* For showing progress. */
	uint64_t entries, bytes, size, written;
	struct mk_tree_error error;
};

/*
 * Where a copy to @path goes: into it, as @name, if it is a directory (not if
 * @name is ""), else to that name itself.  Returns the folder's descriptor,
 * with the name in @base (MKX_NAME_MAX + 1 bytes), or -1.
 */
int mk_tree_place(const char *path, const char *name, char *base,
		  struct mk_tree_error *e);

/* Below @folder, which stays the caller's; the top is called @top there. */
void mk_tree_in_begin(struct mk_tree_in *t, int folder, const char *top,
		      bool recursive);
/* One file, into a descriptor. */
void mk_tree_in_stream(struct mk_tree_in *t, int fd);
/*
 * Take one frame.  0: go on; 1: that was MKX_DONE, everything is in its place;
 * -1: ->error; what belongs to an unfinished file is gone.
 */
int mk_tree_in_take(struct mk_tree_in *t, const struct mk_frame *frame);
/* Give up: the unfinished file is removed, what was complete stays. */
void mk_tree_in_abort(struct mk_tree_in *t);

/* ---- sending ---- */

struct mk_tree_out {
	/*
	 * Send a frame of two parts.  Returns 0, or -1 to end the walk (then
	 * ->error is only what the callee has set).
	 */
	int (*put)(void *context, unsigned int type, const void *a,
		   size_t a_length, const void *b, size_t b_length);
	void *context;
	bool recursive;
	uint64_t entries, bytes, left_out;
	char name[MKX_NAME_MAX + 1]; /* the last one, for showing */
	uint8_t data[MKX_DATA_MAX];
	struct mk_tree_error error;
};

/* The walk, with its MKX_DONE.  0, or -1 and ->error. */
int mk_tree_out_path(struct mk_tree_out *t, const char *path);
/* One file of what can be read from @fd, with permissions 0644. */
int mk_tree_out_stream(struct mk_tree_out *t, int fd);

#endif /* MK_EXEC_TREE_H */
