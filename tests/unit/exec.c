// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkctl exec with the agent's session at the other end of a socket pair: exit
 * statuses, streams, signals, terminals, and spawns that lie.
 */
#include "mkctl/exec_session.c"
#include "mkctl/exec_tty.c"
#include "mkctl/messages.c"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "check.h"
#include "exec_space.h"

#define TEXT 65536

static char agent[4096]; /* the program that is the session */

/* exec_connect.c has it, with what a test has not. */
static void request(int sock, const struct mk_exec_run *r)
{
	static uint8_t b[MKX_REQUEST_MAX];
	size_t n = mk_exec_run_build(r, b, sizeof(b));
	struct mkx_frame h = { MKX_RUN, { 0 }, htole32((uint32_t)n) };

	if (send(sock, &h, sizeof(h), MSG_NOSIGNAL) != sizeof(h) ||
	    send(sock, b, n, MSG_NOSIGNAL) != (ssize_t)n)
		exit(99);
}

static int start_agent(void)
{
	char number[16];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		exit(99);
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	if (fork() == 0) {
		close(ends[0]);
		snprintf(number, sizeof(number), "%d", ends[1]);
		execl(agent, agent, "serve", number, NULL);
		_exit(99);
	}
	close(ends[1]);
	return ends[0];
}

/* What a run of mkctl has and gives. */
struct run {
	struct mk_exec_run request;
	const char *args[8], *vars[8];
	pid_t pid;
	int in, out, err; /* our ends */
	int tty; /* or the other end of its terminal */
	int status;
	char out_text[TEXT], err_text[TEXT];
};

static struct run r;

static void prepare_run(const char *script)
{
	memset(&r, 0, sizeof(r));
	r.request.user = r.request.folder = "";
	r.request.args = r.args;
	r.request.vars = r.vars;
	r.args[0] = "/bin/sh";
	r.args[1] = "-c";
	r.args[2] = script;
	r.request.nr_args = 3;
	r.tty = -1;
}

static void be_client(int in, int out, int err)
{
	int sock, i;

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	for (i = 3; i < 256; i++)
		close(i);
	sock = start_agent();
	request(sock, &r.request);
	_exit(exec_session_run("web", sock, &r.request));
}

static void start(void)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    pipe2(err, O_CLOEXEC))
		exit(1);
	fflush(stdout);
	r.pid = fork();
	if (r.pid == 0)
		be_client(in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	r.in = in[1];
	r.out = out[0];
	r.err = err[0];
}

static void start_on_terminal(void)
{
	struct winsize size = { .ws_row = 33, .ws_col = 77 };
	int slave;

	if (openpty(&r.tty, &slave, NULL, NULL, &size))
		exit(1);
	fcntl(r.tty, F_SETFD, FD_CLOEXEC);
	r.request.tty = r.request.input = true;
	r.request.rows = 33;
	r.request.columns = 77;
	fflush(stdout);
	r.pid = fork();
	if (r.pid == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		be_client(slave, slave, slave);
	}
	close(slave);
	r.in = r.err = -1;
	r.out = r.tty;
}

/* Append what there is to @text; false at the end. */
static bool gather(int fd, char *text)
{
	size_t n = strlen(text);
	char rest[4096];
	ssize_t got;

	got = n < TEXT - 1 ? read(fd, text + n, TEXT - 1 - n)
			   : read(fd, rest, sizeof(rest));
	return got > 0;
}

/* Read until @words are in the output. */
static bool wait_out(const char *words)
{
	while (!strstr(r.out_text, words))
		if (!gather(r.out, r.out_text))
			return false;
	return true;
}

