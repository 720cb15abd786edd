// SPDX-License-Identifier: GPL-2.0-only
/* mkctl ping: round trips of messages to a spawn, and their statistics. */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "signals.h"

#define TIMEOUT_MS     5000
#define TIMEOUT_MS_MAX 3600000
#define INTERVAL_MS    200
#define COUNT	       4
#define BYTES	       64
#define SAMPLES_MAX    (1U << 20) /* the median is of the last so many */

struct ping_args {
	unsigned int count; /* 0 = until a signal comes */
	int interval_ms;
	unsigned int bytes;
	int timeout_ms;
	bool json;
};

struct sample {
	uint64_t ns, cycles;
};

struct statistics {
	uint64_t sent, answered, failed, unknown;
	struct sample *samples; /* a ring once it has SAMPLES_MAX */
	size_t room;
	uint64_t least, most; /* ns */
	double mean, squares; /* ns; sum of squared differences */
};

/* By Newton's method, which saves libm; the steps are enough below 2^100. */
static double square_root(double x)
{
	double root = x > 1 ? x : 1;
	int i;

	if (x <= 0)
		return 0;
	for (i = 0; i < 64; i++)
		root = (root + x / root) / 2;
	return root;
}

static double deviation(const struct statistics *s)
{
	return s->answered ? square_root(s->squares / (double)s->answered) : 0;
}

static int by_time(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

/* The sample in the middle, or the lower one of two; sorts them. */
static struct sample median(struct statistics *s)
{
	size_t n = s->answered < SAMPLES_MAX ? s->answered : SAMPLES_MAX;
	struct sample none = { 0 };

	if (!n)
		return none;
	qsort(s->samples, n, sizeof(*s->samples), by_time);
	return s->samples[(n - 1) / 2];
}

static int add_sample(struct statistics *s, const struct mk_ping *ping,
		      struct mk_error *err)
{
	double ns = (double)ping->ns, off;
	struct sample *samples;
	size_t room;

	if (s->answered == s->room && s->room < SAMPLES_MAX) {
		room = s->room ? s->room * 2 : 64;
		samples = realloc(s->samples, room * sizeof(*samples));
		if (!samples)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "no memory for the statistics");
		s->samples = samples;
		s->room = room;
	}
	s->samples[s->answered % SAMPLES_MAX].ns = ping->ns;
	s->samples[s->answered % SAMPLES_MAX].cycles = ping->cycles;
	if (!s->answered || ping->ns < s->least)
		s->least = ping->ns;
	if (ping->ns > s->most)
		s->most = ping->ns;
	s->answered++;
	/* Welford's way: no large sums that cancel each other. */
	off = ns - s->mean;
	s->mean += off / (double)s->answered;
	s->squares += off * (ns - s->mean);
	return 0;
}

/* Why a round trip failed or is unknown. */
static const char *explain(const struct mk_ping *ping)
{
	switch (ping->error) {
	case ENOTCONN:
		return "the agent in it is not up";
	case EAGAIN:
		return "no room in its ring";
	case EPROTO:
		return "it has broken its ring";
	case ETIMEDOUT:
		return "no reply in time";
	case ECONNRESET:
		return "the spawn ended meanwhile";
	case 0:
		return "no reason is known";
	default:
		return strerror((int)ping->error);
	}
}

/* Sets *@cut when a signal came before or instead of the reply. */
static int interruptible(struct mk_instance *inst, struct mk_ping *ping,
			 bool *cut, struct mk_error *err)
{
	int code = 0;

	signals_pass(true);
	*cut = signals_came();
	if (!*cut)
		code = mk_instance_ping(inst, ping, err);
	signals_pass(false);
	/* Ctrl-Z cuts a wait short, too, but then the command goes on. */
	if (ping->outcome && ping->error == EINTR && signals_came())
		*cut = true;
	return code;
}

/*
 * One round trip; its line unless @args->json.  One that was cut short says
 * nothing of the spawn and does not count.
 */
static int trip(const char *name, struct mk_instance *inst,
		const struct ping_args *args, struct statistics *s, bool *cut,
		struct mk_error *err)
{
	struct mk_ping ping = { .bytes = args->bytes,
				.timeout_ms = (uint32_t)args->timeout_ms };
	const char *how = "unknown";
	int code;

	code = interruptible(inst, &ping, cut, err);
	if (code || *cut)
		return code;
	s->sent++;
	if (ping.outcome == 0) {
		if (!args->json)
			printf("%s: %u bytes, seq %" PRIu64 ": %.1f us\n", name,
			       args->bytes, s->sent, (double)ping.ns / 1000);
		return add_sample(s, &ping, err);
	}
	if (ping.outcome == 1) {
		how = "failed";
		s->failed++;
	} else {
		s->unknown++;
	}
	if (!args->json)
		printf("%s: %u bytes, seq %" PRIu64 ": %s: %s\n", name,
		       args->bytes, s->sent, how, explain(&ping));
	return 0;
}

