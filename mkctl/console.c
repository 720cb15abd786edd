// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkctl console: the console of a spawn in this terminal.
 *
 * What the spawn prints goes to the terminal as it is, escape sequences too:
 * that is what a console is for.  Into a file or a pipe it goes likewise.
 */
#include "cmd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "serve/client.h"
#include "serve/console.h"
#include "signals.h"

#define NO_ESCAPE (-1)

struct screen {
	const char *name;
	int sock;
	int escape; /* a key, or NO_ESCAPE */
	bool history;
	int timeout_ms; /* negative = for ever */
	bool input_over; /* end of file */
	bool escaped; /* the last key was the escape key */
	bool leave; /* the user wants to */
	char packet[CONSOLE_PACKET]; /* that waits to be sent */
	size_t length; /* of it, 0 = none */
};

/* --- the terminal --------------------------------------------------------- */

static struct termios before;
static bool is_raw;
static volatile sig_atomic_t resized;

static void terminal_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	is_raw = false;
}

static void terminal_raw(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	raw = before;
	cfmakeraw(&raw);
	is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void handle_resize(int number)
{
	resized = 1;
}

/* Only while we wait: signals_mask() lets it through. */
static void watch_size(void)
{
	struct sigaction action = { .sa_handler = handle_resize };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGWINCH, &action, NULL);
	resized = 1; /* how large it is at first */
}

/* The next packet is the terminal's size, if it has one. */
static void put_size(struct screen *c)
{
	struct winsize size;

	resized = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ||
	    !size.ws_row)
		return;
	c->length = (size_t)snprintf(c->packet, sizeof(c->packet), "%c%u %u",
				     CONSOLE_SIZE, size.ws_col, size.ws_row);
}

/* --- input ---------------------------------------------------------------- */

/* A key behind the escape key: what of it goes to the spawn is left. */
static size_t after_escape(struct screen *c, char key, char *to)
{
	size_t n = 0;

	c->escaped = false;
	if (key == '.') {
		c->leave = true;
		return 0;
	}
	to[n++] = (char)c->escape;
	/* Twice: once. */
	if (key != (char)c->escape)
		to[n++] = key;
	return n;
}

static void put_input(struct screen *c)
{
	/* Each byte may become two. */
	char bytes[(CONSOLE_PACKET - 2) / 2];
	size_t i, n = 1;
	ssize_t got;

	got = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		c->input_over = true;
		return;
	}
	c->packet[0] = CONSOLE_INPUT;
	for (i = 0; i < (size_t)got && !c->leave; i++) {
		if (c->escaped)
			n += after_escape(c, bytes[i], c->packet + n);
		else if (is_raw && c->escape != NO_ESCAPE &&
			 bytes[i] == (char)c->escape)
			c->escaped = true;
		else
			c->packet[n++] = bytes[i];
	}
	if (n > 1)
		c->length = n;
}

/* --- output --------------------------------------------------------------- */

static int print(const char *bytes, size_t length)
{
	ssize_t n;

	while (length) {
		n = write(STDOUT_FILENO, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){ STDOUT_FILENO, POLLOUT, 0 }, 1,
			     -1);
			continue;
		}
		if (n < 0) {
			/* "| head" has seen enough: no news for anybody. */
			if (errno != EPIPE) {
				terminal_restore();
				say("cannot write the output: %s",
				    strerror(errno));
			}
			return MKCTL_COULD_NOT;
		}
		bytes += n;
		length -= (size_t)n;
	}
	return MKCTL_DONE;
}

