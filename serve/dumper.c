// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that writes dumps, by "mkctl dump".
 *
 * It is forked before the supervisor gives up its privileges (privileges.c),
 * as opening an instance needs one of them.  It does nothing but that, for a
 * path that it is told, and ends with the supervisor.
 */
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_BYTES 256

struct request {
	uint32_t number;
	char path[PATH_MAX]; /* "" = let the last one be */
};

struct reply {
	uint32_t number; /* of the request */
	int32_t status; /* as of waitpid(2); -1 = it could not be started */
	char text[TEXT_BYTES]; /* what it said last */
};

/* --- the process ---------------------------------------------------------- */

struct dumper {
	int sock;
	const char *root, *name;
	pid_t child; /* 0 = none */
	int words; /* pipe from it, or -1 */
	struct reply reply;
};

__attribute__((noreturn)) static void
become_dump(const struct dumper *u, const char *path, int words, pid_t parent)
{
	const char *argv[8];
	unsigned int n = 0;

	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	argv[n++] = "mkctl";
	if (u->root[0]) {
		argv[n++] = "--sysroot";
		argv[n++] = u->root;
	}
	argv[n++] = "dump";
	argv[n++] = u->name;
	argv[n++] = "-o";
	argv[n++] = path;
	argv[n] = NULL;
	dup2(words, STDERR_FILENO);
	execv("/proc/self/exe", (char **)argv);
	_exit(127);
}

static void answer(struct dumper *u, int32_t status)
{
	u->reply.status = status;
	send(u->sock, &u->reply, sizeof(u->reply), MSG_NOSIGNAL);
}

static void begin_dump(struct dumper *u, const char *path)
{
	pid_t self = getpid();
	int ends[2];

	u->reply.text[0] = '\0';
	if (pipe2(ends, O_CLOEXEC)) {
		answer(u, -1);
		return;
	}
	u->child = fork();
	if (!u->child)
		become_dump(u, path, ends[1], self);
	close(ends[1]);
	if (u->child < 0) {
		u->child = 0;
		close(ends[0]);
		answer(u, -1);
		return;
	}
	u->words = ends[0];
}

/* Of all that it says only the end is kept. */
static void hear(struct dumper *u)
{
	char bytes[TEXT_BYTES];
	size_t have = strlen(u->reply.text), most = TEXT_BYTES - 1, drop;
	int status = 0;
	ssize_t n;

	n = read(u->words, bytes, most);
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0) {
		drop = have + (size_t)n > most ? have + (size_t)n - most : 0;
		memmove(u->reply.text, u->reply.text + drop, have - drop);
		memcpy(u->reply.text + have - drop, bytes, (size_t)n);
		u->reply.text[have - drop + (size_t)n] = '\0';
		return;
	}
	close(u->words);
	u->words = -1;
	while (waitpid(u->child, &status, 0) < 0 && errno == EINTR)
		;
	u->child = 0;
	answer(u, status);
}

/* False when there is nobody left to work for. */
static bool listen_to(struct dumper *u)
{
	static struct request r;
	ssize_t n;

	memset(&r, 0, sizeof(r));
	n = recv(u->sock, &r, sizeof(r), 0);
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		if (u->child)
			kill(u->child, SIGTERM);
		return false;
	}
	r.path[sizeof(r.path) - 1] = '\0';
	if (!r.path[0]) {
		if (u->child)
			kill(u->child, SIGTERM);
		return true;
	}
	/* One that was let be may not have ended yet. */
	if (u->child)
		kill(u->child, SIGKILL);
	while (u->child)
		hear(u);
	u->reply.number = r.number;
	begin_dump(u, r.path);
	return true;
}

__attribute__((noreturn)) static void run(struct dumper *u)
{
	struct pollfd pfds[2];

	for (;;) {
		pfds[0] = (struct pollfd){ .fd = u->sock, .events = POLLIN };
		pfds[1] = (struct pollfd){ .fd = u->words, .events = POLLIN };
		if (poll(pfds, 2, -1) < 0)
			continue;
		if (pfds[1].revents)
			hear(u);
		else if (pfds[0].revents && !listen_to(u))
			_exit(0);
	}
}

