/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of mkctl share: their signature, options, messages.
 *
 * A command reads its options first and leaves with exit status 2 for wrong
 * usage, which is what is wrong on any machine; from there on it returns one
 * of the other statuses, and undoes what it did when it fails.
 */
#ifndef MKCTL_CMD_H
#define MKCTL_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"
#include "error.h"

enum mkctl_exit {
	MKCTL_DONE = 0,
	MKCTL_COULD_NOT = 1,
	MKCTL_USAGE = 2,
	MKCTL_UNKNOWN = 3, /* the outcome is not known */
};

/* What stands before the verb. */
struct ctl {
	const char *root; /* --sysroot, or "": where /sys, /proc, /dev are */
	const char *verb;
	bool verbose;
};

/* ---- options ---- */

/* Keys of the long options; a key below 128 is also its short letter. */
enum opt_key {
	OPT_COUNT = 'c',
	OPT_ENV = 'e',
	OPT_FOLLOW = 'f',
	OPT_HELP = 'h',
	OPT_INPUT = 'i',
	OPT_INTERVAL = 'i',
	OPT_OUT = 'o',
	OPT_RECURSIVE = 'r',
	OPT_SIZE = 's',
	OPT_TTY = 't',
	OPT_USER = 'u',
	OPT_VERBOSE = 'v',
	OPT_WORKDIR = 'w',
	OPT_AGENT = 256,
	OPT_ALL,
	OPT_ALLOW_HAZARDS,
	OPT_CMDLINE,
	OPT_COMPRESS,
	OPT_CONSOLE,
	OPT_CPU,
	OPT_CPUS,
	OPT_CPU_COUNT,
	OPT_DISCARD,
	OPT_DISK,
	OPT_DRY_RUN,
	OPT_DUMP_DIR,
	OPT_DUMP_KEEP,
	OPT_ESCAPE,
	OPT_FORCE,
	OPT_FOREGROUND,
	OPT_INITRD,
	OPT_JSON,
	OPT_KASLR,
	OPT_KERNEL,
	OPT_KILL,
	OPT_LIFE,
	OPT_LINES,
	OPT_LIVE,
	OPT_LOW,
	OPT_MEMORY,
	OPT_MEMORY_AT,
	OPT_NET,
	OPT_NODE,
	OPT_NO_AGENT,
	OPT_NO_HISTORY,
	OPT_NO_UNPACK,
	OPT_ON_CRASH,
	OPT_ON_POWEROFF,
	OPT_ON_REBOOT,
	OPT_OUTPUT,
	OPT_PMEM,
	OPT_PRETEND_CPUS,
	OPT_PRETEND_MEMORY,
	OPT_RAW,
	OPT_REGISTERS,
	OPT_REPLACE,
	OPT_RESTART_MAX,
	OPT_RNG,
	OPT_SHARE,
	OPT_SPLIT,
	OPT_SPLIT_CORES,
	OPT_STATE,
	OPT_TIMEOUT,
	OPT_TYPE,
	OPT_VIRTUAL,
	OPT_VSOCK,
	OPT_WAIT,
	OPT_WATCHDOG,
};

struct opt {
	int key; /* 0 ends an array */
	const char *name;
	const char *value; /* what the help calls it; NULL = takes none */
	const char *text;
};

/* All that --help says; every command has one. */
struct usage {
	const char *args; /* "NAME --memory SIZE ..." */
	const struct opt *const *groups; /* NULL-terminated, may be NULL */
	const char *text; /* paragraphs and an example */
};

struct parse {
	struct ctl *ctl;
	const struct usage *usage;
	int argc;
	char **argv;
	struct option *table;
	const char *letters; /* the short options, for getopt_long() */
};

/* Start to read a command's arguments; argv[0] is the verb. */
void parse_begin(struct parse *p, struct ctl *ctl, const struct usage *usage,
		 int argc, char **argv);

/*
 * The next option's key, its value in *@value; 0 when there is none left.
 * --help and --verbose are dealt with here; wrong usage exits.
 */
