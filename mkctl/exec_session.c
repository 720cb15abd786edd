// SPDX-License-Identifier: GPL-2.0-only
/* A command in a spawn: its streams are ours, its exit status, our signals. */
#include "exec_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec_frame.h"

#define IMPATIENT    3 /* signals, or escape keys, ... */
#define IMPATIENT_MS 1000 /* ... within this end mkctl itself */
#define ESCAPE	     0x1d /* Ctrl-] */

/* An output: bytes that came and were not yet written. */
struct output {
	int fd;
	unsigned int stream;
	bool is_file, closed;
	uint8_t ring[MKX_WINDOW];
	size_t first, have;
	uint32_t passed; /* written, not yet credited */
};

static struct client {
	const char *name;
	const struct mk_exec_run *run;
	int sock, signals;
	struct mk_frames from;
	struct mk_outgoing to;
	struct output out, err;

	bool input; /* there is some still to come */
	bool end_wanted; /* MKX_END is to be sent */
	uint32_t credit;

	bool started, ended, over;
	int64_t answer_end;
	int status;
	bool write_failed;
	uint64_t pending; /* signals to send, by number */
	bool resized;
	int64_t impatience[IMPATIENT]; /* when the last ones came */
	unsigned int escapes;
	int64_t escape_time;
} c;

/* ---- ends ---- */

__attribute__((format(printf, 1, 2))) static void trouble(const char *format,
							  ...)
{
	char text[MKX_TEXT_MAX + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
	exec_tty_restore();
	say("%s: %s", c.name, text);
	c.status = EXEC_TROUBLE;
	c.ended = true;
}

static const char *unknown(void)
{
	return c.started ? "it is unknown whether the command has ended; the "
			   "spawn hangs it up when it sees the end of the "
			   "connection"
			 : "it is unknown whether the command was started";
}

static void broken(const char *what)
{
	trouble("the spawn broke the protocol (%s); %s", what, unknown());
}

/* ---- outputs ---- */

static bool take_bytes(struct output *o, const struct mk_frame *f)
{
	size_t at, part;

	if (f->length > sizeof(o->ring) - o->have - o->passed)
		return false;
	if (o->closed)
		return true;
	at = (o->first + o->have) % sizeof(o->ring);
	part = sizeof(o->ring) - at;
	if (part > f->length)
		part = f->length;
	memcpy(o->ring + at, f->bytes, part);
	memcpy(o->ring, f->bytes + part, f->length - part);
	o->have += f->length;
	return true;
}

static void close_output(struct output *o)
{
	if (errno != EPIPE) {
		exec_tty_restore();
		say("%s: standard %s: %s", c.name,
		    o->stream == MKX_STREAM_OUT ? "output" : "error",
		    strerror(errno));
		c.write_failed = true;
	}
	o->closed = true;
	o->have = 0;
	if (!c.ended)
		mk_outgoing_number(&c.to, MKX_CLOSED, o->stream);
}

/*
 * The descriptor is somebody else's, too, so it is not made non-blocking.
 * A pipe that can be written takes PIPE_BUF bytes without waiting.
 */
static void write_output(struct output *o)
{
	size_t part = sizeof(o->ring) - o->first;
	ssize_t n;

	if (part > o->have)
		part = o->have;
	if (!o->is_file && part > 4096)
		part = 4096;
	n = write(o->fd, o->ring + o->first, part);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		close_output(o);
		return;
	}
	o->first = (o->first + (size_t)n) % sizeof(o->ring);
	o->have -= (size_t)n;
	o->passed += (uint32_t)n;
}

static void give_credit(struct output *o)
{
	if (c.ended || o->closed || !o->passed ||
	    (o->have && o->passed < MKX_WINDOW / 4))
		return;
	if (mk_outgoing_credit(&c.to, o->stream, o->passed))
		o->passed = 0;
}

/* ---- frames of the spawn ---- */

static void take_failed(const struct mk_frame *f)
{
	uint32_t why = mk_frame_number(f->bytes);
	int n = (int)(f->length - sizeof(struct mkx_failed));
	const char *text = (const char *)f->bytes + sizeof(struct mkx_failed);
	const char *command = c.run->args[0];

	if (c.started) {
		trouble("the agent failed: %.*s; %s", n, text, unknown());
	} else if (why == MKX_WHY_MISSING) {
		trouble("no command '%.200s': %.*s", command, n, text);
		c.status = EXEC_MISSING;
	} else if (why == MKX_WHY_CANNOT) {
		trouble("'%.200s' cannot be executed: %.*s", command, n, text);
		c.status = EXEC_CANNOT;
	} else if (why == MKX_WHY_FOLDER) {
		trouble("-w %.200s: %.*s", c.run->folder, n, text);
	} else {
		trouble("%.*s", n, text);
	}
}

