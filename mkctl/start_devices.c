// SPDX-License-Identifier: GPL-2.0-only
/* The supervisor that start and run bring up before the spawn, and end again. */
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/client.h"
#include "serve/serve_main.h"
#include "signals.h"

#define END_MS 10000 /* a supervisor has let go of its devices by then */

/* The exit status of our own one, once it has ended. */
static int reap(struct supervisor *sv)
{
	pid_t pid = sv->pid;
	int status;

	sv->pid = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return MKCTL_COULD_NOT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : MKCTL_COULD_NOT;
}

/* The child: it is to hear of signals as any program does. */
__attribute__((noreturn)) static void
be_supervisor(const struct ctl *ctl, const char *name,
	      const struct serve_wish *wish, int ready)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;
	size_t i;

	for (i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		if (!sigaction(held[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			signal(held[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, signals_mask(), NULL);
	exit(serve_run(ctl, name, wish, ready));
}

/*
 * A process beside us, for we have yet to start the spawn; it has our terminal,
 * and we stay as long as it does.
 */
static int fork_supervisor(const struct ctl *ctl, const char *name,
			   const struct serve_wish *wish, struct supervisor *sv)
{
	int ends[2];
	char byte;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC)) {
		say("%s: no pipe for the supervisor: %m", name);
		return MKCTL_COULD_NOT;
	}
	fflush(NULL);
	sv->pid = fork();
	if (!sv->pid) {
		close(ends[0]);
		be_supervisor(ctl, name, wish, ends[1]);
	}
	close(ends[1]);
	if (sv->pid < 0) {
		say("%s: cannot fork the supervisor: %m", name);
		sv->pid = 0;
		close(ends[0]);
		return MKCTL_COULD_NOT;
	}
	/* Not cut short by signals: the child hears them, and ends it. */
	while ((n = read(ends[0], &byte, 1)) < 0 && errno == EINTR)
		;
	close(ends[0]);
	if (n == 1)
		return MKCTL_DONE;
	return reap(sv) == MKCTL_UNKNOWN ? MKCTL_UNKNOWN : MKCTL_COULD_NOT;
}

int devices_open(const struct ctl *ctl, const char *name,
		 const struct serve_wish *wish, struct supervisor *sv)
{
	int status;

	*sv = (struct supervisor){ 0 };
	if (!serve_wished(wish))
		return MKCTL_DONE;
	if (!wish->nr && !wish->foreground) {
		status = serve_change(ctl, name, wish);
		if (status >= 0)
			return status;
	}
	if (wish->foreground)
		return fork_supervisor(ctl, name, wish, sv);
	status = serve_launch(ctl, name, wish);
	sv->launched = status == MKCTL_DONE;
	return status;
}

/* The one in the background: it holds the other end of its control socket. */
static void end_launched(const char *name)
{
	struct pollfd pfd = { .events = 0 };
	struct ucred who = { 0 };
	socklen_t size = sizeof(who);
	struct mk_error err;

	pfd.fd = serve_connect(name, &err);
	if (pfd.fd < 0)
		return; /* it has ended */
	if (getsockopt(pfd.fd, SOL_SOCKET, SO_PEERCRED, &who, &size) ||
	    who.pid <= 1 || kill(who.pid, SIGTERM))
		say("%s: its supervisor cannot be ended: %m", name);
	else if (poll(&pfd, 1, END_MS) == 0)
		say("%s: its supervisor (process %d) has not ended yet", name,
		    (int)who.pid);
	close(pfd.fd);
}

void devices_close(const char *name, struct supervisor *sv)
{
	/* Or the next one would start it again. */
	if (sv->pid || sv->launched)
		serve_user_starts(name);
	if (sv->pid) {
		kill(sv->pid, SIGTERM);
		reap(sv);
	}
	if (sv->launched)
		end_launched(name);
	sv->launched = false;
}

int devices_stay(struct supervisor *sv)
{
	struct pollfd pfd = { .events = POLLIN };

	if (!sv->pid)
		return MKCTL_DONE;
	pfd.fd = (int)syscall(SYS_pidfd_open, sv->pid, 0);
	/* A signal to us is one to it, also if it came before. */
	if (signals_came())
		kill(sv->pid, SIGTERM);
	while (pfd.fd >= 0 && ppoll(&pfd, 1, NULL, signals_mask()) < 0 &&
	       errno == EINTR)
		kill(sv->pid, SIGTERM);
	if (pfd.fd >= 0)
		close(pfd.fd);
	return reap(sv);
}
