// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command's session: its streams, its signals, its end.
 *
 * When the command has exited, what it has written is still sent, to the last
 * byte.  What others write who hold its output open (a child in the background)
 * is sent for GRACE_MS more; then the session ends, and they get a SIGPIPE.
 */
#include "exec_session.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define GRACE_MS     300
#define HANGUP_MS    5000 /* from SIGHUP to SIGKILL */
#define STEP_MS	     50
#define TTY_REST     65536 /* of a terminal's output after the exit */
#define CONTROL_ROOM 4096 /* that data leaves for other frames */

static struct session {
	int sock;
	struct mk_frames from;
	struct mk_outgoing to;
	struct exec_child child;
	bool started, exited, gone;
	siginfo_t end;
	int64_t grace_end;

	/* Standard input: a ring between the host and the command. */
	uint8_t ring[MKX_WINDOW];
	size_t first, have;
	bool input, input_ended;
	uint8_t last; /* byte that was written */
	uint32_t passed; /* bytes not yet credited to the host */

	/* Outputs, by enum mkx_stream. */
	uint32_t credit[3];
	size_t due[3]; /* that must still be sent after the exit */
} s;

static int *stream_fd(unsigned int stream)
{
	return stream == MKX_STREAM_OUT	  ? &s.child.out
	       : stream == MKX_STREAM_ERR ? &s.child.err
					  : &s.child.in;
}

static void close_stream(unsigned int stream)
{
	int *fd = stream_fd(stream);

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The host has gone, or it broke the protocol: no difference to the command. */
static void lose_host(void)
{
	unsigned int i;

	close(s.sock);
	s.sock = -1;
	s.gone = true;
	for (i = 0; i < 3; i++)
		close_stream(i); /* hangs up a terminal */
}

/* ---- standard input ---- */

static void close_input(bool tell)
{
	if (s.child.in < 0)
		return;
	close_stream(MKX_STREAM_IN);
	s.have = 0;
	if (tell)
		mk_outgoing_number(&s.to, MKX_CLOSED, MKX_STREAM_IN);
}

/* A terminal's end of input is a character; twice, within a line. */
static void end_input(void)
{
	static const char twice[] = { 4, 4 };
	struct termios t;

	if (s.child.tty && !tcgetattr(s.child.in, &t) && (t.c_lflag & ICANON) &&
	    write(s.child.in, twice, s.last == '\n' ? 1 : 2) < 0 &&
	    errno == EAGAIN)
		return; /* later */
	close_input(false);
}

static void write_input(void)
{
	size_t part;
	ssize_t n;

	while (s.have) {
		part = sizeof(s.ring) - s.first;
		if (part > s.have)
			part = s.have;
		n = write(s.child.in, s.ring + s.first, part);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			close_input(true);
			return;
		}
		s.last = s.ring[s.first + (size_t)n - 1];
		s.first = (s.first + (size_t)n) % sizeof(s.ring);
		s.have -= (size_t)n;
		s.passed += (uint32_t)n;
	}
	if (s.input_ended)
		end_input();
}

static bool take_input(const struct mk_frame *f)
{
	size_t at, part;

	if (!s.input || s.input_ended)
		return false;
	if (s.child.in < 0)
		return true; /* was on its way when MKX_CLOSED was sent */
	if (f->length > sizeof(s.ring) - s.have - s.passed)
		return false;
	at = (s.first + s.have) % sizeof(s.ring);
	part = sizeof(s.ring) - at;
	if (part > f->length)
		part = f->length;
	memcpy(s.ring + at, f->bytes, part);
	memcpy(s.ring, f->bytes + part, f->length - part);
	s.have += f->length;
	return true;
}

static void give_credit(void)
{
	if (!s.passed || (s.have && s.passed < MKX_WINDOW / 4))
		return;
	if (!mk_outgoing_has_room(&s.to, CONTROL_ROOM) ||
	    !mk_outgoing_credit(&s.to, MKX_STREAM_IN, s.passed))
		return;
	s.passed = 0;
}

/* ---- frames of the host ---- */

static bool take_credit(const struct mk_frame *f)
{
	uint32_t stream = mk_frame_number(f->bytes);
	uint32_t bytes = mk_frame_number(f->bytes + 4);

	if ((stream != MKX_STREAM_OUT && stream != MKX_STREAM_ERR) ||
	    bytes > MKX_WINDOW - s.credit[stream])
		return false;
	s.credit[stream] += bytes;
	return true;
}

