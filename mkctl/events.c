// SPDX-License-Identifier: GPL-2.0-only
/* mkctl events: what happened to the instances, as the module keeps it. */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "logstream.h"
#include "names.h"
#include "signals.h"

struct wish {
	const char *name; /* NULL: all */
	bool follows, json;
};

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[MK_EVENT_CREATED] = "created",
		[MK_EVENT_STATE] = "state",
		[MK_EVENT_DELETED] = "deleted",
		[MK_EVENT_CPU_LOST] = "cpu-lost",
		[MK_EVENT_KEXEC_REFUSED] = "kexec-refused",
	};

	if (kind < sizeof(names) / sizeof(names[0]) && names[kind])
		return names[kind];
	return "unknown";
}

static bool is_end(const struct mk_event *e)
{
	return e->kind == MK_EVENT_STATE &&
	       (e->state == MK_STATE_STOPPED || e->state == MK_STATE_CRASHED);
}

/* The last line of the log of that life, if it can still be had. */
static void last_line(struct mk_device *dev, const struct mk_event *e,
		      char text[MK_LOG_TEXT_MAX + 1])
{
	static struct logstream stream;
	struct mk_instance inst;
	size_t i;
	int code;

	text[0] = '\0';
	if (mk_instance_open(dev, &inst, e->name, NULL))
		return;
	if (!logstream_begin(&stream, e->name, &inst, e->generation,
			     e->generation, true, NULL)) {
		do {
			code = stream.info.id == e->id
				       ? logstream_next(&stream, NULL)
				       : LOGSTREAM_END;
			if (code != LOGSTREAM_RECORD)
				break;
			for (i = 0; i < stream.record->length; i++)
				text[i] = stream.record->text[i];
			text[i] = '\0';
		} while (true);
		logstream_end(&stream);
	}
	mk_instance_close(&inst);
}

/* What a person calls it. */
static void describe(const struct mk_event *e, char *text, size_t size)
{
	switch (e->kind) {
	case MK_EVENT_STATE:
		if (e->state == MK_STATE_CREATED)
			snprintf(text, size, "unloaded");
		else if (is_end(e))
			snprintf(text, size, "%s (%s), life %" PRIu32,
				 mk_state_name(e->state),
				 mk_cause_name(e->cause), e->generation);
		else if (e->state == MK_STATE_RUNNING)
			snprintf(text, size, "running, life %" PRIu32,
				 e->generation);
		else
			snprintf(text, size, "%s", mk_state_name(e->state));
		break;
	case MK_EVENT_CPU_LOST:
		snprintf(text, size,
			 "CPU %" PRIu32 " did not acknowledge: it is lost",
			 e->cpu);
		break;
	case MK_EVENT_KEXEC_REFUSED:
		snprintf(text, size, "kexec of the host refused: spawns run");
		break;
	default:
		snprintf(text, size, "%s", kind_name(e->kind));
	}
}

static void print_text(const struct mk_event *e, uint64_t lost,
		       const char *line)
{
	char time[CLOCK_TEXT], what[96];

	if (lost)
		printf("(%" PRIu64 " events before this are not kept)\n", lost);
	describe(e, what, sizeof(what));
	printf("%s  %s  %s%s%s\n", clock_text(time, e->real_ns),
	       e->name[0] ? e->name : "(host)", what, *line ? ": " : "", line);
}

static void print_json(const struct mk_event *e, uint64_t lost,
		       const char *line)
{
	struct json_object *o = json_object_new_object();
	char time[CLOCK_TEXT];

	json_number(o, "seq", e->seq);
	json_number(o, "lost", lost);
	json_text(o, "time", clock_text(time, e->real_ns));
	json_number(o, "real_ns", e->real_ns);
	json_number(o, "boot_ns", e->time_ns);
	json_text(o, "kind", kind_name(e->kind));
	if (e->name[0]) {
		json_text(o, "name", e->name);
		json_number(o, "id", e->id);
		json_number(o, "life", e->generation);
		json_text(o, "state", mk_state_name(e->state));
		json_text(o, "cause", mk_cause_name(e->cause));
	}
	if (e->kind == MK_EVENT_CPU_LOST)
		json_number(o, "cpu", e->cpu);
	if (is_end(e))
		json_text(o, "line", line);
	json_print_line(o);
}

static void print(struct mk_device *dev, const struct mk_event *e,
		  const struct wish *wish)
{
	char line[MK_LOG_TEXT_MAX + 1] = "";
	static uint64_t lost; /* and not told yet */

	lost += e->lost;
	if (wish->name && strcmp(wish->name, e->name) != 0)
		return;
	if (is_end(e)) {
		if (e->text[0])
			memcpy(line, e->text, sizeof(e->text));
		else
			last_line(dev, e, line);
	}
	make_printable(line);
	if (wish->json)
		print_json(e, lost, line);
	else
		print_text(e, lost, line);
	lost = 0;
}

/* Print those that are there; *@seen is the last one. */
static int drain(struct mk_device *dev, const struct wish *wish, uint64_t *seen,
		 struct mk_error *err)
{
	struct mk_event e;
	int code;

	for (;;) {
		memset(&e, 0, sizeof(e));
		e.seq = *seen;
		code = mk_device_event(dev, &e, err);
		if (code)
			return code == MK_E_NOTFOUND ? 0 : code;
		*seen = e.seq;
		print(dev, &e, wish);
	}
}

static int run(struct mk_device *dev, const struct wish *wish)
{
	struct pollfd pfd = { .fd = dev->fd, .events = POLLIN };
	struct mk_error err;
	uint64_t seen = 0;

	do {
		if (drain(dev, wish, &seen, &err))
			return fail(NULL, &err);
		fflush(stdout);
		if (ferror(stdout))
			return MKCTL_COULD_NOT;
		if (wish->follows && ppoll(&pfd, 1, NULL, signals_mask()) < 0 &&
		    errno != EINTR) {
			say("cannot wait for events: %s", strerror(errno));
			return MKCTL_COULD_NOT;
		}
	} while (wish->follows && !signals_came());
	return MKCTL_DONE;
}

static const struct opt options[] = {
	{ OPT_FOLLOW, "follow", NULL, "go on until Ctrl-C" },
	{ OPT_JSON, "json", NULL, "one JSON object a line" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "[NAME] [--follow] [--json]",
	.groups = groups,
	.text = "Prints what happened, to all instances or to those called NAME, with\n"
		"the time: created, each change of state and why, deleted, a CPU that\n"
		"was lost, a kexec of the host that was refused.  At the end of a life\n"
		"stands the text of its panic, or else the last line of its log.  The\n"
		"module keeps the last 512 events as long as it is loaded; how many are\n"
		"not kept any more is said.\n"
		"\n"
		"Examples:\n"
		"  mkctl events web\n"
		"  mkctl events --follow --json\n",
};

int cmd_events(struct ctl *ctl, int argc, char **argv)
{
	struct wish wish = { 0 };
	struct mk_device dev;
	const char *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value)))
		*(key == OPT_FOLLOW ? &wish.follows : &wish.json) = true;
	if (parse_more(&p))
		wish.name = parse_name(&p);

	if (wish.follows)
		signals_hold();
	status = open_device(ctl, &dev);
	if (status)
		return status;
	status = run(&dev, &wish);
	mk_device_close(&dev);
	return status;
}