static bool take_exit(const struct mk_frame *f)
{
	uint32_t number = mk_frame_number(f->bytes);
	uint32_t status = mk_frame_number(f->bytes + 4);

	if (!c.started || number > 64 || status > 255 || (number && status))
		return false;
	c.status = number ? 128 + (int)number : (int)status;
	c.ended = true;
	return true;
}

static bool take_credit(const struct mk_frame *f)
{
	uint32_t bytes = mk_frame_number(f->bytes + 4);

	if (!c.run->input || mk_frame_number(f->bytes) != MKX_STREAM_IN ||
	    bytes > MKX_WINDOW - c.credit)
		return false;
	c.credit += bytes;
	return true;
}

static bool take_frame(const struct mk_frame *f)
{
	switch (f->type) {
	case MKX_STARTED:
		if (c.started)
			return false;
		c.started = true;
		return true;
	case MKX_FAILED:
		take_failed(f);
		return true;
	case MKX_EXIT:
		return take_exit(f);
	case MKX_OUT:
		return c.started && take_bytes(&c.out, f);
	case MKX_ERR:
		return c.started && take_bytes(&c.err, f);
	case MKX_CREDIT:
		return take_credit(f);
	case MKX_CLOSED:
		if (!c.run->input || mk_frame_number(f->bytes) != MKX_STREAM_IN)
			return false;
		/* Who writes to us gets a SIGPIPE, as from the command. */
		c.input = c.end_wanted = false;
		if (!isatty(STDIN_FILENO))
			close(STDIN_FILENO);
		return true;
	}
	return false;
}

static void read_spawn(void)
{
	struct mk_frame frame;
	int n;

	if (mk_frames_fill(&c.from, c.sock) < 0) {
		trouble("the connection was lost%s%s; %s", errno ? ": " : "",
			errno ? strerror(errno) : "", unknown());
		return;
	}
	while (!c.ended && (n = mk_frames_next(&c.from, &frame))) {
		if (n < 0)
			broken("not a frame");
		else if (!take_frame(&frame))
			broken("a frame out of order, or with wrong values");
	}
}

/* ---- standard input ---- */

/* The one way out of a terminal whose spawn does not answer any more. */
static void look_for_escape(const uint8_t *bytes, size_t length)
{
	size_t i;

	if (!c.run->tty)
		return;
	for (i = 0; i < length; i++) {
		if (bytes[i] != ESCAPE) {
			c.escapes = 0;
			continue;
		}
		if (now_ms() - c.escape_time > IMPATIENT_MS)
			c.escapes = 0;
		if (!c.escapes++)
			c.escape_time = now_ms();
		if (c.escapes == IMPATIENT)
			trouble("left by Ctrl-]; %s", unknown());
	}
}

static bool may_read(void)
{
	return c.input && !c.end_wanted && c.credit && c.started && !c.ended &&
	       mk_outgoing_has_room(&c.to, MKX_DATA_MAX + 4096);
}

static void read_input(void)
{
	static uint8_t bytes[MKX_DATA_MAX];
	size_t most = c.credit < sizeof(bytes) ? c.credit : sizeof(bytes);
	ssize_t n;

	n = read(STDIN_FILENO, bytes, most);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c.end_wanted = true;
		return;
	}
	look_for_escape(bytes, (size_t)n);
	c.credit -= (uint32_t)n;
	mk_outgoing_put(&c.to, MKX_IN, bytes, (size_t)n);
}

/* ---- signals ---- */

