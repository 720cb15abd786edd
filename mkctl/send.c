// SPDX-License-Identifier: GPL-2.0-only
/* mkctl send: messages to a program in a spawn. */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port.h"

/* How often it is tried again while nobody receives. */
#define RETRY_MS 100

struct sender {
	const char *name;
	const char *path; /* what is sent, as messages call it */
	unsigned int type;
	int wait_ms; /* for a receiver */
	int port;
	uint64_t sent; /* messages */
};

static int complain(const struct sender *s, const struct mk_error *err)
{
	int status = fail(s->name, err);

	if (s->sent)
		say("%s: %" PRIu64 " message%s sent before it", s->name,
		    s->sent, s->sent == 1 ? " was" : "s were");
	return status;
}

/* Not sent, but it may work a moment later. */
static bool nobody_yet(const struct mk_error *err)
{
	return err->sys_errno == ECONNREFUSED || err->sys_errno == ENOTCONN;
}

static int send_one(struct sender *s, const void *bytes, size_t size)
{
	int64_t until = now_ms() + s->wait_ms;
	struct mk_error err;

	while (mk_port_send(s->port, bytes, size, &err)) {
		if (nobody_yet(&err) && now_ms() < until) {
			poll(NULL, 0, RETRY_MS);
			continue;
		}
		if (err.sys_errno == ECONNREFUSED)
			mk_fail(&err, MK_E_REFUSED,
				"nobody receives type 0x%x there: start a "
				"receiver first, or wait for it with --wait",
				s->type);
		return complain(s, &err);
	}
	s->sent++;
	return MKCTL_DONE;
}

static int cannot_read(const struct sender *s)
{
	struct mk_error err;

	mk_fail_errno(&err, MK_E_SYSTEM, "cannot read %.180s", s->path);
	return complain(s, &err);
}

static int send_whole(struct sender *s, FILE *file)
{
	static char bytes[MK_MESSAGE_MAX + 1];
	size_t n = fread(bytes, 1, sizeof(bytes), file);
	struct mk_error err;

	if (ferror(file))
		return cannot_read(s);
	if (n == 0)
		return MKCTL_DONE;
	if (n <= MK_MESSAGE_MAX)
		return send_one(s, bytes, n);
	mk_fail(&err, MK_E_INPUT,
		"%.120s is longer than a message, which has %d bytes at most: "
		"--split makes several of it, --lines one of each line",
		s->path, MK_MESSAGE_MAX);
	return complain(s, &err);
}

static int send_split(struct sender *s, FILE *file)
{
	static char bytes[MK_MESSAGE_MAX];
	int status;
	size_t n;

	do {
		n = fread(bytes, 1, sizeof(bytes), file);
		if (ferror(file))
			return cannot_read(s);
		status = n ? send_one(s, bytes, n) : MKCTL_DONE;
		if (status)
			return status;
	} while (n == sizeof(bytes));
	return MKCTL_DONE;
}

static int send_lines(struct sender *s, FILE *file)
{
	int status = MKCTL_DONE;
	struct mk_error err;
	uint64_t nr = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while (!status && (n = getline(&line, &room, file)) >= 0) {
		nr++;
		if (n && line[n - 1] == '\n')
			n--;
		/* There are no empty messages. */
		if (n == 0)
			continue;
		if (n <= MK_MESSAGE_MAX) {
			status = send_one(s, line, (size_t)n);
			continue;
		}
		mk_fail(&err, MK_E_INPUT,
			"line %" PRIu64 " of %.120s is longer than a message, "
			"which has %d bytes at most",
			nr, s->path, MK_MESSAGE_MAX);
		status = complain(s, &err);
	}
	/* Without an error of the file, too: no memory for a line. */
	if (!status && (ferror(file) || !feof(file)))
		status = cannot_read(s);
	free(line);
	return status;
}

static int attach(struct sender *s, struct mk_instance *inst)
{
	struct mk_attach arg = { .type = s->type };
	struct mk_error err;

	s->port = mk_instance_attach(inst, &arg, &err);
	return s->port < 0 ? fail(s->name, &err) : MKCTL_DONE;
}

static const struct opt options[] = {
	{ OPT_TYPE, "type", "T", "0x8000 to 0xffff: what it is received as" },
	{ OPT_SPLIT, "split", NULL, "a long file as several messages" },
	{ OPT_LINES, "lines", NULL, "each line but empty ones as a message" },
	{ OPT_WAIT, "wait", "SECONDS", "wait so long for a receiver" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME --type T [--split | --lines] [--wait SECONDS] FILE",
	.groups = groups,
	.text = "Sends a file (-: standard input) as one message to the program in the\n"
		"spawn that receives this type.  A message has 65536 bytes at most.\n"
		"Returns when the receiver has it in its queue.  Exit status 1 when it\n"
		"was not sent, 3 when it is not known whether it arrived.\n"
		"\n"
		"Example:\n"
		"  echo reload | mkctl send web --type 0x8001 --lines --wait 5 -\n",
};

int cmd_send(struct ctl *ctl, int argc, char **argv)
{
	bool split = false, lines = false;
	struct sender s = { 0 };
	struct mk_instance inst;
	const char *value;
	FILE *file = stdin;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_TYPE)
			s.type = parse_type(&p, "--type", value);
		else if (key == OPT_WAIT)
			s.wait_ms = parse_seconds(&p, "--wait", value);
		else
			*(key == OPT_SPLIT ? &split : &lines) = true;
	}
	s.name = parse_first_name(&p);
	s.path = parse_operand(&p, "the file to send (-: standard input)");
	parse_no_operand(&p);
	if (!s.type)
		usage_error(&p, "--type is missing");
	if (split && lines)
		usage_error(&p, "either --split or --lines");

	status = open_instance(ctl, s.name, &inst);
	if (status)
		return status;
	status = attach(&s, &inst);
	if (status)
		goto close_instance;
	if (strcmp(s.path, "-") == 0) {
		s.path = "the standard input";
	} else {
		file = fopen(s.path, "re");
		if (!file) {
			say("cannot open %s: %s", s.path, strerror(errno));
			status = MKCTL_COULD_NOT;
			goto close_port;
		}
	}
	status = split	 ? send_split(&s, file)
		 : lines ? send_lines(&s, file)
			 : send_whole(&s, file);
	if (!status && !s.sent) {
		say("%s: nothing to send: %s is empty", s.name, s.path);
		status = MKCTL_COULD_NOT;
	}
	if (!status)
		note(ctl, "%s: %" PRIu64 " sent", s.name, s.sent);
	if (file != stdin)
		fclose(file);
close_port:
	close(s.port);
close_instance:
	mk_instance_close(&inst);
	return status;
}