int parse_next(struct parse *p, const char **value);

/* After the options: the one operand, checked to be an instance's name. */
const char *parse_name(struct parse *p);

/* The same, where further operands may follow it. */
const char *parse_first_name(struct parse *p);

/* The next operand; @what is how a message calls it. */
const char *parse_operand(struct parse *p, const char *what);

/* After the options: is there another operand? */
bool parse_more(const struct parse *p);

/* After the options: no operand. */
void parse_no_operand(struct parse *p);

/* Say what is wrong and exit with MKCTL_USAGE. */
void usage_error(const struct parse *p, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Values; wrong ones exit as usage_error() does. */
uint64_t parse_size(const struct parse *p, const char *option,
		    const char *value);
unsigned int parse_number(const struct parse *p, const char *option,
			  const char *value, unsigned int least,
			  unsigned int most);

/* The type of a port's messages: decimal, or hexadecimal after 0x. */
unsigned int parse_type(const struct parse *p, const char *option,
			const char *value);

/* Seconds, with a fraction if wanted, as milliseconds. */
int parse_seconds(const struct parse *p, const char *option, const char *value);

/* ---- messages ---- */

/* "mkctl: ..." on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, only with --verbose. */
void note(const struct ctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Say what failed, about @name if not NULL; returns the exit status for it. */
int fail(const char *name, const struct mk_error *err);

/*
 * Make text of strangers (a spawn's log, a label) safe for a terminal: what
 * is not printable becomes '?'; UTF-8 passes.
 */
void make_printable(char *text);

/* The same of @size bytes, with newlines kept. */
void make_lines_printable(char *bytes, size_t size);

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

/* ---- instances ---- */

/* Open the device below ctl->root; says what is wrong. */
int open_device(const struct ctl *ctl, struct mk_device *dev);

/* Open both, for the commands that need an instance only. */
int open_instance(const struct ctl *ctl, const char *name,
		  struct mk_instance *inst);

/* ---- the commands ---- */

int cmd_create(struct ctl *ctl, int argc, char **argv);
int cmd_load(struct ctl *ctl, int argc, char **argv);
int cmd_start(struct ctl *ctl, int argc, char **argv);
int cmd_run(struct ctl *ctl, int argc, char **argv);
int cmd_list(struct ctl *ctl, int argc, char **argv);
int cmd_show(struct ctl *ctl, int argc, char **argv);
int cmd_log(struct ctl *ctl, int argc, char **argv);
int cmd_events(struct ctl *ctl, int argc, char **argv);
int cmd_backtrace(struct ctl *ctl, int argc, char **argv);
int cmd_dump(struct ctl *ctl, int argc, char **argv);
int cmd_memory(struct ctl *ctl, int argc, char **argv);
int cmd_wait(struct ctl *ctl, int argc, char **argv);
int cmd_ping(struct ctl *ctl, int argc, char **argv);
int cmd_send(struct ctl *ctl, int argc, char **argv);
int cmd_receive(struct ctl *ctl, int argc, char **argv);
int cmd_exec(struct ctl *ctl, int argc, char **argv);
int cmd_cp(struct ctl *ctl, int argc, char **argv);
int cmd_stop(struct ctl *ctl, int argc, char **argv);
int cmd_kill(struct ctl *ctl, int argc, char **argv);
int cmd_unload(struct ctl *ctl, int argc, char **argv);
int cmd_serve(struct ctl *ctl, int argc, char **argv);
int cmd_device(struct ctl *ctl, int argc, char **argv);
int cmd_console(struct ctl *ctl, int argc, char **argv);
int cmd_pmem(struct ctl *ctl, int argc, char **argv);
int cmd_delete(struct ctl *ctl, int argc, char **argv);
int cmd_fsck(struct ctl *ctl, int argc, char **argv);
int cmd_doctor(struct ctl *ctl, int argc, char **argv);

#endif /* MKCTL_CMD_H */
