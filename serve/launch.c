// SPDX-License-Identifier: GPL-2.0-only
/* Starting the supervisor in the background: "mkctl serve --foreground". */
#include "serve_main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "state.h"

#define ARGUMENTS (2 * SERVE_DEVICES + 16)

struct command {
	const char *argv[ARGUMENTS];
	unsigned int argc;
	char options[SERVE_DEVICES][32]; /* "--net" */
};

static void add(struct command *c, const char *word)
{
	c->argv[c->argc++] = word;
}

static void build(struct command *c, const struct ctl *ctl, const char *name,
		  const struct serve_wish *w)
{
	unsigned int i;

	add(c, "mkctl");
	if (ctl->verbose)
		add(c, "--verbose");
	if (ctl->root[0]) {
		add(c, "--sysroot");
		add(c, ctl->root);
	}
	add(c, "serve");
	add(c, name);
	add(c, "--foreground");
	if (w->replace)
		add(c, "--replace");
	for (i = 0; i < w->nr; i++) {
		snprintf(c->options[i], sizeof(c->options[i]), "--%s",
			 w->devices[i].kind);
		add(c, c->options[i]);
		if (w->devices[i].options[0])
			add(c, w->devices[i].options);
	}
}

/* In the child.  What goes wrong it says itself. */
static void become(struct command *c, int ready)
{
	char number[16];
	sigset_t none;
	int null;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDWR);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	snprintf(number, sizeof(number), "%d", ready);
	setenv(SERVE_READY_FD, number, 1);
	execv("/proc/self/exe", (char **)c->argv);
	say("cannot start the supervisor: %s", strerror(errno));
	_exit(MKCTL_COULD_NOT);
}

/* Close its end when it dies: then the read below ends. */
static int wait_for_ready(const char *name, pid_t child, int ready)
{
	int status;
	ssize_t n;
	char byte;

	do {
		n = read(ready, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		return MKCTL_DONE;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		say("%s: its supervisor was ended by signal %d before it was "
		    "ready",
		    name, WTERMSIG(status));
	/* Otherwise it has said why. */
	return MKCTL_COULD_NOT;
}

int serve_launch(const struct ctl *ctl, const char *name,
		 const struct serve_wish *w)
{
	static struct command c;
	int ready[2], status;
	pid_t child;

	memset(&c, 0, sizeof(c));
	build(&c, ctl, name, w);
	if (pipe2(ready, O_CLOEXEC)) {
		say("%s: pipe: %s", name, strerror(errno));
		return MKCTL_COULD_NOT;
	}
	fflush(NULL);
	child = fork();
	if (child < 0) {
		say("%s: fork: %s", name, strerror(errno));
		close(ready[0]);
		close(ready[1]);
		return MKCTL_COULD_NOT;
	}
	if (child == 0) {
		fcntl(ready[1], F_SETFD, 0);
		become(&c, ready[1]);
	}
	close(ready[1]);
	status = wait_for_ready(name, child, ready[0]);
	close(ready[0]);
	return status;
}

/* Is there a state file of this very instance, with devices? */
static bool has_devices(const char *name, const struct mk_info *info)
{
	struct serve_state *state;
	bool found = false;
	char path[256];
	unsigned int i;

	if (serve_path(path, sizeof(path), name, "state", NULL) ||
	    serve_state_open(path, &state, NULL))
		return false;
	for (i = 0; i < SERVE_DEVICES; i++)
		found |= state->devices[i].used;
	found &= serve_state_is_of(state, info);
	serve_state_close(state);
	return found;
}

int serve_revive(const struct ctl *ctl, const char *name,
		 struct mk_instance *inst)
{
	static const struct serve_wish same;
	struct mk_info info;
	int sock;

	if (mk_instance_info(inst, &info, NULL) || !has_devices(name, &info))
		return MKCTL_DONE;
	sock = serve_connect(name, NULL);
	if (sock >= 0) {
		close(sock);
		return MKCTL_DONE;
	}
	say("%s: its supervisor is gone: another one is started", name);
	if (!serve_launch(ctl, name, &same))
		return MKCTL_DONE;
	/* Somebody else may have done so at the same moment. */
	sock = serve_connect(name, NULL);
	if (sock < 0)
		return MKCTL_COULD_NOT;
	close(sock);
	return MKCTL_DONE;
}