static void finish(void)
{
	struct pollfd p[2] = { { r.out, POLLIN, 0 }, { r.err, POLLIN, 0 } };
	int status;

	if (r.in >= 0)
		close(r.in);
	while (p[0].fd >= 0 || p[1].fd >= 0) {
		poll(p, 2, -1);
		if (p[0].revents && !gather(r.out, r.out_text))
			p[0].fd = -1;
		if (p[1].revents && !gather(r.err, r.err_text))
			p[1].fd = -1;
	}
	if (r.out >= 0)
		close(r.out);
	if (r.err >= 0)
		close(r.err);
	waitpid(r.pid, &status, 0);
	r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void run_script(const char *script)
{
	prepare_run(script);
	start();
	finish();
}

#define HAS(text, words)                                                \
	do {                                                            \
		if (!strstr(text, words)) {                             \
			printf("# no '%s' in '%.300s'\n", words, text); \
			check_bad++;                                    \
		}                                                       \
	} while (0)

static void statuses(void)
{
	run_script("exit 0");
	CHECK_EQ(r.status, 0);
	CHECK_STR(r.err_text, "");
	run_script("exit 7");
	CHECK_EQ(r.status, 7);
	run_script("kill -9 $$");
	CHECK_EQ(r.status, 137);
	run_script("kill -TERM $$");
	CHECK_EQ(r.status, 143);
	CHECK(alone());
}

static void cannot(void)
{
	prepare_run("");
	r.args[0] = "no-such-command";
	r.request.nr_args = 1;
	start();
	finish();
	CHECK_EQ(r.status, 127);
	CHECK_STR(r.err_text, "mkctl: web: no command 'no-such-command': "
			      "No such file or directory\n");
	prepare_run("");
	r.args[0] = "/etc/passwd";
	r.request.nr_args = 1;
	start();
	finish();
	CHECK_EQ(r.status, 126);
	CHECK_STR(r.err_text, "mkctl: web: '/etc/passwd' cannot be executed: "
			      "Permission denied\n");
	prepare_run("");
	r.request.user = "nobody-at-all";
	start();
	finish();
	CHECK_EQ(r.status, 255);
	HAS(r.err_text, "-u nobody-at-all: no such user");
	prepare_run("");
	r.request.folder = "/no/such/folder";
	start();
	finish();
	CHECK_EQ(r.status, 255);
	HAS(r.err_text, "-w /no/such/folder: No such file");
	CHECK(alone());
}

static void environment(void)
{
	prepare_run("pwd; id -u; id -g; echo $A-$HOME-$USER-$1; cat; ls "
		    "/proc/self/fd | wc -l; umask; ps -o sid= -p $$");
	r.request.user = "12:34";
	r.request.folder = "/usr";
	r.vars[0] = "A=old";
	r.vars[1] = "A=x y";
	r.vars[2] = "USER=me";
	r.request.nr_vars = 3;
	r.args[3] = "zero";
	r.args[4] = "";
	r.args[4] = "one two";
	r.request.nr_args = 5;
	start();
	finish();
	CHECK_EQ(r.status, 0);
	/* Three streams and the folder itself are open, nothing else. */
	HAS(r.out_text, "/usr\n12\n34\nx y-");
	HAS(r.out_text, "-me-one two\n4\n0022\n");
	run_script("echo $PATH $HOME $USER $LOGNAME $SHELL; pwd; id -G");
	HAS(r.out_text, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
			"/sbin:/bin /root root root /bin/");
	HAS(r.out_text, "\n/root\n0");
	prepare_run("kill -l >/dev/null; grep -E 'Sig(Blk|Ign)' "
		    "/proc/self/status");
	start();
	finish();
	HAS(r.out_text, "SigBlk:\t0000000000000000\nSigIgn:\t");
	/* Two are the C library's own: it resets what it was started with. */
	CHECK_EQ(strtoull(strstr(r.out_text, "SigIgn:\t") + 8, NULL, 16) &
			 ~0x180000000ULL,
		 0ULL);
	CHECK(alone());
}

static void streams(void)
{
	run_script("echo to out; echo to err >&2; exit 3");
	CHECK_EQ(r.status, 3);
	CHECK_STR(r.out_text, "to out\n");
	CHECK_STR(r.err_text, "to err\n");
	prepare_run("read a; echo got $a; cat");
	r.request.input = true;
	start();
	CHECK_EQ(write(r.in, "one\ntwo", 7), 7);
	finish();
	CHECK_STR(r.out_text, "got one\ntwo");
	/* Without -i there is none. */
	prepare_run("cat; echo end");
	start();
	CHECK_EQ(write(r.in, "x", 1), 1);
	finish();
	CHECK_STR(r.out_text, "end\n");
	CHECK(alone());
}

/* Through cat and back, all of it and in order. */
static void much(void)
{
	static uint32_t block[4096], back[4096];
	uint32_t next = 0, seen = 0, wrong = 0, i;
	size_t total = 64 << 20, have = 0;
	ssize_t n;
	pid_t writer;

	prepare_run("exec cat");
	r.request.input = true;
	start();
	writer = fork();
	if (writer == 0) {
		for (; (size_t)next * 4 < total;) {
			for (i = 0; i < 4096; i++)
				block[i] = next++;
			if (write(r.in, block, sizeof(block)) != sizeof(block))
				_exit(1);
		}
		_exit(0);
	}
	close(r.in);
	r.in = -1;
	while ((n = read(r.out, (char *)back + have, sizeof(back) - have)) >
	       0) {
		have += (size_t)n;
		if (have < sizeof(back))
			continue;
		for (i = 0; i < 4096; i++)
			wrong += back[i] != seen++;
		have = 0;
	}
	finish();
	CHECK_EQ(r.status, 0);
	CHECK_EQ((size_t)seen * 4, total);
	CHECK_EQ(wrong, 0);
	CHECK(alone());
}

/* A command that writes faster than is read is stopped; then it is cut off. */
static void slow_reader(void)
{
	prepare_run("i=0; trap '' PIPE; while echo 0123456789012345678901234567"
		    "89; do i=$((i+1)); done 2>/dev/null; echo $i >&2; exit 9");
	start();
	usleep(700000);
	CHECK(gather(r.out, r.out_text));
	close(r.out);
	r.out = -1;
	finish();
	CHECK_EQ(r.status, 9);
	/* Pipes, buffers and windows together are well below a mebibyte. */
	CHECK(atoi(r.err_text) > 1000 && atoi(r.err_text) < (1 << 20) / 31);
	prepare_run("exec yes");
	start();
	CHECK(wait_out("y\n"));
	close(r.out);
	r.out = -1;
	finish();
	CHECK_EQ(r.status, 141);
	/* Standard error comes although nobody reads the output. */
	prepare_run("yes & sleep 0.3; echo here >&2; wait");
	start();
	CHECK(gather(r.err, r.err_text));
	CHECK_STR(r.err_text, "here\n");
	kill(r.pid, SIGKILL);
	finish();
	CHECK(alone());
}

static void signals(void)
{
	static const struct {
		int number;
		const char *name;
	} all[] = { { SIGTERM, "TERM" }, { SIGINT, "INT" },
		    { SIGHUP, "HUP" },	 { SIGQUIT, "QUIT" },
		    { SIGUSR1, "USR1" }, { SIGUSR2, "USR2" } };
	char script[256];
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(script, sizeof(script),
			 "trap 'exit 5' %s; echo up; while :; do sleep 0.02; "
			 "done",
			 all[i].name);
		prepare_run(script);
		start();
		CHECK(wait_out("up\n"));
		kill(r.pid, all[i].number);
		finish();
		CHECK_EQ(r.status, 5);
	}
	prepare_run("echo up; exec sleep 60");
	start();
	CHECK(wait_out("up\n"));
	kill(r.pid, SIGINT);
	finish();
	CHECK_EQ(r.status, 130);
	CHECK(alone());
}