static bool block_signals(void)
{
	static const int numbers[] = { SIGINT,	SIGTERM, SIGHUP,   SIGQUIT,
				       SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP };
	struct sigaction old;
	sigset_t set;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* Started with it ignored (nohup): keep that. */
		if (sigaction(numbers[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		if (numbers[i] == SIGTSTP && !c.run->tty)
			continue;
		sigaddset(&set, numbers[i]);
	}
	/* Blocked without it, they would be lost, and Ctrl-C without effect. */
	c.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (c.signals < 0)
		return false;
	sigprocmask(SIG_BLOCK, &set, NULL);
	return true;
}

static bool is_impatient(void)
{
	int64_t now = now_ms();

	memmove(c.impatience, c.impatience + 1,
		sizeof(c.impatience) - sizeof(c.impatience[0]));
	c.impatience[IMPATIENT - 1] = now;
	return c.impatience[0] && now - c.impatience[0] <= IMPATIENT_MS;
}

static void take_signal(int number)
{
	if (number == SIGWINCH) {
		c.resized = c.run->tty;
	} else if (number == SIGTSTP) {
		exec_tty_restore();
		raise(SIGSTOP);
		exec_tty_raw();
		c.resized = true;
	} else if (c.ended) {
		c.over = true; /* whoever reads our output does not */
	} else if (c.run->tty) {
		if (number != SIGUSR1 && number != SIGUSR2)
			trouble("ended by a signal; %s", unknown());
	} else if ((number == SIGINT || number == SIGTERM) && is_impatient()) {
		trouble("ended by %d signals; %s", IMPATIENT, unknown());
	} else {
		c.pending |= 1ULL << number;
	}
}

static void read_signals(void)
{
	struct signalfd_siginfo info;

	while (read(c.signals, &info, sizeof(info)) == sizeof(info))
		take_signal((int)info.ssi_signo);
}

/* What goes out besides data; what has no room now is sent later. */
static void send_others(void)
{
	struct mkx_size size;
	unsigned int number;
	uint16_t rows, columns;

	give_credit(&c.out);
	give_credit(&c.err);
	if (!c.started || c.ended)
		return;
	for (number = 1; number < 64 && c.pending; number++)
		if (c.pending >> number & 1 &&
		    mk_outgoing_number(&c.to, MKX_SIGNAL, number))
			c.pending &= ~(1ULL << number);
	if (c.resized && exec_tty_size(&rows, &columns)) {
		size.rows = htole16(rows);
		size.columns = htole16(columns);
		c.resized =
			!mk_outgoing_put(&c.to, MKX_SIZE, &size, sizeof(size));
	}
	if (c.end_wanted && mk_outgoing_put(&c.to, MKX_END, NULL, 0))
		c.input = c.end_wanted = false;
}

/* ---- the loop ---- */

enum { SPAWN, SIGNALS, IN, OUT, ERR, FDS };

static void prepare(struct pollfd *p)
{
	p[SPAWN].fd = c.ended ? -1 : c.sock;
	p[SPAWN].events =
		(short)(POLLIN | (mk_outgoing_empty(&c.to) ? 0 : POLLOUT));
	p[SIGNALS].fd = c.signals;
	p[IN].fd = may_read() ? STDIN_FILENO : -1;
	p[OUT].fd = c.out.have ? c.out.fd : -1;
	p[ERR].fd = c.err.have ? c.err.fd : -1;
	p[SIGNALS].events = p[IN].events = POLLIN;
	p[OUT].events = p[ERR].events = POLLOUT;
}

static void step(void)
{
	int64_t left = c.answer_end - now_ms();
	struct pollfd p[FDS];

	if (!c.started && left <= 0) {
		trouble("no answer in %d s; %s", EXEC_ANSWER_MS / 1000,
			unknown());
		return;
	}
	prepare(p);
	if (poll(p, FDS, c.started || c.ended ? -1 : (int)left) < 0)
		return;
	if (p[SIGNALS].revents)
		read_signals();
	if (!c.ended && p[SPAWN].revents & ~POLLOUT)
		read_spawn();
	if (c.out.have && p[OUT].revents)
		write_output(&c.out);
	if (c.err.have && p[ERR].revents)
		write_output(&c.err);
	if (may_read() && p[IN].revents)
		read_input();
	send_others();
	/* An error is told by reading, after what came before it. */
	if (!c.ended && mk_outgoing_flush(&c.to, c.sock))
		c.to.from = c.to.to = 0;
}

static void begin_output(struct output *o, int fd, unsigned int stream)
{
	struct stat st;

	o->fd = fd;
	o->stream = stream;
	o->is_file = !fstat(fd, &st) && S_ISREG(st.st_mode);
}

int exec_session_run(const char *name, int sock, const struct mk_exec_run *run)
{
	memset(&c, 0, sizeof(c));
	c.name = name;
	c.run = run;
	c.sock = sock;
	c.input = run->input;
	c.credit = MKX_WINDOW;
	c.answer_end = now_ms() + EXEC_ANSWER_MS;
	begin_output(&c.out, STDOUT_FILENO, MKX_STREAM_OUT);
	begin_output(&c.err, STDERR_FILENO, MKX_STREAM_ERR);
	if (!block_signals())
		trouble("signalfd: %s; %s", strerror(errno), unknown());
	else if (run->tty)
		exec_tty_raw();
	while (!c.over && (!c.ended || c.out.have || c.err.have))
		step();
	exec_tty_restore();
	if (c.signals >= 0)
		close(c.signals);
	return c.write_failed ? EXEC_TROUBLE : c.status;
}
