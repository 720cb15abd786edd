// SPDX-License-Identifier: GPL-2.0-only
/* mkctl receive: messages of a program in a spawn. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "signals.h"

struct receiver {
	const char *name;
	const char *path; /* NULL = standard output */
	unsigned int type;
	unsigned int count; /* 0 = until a signal comes */
	int timeout_ms; /* negative = for ever */
	bool lines;
	bool terminal; /* that is where they go */
	int port;
	FILE *out;
};

static int cannot_write(const struct receiver *r, const char *what)
{
	say("cannot %s %s: %s", what, r->path ? r->path : "the output",
	    strerror(errno));
	return MKCTL_COULD_NOT;
}

static int write_message(const struct receiver *r, char *bytes, size_t size)
{
	if (r->terminal)
		make_lines_printable(bytes, size);
	errno = 0;
	fwrite(bytes, 1, size, r->out);
	if (r->lines)
		fputc('\n', r->out);
	if (fflush(r->out) == 0 && !ferror(r->out))
		return MKCTL_DONE;
	/* "| head" has seen enough: no news for anybody. */
	if (errno == EPIPE)
		return MKCTL_COULD_NOT;
	return cannot_write(r, "write");
}

/* The end of the wait with less than what was wanted. */
static int too_few(const struct receiver *r, unsigned int nr, const char *why)
{
	if (r->count > 1)
		say("%s: %s: %u of %u messages of type 0x%x came", r->name, why,
		    nr, r->count, r->type);
	else if (nr)
		say("%s: %s: %u message%s of type 0x%x came", r->name, why, nr,
		    nr == 1 ? "" : "s", r->type);
	else
		say("%s: %s: no message of type 0x%x came", r->name, why,
		    r->type);
	return MKCTL_UNKNOWN;
}

static int failed(const struct receiver *r, const struct mk_error *err)
{
	if (r->count || err->code != MK_E_NOTFOUND)
		return fail(r->name, err);
	say("%s: it was deleted", r->name);
	return MKCTL_DONE;
}

static int receive(const struct receiver *r)
{
	static char bytes[MK_MESSAGE_MAX];
	int64_t until = now_ms() + r->timeout_ms, left = -1;
	unsigned int nr = 0;
	struct mk_error err;
	bool tried = false;
	ssize_t size;

	while (!r->count || nr < r->count) {
		/* Before the next is taken: what is taken is also written. */
		if (signals_came())
			return r->count ? too_few(r, nr, "interrupted")
					: MKCTL_DONE;
		/* Messages that never end do not hold up the end of the time. */
		if (r->timeout_ms >= 0) {
			left = until - now_ms();
			if (left <= 0 && tried)
				return too_few(r, nr, "the time is over");
			if (left < 0)
				left = 0;
		}
		tried = true;
		size = mk_port_receive(r->port, bytes, sizeof(bytes), &err);
		if (size >= 0) {
			if (write_message(r, bytes, (size_t)size))
				return MKCTL_COULD_NOT;
			nr++;
			continue;
		}
		if (size != MK_E_STATE)
			return failed(r, &err);
		if (mk_port_wait(r->port, (int)left, signals_mask(), &err) < 0)
			return failed(r, &err);
	}
	return MKCTL_DONE;
}

/*
 * Not emptied yet.  May wait for the reader of a FIFO; Ctrl-C ends that.  A
 * file that is made here stays, empty, when nothing comes.
 */
static int open_output(struct receiver *r)
{
	int fd;

	if (!r->path)
		return MKCTL_DONE;
	fd = open(r->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return cannot_write(r, "open");
	r->out = fdopen(fd, "w");
	if (r->out)
		return MKCTL_DONE;
	close(fd);
	return cannot_write(r, "open");
}

/* Empties the output only when the port is there: a failure loses nothing. */
static int attach(struct receiver *r, struct mk_instance *inst)
{
	struct mk_attach arg = { .flags = MK_ATTACH_F_RECEIVE |
					  MK_ATTACH_F_NONBLOCK,
				 .type = r->type };
	struct mk_error err;

	r->port = mk_instance_attach(inst, &arg, &err);
	if (r->port < 0)
		return fail(r->name, &err);
	/* EINVAL: a pipe or a device, which has no length. */
	if (!r->path || ftruncate(fileno(r->out), 0) == 0 || errno == EINVAL)
		return MKCTL_DONE;
	close(r->port);
	return cannot_write(r, "empty");
}

static const struct opt options[] = {
	{ OPT_TYPE, "type", "T", "0x8000 to 0xffff: what it is sent as" },
	{ OPT_COUNT, "count", "N", "so many messages (1)" },
	{ OPT_FOLLOW, "follow", NULL, "go on until Ctrl-C" },
	{ OPT_TIMEOUT, "timeout", "SECONDS", "but not longer than this" },
	{ OPT_OUTPUT, "output", "FILE", "write them there" },
	{ OPT_LINES, "lines", NULL, "write a newline after each" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME --type T [-c N | --follow] [--timeout SECONDS]\n"
		"                    [--output FILE] [--lines]",
	.groups = groups,
	.text = "Receives messages that programs in the spawn send as this type, and\n"
		"writes their bytes as they come.  Only one process at a time receives\n"
		"a type.  Goes on when the spawn is started again.  On a terminal control\n"
		"characters but newlines and tabs, and what is not UTF-8, become '?'.\n"
		"Exit status 3 when the time is over, or on Ctrl-C without --follow.\n"
		"\n"
		"Example:\n"
		"  mkctl receive web --type 0x8001 --follow --lines\n",
};

int cmd_receive(struct ctl *ctl, int argc, char **argv)
{
	struct receiver r = { .timeout_ms = -1, .out = stdout };
	struct mk_instance inst;
	bool follows = false;
	const char *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_TYPE)
			r.type = parse_type(&p, "--type", value);
		else if (key == OPT_COUNT)
			r.count = parse_number(&p, "--count", value, 1,
					       UINT32_MAX);
		else if (key == OPT_TIMEOUT)
			r.timeout_ms = parse_seconds(&p, "--timeout", value);
		else if (key == OPT_OUTPUT)
			r.path = value;
		else
			*(key == OPT_FOLLOW ? &follows : &r.lines) = true;
	}
	r.name = parse_name(&p);
	if (!r.type)
		usage_error(&p, "--type is missing");
	if (r.count && follows)
		usage_error(&p, "either --count or --follow");
	if (!r.count && !follows)
		r.count = 1;

	status = open_instance(ctl, r.name, &inst);
	if (status)
		return status;
	status = open_output(&r);
	if (status)
		goto close_instance;
	r.terminal = isatty(fileno(r.out));
	signals_hold();
	status = attach(&r, &inst);
	if (status)
		goto close_output;
	status = receive(&r);
	close(r.port);
close_output:
	/* Each message was flushed; only a late error is left to see. */
	if (r.path && fclose(r.out) && !status)
		status = cannot_write(&r, "write");
close_instance:
	mk_instance_close(&inst);
	return status;
}