static void add_us(struct json_object *o, const char *key, bool known,
		   double ns)
{
	char text[40];

	snprintf(text, sizeof(text), "%.3f", ns / 1000);
	json_object_object_add(o, key,
			       known ? json_object_new_double_s(ns / 1000, text)
				     : NULL);
}

static void print_json(const char *name, const struct ping_args *args,
		       struct statistics *s)
{
	struct json_object *o = json_object_new_object();
	struct sample middle = median(s);
	bool known = s->answered > 0;

	json_text(o, "name", name);
	json_number(o, "bytes", args->bytes);
	json_number(o, "sent", s->sent);
	json_number(o, "answered", s->answered);
	json_number(o, "failed", s->failed);
	json_number(o, "unknown", s->unknown);
	add_us(o, "min_us", known, (double)s->least);
	add_us(o, "median_us", known, (double)middle.ns);
	add_us(o, "max_us", known, (double)s->most);
	add_us(o, "mdev_us", known, deviation(s));
	if (known)
		json_number(o, "median_cycles", middle.cycles);
	else
		json_object_object_add(o, "median_cycles", NULL);
	json_print(o);
}

static void print_statistics(const char *name, struct statistics *s)
{
	struct sample middle = median(s);

	printf("%s: %" PRIu64 " sent, %" PRIu64 " answered", name, s->sent,
	       s->answered);
	if (s->failed)
		printf(", %" PRIu64 " failed", s->failed);
	printf(", %" PRIu64 " unknown\n", s->unknown);
	if (!s->answered)
		return;
	printf("%s: min/median/max/mdev %.1f/%.1f/%.1f/%.1f us, "
	       "median %" PRIu64 " TSC cycles\n",
	       name, (double)s->least / 1000, (double)middle.ns / 1000,
	       (double)s->most / 1000, deviation(s) / 1000, middle.cycles);
}

static int ping(const char *name, struct mk_instance *inst,
		const struct ping_args *args)
{
	struct statistics s = { 0 };
	int status = MKCTL_DONE;
	struct mk_error err;
	bool cut = false;

	for (;;) {
		if (trip(name, inst, args, &s, &cut, &err)) {
			status = fail(name, &err);
			break;
		}
		if (cut)
			break;
		fflush(stdout);
		if ((args->count && s.sent >= args->count) || ferror(stdout))
			break;
		signals_sleep(args->interval_ms);
		if (signals_came())
			break;
	}
	if ((s.sent || cut) && args->json)
		print_json(name, args, &s);
	else if (s.sent || cut)
		print_statistics(name, &s);
	free(s.samples);
	if (s.unknown || (cut && !s.sent))
		return MKCTL_UNKNOWN;
	return s.failed ? MKCTL_COULD_NOT : status;
}

static const struct opt options[] = {
	{ OPT_COUNT, "count", "N", "so many round trips (4); 0 = no end" },
	{ OPT_INTERVAL, "interval", "SECONDS", "between two of them (0.2)" },
	{ OPT_SIZE, "size", "BYTES", "in each message (64)" },
	{ OPT_TIMEOUT, "timeout", "SECONDS",
	  "wait so long for a reply (5); 3600 at most" },
	{ OPT_JSON, "json", NULL, "only the statistics, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [-c N] [-i SECONDS] [-s BYTES] [--timeout SECONDS] "
		"[--json]",
	.groups = groups,
	.text = "Sends messages to the spawn's agent, which sends them back, and prints\n"
		"how long each took; at the end, also on Ctrl-C, the statistics.  A\n"
		"round trip has failed when it was not sent, and is unknown when no\n"
		"reply came.  Exit status 1 when one failed, 3 when one is unknown or\n"
		"Ctrl-C came before the first.\n"
		"\n"
		"Example:\n"
		"  mkctl ping web -c 100 -i 0.01 -s 4096\n",
};

int cmd_ping(struct ctl *ctl, int argc, char **argv)
{
	struct ping_args args = { .count = COUNT,
				  .interval_ms = INTERVAL_MS,
				  .bytes = BYTES,
				  .timeout_ms = TIMEOUT_MS };
	struct mk_instance inst;
	const char *name, *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_COUNT)
			args.count = parse_number(&p, "--count", value, 0,
						  UINT32_MAX);
		else if (key == OPT_INTERVAL)
			args.interval_ms =
				parse_seconds(&p, "--interval", value);
		else if (key == OPT_SIZE)
			args.bytes = parse_number(&p, "--size", value, 0,
						  MK_MESSAGE_MAX);
		else if (key == OPT_TIMEOUT)
			args.timeout_ms = parse_seconds(&p, "--timeout", value);
		else
			args.json = true;
	}
	name = parse_name(&p);
	if (args.timeout_ms > TIMEOUT_MS_MAX)
		usage_error(&p, "--timeout: %u seconds at most",
			    TIMEOUT_MS_MAX / 1000);

	signals_hold();
	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	status = ping(name, &inst, &args);
	mk_instance_close(&inst);
	return status;
}
