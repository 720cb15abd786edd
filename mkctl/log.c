// SPDX-License-Identifier: GPL-2.0-only
/* mkctl log: a spawn's kernel log from its first line, alive or dead. */
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "logprint.h"
#include "logstream.h"
#include "names.h"
#include "signals.h"

/* What is asked for. */
struct wish {
	unsigned int follows; /* 2: through restarts, too */
	bool json, all, list;
	bool lives; /* --life all */
	uint32_t life; /* --life N; 0 = the present one */
};

static void print_record(struct logstream *s, const struct wish *wish)
{
	struct json_object *o;

	if (wish->json) {
		o = json_object_new_object();
		json_number(o, "life", s->life);
		logprint_fields(o, s->record);
		json_print_line(o);
		return;
	}
	logprint_lost(NULL, s->record);
	fputs(logstream_format(s), stdout);
}

/* JSON has it in each line. */
static void print_life(const struct logstream *s, const struct wish *wish)
{
	if (!wish->json)
		printf("--- life %" PRIu32 " ---\n", s->life);
}

/*
 * All that is there.  The last LOGSTREAM_..., or a negative code.  A saved log
 * that is damaged is told of, and does not keep back those behind it.
 */
static int drain(struct logstream *s, const struct wish *wish, uint64_t *nr,
		 struct mk_error *err)
{
	int code;

	for (;;) {
		code = logstream_next(s, err);
		if (code == LOGSTREAM_RECORD) {
			print_record(s, wish);
			++*nr;
		} else if (code == LOGSTREAM_LIFE) {
			print_life(s, wish);
		} else if (code == MK_E_INPUT && s->taken &&
			   s->life < s->last) {
			say("%s: life %" PRIu32 ": %s", s->name, s->life,
			    err->text);
		} else {
			return code;
		}
	}
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

/* The end of what --follow wanted. */
static int say_end(const struct logstream *s)
{
	if (s->life >= s->info.generation)
		say("%s: %s (%s)", s->name, mk_state_name(s->info.state),
		    mk_cause_name(s->info.cause));
	else
		say("%s: its life %" PRIu32 " is over; it was started again",
		    s->name, s->life);
	return MKCTL_DONE;
}

/* Until the spawn ends, the instance is deleted, or a signal comes. */
static int follow(struct logstream *s, const struct wish *wish)
{
	struct mk_error err;
	uint64_t nr = 0;
	int code;

	do {
		code = drain(s, wish, &nr, &err);
		fflush(stdout);
		if (ferror(stdout))
			return MKCTL_COULD_NOT;
		if (code == LOGSTREAM_END && s->last != UINT32_MAX)
			return say_end(s);
		if (code >= 0)
			code = mk_instance_wait(s->inst, LOG_FOLLOW_MS,
						signals_mask(), &err);
	} while (code >= 0 && !signals_came());
	if (code == MK_E_NOTFOUND) {
		say("%s: it was deleted", s->name);
		return MKCTL_DONE;
	}
	return code < 0 ? fail(s->name, &err) : MKCTL_DONE;
}

static int print_once(struct logstream *s, const struct wish *wish)
{
	struct mk_error err;
	uint64_t nr = 0;
	int code;

	code = drain(s, wish, &nr, &err);
	if (code < 0)
		return fail(s->name, &err);
	if (nr)
		return MKCTL_DONE;
	if (wish->life && wish->life != s->info.generation)
		say("%s: the log of its life %" PRIu32 " is not kept; mkctl "
		    "log %s --life list shows which are",
		    s->name, wish->life, s->name);
	else
		say("%s: %s", s->name, explain_empty(&s->info));
	if (!wish->life && !wish->lives &&
	    lives_list(s->name, s->info.id, NULL))
		say("%s: mkctl log %s --life list shows its earlier lives",
		    s->name, s->name);
	return MKCTL_COULD_NOT;
}

/* ---- which lives there are ---- */

static void print_life_of(const struct life_head *head, bool saved, bool json)
{
	char text[CLOCK_TEXT];
	struct json_object *o;

	if (!json) {
		printf("%4" PRIu32 "  %s  %-7s  %-8s  %s\n", head->life,
		       clock_text(text, clock_real_ns(head->started_ns)),
		       mk_state_name(head->state), mk_cause_name(head->cause),
		       saved ? "saved" : "memory");
		return;
	}
	o = json_object_new_object();
	json_number(o, "life", head->life);
	json_text(o, "state", mk_state_name(head->state));
	json_text(o, "cause", mk_cause_name(head->cause));
	json_number(o, "started_ns", head->started_ns);
	json_number(o, "ended_ns", head->ended_ns);
	json_number(o, "offset_ns", head->offset_ns);
	json_flag(o, "exact", head->exact);
	json_flag(o, "saved", saved);
	json_print_line(o);
}

static int list_lives(const char *name, struct mk_instance *inst, bool json)
{
	uint32_t lives[LIVES_KEPT];
	struct life_head head = { 0 };
	struct lives_file file;
	struct mk_info info;
	struct mk_error err;
	unsigned int i, n;

	if (mk_instance_info(inst, &info, &err))
		return fail(name, &err);
	if (!json)
		puts("LIFE  STARTED                  STATE    CAUSE     LOG");
	n = lives_list(name, info.id, lives);
	for (i = 0; i < n; i++) {
		if (lives[i] == info.generation &&
		    info.state >= MK_STATE_RUNNING)
			continue;
		if (lives_open(&file, name, info.id, lives[i], &err)) {
			say("%s: life %" PRIu32 ": %s", name, lives[i],
			    err.text);
			continue;
		}
		print_life_of(&file.head, true, json);
		lives_close(&file);
	}
	if (!info.generation || info.state < MK_STATE_RUNNING)
		return MKCTL_DONE;
	head.life = info.generation;
	head.state = info.state;
	head.cause = info.cause;
	head.started_ns = info.started_ns;
	if (info.state != MK_STATE_RUNNING)
		head.ended_ns = info.since_ns;
	head.exact = lives_clock(inst, &info, &head.offset_ns);
	print_life_of(&head, false, json);
	return MKCTL_DONE;
}

/* ---- the command ---- */

/* Where to begin and end, as the instance stands. */
static int choose(const struct wish *wish, const char *name,
		  struct mk_instance *inst, uint32_t *first, uint32_t *last,
		  struct mk_error *err)
{
	uint32_t lives[LIVES_KEPT];
	struct mk_info info;
	int code;