/* Nothing of the supervisor's stays with it: no lock, no queue, no terminal. */
static void let_go(int sock)
{
	static const int handled[] = { SIGTERM, SIGINT,	 SIGHUP,
				       SIGPIPE, SIGALRM, SIGBUS };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;

	for (i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		signal(handled[i], SIG_DFL);
	if (null >= 0)
		for (i = 0; i <= STDERR_FILENO; i++)
			dup2(null, (int)i);
	if (sock > STDERR_FILENO + 1)
		syscall(SYS_close_range, STDERR_FILENO + 1, sock - 1, 0);
	syscall(SYS_close_range, sock + 1, ~0U, 0);
	prctl(PR_SET_NAME, "mkctl-dumper", 0, 0, 0);
}

/* --- the supervisor's side ------------------------------------------------ */

int serve_dumper_begin(struct serve *s, const char *root, struct mk_error *err)
{
	struct dumper u = { .root = root, .name = s->name, .words = -1 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return mk_fail_errno(err, MK_E_SYSTEM, "socketpair");
	fflush(NULL);
	s->dumper_pid = fork();
	if (s->dumper_pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return mk_fail_errno(err, MK_E_SYSTEM, "fork");
	}
	if (!s->dumper_pid) {
		let_go(ends[1]);
		u.sock = ends[1];
		run(&u);
	}
	close(ends[1]);
	s->dumper = ends[0];
	return 0;
}

static void verdict(const struct reply *r, char *why, size_t size)
{
	size_t n = strlen(r->text);
	const char *line;

	while (n && (r->text[n - 1] == '\n' || r->text[n - 1] == ' '))
		n--;
	line = n ? memrchr(r->text, '\n', n) : NULL;
	line = line ? line + 1 : r->text;
	if (r->status < 0)
		snprintf(why, size, "mkctl dump could not be started");
	else if (WIFSIGNALED(r->status))
		snprintf(why, size, "mkctl dump was ended by signal %d",
			 WTERMSIG(r->status));
	else
		snprintf(why, size, "mkctl dump ended with status %d: %.*s",
			 WEXITSTATUS(r->status), (int)(r->text + n - line),
			 line);
}

static void ready(void *context, uint32_t events)
{
	struct serve *s = context;
	char why[TEXT_BYTES + 64];
	struct reply r;
	ssize_t n;

	n = recv(s->dumper, &r, sizeof(r), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(r)) {
		serve_dumper_end(s);
		serve_dump_end(s, "the process that writes dumps has ended");
		return;
	}
	/* Of one that was let be. */
	if (r.number != s->dumper_asked)
		return;
	r.text[sizeof(r.text) - 1] = '\0';
	if (r.status)
		verdict(&r, why, sizeof(why));
	serve_dump_end(s, r.status ? why : NULL);
}

int serve_dumper_watch(struct serve *s, struct mk_error *err)
{
	return serve_watch(s, s->dumper, EPOLLIN, ready, s, err);
}

int serve_dumper_ask(struct serve *s, const char *path, struct mk_error *err)
{
	static struct request r;

	if (s->dumper < 0)
		return mk_fail(err, MK_E_STATE,
			       "the process that writes dumps has ended");
	memset(&r, 0, sizeof(r));
	r.number = ++s->dumper_asked;
	snprintf(r.path, sizeof(r.path), "%s", path ? path : "");
	if (send(s->dumper, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot ask who writes dumps");
	return 0;
}

void serve_dumper_end(struct serve *s)
{
	if (s->dumper < 0)
		return;
	serve_ignore(s, s->dumper);
	close(s->dumper);
	s->dumper = -1;
	/* It ends with its socket, and needs no time for that. */
	while (waitpid(s->dumper_pid, NULL, 0) < 0 && errno == EINTR)
		;
}
