// SPDX-License-Identifier: GPL-2.0-only
/* What a spawn's agent says, and what its channel did, for list and show. */
#include "describe_agent.h"

#include <multikernel/wire.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "size.h"

#define NO_BEAT	 UINT32_MAX
#define LATE_MS	 3000 /* it beats once a second */
#define LOAD_ONE 2048.0

/* It beats only while it runs; the last age says nothing afterwards. */
static bool has_beat(const struct description *d)
{
	return d->has_channel && d->info.state == MK_STATE_RUNNING &&
	       d->channel.agent != MK_AGENT_NONE &&
	       d->channel.heartbeat_age_ms != NO_BEAT;
}

static void format_age(char *text, size_t size, uint32_t ms)
{
	if (ms < 10000)
		snprintf(text, size, "%u.%us", ms / 1000, ms / 100 % 10);
	else
		describe_age(text, size, ms / 1000);
}

void describe_heartbeat(const struct description *d, char *text, size_t size)
{
	uint32_t ms = d->channel.heartbeat_age_ms;
	char age[24];

	if (d->has_channel && d->info.state == MK_STATE_RUNNING &&
	    d->channel.agent == MK_AGENT_REFUSED) {
		snprintf(text, size, "refused");
	} else if (has_beat(d)) {
		format_age(age, sizeof(age), ms);
		snprintf(text, size, "%s%s", age, ms > LATE_MS ? "!" : "");
	} else {
		snprintf(text, size, "-");
	}
}

/* ---- for programs ---- */

static struct json_object *fraction(double value, const char *format)
{
	char text[40];

	snprintf(text, sizeof(text), format, value);
	return json_object_new_double_s(value, text);
}

static struct json_object *feature_list(uint64_t features)
{
	struct json_object *list = json_object_new_array();
	unsigned int bit;

	for (bit = 0; bit < 64; bit++)
		if (features >> bit & 1)
			json_object_array_add(
				list,
				json_object_new_string(mk_feature_name(bit)));
	return list;
}

struct json_object *describe_agent_json(const struct description *d)
{
	const struct mk_channel *c = &d->channel;
	struct json_object *o, *load;
	unsigned int i;

	if (!d->has_channel)
		return NULL;
	o = json_object_new_object();
	json_text(o, "state", mk_agent_name(c->agent));
	json_number(o, "revision", c->agent_revision);
	json_number(o, "generation", c->generation);
	json_number(o, "heartbeat", c->heartbeat);
	json_object_object_add(
		o, "heartbeat_age",
		has_beat(d) ? fraction(c->heartbeat_age_ms / 1000.0, "%.3f")
			    : NULL);
	json_text(o, "release", c->release);
	json_number(o, "cpus_online", c->cpus_online);
	load = json_object_new_array();
	for (i = 0; i < 3; i++)
		json_object_array_add(load,
				      fraction(c->load[i] / LOAD_ONE, "%.2f"));
	json_object_object_add(o, "load", load);
	json_number(o, "memory", c->memory);
	json_number(o, "memory_free", c->memory_free);
	json_object_object_add(
		o, "boot_time",
		c->boot_ns ? fraction((double)c->boot_ns / 1e9, "%.3f") : NULL);
	json_text(o, "panic", c->panic_text);
	return o;
}

struct json_object *describe_channel_json(const struct description *d)
{
	const struct mk_channel_counters *n = &d->channel.counters;
	struct json_object *o, *counters;

	if (!d->has_channel)
		return NULL;
	counters = json_object_new_object();
	json_number(counters, "sent", n->sent);
	json_number(counters, "sent_bytes", n->sent_bytes);
	json_number(counters, "received", n->received);
	json_number(counters, "received_bytes", n->received_bytes);
	json_number(counters, "doorbells_rung", n->doorbells_rung);
	json_number(counters, "doorbells_suppressed", n->doorbells_suppressed);
	json_number(counters, "doorbells_received", n->doorbells_received);
	json_number(counters, "doorbells_spurious", n->doorbells_spurious);
	json_number(counters, "doorbells_masked", n->doorbells_masked);
	json_number(counters, "full_waits", n->full_waits);
	json_number(counters, "unowned", n->unowned);
	json_number(counters, "stale", n->stale);
	json_number(counters, "late", n->late);
	json_number(counters, "refused", n->refused);
	o = json_object_new_object();
	json_object_object_add(o, "features_offered",
			       feature_list(d->channel.features_offered));
	json_object_object_add(o, "features_accepted",
			       feature_list(d->channel.features_accepted));
	json_object_object_add(o, "counters", counters);
	return o;
}