/* It gets through although the command reads none of its input. */
static void signal_beside_input(void)
{
	pid_t writer;

	prepare_run("trap 'exit 6' TERM; echo up; while :; do sleep 0.02; "
		    "done");
	r.request.input = true;
	start();
	writer = fork();
	if (writer == 0) {
		while (write(r.in, r.out_text, sizeof(r.out_text)) > 0)
			;
		_exit(0);
	}
	CHECK(wait_out("up\n"));
	usleep(300000);
	kill(r.pid, SIGTERM);
	close(r.in);
	r.in = -1;
	finish();
	CHECK_EQ(r.status, 6);
	CHECK(alone());
	/* One that closes its input ends who writes to it. */
	prepare_run("exec <&-; sleep 0.5; echo still");
	r.request.input = true;
	start();
	signal(SIGPIPE, SIG_IGN);
	while (write(r.in, r.err_text, 4096) > 0)
		;
	CHECK_EQ(errno, EPIPE);
	finish();
	CHECK_STR(r.out_text, "still\n");
	CHECK(alone());
}

static void killed_client(void)
{
	int64_t begun;

	prepare_run("echo up; exec sleep 60");
	start();
	CHECK(wait_out("up\n"));
	begun = now_ms();
	kill(r.pid, SIGKILL);
	finish();
	CHECK(alone());
	CHECK(now_ms() - begun < 2000);
	/* One that does not want to. */
	prepare_run("trap '' HUP; echo up; sleep 60 & sleep 60; sleep 60");
	start();
	CHECK(wait_out("up\n"));
	begun = now_ms();
	kill(r.pid, SIGKILL);
	finish();
	CHECK(alone());
	CHECK(now_ms() - begun > 3000 && now_ms() - begun < 8000);
}

