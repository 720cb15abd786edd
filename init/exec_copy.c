// SPDX-License-Identifier: GPL-2.0-only
/* A copy's session: a tree from the host, or one for it. */
#include "exec_session.h"

#include <poll.h>
#include <unistd.h>

struct link {
	int sock;
	struct mk_frames from;
	struct mk_outgoing to;
};

static struct link l;
static struct mk_tree_in tree_in;
static struct mk_tree_out tree_out;

/* Wait for the next frame; false: the connection is gone or broken. */
static bool next_frame(struct mk_frame *frame)
{
	struct pollfd p = { .fd = l.sock, .events = POLLIN };
	int n;

	while ((n = mk_frames_next(&l.from, frame)) == 0) {
		n = mk_frames_fill(&l.from, l.sock);
		if (n < 0)
			return false;
		if (n == 0)
			poll(&p, 1, -1);
	}
	return n > 0;
}

static void flush(void)
{
	struct pollfd p = { .fd = l.sock, .events = POLLOUT };

	while (!mk_outgoing_empty(&l.to)) {
		if (mk_outgoing_flush(&l.to, l.sock))
			_exit(1);
		if (!mk_outgoing_empty(&l.to))
			poll(&p, 1, -1);
	}
}

static void start(void)
{
	mk_outgoing_put(&l.to, MKX_STARTED, NULL, 0);
	flush();
}

void exec_put(int sock, bool recursive, const char *path, const char *name)
{
	char base[MKX_NAME_MAX + 1];
	struct mk_tree_error error;
	struct mk_frame frame;
	int folder, result = 0;

	l.sock = sock;
	folder = mk_tree_place(path, name, base, &error);
	if (folder < 0)
		exec_fail(sock, MKX_WHY_FILE, error.error, "%s", error.text);
	start();
	mk_tree_in_begin(&tree_in, folder, base, recursive);
	while (!result) {
		if (!next_frame(&frame) || frame.type == MKX_FAILED) {
			mk_tree_in_abort(&tree_in);
			_exit(1);
		}
		if (frame.type != MKX_NOTE)
			result = mk_tree_in_take(&tree_in, &frame);
	}
	if (result < 0)
		exec_fail(sock, MKX_WHY_FILE, tree_in.error.error, "%s",
			  tree_in.error.text);
	mk_outgoing_put(&l.to, MKX_DONE, NULL, 0);
	exec_end(sock, &l.to);
}

/* The host says nothing while it receives, but for its own failure. */
static int put_frame(void *context, unsigned int type, const void *a,
		     size_t a_length, const void *b, size_t b_length)
{
	struct pollfd p = { .fd = l.sock };
	struct mk_frame frame;

	while (!mk_outgoing_put2(&l.to, type, a, a_length, b, b_length)) {
		p.events = POLLIN | POLLOUT;
		poll(&p, 1, -1);
		if (p.revents & (POLLIN | POLLERR | POLLHUP)) {
			next_frame(&frame);
			_exit(1);
		}
		if (mk_outgoing_flush(&l.to, l.sock))
			_exit(1);
	}
	return mk_outgoing_flush(&l.to, l.sock);
}

void exec_get(int sock, bool recursive, const char *path)
{
	l.sock = sock;
	tree_out.put = put_frame;
	tree_out.recursive = recursive;
	start();
	if (mk_tree_out_path(&tree_out, path)) {
		flush();
		exec_fail(sock, MKX_WHY_FILE, tree_out.error.error, "%s",
			  tree_out.error.text);
	}
	exec_end(sock, &l.to);
}
