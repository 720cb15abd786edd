// SPDX-License-Identifier: GPL-2.0-only
/* mkctl exec: run a command in a spawn. */
#include "exec_client.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct opt options[] = {
	{ OPT_INPUT, "interactive", NULL,
	  "pass standard input (else /dev/null)" },
	{ OPT_TTY, "tty", NULL, "run it on a terminal, and make this one raw" },
	{ OPT_ENV, "env", "NAME=VALUE", "set a variable; may be repeated" },
	{ OPT_WORKDIR, "workdir", "DIR", "run it there (the user's home)" },
	{ OPT_USER, "user", "USER[:GROUP]",
	  "names or numbers of the spawn (root)" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [-i] [-t] [-e NAME=VALUE]... [-w DIR] [-u USER]\n"
		"                  -- COMMAND [ARGUMENT]...",
	.groups = groups,
	.text = "Runs a command in the spawn's root file system, by the spawn's agent over\n"
		"vsock.  Only the host's root can: the agent takes connections from a\n"
		"privileged port of the host, and no others.  Up to a thousand at once.\n"
		"\n"
		"Standard output and error are separate, but for -t.  SIGINT, SIGTERM,\n"
		"SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 go to the command's process group;\n"
		"three SIGINT or SIGTERM within a second end mkctl itself.  With -t keys\n"
		"go to the command, those of Ctrl-C too; Ctrl-] three times within a\n"
		"second leaves.  What the command sends to a terminal is not changed, as\n"
		"with ssh: a spawn can send it any escape sequence.\n"
		"\n"
		"When mkctl is gone the command gets a SIGHUP, and a SIGKILL 5 seconds\n"
		"later.  When the command has exited, all that it wrote is passed on;\n"
		"what its children in the background write after that is not.\n"
		"\n"
		"The variables are PATH, HOME, USER, LOGNAME, SHELL, with -t also TERM,\n"
		"and those of -e.\n"
		"\n"
		"Exit status: the command's; 128+N if signal N killed it; 127 if there is\n"
		"no such command, 126 if it cannot be executed; 2 for wrong usage; 255,\n"
		"with a message, for any trouble of the connection or the agent.  If that\n"
		"was lost after the command's start, the message says that its fate is\n"
		"unknown; there is no status of its own for this.\n"
		"\n"
		"A spawn with systemd 256 or later and an sshd also listens for ssh on\n"
		"vsock, if its command line has systemd.ssh_listen=vsock::22; CID is in\n"
		"mkctl device:\n"
		"  ssh -o ProxyCommand='socat - VSOCK-CONNECT:CID:22' root@web\n"
		"\n"
		"Example:\n"
		"  mkctl exec web -- uname -r\n"
		"  mkctl exec web -it -- bash\n"
		"  tar c data | mkctl exec web -i -w /srv -- tar x\n",
};

static void add_variable(const struct parse *p, struct mk_exec_run *run,
			 const char *value)
{
	if (value[0] == '=' || !strchr(value, '='))
		usage_error(p, "-e: '%s' is not NAME=VALUE", value);
	run->vars[run->nr_vars++] = value;
}

/* A later -e TERM=... counts more. */
static void add_terminal(struct mk_exec_run *run)
{
	static char variable[128];
	const char *name = getenv("TERM");

	if (!name || !*name || strlen(name) > 100)
		return;
	snprintf(variable, sizeof(variable), "TERM=%s", name);
	memmove(run->vars + 1, run->vars, run->nr_vars * sizeof(*run->vars));
	run->vars[0] = variable;
	run->nr_vars++;
}

static int run_in(const struct ctl *ctl, const char *name,
		  const struct mk_exec_run *run)
{
	static uint8_t request[MKX_REQUEST_MAX];
	size_t length;
	int sock;

	length = mk_exec_run_build(run, request, sizeof(request));
	if (!length) {
		say("%s: the arguments are too long: %d KiB at most", name,
		    MKX_REQUEST_MAX / 1024);
		return EXEC_TROUBLE;
	}
	sock = exec_connect(ctl, name);
	if (sock < 0)
		return EXEC_TROUBLE;
	if (exec_send_request(sock, MKX_RUN, request, length) &&
	    errno == ETIMEDOUT) {
		say("%s: the agent does not read; the command was not started",
		    name);
		return EXEC_TROUBLE;
	}
	/* Any other error is told there, after what the agent has said. */
	return exec_session_run(name, sock, run);
}

int cmd_exec(struct ctl *ctl, int argc, char **argv)
{
	struct mk_exec_run run = { .user = "", .folder = "" };
	const char *name, *value;
	struct parse p;
	int key;

	run.vars = calloc((size_t)argc + 1, sizeof(*run.vars));
	if (!run.vars) {
		say("no memory");
		return EXEC_TROUBLE;
	}
	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_INPUT)
			run.input = true;
		else if (key == OPT_TTY)
			run.tty = true;
		else if (key == OPT_ENV)
			add_variable(&p, &run, value);
		else if (key == OPT_WORKDIR)
			run.folder = value;
		else
			run.user = value;
	}
	name = parse_first_name(&p);
	run.args = (const char **)&argv[optind];
	run.nr_args = (size_t)(argc - optind);
	if (!run.nr_args)
		usage_error(&p, "the command is missing");
	if (!*run.args[0])
		usage_error(&p, "the command is empty");
	if (run.tty) {
		add_terminal(&run);
		exec_tty_size(&run.rows, &run.columns);
	}
	return run_in(ctl, name, &run);
}