static void grandchild(void)
{
	int64_t begun = now_ms();

	run_script("sleep 5 & echo done; exit 4");
	CHECK_EQ(r.status, 4);
	CHECK_STR(r.out_text, "done\n");
	CHECK(now_ms() - begun < 3000);
	/* All that was written before the exit comes, to a slow reader too. */
	prepare_run("sleep 5 & head -c 60000 /dev/zero | tr '\\0' x");
	start();
	usleep(800000);
	finish();
	CHECK_EQ(r.status, 0);
	CHECK_EQ(strlen(r.out_text), 60000);
	CHECK(alone());
}

static void impatient(void)
{
	prepare_run("trap '' INT HUP; echo up; sleep 60");
	start();
	CHECK(wait_out("up\n"));
	kill(r.pid, SIGINT);
	usleep(50000);
	kill(r.pid, SIGINT);
	usleep(50000);
	kill(r.pid, SIGINT);
	finish();
	CHECK_EQ(r.status, 255);
	HAS(r.err_text, "ended by 3 signals; it is unknown whether the command "
			"has ended");
	CHECK(alone());
}

static void terminal(void)
{
	struct winsize size = { .ws_row = 11, .ws_col = 22 };
	struct termios before, after;

	prepare_run("test -t 0 && test -t 1 && test -t 2 && stty size; "
		    "trap 'stty size; exit 8' WINCH; echo up; "
		    "while :; do sleep 0.02; done");
	start_on_terminal();
	CHECK(!tcgetattr(r.tty, &before));
	CHECK(wait_out("up\r\n"));
	HAS(r.out_text, "33 77\r\n");
	CHECK(!tcgetattr(r.tty, &after));
	CHECK(!(after.c_lflag & (ICANON | ECHO | ISIG)));
	ioctl(r.tty, TIOCSWINSZ, &size);
	CHECK(wait_out("11 22\r\n"));
	finish();
	CHECK_EQ(r.status, 8);
	CHECK(alone());

	/* Ctrl-C goes to the command; end of input is a character. */
	prepare_run("trap 'echo int; cat; exit 2' INT; echo up; while :; do "
		    "sleep 0.02; done");
	start_on_terminal();
	CHECK(wait_out("up\r\n"));
	CHECK_EQ(write(r.tty, "\003", 1), 1);
	CHECK(wait_out("int\r\n"));
	CHECK_EQ(write(r.tty, "line\n\004", 6), 6);
	finish();
	CHECK_EQ(r.status, 2);
	CHECK(alone());

	/* Without a local one: there is a terminal all the same. */
	prepare_run("test -t 0 && test -t 1 && test -t 2 && read a && echo $a");
	r.request.tty = r.request.input = true;
	start();
	CHECK_EQ(write(r.in, "word\n", 5), 5);
	finish();
	CHECK_EQ(r.status, 0);
	HAS(r.out_text, "word\r\nword\r\n");
	CHECK(alone());
}

