// SPDX-License-Identifier: GPL-2.0-only
/* mkctl: the table of commands, and what stands before the verb. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "serve/client.h"
#include "version.h"

static const struct command {
	const char *name;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *line;
} commands[] = {
	{ "run", cmd_run, "create, load and start in one go" },
	{ "list", cmd_list, "show all instances (the default)" },
	{ "show", cmd_show, "show everything about an instance" },
	{ "log", cmd_log, "print a spawn's kernel log, alive or dead" },
	{ "events", cmd_events, "what happened to the instances" },
	{ "backtrace", cmd_backtrace, "where a spawn's CPUs are" },
	{ "dump", cmd_dump, "a spawn's memory, for crash, drgn and gdb" },
	{ "memory", cmd_memory, "read and write a spawn's memory" },
	{ "wait", cmd_wait, "wait for an instance's state" },
	{ "ping", cmd_ping, "measure messages to a spawn and back" },
	{ "send", cmd_send, "send messages to programs in a spawn" },
	{ "receive", cmd_receive, "receive messages of a spawn's programs" },
	{ "exec", cmd_exec, "run a command in a spawn" },
	{ "cp", cmd_cp, "copy files to a spawn or from it" },
	{ "console", cmd_console, "the console of a spawn, in this terminal" },
	{ "serve", cmd_serve, "serve virtio devices to a spawn" },
	{ "device", cmd_device, "show, add and remove its devices" },
	{ "stop", cmd_stop, "ask a spawn to power off" },
	{ "kill", cmd_kill, "stop a running instance by force" },
	{ "delete", cmd_delete, "give CPUs and memory back to the host" },
	{ "create", cmd_create, "take CPUs and memory from the host" },
	{ "load", cmd_load, "put a kernel into an instance" },
	{ "start", cmd_start, "boot what is loaded" },
	{ "unload", cmd_unload, "drop what is loaded" },
	{ "pmem", cmd_pmem, "files in memory that spawns use" },
	{ "fsck", cmd_fsck, "compare the ledger with the host kernel's view" },
	{ "doctor", cmd_doctor, "can this machine do it? with remedies" },
};

static const char intro[] =
	"Usage: mkctl [--sysroot DIR] COMMAND [ARGUMENT]...\n"
	"       mkctl help [COMMAND]\n"
	"       mkctl --version\n"
	"\n"
	"Run several Linux kernels side by side on one machine: take CPUs and\n"
	"memory from the running kernel and boot another one on them.\n"
	"\n"
	"Commands (mkctl COMMAND --help tells more):\n";

static const char outro[] =
	"\n"
	"States: created loaded running stopped crashed.\n"
	"Exit status: 0 done, 1 could not, 2 wrong usage, 3 outcome unknown.\n"
	"\n"
	"A first spawn, on CPUs 2 and 3:\n"
	"  mkctl doctor\n"
	"  mkctl run web --cpus 2,3 --memory 256M \\\n"
	"        --kernel /boot/vmlinuz-$(uname -r) --initrd my.cpio.gz \\\n"
	"        --wait 60\n"
	"  mkctl log web --follow\n"
	"  mkctl delete web --force\n";

static int help(void)
{
	size_t i;

	fputs(intro, stdout);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].line);
	fputs(outro, stdout);
	return MKCTL_DONE;
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int wrong(const char *what, const char *word)
{
	say("%s '%s'", what, word);
	fputs("Try 'mkctl --help'.\n", stderr);
	return MKCTL_USAGE;
}

static int dispatch(struct ctl *ctl, int argc, char **argv)
{
	static char asked[] = "--help";
	const struct command *command;
	char *helped[3] = { NULL, asked, NULL };

	if (strcmp(argv[0], "help") == 0) {
		if (argc == 1)
			return help();
		/* "help VERB" is "VERB --help" */
		helped[0] = argv[1];
		argv = helped;
		argc = 2;
	}
	command = find(argv[0]);
	if (!command)
		return wrong("no such command", argv[0]);
	ctl->verb = command->name;
	return command->run(ctl, argc, argv);
}

/*
 * With standard output or error closed, the next file opened would take its
 * place; an instance's file must not, or messages went into its memory.
 */
static void hold_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .root = "" };
	static char list[] = "list";
	char *none[] = { list, NULL };
	int i, status;

	hold_standard_files();
	setlocale(LC_CTYPE, "");
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return help();
		if (strcmp(argv[i], "--version") == 0) {
			printf("mkctl %s (ABI %d)\n", MK_VERSION, MK_ABI);
			return MKCTL_DONE;
		}
		if (strcmp(argv[i], "--verbose") == 0 ||
		    strcmp(argv[i], "-v") == 0)
			ctl.verbose = true;
		else if (strcmp(argv[i], "--sysroot") == 0 && i + 1 < argc)
			ctl.root = argv[++i];
		else if (strncmp(argv[i], "--sysroot=", 10) == 0)
			ctl.root = argv[i] + 10;
		else
			return wrong("wrong option", argv[i]);
	}
	serve_below(ctl.root);
	status = i < argc ? dispatch(&ctl, argc - i, argv + i)
			  : dispatch(&ctl, 1, none);
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && status == MKCTL_DONE) {
		/* "| head" has seen enough: no news for anybody. */
		if (errno != EPIPE)
			say("cannot write the output");
		return MKCTL_COULD_NOT;
	}
	return status;
}