/* ---- for people ---- */

static void print_state(const struct description *d)
{
	const struct mk_channel *c = &d->channel;
	char age[24];

	printf("%-13s %s", "agent", mk_agent_name(c->agent));
	if (c->agent == MK_AGENT_REFUSED)
		printf(": it speaks revision %u of the hand-off page, this "
		       "host %d",
		       c->agent_revision, MKW_HANDOFF_REVISION);
	if (c->agent == MK_AGENT_BROKEN)
		printf(": it wrote what makes no sense into a ring");
	if (has_beat(d)) {
		format_age(age, sizeof(age), c->heartbeat_age_ms);
		printf(", last beat %s ago (%u so far)%s", age, c->heartbeat,
		       c->heartbeat_age_ms > LATE_MS ? ": late" : "");
	}
	putchar('\n');
}

static void print_spawn(const struct mk_channel *c)
{
	char memory[MK_SIZE_TEXT], unused[MK_SIZE_TEXT];

	if (c->release[0])
		printf("%-13s kernel %s, %.2f s old at its hello\n", "",
		       c->release, (double)c->boot_ns / 1e9);
	if (!c->cpus_online)
		return;
	mk_size_short(memory, sizeof(memory), c->memory);
	mk_size_short(unused, sizeof(unused), c->memory_free);
	printf("%-13s CPUs online %u, load %.2f %.2f %.2f, memory free %s%s%s\n",
	       "", c->cpus_online, c->load[0] / LOAD_ONE, c->load[1] / LOAD_ONE,
	       c->load[2] / LOAD_ONE, unused, c->memory ? " of " : "",
	       c->memory ? memory : "");
}

static void print_features(const char *what, uint64_t features)
{
	unsigned int bit;

	printf("%s", what);
	if (!features)
		printf(" none");
	for (bit = 0; bit < 64; bit++)
		if (features >> bit & 1)
			printf(" %s", mk_feature_name(bit));
}

static void print_counters(const struct mk_channel_counters *n)
{
	char bytes[MK_SIZE_TEXT];

	printf("%-13s %llu (%s), %llu waits for room\n", "messages out",
	       n->sent, mk_size_short(bytes, sizeof(bytes), n->sent_bytes),
	       n->full_waits);
	printf("%-13s %llu (%s)\n", "messages in", n->received,
	       mk_size_short(bytes, sizeof(bytes), n->received_bytes));
	if (n->unowned || n->stale || n->late || n->refused) {
		printf("%-13s %llu of a type that nobody has, %llu refused, ",
		       "", n->unowned, n->refused);
		printf("%llu of an earlier life, %llu late replies\n", n->stale,
		       n->late);
	}
	printf("%-13s %llu rung, %llu not needed\n", "doorbells out",
	       n->doorbells_rung, n->doorbells_suppressed);
	printf("%-13s %llu came, %llu unasked, %llu times masked\n",
	       "doorbells in", n->doorbells_received, n->doorbells_spurious,
	       n->doorbells_masked);
}

void describe_agent_print(const struct description *d)
{
	static const struct mk_channel_counters none;
	const struct mk_channel *c = &d->channel;

	if (!d->has_channel || !d->info.generation)
		return;
	print_state(d);
	print_spawn(c);
	if (c->panic_text[0])
		printf("%-13s %s\n", "panic", c->panic_text);
	if (c->agent != MK_AGENT_NONE) {
		printf("%-13s", "features");
		print_features(" offered", c->features_offered);
		print_features(", accepted", c->features_accepted);
		putchar('\n');
	}
	if (memcmp(&c->counters, &none, sizeof(none)) != 0)
		print_counters(&c->counters);
}
