// SPDX-License-Identifier: GPL-2.0-only
/* What is known of an instance, for list and show. */
#include "describe.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "cpulist.h"
#include "describe_agent.h"
#include "describe_policy.h"
#include "names.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

double describe_epoch(uint64_t boottime_ns)
{
	double since_boot = (double)clock_ns(CLOCK_REALTIME) -
			    (double)clock_ns(CLOCK_BOOTTIME);
	/* Whole milliseconds: the two clocks are not read at one moment. */
	uint64_t ms = (uint64_t)((since_boot + (double)boottime_ns) / 1e6);

	return (double)ms / 1000;
}

void describe_age(char *text, size_t size, uint64_t seconds)
{
	unsigned long s = (unsigned long)seconds;

	if (s < 60)
		snprintf(text, size, "%lus", s);
	else if (s < 3600)
		snprintf(text, size, "%lum%02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, size, "%luh%02lum", s / 3600, s / 60 % 60);
	else
		snprintf(text, size, "%lud%02luh", s / 86400, s / 3600 % 24);
}

static void set_age(struct description *d)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME), since = d->info.since_ns;

	describe_age(d->age, sizeof(d->age),
		     now > since ? (now - since) / 1000000000 : 0);
}

/* What the agent says, for a terminal: without the newline of a panic. */
static void clean(char *text)
{
	size_t n = strlen(text);

	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	make_printable(text);
}

static int get_channel(struct description *d, struct mk_instance *inst,
		       struct mk_error *err)
{
	int code;

	if (!d->nr_cpus)
		return 0; /* a store */
	code = mk_instance_channel(inst, &d->channel, err);
	if (code == MK_E_SUPPORT)
		return 0;
	d->has_channel = !code;
	clean(d->channel.release);
	clean(d->channel.panic_text);
	return code;
}

int describe(struct description *d, struct mk_instance *inst,
	     struct mk_error *err)
{
	uint32_t list[MK_CPUS_MAX];
	unsigned int i;
	int code;

	memset(d, 0, sizeof(*d));
	code = mk_instance_info(inst, &d->info, err);
	if (!code)
		code = mk_instance_cpus(inst, d->cpus, MK_CPUS_MAX, &d->nr_cpus,
					err);
	if (!code)
		code = get_channel(d, inst, err);
	if (code)
		return code;
	if (d->nr_cpus > MK_CPUS_MAX)
		d->nr_cpus = MK_CPUS_MAX;
	for (i = 0; i < d->nr_cpus; i++)
		list[i] = d->cpus[i].cpu;
	mk_cpulist_format(list, d->nr_cpus, d->cpu_list, sizeof(d->cpu_list),
			  NULL);
	d->info.name[MK_NAME_BYTES - 1] = '\0';
	d->info.label[MK_LABEL_BYTES - 1] = '\0';
	make_printable(d->info.label);
	if (d->info.state >= MK_STATE_STOPPED)
		snprintf(d->state, sizeof(d->state), "%s (%s)",
			 mk_state_name(d->info.state),
			 mk_cause_name(d->info.cause));
	else
		snprintf(d->state, sizeof(d->state), "%s",
			 mk_state_name(d->info.state));
	set_age(d);
	return 0;
}

static void add_time(struct json_object *o, const char *key, double seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", seconds);
	json_object_object_add(o, key, json_object_new_double_s(seconds, text));
}

struct json_object *describe_json(const struct description *d)
{
	struct json_object *o = json_object_new_object(), *list, *lost;
	const struct mk_info *info = &d->info;
	unsigned int i;

	list = json_object_new_array();
	lost = json_object_new_array();
	for (i = 0; i < d->nr_cpus; i++) {
		json_object_array_add(list,
				      json_object_new_int64(d->cpus[i].cpu));
		if (d->cpus[i].lost)
			json_object_array_add(
				lost, json_object_new_int64(d->cpus[i].cpu));
	}
	json_text(o, "name", info->name);
	json_number(o, "id", info->id);
	json_text(o, "state", mk_state_name(info->state));
	json_text(o, "cause", mk_cause_name(info->cause));
	json_object_object_add(o, "cpus", list);
	json_object_object_add(o, "lost_cpus", lost);
	json_number(o, "memory", info->memory_bytes);
	json_number(o, "memory_base", info->memory_base);
	json_number(o, "low", info->low_bytes);
	json_number(o, "low_base", info->low_base);
	json_text(o, "kernel", info->label);
	json_number(o, "generation", info->generation);
	json_text(o, "progress", mk_progress_name(info->progress));
	json_number(o, "segments", info->nr_segments);
	json_number(o, "loaded_bytes", info->loaded_bytes);
	json_number(o, "kept_bytes", info->kept_bytes);
	json_number(o, "host_bytes", info->host_bytes);
	json_number(o, "events", info->events);
	json_number(o, "users", info->users);
	add_time(o, "since", describe_epoch(info->since_ns));
	if (info->started_ns)
		add_time(o, "started", describe_epoch(info->started_ns));
	else
		json_object_object_add(o, "started", NULL);
	json_object_object_add(o, "agent", describe_agent_json(d));
	json_object_object_add(o, "policy", describe_policy_json(d));
	return o;
}
