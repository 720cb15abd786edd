// SPDX-License-Identifier: GPL-2.0-only
/* mkctl log: a spawn's kernel log from its first line, alive or dead. */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "names.h"
#include "signals.h"
#include "spawnlog.h"

#define FOLLOW_MS 200

static void print_json(const struct mk_log_record *r)
{
	struct json_object *o = json_object_new_object();
	char text[MK_LOG_TEXT_MAX + 1];
	size_t i;

	for (i = 0; i < r->length; i++)
		text[i] = r->text[i] ? r->text[i] : '?';
	text[i] = '\0';
	make_printable(text);
	json_number(o, "seq", r->seq);
	json_number(o, "time_ns", r->time);
	json_number(o, "level", r->level);
	json_number(o, "facility", r->facility);
	json_number(o, "lost", r->lost);
	json_text(o, "text", text);
	json_print_line(o);
}

static void print_record(struct spawnlog *view, bool json)
{
	if (json) {
		print_json(&view->record);
		return;
	}
	if (view->record.lost)
		printf("(%" PRIu64 " lines were overwritten)\n",
		       view->record.lost);
	fputs(spawnlog_format(view), stdout);
}

/*
 * Print what is there, at most @most records.  Returns 1 when something was
 * printed, 0 when not, or a negative code; a restart is not an error here.
 */
static int drain(struct spawnlog *view, uint64_t most, bool json,
		 struct mk_error *err)
{
	uint64_t n;
	int code = 0;

	for (n = 0; n < most; n++) {
		code = spawnlog_next(view, err);
		if (code != MK_LOG_RECORD)
			break;
		print_record(view, json);
		/* The ring's size is known from the first record on. */
		if (view->log.capacity < most)
			most = view->log.capacity;
	}
	if (code < 0 && code != MK_E_STATE)
		return code;
	return n > 0;
}

static const char *explain_empty(const struct mk_info *info)
{
	if (!info->generation)
		return "there is no log: it was never started";
	if (info->state < MK_STATE_RUNNING)
		return "there is no log: load and unload drop the last one";
	if (info->state == MK_STATE_RUNNING)
		return "there is no log yet: the kernel makes it known in the "
		       "middle of its boot; try again, or --follow";
	return "there is no log: it ended before the kernel made it known";
}

/* Until the spawn ends, the instance is deleted, or a signal comes. */
static int follow(const char *name, struct mk_instance *inst,
		  struct spawnlog *view, bool json)
{
	struct mk_info info;
	struct mk_error err;
	bool running;
	int code;

	do {
		code = mk_instance_info(inst, &info, &err);
		if (code)
			break;
		running = info.state == MK_STATE_RUNNING;
		if (!running)
			spawnlog_hurry(view);
		code = drain(view, UINT64_MAX, json, &err);
		if (code < 0)
			break;
		fflush(stdout);
		if (ferror(stdout))
			return MKCTL_COULD_NOT;
		if (!running) {
			say("%s: %s (%s)", name, mk_state_name(info.state),
			    mk_cause_name(info.cause));
			return MKCTL_DONE;
		}
		code = mk_instance_wait(inst, FOLLOW_MS, signals_mask(), &err);
	} while (code >= 0 && !signals_came());
	if (code == MK_E_NOTFOUND) {
		say("%s: it was deleted", name);
		return MKCTL_DONE;
	}
	return code < 0 ? fail(name, &err) : MKCTL_DONE;
}

static int print_once(const char *name, const struct mk_info *info,
		      struct spawnlog *view, bool json)
{
	struct mk_error err;
	int code;

	spawnlog_hurry(view);
	code = drain(view, UINT64_MAX, json, &err);
	if (code < 0)
		return fail(name, &err);
	if (code)
		return MKCTL_DONE;
	say("%s: %s", name, explain_empty(info));
	return MKCTL_COULD_NOT;
}

static const struct opt options[] = {
	{ OPT_FOLLOW, "follow", NULL, "go on until the spawn ends" },
	{ OPT_JSON, "json", NULL, "one JSON object a line" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [--follow] [--json]",
	.groups = groups,
	.text = "Prints the kernel log of a spawn from its first line.  It is read\n"
		"out of the spawn's memory, so it works when the spawn hangs, has\n"
		"crashed or was killed, and the spawn does not notice.\n"
		"\n"
		"Example:\n"
		"  mkctl log web --follow\n",
};

int cmd_log(struct ctl *ctl, int argc, char **argv)
{
	static struct spawnlog view;
	bool follows = false, json = false;
	struct mk_instance inst;
	struct mk_info info;
	struct mk_error err;
	const char *name, *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value)))
		*(key == OPT_FOLLOW ? &follows : &json) = true;
	name = parse_name(&p);

	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	if (mk_instance_info(&inst, &info, &err) ||
	    spawnlog_begin(&view, &inst, &err)) {
		status = fail(name, &err);
	} else if (follows) {
		signals_hold();
		status = follow(name, &inst, &view, json);
	} else {
		status = print_once(name, &info, &view, json);
	}
	spawnlog_end(&view);
	mk_instance_close(&inst);
	return status;
}
