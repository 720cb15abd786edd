// SPDX-License-Identifier: GPL-2.0-only
/* mkctl log --all: the logs of the host and of all spawns, by time. */
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kmsg.h"
#include "logprint.h"
#include "logstream.h"
#include "signals.h"
#include "timeline.h"

#define SOURCES_MAX 1024
/* How far a spawn's clock may be off without lines in a wrong order. */
#define SLACK_NS 100000000

/* The host, number 0, or an instance in all its lives. */
struct source {
	struct timeline_head head; /* of @record */
	struct mk_log_record record;
	bool broken; /* what it says makes no sense */
	bool gone; /* deleted */
	bool exact;
	uint32_t life; /* of @record; 0 = the host's */
	uint32_t id;
	char name[MK_NAME_BYTES];
	struct mk_instance inst;
	struct logstream stream;
};

struct all {
	struct ctl *ctl;
	struct mk_device dev;
	struct kmsg kmsg;
	int64_t host_offset;
	bool host_exact, follows, json;
	struct source *sources[SOURCES_MAX];
	const struct timeline_head *heads[SOURCES_MAX];
	unsigned int nr;
};

static struct source *add_source(struct all *all)
{
	struct source *s;

	if (all->nr == SOURCES_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->inst.fd = -1;
	all->heads[all->nr] = &s->head;
	all->sources[all->nr++] = s;
	return s;
}

static void drop_source(struct all *all, unsigned int i)
{
	struct source *s = all->sources[i];

	if (s->inst.fd >= 0) {
		logstream_end(&s->stream);
		mk_instance_close(&s->inst);
	}
	free(s);
	all->nr--;
	memmove(all->sources + i, all->sources + i + 1,
		(all->nr - i) * sizeof(all->sources[0]));
	memmove(all->heads + i, all->heads + i + 1,
		(all->nr - i) * sizeof(all->heads[0]));
}

/* An instance with all its lives; one that is gone again is none. */
static void add_instance(struct all *all, const struct mk_info *info)
{
	struct source *s = add_source(all);
	uint32_t lives[LIVES_KEPT];
	uint32_t first = info->generation;

	if (!s)
		return;
	snprintf(s->name, sizeof(s->name), "%.31s", info->name);
	s->id = info->id;
	if (lives_list(s->name, s->id, lives))
		first = lives[0];
	if (mk_instance_open(&all->dev, &s->inst, s->name, NULL) ||
	    logstream_begin(&s->stream, s->name, &s->inst, first, UINT32_MAX,
			    !all->follows, NULL) ||
	    s->stream.info.id != s->id)
		drop_source(all, all->nr - 1);
}

static void add_new(struct all *all)
{
	struct mk_info info;
	uint32_t id = 0;
	unsigned int i;

	while (mk_device_next(&all->dev, id, &info, NULL) == 0) {
		id = info.id;
		for (i = 1; i < all->nr && all->sources[i]->id != id; i++)
			;
		/* Stores have no CPUs, and no log. */
		if (i >= all->nr && info.nr_cpus)
			add_instance(all, &info);
	}
}

static int fill_host(struct all *all, struct source *s, struct mk_error *err)
{
	int code = kmsg_next(&all->kmsg, &s->record, err);

	if (code <= 0)
		return code;
	s->exact = all->host_exact;
	timeline_fill(&s->head, timeline_time(s->record.time, all->host_offset,
					      clock_boot_ns()));
	return 1;
}

static int fill_spawn(struct source *s)
{
	struct logstream *stream = &s->stream;
	struct mk_error err;
	int code;

	do {
		code = logstream_next(stream, &err);
		if (code < 0 && code != MK_E_NOTFOUND) {
			say("%s: life %" PRIu32 ": %s", s->name, stream->life,
			    err.text);
			/* Behind a saved log that is damaged it goes on. */
			s->broken = code != MK_E_INPUT || !stream->taken;
		}
	} while (code == LOGSTREAM_LIFE ||
		 (code == MK_E_INPUT && stream->taken));
	s->gone = code == MK_E_NOTFOUND;
	if (code != LOGSTREAM_RECORD)
		return 0;
	s->record = *stream->record;
	s->life = stream->life;
	s->exact = stream->exact;
	timeline_fill(&s->head,
		      timeline_time(s->record.time, (int64_t)stream->offset_ns,
				    clock_boot_ns()));
	return 1;
}

static int fill(struct all *all, struct source *s, struct mk_error *err)
{
	int code;

	if (s->head.filled || s->broken || s->gone)
		return 0;
	code = s == all->sources[0] ? fill_host(all, s, err) : fill_spawn(s);
	return code < 0 ? code : 0;
}

static void print(const struct all *all, const struct source *s)
{
	char label[MK_NAME_BYTES + 16] = "host";
	struct json_object *o;

	if (s->life)
		snprintf(label, sizeof(label), "%s/%" PRIu32, s->name, s->life);
	if (!all->json) {
		logprint_lost(label, &s->record);
		logprint_line(label, s->head.time_ns, s->exact, &s->record);
		return;
	}
	o = json_object_new_object();
	json_text(o, "source", s->life ? "spawn" : "host");
	if (s->life) {
		json_text(o, "name", s->name);
		json_number(o, "life", s->life);
	}
	json_number(o, "boot_ns", s->head.time_ns);
	json_flag(o, "exact", s->exact);
	logprint_fields(o, &s->record);
	json_print_line(o);
}

/* Fill all heads and print those of up to @until; MK_E_SYSTEM. */
static int merge(struct all *all, uint64_t until, struct mk_error *err)
{
	unsigned int i;
	int code, next;

	for (i = 0; i < all->nr; i++) {
		code = fill(all, all->sources[i], err);
		if (code)
			return code;
	}
	while ((next = timeline_pick(all->heads, all->nr, until)) >= 0) {
		print(all, all->sources[next]);
		all->sources[next]->head.filled = false;
		code = fill(all, all->sources[next], err);
		if (code)
			return code;
	}
	for (i = all->nr; i-- > 1;)
		if (all->sources[i]->gone && !all->sources[i]->head.filled)
			drop_source(all, i);
	return 0;
}

/*
 * What is written after a look at the clock is later than that look; so once
 * all logs were read after it, nothing earlier comes.
 */
static int run(struct all *all)
{
	struct mk_error err;
	uint64_t now;

	do {
		now = clock_boot_ns();
		add_new(all);
		if (merge(all, all->follows ? now - SLACK_NS : UINT64_MAX,
			  &err))
			return fail(NULL, &err);
		fflush(stdout);
		if (ferror(stdout))
			return MKCTL_COULD_NOT;
		if (all->follows)
			signals_sleep(LOG_FOLLOW_MS);
	} while (all->follows && !signals_came());
	return MKCTL_DONE;
}

int log_all(struct ctl *ctl, bool follows, bool json)
{
	static struct all all;
	struct mk_error err;
	int status;

	all.ctl = ctl;
	all.follows = follows;
	all.json = json;
	status = open_device(ctl, &all.dev);
	if (status)
		return status;
	if (kmsg_open(&all.kmsg, ctl, &err)) {
		status = fail(NULL, &err);
	} else {
		all.host_exact = clock_of_host_log(&all.host_offset);
		note(ctl,
		     "the boot clock minus that of the host's log: %.6f s%s",
		     (double)all.host_offset / 1e9,
		     all.host_exact ? "" : " (not measured)");
		status = add_source(&all) ? run(&all) : MKCTL_COULD_NOT;
		while (all.nr)
			drop_source(&all, all.nr - 1);
		kmsg_close(&all.kmsg);
	}
	mk_device_close(&all.dev);
	return status;
}
