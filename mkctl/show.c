// SPDX-License-Identifier: GPL-2.0-only
/* mkctl show: everything about an instance. */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmdline.h"
#include "describe.h"
#include "describe_agent.h"
#include "describe_policy.h"
#include "names.h"
#include "size.h"

/* Where the planner puts the command line: see the map in lib/plan.h. */
#define CMDLINE_OFFSET 0x1000

/*
 * The command line as it lies in the memory of a spawn that was started.
 * Told by the spawn, so to speak: it can write there.
 */
static bool read_cmdline(struct mk_instance *inst, const struct mk_info *info,
			 char *text, size_t size)
{
	ssize_t n;

	text[0] = '\0';
	if (!info->generation || info->state < MK_STATE_RUNNING)
		return false;
	n = mk_instance_read(inst, CMDLINE_OFFSET, text, size - 1, NULL);
	if (n <= 0)
		return false;
	text[n] = '\0';
	make_printable(text);
	return text[0] != '\0';
}

static void print_time(const char *what, uint64_t boottime_ns)
{
	time_t t = (time_t)describe_epoch(boottime_ns);
	char text[32];
	struct tm tm;

	if (localtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		printf("%-13s %s\n", what, text);
}

static void print_bytes(const char *what, uint64_t bytes, const char *rest)
{
	char text[MK_SIZE_TEXT];

	printf("%-13s %s%s\n", what, mk_size_short(text, sizeof(text), bytes),
	       rest);
}

static void print_range(uint64_t start, uint64_t bytes)
{
	printf("%-13s 0x%" PRIx64 "-0x%" PRIx64 "\n", "", start,
	       start + bytes - 1);
}

/* Which of our options are on the command line, and against what. */
static void print_hazards(const char *cmdline)
{
	const struct mk_cmdline_option *o;
	struct mk_error err;
	const char *given;
	char name[32];
	size_t nr, i;

	o = mk_cmdline_options(&nr);
	puts("hazards, and what the command line has against them:");
	for (i = 0; i < nr; i++) {
		if (!o[i].hazard[0])
			continue;
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(o[i].text, "="), o[i].text);
		given = mk_cmdline_has(cmdline, name)	 ? ""
			: o[i].when == MK_CMDLINE_ALWAYS ? "NOT GIVEN: "
							 : "not needed here: ";
		printf("  %-4s%-24s %s%s\n", o[i].hazard, o[i].text, given,
		       o[i].why);
	}
	if (mk_cmdline_check(cmdline, mk_cmdline_has(cmdline, "noapic"), &err))
		printf("  but %s\n", err.text);
}

static void print_cpus(const struct description *d)
{
	unsigned int i;

	printf("%-13s %s (boot CPU %u)\n", "CPUs", d->cpu_list, d->cpus[0].cpu);
	for (i = 0; i < d->nr_cpus; i++)
		if (d->cpus[i].lost)
			printf("%-13s CPU %u did not acknowledge\n", "lost",
			       d->cpus[i].cpu);
}

static void print_text(const struct description *d, const char *cmdline,
		       bool verbose)
{
	const struct mk_info *info = &d->info;

	printf("%-13s %s (id %u)\n", "name", info->name, info->id);
	printf("%-13s %s, for %s\n", "state", d->state, d->age);
	if (d->nr_cpus)
		print_cpus(d);
	print_bytes("memory", info->memory_bytes, "");
	print_range(info->memory_base, info->memory_bytes);
	print_bytes("low window", info->low_bytes, "");
	print_range(info->low_base, info->low_bytes);
	printf("%-13s %s\n", "kernel", info->label[0] ? info->label : "-");
	if (info->nr_segments) {
		printf("%-13s %u segments, hand-off page 0x%llx\n", "loaded",
		       info->nr_segments, (unsigned long long)info->handoff);
		print_bytes("", info->loaded_bytes, " of its memory");
	}
	print_bytes("host keeps", info->kept_bytes, " for starting again");
	print_bytes("host uses", info->host_bytes, " besides");
	printf("%-13s %u\n", "starts", info->generation);
	if (info->started_ns)
		print_time("last start", info->started_ns);
	if (info->generation)
		printf("%-13s %s\n", "progress",
		       mk_progress_name(info->progress));
	describe_agent_print(d);
	describe_policy_print(d);
	if (!cmdline[0])
		return;
	printf("%-13s %s\n", "command line", cmdline);
	if (verbose)
		print_hazards(cmdline);
}

static void print_store(const struct description *d)
{
	const struct mk_info *info = &d->info;

	printf("%-13s %s (id %u)\n", "name", info->name, info->id);
	printf("%-13s for %s, used by %u loaded images\n", "a store", d->age,
	       info->users);
	print_bytes("memory", info->memory_bytes, "");
	print_range(info->memory_base, info->memory_bytes);
	print_bytes("host uses", info->host_bytes, " besides");
	puts("mkctl pmem lists stores and their files");
}

static const struct opt options[] = {
	{ OPT_JSON, "json", NULL, "an object, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [--json] [--verbose]",
	.groups = groups,
	.text = "Shows everything about an instance; with --verbose also which\n"
		"options of its command line protect the host from what.\n"
		"\n"
		"Example:\n"
		"  mkctl show web -v\n",
};

int cmd_show(struct ctl *ctl, int argc, char **argv)
{
	static struct description d;
	char cmdline[MK_CMDLINE_BYTES];
	struct mk_instance inst;
	struct json_object *o;
	const char *name, *value;
	struct mk_error err;
	bool json = false;
	struct parse p;
	int status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while (parse_next(&p, &value))
		json = true;
	name = parse_name(&p);

	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	if (describe(&d, &inst, &err)) {
		status = fail(name, &err);
	} else {
		read_cmdline(&inst, &d.info, cmdline, sizeof(cmdline));
		if (json) {
			o = describe_json(&d);
			json_text(o, "cmdline", cmdline);
			json_object_object_add(o, "channel",
					       describe_channel_json(&d));
			json_print(o);
		} else if (!d.nr_cpus) {
			print_store(&d);
		} else {
			print_text(&d, cmdline, ctl->verbose);
		}
	}
	mk_instance_close(&inst);
	return status;
}
