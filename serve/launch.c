// SPDX-License-Identifier: GPL-2.0-only
/* Starting the supervisor in the background: "mkctl serve --foreground". */
#include "serve_main.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "folder.h"
#include "state.h"

#define ARGUMENTS (2 * (SERVE_DEVICES + SERVE_POLICY_OPTIONS) + 16)

struct command {
	const char *argv[ARGUMENTS];
	unsigned int argc;
	char options[SERVE_DEVICES + SERVE_POLICY_OPTIONS][32]; /* "--net" */
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
	for (i = 0; i < w->nr_policy; i++) {
		snprintf(c->options[w->nr + i], sizeof(c->options[0]), "--%s",
			 w->policy[i].name);
		add(c, c->options[w->nr + i]);
		add(c, w->policy[i].value);
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

/* Is there a state file of this very instance?  1, 0 or a code. */
static int has_state(const char *name, const struct mk_info *info,
		     struct mk_error *err)
{
	struct serve_state *state;
	char path[PATH_MAX];
	int code;

	code = serve_path(path, sizeof(path), name, "state", err);
	if (!code)
		code = serve_state_open(path, &state, err);
	if (code)
		return code == MK_E_NOTFOUND ? 0 : code;
	code = serve_state_is_of(state, info);
	serve_state_close(state);
	return code;
}

int serve_revive(const struct ctl *ctl, const char *name,
		 struct mk_instance *inst)
{
	static const struct serve_wish same;
	struct mk_info info;
	struct mk_error err;
	int sock, code;

	if (mk_instance_info(inst, &info, NULL))
		return MKCTL_DONE;
	code = has_state(name, &info, &err);
	if (code < 0) {
		say("%s: which devices it has is not known: %s; mkctl serve %s "
		    "--replace begins anew, with those that it names",
		    name, err.text, name);
		return MKCTL_COULD_NOT;
	}
	if (!code)
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

/* Ask the supervisor, if there is one; MK_E_NOTFOUND: there is none. */
static int ask(const char *name, const char *request, char *answer, size_t size,
	       struct mk_error *err)
{
	int sock, code;

	sock = serve_connect(name, err);
	if (sock < 0)
		return sock;
	code = serve_ask(sock, request, answer, size, err);
	close(sock);
	return code;
}

int serve_change(const struct ctl *ctl, const char *name,
		 const struct serve_wish *w)
{
	struct json_object *request;
	struct mk_instance inst;
	char answer[1024];
	struct mk_error err;
	struct mk_info info;
	unsigned int i;
	int code;

	code = open_instance(ctl, name, &inst);
	if (code)
		return code;
	code = mk_instance_info(&inst, &info, &err);
	mk_instance_close(&inst);
	if (code)
		return fail(name, &err);
	/* Not that of an earlier instance, which is about to end. */
	if (has_state(name, &info, &err) <= 0)
		return -1;
	request = json_object_new_object();
	json_object_object_add(request, "do", json_object_new_string("policy"));
	for (i = 0; i < w->nr_policy; i++)
		json_object_object_add(
			request, w->policy[i].name,
			json_object_new_string(w->policy[i].value));
	code = ask(name, json_object_to_json_string(request), answer,
		   sizeof(answer), &err);
	json_object_put(request);
	if (code == MK_E_NOTFOUND)
		return -1;
	return code ? fail(name, &err) : MKCTL_DONE;
}

void serve_user_starts(const char *name)
{
	char answer[1024];
	struct mk_error err;
	int code;

	code = ask(name, "{\"do\":\"start\"}", answer, sizeof(answer), &err);
	if (code && code != MK_E_NOTFOUND)
		say("%s: its supervisor: %s", name, err.text);
}

bool serve_user_ends(const struct ctl *ctl, const char *name,
		     struct mk_instance *inst)
{
	struct json_object *object, *value;
	bool called_off = false;
	char answer[1024];
	struct mk_error err;
	int code;

	/* One that comes later must know of it, too. */
	serve_revive(ctl, name, inst);
	code = ask(name, "{\"do\":\"end\"}", answer, sizeof(answer), &err);
	if (code == MK_E_NOTFOUND)
		return false;
	if (code) {
		say("%s: its supervisor does not know that this end is wanted: "
		    "%s",
		    name, err.text);
		return false;
	}
	object = json_tokener_parse(answer);
	if (object && json_object_object_get_ex(object, "called_off", &value))
		called_off = json_object_get_boolean(value);
	json_object_put(object);
	return called_off;
}

void serve_clear(const char *name)
{
	char folder[PATH_MAX];
	int lock;

	if (serve_path(folder, sizeof(folder), name, NULL, NULL) ||
	    access(folder, F_OK))
		return;
	lock = serve_folder_lock(folder, NULL);
	if (lock < 0)
		return; /* it has a supervisor, which does that */
	daemon_end_all(folder);
	serve_folder_remove(folder);
	close(lock);
}