/* The local terminal is what it was, however it ends. */
static void terminal_restored(void)
{
	struct termios before, after;
	int i;

	for (i = 0; i < 3; i++) {
		prepare_run("echo up; stty raw; sleep 60");
		start_on_terminal();
		/* A second end, so that the terminal stays. */
		int kept = open(ptsname(r.tty), O_RDWR | O_NOCTTY | O_CLOEXEC);

		CHECK(!tcgetattr(kept, &before));
		before.c_lflag |= ICANON | ECHO | ISIG;
		CHECK(wait_out("up\r\n"));
		if (i == 0)
			kill(r.pid, SIGTERM);
		else if (i == 1)
			CHECK_EQ(write(r.tty, "\035\035\035", 3), 3);
		else
			kill(r.pid, SIGHUP);
		CHECK(wait_out("it is unknown whether the command has ended"));
		waitpid(r.pid, &r.status, 0);
		CHECK_EQ(WEXITSTATUS(r.status), 255);
		CHECK(!tcgetattr(kept, &after));
		CHECK_EQ(after.c_lflag & (ICANON | ECHO | ISIG),
			 ICANON | ECHO | ISIG);
		close(kept);
		close(r.tty);
		CHECK(alone());
	}
}

static void many(void)
{
	static pid_t pids[200];
	char script[64], want[64];
	static int outs[200];
	int i, status, wrong = 0;

	for (i = 0; i < 200; i++) {
		snprintf(script, sizeof(script), "sleep 1; echo number %d", i);
		prepare_run(script);
		start();
		close(r.in);
		close(r.err);
		pids[i] = r.pid;
		outs[i] = r.out;
	}
	for (i = 0; i < 200; i++) {
		memset(r.out_text, 0, sizeof(r.out_text));
		while (gather(outs[i], r.out_text))
			;
		close(outs[i]);
		snprintf(want, sizeof(want), "number %d\n", i);
		waitpid(pids[i], &status, 0);
		wrong += status || strcmp(want, r.out_text);
	}
	CHECK_EQ(wrong, 0);
	CHECK(alone());
}

/* ---- spawns that lie ---- */

struct lie {
	uint8_t bytes[3 * MKX_WINDOW];
	size_t length;
};

static void frame(struct lie *l, unsigned int type, const void *bytes,
		  size_t length)
{
	struct mkx_frame h = { (uint8_t)type,
			       { 0 },
			       htole32((uint32_t)length) };

	memcpy(l->bytes + l->length, &h, sizeof(h));
	l->length += sizeof(h);
	if (length)
		memcpy(l->bytes + l->length, bytes, length);
	l->length += length;
}

