// SPDX-License-Identifier: GPL-2.0-only
/* Copies to a spawn and from it: the host's end. */
#include "exec_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec_tree.h"
#include "signals.h"

#define SHOW_MS 200

static struct link {
	const struct exec_copy *copy;
	int sock;
	struct mk_frames from;
	struct mk_outgoing to;
	int status; /* once it has failed and this was said */
	int64_t begun, shown;
} l;

static struct mk_tree_in in;
static struct mk_tree_out out;

/* ---- what is said ---- */

static void clear_progress(void)
{
	if (l.shown)
		fprintf(stderr, "\r\033[K");
	l.shown = 0;
}

__attribute__((format(printf, 2, 3))) static int
copy_fail(int status, const char *format, ...)
{
	char text[MKX_TEXT_MAX + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
	clear_progress();
	say("%s: %s", l.copy->name, text);
	l.status = status;
	return -1;
}

static void show_progress(const char *name, uint64_t bytes, uint64_t entries)
{
	char shown[48];
	int64_t now = now_ms();
	double mib = (double)bytes / (1 << 20);

	if (!l.copy->progress || now - l.begun < SHOW_MS ||
	    now - l.shown < SHOW_MS)
		return;
	l.shown = now;
	snprintf(shown, sizeof(shown), "%s", name);
	make_printable(shown);
	fprintf(stderr, "\r%llu: %-47s %9.1f MiB %8.1f MiB/s\033[K",
		(unsigned long long)entries, shown, mib,
		mib * 1000 / (double)(now - l.begun));
}

static int lost(void)
{
	return copy_fail(MKCTL_UNKNOWN,
			 "the connection was lost%s%s; it is unknown how much "
			 "was copied",
			 errno ? ": " : "", errno ? strerror(errno) : "");
}

/* ---- frames ---- */

/* Wait for @events, but not when Ctrl-C comes. */
static int wait_for(short events, int timeout_ms)
{
	struct pollfd p = { .fd = l.sock, .events = events };
	struct timespec time = { .tv_sec = timeout_ms / 1000,
				 .tv_nsec = timeout_ms % 1000 * 1000000L };
	int n = -1;

	if (!signals_came())
		n = ppoll(&p, 1, timeout_ms < 0 ? NULL : &time, signals_mask());
	if (signals_came())
		return copy_fail(MKCTL_COULD_NOT,
				 "interrupted; what was complete stays");
	if (n == 0)
		return copy_fail(MKCTL_UNKNOWN,
				 "no answer in %d s; it is unknown whether the "
				 "copy was begun",
				 timeout_ms / 1000);
	return n < 0 ? 0 : p.revents;
}

/* The next frame, -1 after a message when there is none. */
static int next_frame(struct mk_frame *frame, int timeout_ms)
{
	int n;

	while ((n = mk_frames_next(&l.from, frame)) == 0) {
		n = mk_frames_fill(&l.from, l.sock);
		if (n < 0)
			return lost();
		if (n == 0 && wait_for(POLLIN, timeout_ms) < 0)
			return -1;
	}
	if (n < 0)
		return copy_fail(MKCTL_COULD_NOT,
				 "the spawn broke the protocol (not a frame)");
	return 0;
}

static int peer_failed(const struct mk_frame *f)
{
	return copy_fail(MKCTL_COULD_NOT, "in the spawn: %.*s",
			 (int)(f->length - sizeof(struct mkx_failed)),
			 (const char *)f->bytes + sizeof(struct mkx_failed));
}

/* A frame that must be of @type, and has nothing in it. */
static int expect(unsigned int type, int timeout_ms)
{
	struct mk_frame frame;

	if (next_frame(&frame, timeout_ms))
		return -1;
	if (frame.type == MKX_FAILED)
		return peer_failed(&frame);
	if (frame.type != type)
		return copy_fail(MKCTL_COULD_NOT,
				 "the spawn broke the protocol (an unexpected "
				 "frame)");
	return 0;
}

static int begin(int sock, const struct exec_copy *copy, unsigned int type,
		 const char *path, const char *name)
{
	static uint8_t request[MKX_REQUEST_MAX];
	size_t length;

	memset(&l, 0, sizeof(l));
	l.copy = copy;
	l.sock = sock;
	l.begun = now_ms();
	length = mk_exec_copy_build(copy->recursive, path, name, request,
				    sizeof(request));
	if (!length)
		return copy_fail(MKCTL_COULD_NOT, "the path is too long");
	if (exec_send_request(sock, type, request, length))
		return lost();
	return expect(MKX_STARTED, EXEC_ANSWER_MS);
}

void exec_base_name(const char *path, char *name, size_t size)
{
	size_t end = strlen(path), from;

	while (end && path[end - 1] == '/')
		end--;
	for (from = end; from && path[from - 1] != '/'; from--)
		;
	snprintf(name, size, "%.*s", (int)(end - from), path + from);
	if (!mk_exec_name_ok(name))
		snprintf(name, size, ".");
}

/* ---- to the spawn ---- */

static int send_waiting(void)
{
	int revents = wait_for(POLLIN | POLLOUT, -1);

	if (revents < 0)
		return -1;
	/* While it receives it only speaks to fail. */
	if (revents & (POLLIN | POLLHUP | POLLERR))
		return expect(MKX_FAILED, EXEC_ANSWER_MS);
	return mk_outgoing_flush(&l.to, l.sock) ? lost() : 0;
}

static int put_frame(void *context, unsigned int type, const void *a,
		     size_t a_length, const void *b, size_t b_length)
{
	if (type == MKX_NOTE) {
		copy_fail(MKCTL_DONE, "%.*s", (int)a_length, (const char *)a);
		return 0;
	}
	if (signals_came())
		return wait_for(POLLIN, 0);
	while (!mk_outgoing_put2(&l.to, type, a, a_length, b, b_length))
		if (send_waiting())
			return -1;
	show_progress(out.name, out.bytes, out.entries);
	return mk_outgoing_flush(&l.to, l.sock) ? send_waiting() : 0;
}

static int left_out(uint64_t number)
{
	if (!number)
		return MKCTL_DONE;
	copy_fail(MKCTL_COULD_NOT, "%llu left out, all else was copied",
		  (unsigned long long)number);
	return MKCTL_COULD_NOT;
}

int exec_copy_put(int sock, const struct exec_copy *copy)
{
	bool stream = !strcmp(copy->from, "-");
	char name[MKX_NAME_MAX + 1] = "";

	if (!stream)
		exec_base_name(copy->from, name, sizeof(name));
	if (begin(sock, copy, MKX_PUT, copy->to, name))
		return l.status;
	memset(&out, 0, sizeof(out));
	out.put = put_frame;
	out.recursive = copy->recursive;
	if (stream ? mk_tree_out_stream(&out, STDIN_FILENO)
		   : mk_tree_out_path(&out, copy->from)) {
		if (!l.status)
			copy_fail(MKCTL_COULD_NOT, "%s", out.error.text);
		return l.status;
	}
	while (!mk_outgoing_empty(&l.to))
		if (send_waiting())
			return l.status;
	if (expect(MKX_DONE, -1))
		return l.status;
	clear_progress();
	return left_out(out.left_out);
}

/* ---- from the spawn ---- */

static int take_frames(void)
{
	uint64_t notes = 0;
	struct mk_frame f;
	int result = 0;

	while (!result) {
		if (next_frame(&f, -1))
			return l.status;
		/* A stream of frames without a pause must not hold Ctrl-C. */
		if (signals_came() && wait_for(POLLIN, 0))
			return l.status;
		if (f.type == MKX_FAILED) {
			peer_failed(&f);
			return l.status;
		}
		if (f.type == MKX_NOTE) {
			notes++;
			copy_fail(MKCTL_DONE, "%.*s", (int)f.length,
				  (const char *)f.bytes);
			continue;
		}
		result = mk_tree_in_take(&in, &f);
		show_progress(in.name, in.bytes, in.entries);
	}
	if (result < 0) {
		copy_fail(MKCTL_COULD_NOT, "%s", in.error.text);
		return l.status;
	}
	clear_progress();
	return left_out(notes);
}

int exec_copy_get(int sock, const struct exec_copy *copy)
{
	char name[MKX_NAME_MAX + 1], base[MKX_NAME_MAX + 1];
	struct mk_tree_error error;
	int folder = -1, status;

	l.copy = copy;
	if (!strcmp(copy->to, "-")) {
		mk_tree_in_stream(&in, STDOUT_FILENO);
	} else {
		exec_base_name(copy->from, name, sizeof(name));
		folder = mk_tree_place(copy->to, name, base, &error);
		if (folder < 0) {
			say("%s", error.text);
			return MKCTL_COULD_NOT;
		}
		mk_tree_in_begin(&in, folder, base, copy->recursive);
	}
	status = begin(sock, copy, MKX_GET, copy->from, NULL) ? l.status
							      : take_frames();
	mk_tree_in_abort(&in); /* nothing is left to do if it was complete */
	if (folder >= 0)
		close(folder);
	return status;
}