	code = mk_instance_info(inst, &info, err);
	if (code)
		return code;
	*first = *last = wish->life ? wish->life : info.generation;
	if (wish->lives && lives_list(name, info.id, lives))
		*first = lives[0];
	if (wish->follows && (wish->lives || wish->follows > 1))
		*last = UINT32_MAX;
	/* What was loaded since has not run yet: it has no log. */
	else if (!wish->life && !wish->lives && info.state < MK_STATE_RUNNING)
		*first = *last = info.generation + 1;
	return 0;
}

static int one(struct ctl *ctl, const char *name, const struct wish *wish)
{
	static struct logstream stream;
	struct mk_instance inst;
	struct mk_error err;
	uint32_t first, last;
	int status;

	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	if (wish->list) {
		status = list_lives(name, &inst, wish->json);
	} else if (choose(wish, name, &inst, &first, &last, &err) ||
		   logstream_begin(&stream, name, &inst, first, last,
				   !wish->follows, &err)) {
		status = fail(name, &err);
	} else {
		if (wish->lives)
			print_life(&stream, wish);
		status = wish->follows ? follow(&stream, wish)
				       : print_once(&stream, wish);
		logstream_end(&stream);
	}
	mk_instance_close(&inst);
	return status;
}

static const struct opt options[] = {
	{ OPT_ALL, "all", NULL, "of the host and all spawns, by time" },
	{ OPT_FOLLOW, "follow", NULL,
	  "go on until the spawn ends; twice: until it is deleted" },
	{ OPT_JSON, "json", NULL, "one JSON object a line" },
	{ OPT_LIFE, "life", "N|all|list",
	  "of an earlier life, or all of them" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [--life N|all|list] [--follow]... [--json]\n"
		"       mkctl log --all [--follow] [--json]",
	.groups = groups,
	.text = "Prints the kernel log of a spawn from its first line.  It is read\n"
		"out of the spawn's memory, so it works when the spawn hangs, has\n"
		"crashed or was killed, and the spawn does not notice.\n"
		"\n"
		"A life is from a start to the end.  mkctl keeps the logs of the last\n"
		"eight until the instance is deleted: --life N prints one, --life all\n"
		"every one, --life list tells which there are.\n"
		"\n"
		"--follow ends with the life.  Given twice (-ff), or with --life all, it\n"
		"goes on with the lives that follow, until the instance is deleted; no\n"
		"line is missing or printed twice, as long as mkctl starts them.\n"
		"\n"
		"--all prints the host's log and those of all spawns in one order of\n"
		"time, the time since the host's boot; each line names its source,\n"
		"\"host\" or NAME/LIFE.  \"~\" behind a time says that the spawn's agent\n"
		"has not told its clock: such a line may be later than its time says.\n"
		"\n"
		"Examples:\n"
		"  mkctl log web --follow\n"
		"  mkctl log web --life list\n"
		"  mkctl log --all -f\n",
};

static void take_life(struct wish *wish, const struct parse *p,
		      const char *value)
{
	if (strcmp(value, "all") == 0)
		wish->lives = true;
	else if (strcmp(value, "list") == 0)
		wish->list = true;
	else
		wish->life = parse_number(p, "--life", value, 1, INT32_MAX);
}

int cmd_log(struct ctl *ctl, int argc, char **argv)
{
	struct wish wish = { 0 };
	const char *name = NULL, *value;
	struct parse p;
	int key;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		switch (key) {
		case OPT_ALL:
			wish.all = true;
			break;
		case OPT_FOLLOW:
			wish.follows++;
			break;
		case OPT_JSON:
			wish.json = true;
			break;
		case OPT_LIFE:
			take_life(&wish, &p, value);
			break;
		}
	}
	if (wish.all)
		parse_no_operand(&p);
	else
		name = parse_name(&p);
	if (wish.all && (wish.list || wish.lives || wish.life))
		usage_error(&p,
			    "--all has all lives; --life is of one instance");
	if (wish.follows && (wish.list || wish.life))
		usage_error(&p, "--follow does not go with --life list or N");
	if (wish.follows)
		signals_hold();
	return wish.all ? log_all(ctl, wish.follows, wish.json)
			: one(ctl, name, &wish);
}