/* The status, and what it says, of a client that hears this. */
static void hear(const struct lie *l, bool input)
{
	int out[2], err[2], ends[2];

	prepare_run("true");
	r.request.input = input;
	if (pipe(out) || pipe(err) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		exit(1);
	fflush(stdout);
	r.pid = fork();
	if (r.pid == 0) {
		close(ends[0]);
		dup2(out[1], 1);
		dup2(err[1], 2);
		close(out[0]);
		close(err[0]);
		close(out[1]);
		close(err[1]);
		_exit(exec_session_run("web", ends[1], &r.request));
	}
	close(out[1]);
	close(err[1]);
	close(ends[1]);
	if (send(ends[0], l->bytes, l->length, MSG_NOSIGNAL) < 0)
		check_bad++;
	shutdown(ends[0], SHUT_WR);
	r.in = -1;
	r.out = out[0];
	r.err = err[0];
	finish();
	close(ends[0]);
}

static void want_broken(const struct lie *l, bool input)
{
	hear(l, input);
	CHECK_EQ(r.status, 255);
	HAS(r.err_text, "the spawn broke the protocol");
	HAS(r.err_text, "it is unknown whether the command");
}

static void lie_about(unsigned int type, const void *bytes, size_t length,
		      bool started, bool input)
{
	static struct lie l;

	l.length = 0;
	if (started)
		frame(&l, MKX_STARTED, NULL, 0);
	frame(&l, type, bytes, length);
	want_broken(&l, input);
}

static void lies(void)
{
	static const uint8_t data[MKX_DATA_MAX];
	static struct lie l;
	struct mkx_exit e = { 0, htole32(256) };
	struct mkx_credit credit = { 0, htole32(1) };
	int i;

	lie_about(0, NULL, 0, true, false);
	lie_about(255, NULL, 0, false, false);
	lie_about(MKX_OUT, "x", 1, false, false);
	lie_about(MKX_OUT, NULL, 0, true, false);
	lie_about(MKX_STARTED, NULL, 0, true, false);
	lie_about(MKX_IN, "x", 1, true, false);
	lie_about(MKX_DONE, NULL, 0, true, false);
	lie_about(MKX_ENTRY, data, 40, true, false);
	lie_about(MKX_RUN, data, 40, true, false);
	lie_about(MKX_EXIT, &e, sizeof(e), true, false);
	e.status = 0;
	lie_about(MKX_EXIT, &e, sizeof(e), false, false);
	e.signal = htole32(65);
	lie_about(MKX_EXIT, &e, sizeof(e), true, false);
	e.signal = e.status = htole32(1);
	lie_about(MKX_EXIT, &e, sizeof(e), true, false);
	lie_about(MKX_EXIT, &e, 4, true, false);
	/* Credit that is not ours, or beyond the window. */
	lie_about(MKX_CREDIT, &credit, sizeof(credit), true, false);
	lie_about(MKX_CREDIT, &credit, sizeof(credit), true, true);
	credit = (struct mkx_credit){ htole32(1), 0 };
	lie_about(MKX_CREDIT, &credit, sizeof(credit), true, true);
	lie_about(MKX_CLOSED, &credit, 4, true, true);
	/* The longest frame there could be. */
	l.length = 0;
	frame(&l, MKX_STARTED, NULL, 0);
	frame(&l, MKX_OUT, NULL, 0);
	memset(l.bytes + l.length - 4, 0xff, 4);
	want_broken(&l, false);
	/* More than the window, in one go. */
	l.length = 0;
	frame(&l, MKX_STARTED, NULL, 0);
	for (i = 0; i < 9; i++)
		frame(&l, MKX_ERR, data, sizeof(data));
	hear(&l, false);
	CHECK_EQ(r.status, 255);
}

static void lost(void)
{
	static struct lie l;
	static const uint8_t failed[] = {
		3, 0, 0, 0, 9, 0, 0, 0, 'n', 'o', ' ', 27, '[', '2', 'J', '\n'
	};

	l.length = 0;
	hear(&l, false);
	CHECK_EQ(r.status, 255);
	CHECK_STR(r.err_text,
		  "mkctl: web: the connection was lost; it is unknown whether "
		  "the command was started\n");
	frame(&l, MKX_STARTED, NULL, 0);
	frame(&l, MKX_OUT, "part", 4);
	hear(&l, false);
	CHECK_EQ(r.status, 255);
	CHECK_STR(r.out_text, "part");
	HAS(r.err_text, "the connection was lost; it is unknown whether the "
			"command has ended");
	/* Its words cannot do anything to the terminal. */
	l.length = 0;
	frame(&l, MKX_FAILED, failed, sizeof(failed));
	hear(&l, false);
	CHECK_EQ(r.status, 255);
	CHECK_STR(r.err_text, "mkctl: web: no ?[2J?\n");
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", agent, sizeof(agent) - 8);

	if (n < 0 || !own_space()) {
		printf("skip - sessions: no process namespace (not root?)\n");
		return done();
	}
	agent[n] = '\0';
	strcat(agent, "_agent");
	TEST(lies);
	TEST(lost);
	if (access(agent, X_OK)) {
		printf("skip - sessions: no %s (make unit builds it)\n", agent);
		return done();
	}
	TEST(statuses);
	TEST(cannot);
	TEST(environment);
	TEST(streams);
	TEST(much);
	TEST(slow_reader);
	TEST(signals);
	TEST(signal_beside_input);
	TEST(killed_client);
	TEST(grandchild);
	TEST(impatient);
	TEST(terminal);
	TEST(terminal_restored);
	TEST(many);
	return done();
}