static bool take_closed(const struct mk_frame *f)
{
	uint32_t stream = mk_frame_number(f->bytes);

	if (stream != MKX_STREAM_OUT && stream != MKX_STREAM_ERR)
		return false;
	close_stream(stream);
	return true;
}

static bool take_size(const struct mk_frame *f)
{
	struct winsize size = { 0 };
	struct mkx_size wanted;

	if (!s.child.tty)
		return false;
	memcpy(&wanted, f->bytes, sizeof(wanted));
	size.ws_row = le16toh(wanted.rows);
	size.ws_col = le16toh(wanted.columns);
	if (s.child.out >= 0)
		ioctl(s.child.out, TIOCSWINSZ, &size);
	return true;
}

/* To the process group, which a shell without job control shares. */
static bool take_signal(const struct mk_frame *f)
{
	uint32_t number = mk_frame_number(f->bytes);

	switch (number) {
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTERM:
	case SIGUSR1:
	case SIGUSR2:
		if (!s.exited)
			kill(-s.child.pid, (int)number);
		return true;
	}
	return false;
}

static bool take_frame(const struct mk_frame *f)
{
	switch (f->type) {
	case MKX_IN:
		return take_input(f);
	case MKX_END:
		if (!s.input || s.input_ended)
			return false;
		s.input_ended = true;
		return true;
	case MKX_CREDIT:
		return take_credit(f);
	case MKX_CLOSED:
		return take_closed(f);
	case MKX_SIZE:
		return take_size(f);
	case MKX_SIGNAL:
		return take_signal(f);
	}
	return false;
}

static void read_host(void)
{
	struct mk_frame frame;
	int n;

	if (mk_frames_fill(&s.from, s.sock) < 0) {
		lose_host();
		return;
	}
	while ((n = mk_frames_next(&s.from, &frame)) > 0) {
		if (!take_frame(&frame)) {
			lose_host();
			return;
		}
	}
	if (n < 0)
		lose_host();
}

/* ---- outputs ---- */

static bool is_over(unsigned int stream)
{
	return *stream_fd(stream) < 0 ||
	       (s.exited && !s.due[stream] && exec_now() >= s.grace_end);
}

static bool may_read(unsigned int stream)
{
	return !is_over(stream) && s.credit[stream] && s.started &&
	       mk_outgoing_has_room(&s.to, MKX_DATA_MAX + CONTROL_ROOM);
}

static void read_output(unsigned int stream)
{
	static uint8_t bytes[MKX_DATA_MAX];
	size_t most = s.credit[stream];
	ssize_t n;

	if (!may_read(stream))
		return;
	if (most > sizeof(bytes))
		most = sizeof(bytes);
	n = read(*stream_fd(stream), bytes, most);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (s.exited && exec_now() >= s.grace_end)
			s.due[stream] = 0;
		return;
	}
	if (n <= 0) { /* the end; of a terminal EIO */
		close_stream(stream);
		return;
	}
	s.credit[stream] -= (uint32_t)n;
	if (s.exited)
		s.due[stream] -= (size_t)n < s.due[stream] ? (size_t)n
							   : s.due[stream];
	mk_outgoing_put(&s.to, stream == MKX_STREAM_OUT ? MKX_OUT : MKX_ERR,
			bytes, (size_t)n);
}

/* ---- the command's life ---- */

static void read_report(void)
{
	struct mkx_failed failed;
	const char *text;
	ssize_t n;

	n = read(s.child.report, &failed, sizeof(failed));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == sizeof(failed)) {
		text = strerror((int)failed.error);
		mk_outgoing_put2(&s.to, MKX_FAILED, &failed, sizeof(failed),
				 text, strlen(text));
		exec_end(s.sock, &s.to);
	}
	close(s.child.report);
	s.started = true;
	mk_outgoing_put(&s.to, MKX_STARTED, NULL, 0);
}