static int take_packet(struct screen *c)
{
	char bytes[CONSOLE_PACKET];
	ssize_t n = recv(c->sock, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0)
		return print(bytes, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return MKCTL_DONE;
	terminal_restore();
	say("%s: its supervisor ended, or the console was removed", c->name);
	return MKCTL_COULD_NOT;
}

static int send_packet(struct screen *c)
{
	ssize_t n = send(c->sock, c->packet, c->length,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
		return MKCTL_DONE;
	c->length = 0;
	/* What it had to say at last is read first. */
	return MKCTL_DONE;
}

/* --- both ----------------------------------------------------------------- */

static int converse(struct screen *c)
{
	int64_t until = now_ms() + c->timeout_ms, left = -1;
	struct pollfd fds[2];
	struct timespec time;
	int status = MKCTL_DONE;

	while (!status && !c->leave) {
		if (signals_came())
			return MKCTL_DONE;
		if (c->timeout_ms >= 0) {
			left = until - now_ms();
			if (left <= 0)
				return MKCTL_DONE;
			time.tv_sec = left / 1000;
			time.tv_nsec = left % 1000 * 1000000;
		}
		if (resized && !c->length)
			put_size(c);
		fds[0] = (struct pollfd){
			.fd = c->sock,
			.events = (short)(POLLIN | (c->length ? POLLOUT : 0))
		};
		fds[1] = (struct pollfd){ .fd = c->length || c->input_over
							? -1
							: STDIN_FILENO,
					  .events = POLLIN };
		if (ppoll(fds, 2, left < 0 ? NULL : &time, signals_mask()) <= 0)
			continue;
		if (fds[0].revents & POLLOUT)
			status = send_packet(c);
		if (fds[1].revents)
			put_input(c);
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
			status = take_packet(c);
	}
	return status;
}

static int connect_console(struct screen *c)
{
	char answer[4096];
	struct mk_error err;

	c->sock = serve_connect(c->name, &err);
	if (c->sock < 0)
		return fail(c->name, &err);
	if (serve_ask(c->sock,
		      c->history ? "{\"do\":\"console\",\"history\":true}"
				 : "{\"do\":\"console\",\"history\":false}",
		      answer, sizeof(answer), &err)) {
		close(c->sock);
		return fail(c->name, &err);
	}
	return MKCTL_DONE;
}

/* --- the command ---------------------------------------------------------- */

/* "^]", "x", or "none". */
static int parse_key(const struct parse *p, const char *text)
{
	size_t n = strlen(text);

	if (strcmp(text, "none") == 0)
		return NO_ESCAPE;
	if (n == 1)
		return text[0];
	if (n == 2 && text[0] == '^' && text[1] >= '?' && text[1] <= '~')
		return text[1] == '?' ? 0x7f : text[1] & 0x1f;
	usage_error(p, "--escape: '%s' is not a key: x, ^x or none", text);
}

static const struct opt options[] = {
	{ OPT_ESCAPE, "escape", "KEY", "instead of ^]; \"none\" for none" },
	{ OPT_NO_HISTORY, "no-history", NULL, "only what is printed from now" },
	{ OPT_TIMEOUT, "timeout", "SECONDS", "leave after this time" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [--escape KEY] [--no-history] [--timeout SECONDS]",
	.groups = groups,
	.text = "Joins this terminal to the spawn's console (hvc0), which mkctl serve\n"
		"--console serves.  Shows the last 256 KiB that it printed first.\n"
		"Ctrl-] and then a full stop leave; Ctrl-] twice sends one.  All other\n"
		"keys go to the spawn.  Input may come from a pipe; at its end the\n"
		"output goes on, for --timeout or until Ctrl-C.\n"
		"\n"
		"Example:\n"
		"  mkctl console web\n"
		"  echo uptime | mkctl console web --no-history --timeout 2\n",
};

int cmd_console(struct ctl *ctl, int argc, char **argv)
{
	static struct screen c = { .escape = 0x1d, /* ^] */
				   .history = true,
				   .timeout_ms = -1 };
	const char *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_ESCAPE)
			c.escape = parse_key(&p, value);
		else if (key == OPT_NO_HISTORY)
			c.history = false;
		else
			c.timeout_ms = parse_seconds(&p, "--timeout", value);
	}
	c.name = parse_name(&p);

	status = connect_console(&c);
	if (status)
		return status;
	/* From here on no signal ends us but through the end of this. */
	signals_hold();
	watch_size();
	terminal_raw();
	if (is_raw && c.escape == 0x1d)
		fprintf(stderr, "(Ctrl-] and a full stop leave)\r\n");
	status = converse(&c);
	if (is_raw)
		fputs("\r\n", stderr);
	terminal_restore();
	close(c.sock);
	return status;
}