/* It stays a zombie, so that its number is no other process group's. */
static void see_exit(void)
{
	unsigned int i;
	int n = 0;

	if (waitid(P_PID, (id_t)s.child.pid, &s.end,
		   WEXITED | WNOHANG | WNOWAIT) ||
	    !s.end.si_pid)
		return;
	s.exited = true;
	s.grace_end = exec_now() + GRACE_MS;
	for (i = MKX_STREAM_OUT; i <= MKX_STREAM_ERR; i++) {
		if (*stream_fd(i) < 0)
			continue;
		if (s.child.tty)
			s.due[i] = TTY_REST;
		else if (!ioctl(*stream_fd(i), FIONREAD, &n))
			s.due[i] = (size_t)n;
	}
}

static void finish(void)
{
	bool signalled = s.end.si_code != CLD_EXITED;
	struct mkx_exit e = {
		.signal = htole32(signalled ? (uint32_t)s.end.si_status : 0),
		.status = htole32(signalled ? 0 : (uint32_t)s.end.si_status),
	};

	mk_outgoing_put(&s.to, MKX_EXIT, &e, sizeof(e));
	exec_end(s.sock, &s.to);
}

/* Nothing that the host has started and lost may stay. */
static void hang_up(void)
{
	struct pollfd p = { .fd = s.child.pidfd, .events = POLLIN };
	int64_t end = exec_now() + HANGUP_MS;

	kill(-s.child.pid, SIGHUP);
	kill(-s.child.pid, SIGCONT);
	while (exec_now() < end) {
		poll(&p, s.exited ? 0 : 1, STEP_MS);
		if (!s.exited)
			see_exit();
		/* A zombie is still a member: reap it, then ask. */
		if (s.exited && !waitpid(s.child.pid, NULL, WNOHANG))
			continue;
		if (s.exited && kill(-s.child.pid, 0) && errno == ESRCH)
			break;
	}
	exec_child_kill_session(&s.child, SIGKILL);
	_exit(1);
}

/* ---- the loop ---- */

enum { HOST, REPORT, LIFE, IN, OUT, ERR, FDS };

static void prepare(struct pollfd *p)
{
	p[HOST].fd = s.sock;
	p[HOST].events =
		(short)(POLLIN | (mk_outgoing_empty(&s.to) ? 0 : POLLOUT));
	p[REPORT].fd = s.started ? -1 : s.child.report;
	p[LIFE].fd = s.exited ? -1 : s.child.pidfd;
	/* What is not waited for is not asked: a hang-up would be told, too. */
	p[IN].fd = s.have || s.input_ended || !s.child.tty ? s.child.in : -1;
	p[OUT].fd = may_read(MKX_STREAM_OUT) ? s.child.out : -1;
	p[ERR].fd = may_read(MKX_STREAM_ERR) ? s.child.err : -1;
	p[REPORT].events = p[LIFE].events = p[OUT].events = p[ERR].events =
		POLLIN;
	p[IN].events = (short)(s.have || s.input_ended ? POLLOUT : 0);
}

static int time_left(void)
{
	int64_t left;

	if (!s.exited)
		return -1;
	left = s.grace_end - exec_now();
	if (left > 0)
		return (int)left;
	/* From then on only what there is, as far as there is credit. */
	return may_read(MKX_STREAM_OUT) || may_read(MKX_STREAM_ERR) ? 0 : -1;
}

static void step(void)
{
	struct pollfd p[FDS];

	prepare(p);
	if (poll(p, FDS, time_left()) < 0)
		return;
	if (p[HOST].revents & (POLLIN | POLLHUP | POLLERR))
		read_host();
	if (s.gone)
		return;
	if (!s.started && p[REPORT].revents)
		read_report();
	if (!s.exited && p[LIFE].revents && s.started)
		see_exit();
	if (s.child.in >= 0 && (p[IN].revents & POLLERR))
		close_input(true);
	if (s.child.in >= 0 && (s.have || s.input_ended))
		write_input();
	read_output(MKX_STREAM_OUT);
	read_output(MKX_STREAM_ERR);
	give_credit();
	if (mk_outgoing_flush(&s.to, s.sock))
		lose_host();
}

void exec_run(int sock, const struct mk_exec_run *run)
{
	s.sock = sock;
	s.input = run->input;
	s.credit[MKX_STREAM_OUT] = s.credit[MKX_STREAM_ERR] = MKX_WINDOW;
	exec_child_start(sock, run, &s.child);
	while (!s.gone) {
		step();
		if (!s.gone && s.exited && is_over(MKX_STREAM_OUT) &&
		    is_over(MKX_STREAM_ERR))
			finish();
	}
	hang_up();
	_exit(1);
}
