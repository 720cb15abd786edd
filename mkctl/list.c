// SPDX-License-Identifier: GPL-2.0-only
/* mkctl list: all instances. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "describe_agent.h"
#include "size.h"

/*
 * Call @each for every instance, in order of id.  One that is deleted between
 * the enumeration and a closer look is passed over.
 */
static int for_each_instance(struct mk_device *dev,
			     void (*each)(const struct description *d,
					  void *to),
			     void *to, unsigned int *nr, struct mk_error *err)
{
	static struct description d;
	struct mk_instance inst;
	struct mk_info next;
	uint32_t id = 0;
	int code;

	*nr = 0;
	for (;; id = next.id) {
		code = mk_device_next(dev, id, &next, err);
		if (code == MK_E_NOTFOUND)
			return 0;
		if (code)
			return code;
		if (next.id <= id)
			return mk_fail(err, MK_E_SYSTEM,
				       "the module enumerates in a circle");
		if (!next.nr_cpus)
			continue; /* a store: mkctl pmem lists these */
		next.name[MK_NAME_BYTES - 1] = '\0';
		code = mk_instance_open(dev, &inst, next.name, err);
		if (!code) {
			code = describe(&d, &inst, err);
			mk_instance_close(&inst);
		}
		if (code == MK_E_NOTFOUND)
			continue;
		if (code)
			return code;
		/* Deleted and made anew meanwhile: its turn comes later. */
		if (d.info.id != next.id)
			continue;
		each(&d, to);
		(*nr)++;
	}
}

static void print_row(const struct description *d, void *to)
{
	char memory[MK_SIZE_TEXT], heartbeat[32];
	char cpus[sizeof(d->cpu_list) + 1];
	const char *lost = "";
	unsigned int i;

	(void)to;
	for (i = 0; i < d->nr_cpus; i++)
		if (d->cpus[i].lost)
			lost = "!";
	snprintf(cpus, sizeof(cpus), "%s%s", d->cpu_list, lost);
	describe_heartbeat(d, heartbeat, sizeof(heartbeat));
	printf("%-15s %3u  %-18s %-10s %7s  %-28s %-9s %s\n", d->info.name,
	       d->info.id, d->state, cpus,
	       mk_size_short(memory, sizeof(memory), d->info.memory_bytes),
	       d->info.label[0] ? d->info.label : "-", heartbeat, d->age);
}

static void add_object(const struct description *d, void *to)
{
	json_object_array_add(to, describe_json(d));
}

static const struct opt options[] = {
	{ OPT_JSON, "json", NULL, "an array of objects, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "[--json]",
	.groups = groups,
	.text = "Shows all instances (stores: mkctl pmem).  HEARTBEAT is the age of\n"
		"the last sign of life of the spawn's agent, with a \"!\" when it is\n"
		"late; a \"!\" behind CPUS says that not all of them acknowledged (mkctl\n"
		"show tells which); SINCE is the age of the state.  The table is for\n"
		"people and may change; --json is for programs.\n"
		"\n"
		"Example:\n"
		"  mkctl list --json | jq -r '.[] | select(.state == \"crashed\")'\n",
};

int cmd_list(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *array = NULL;
	int status, code;
	struct mk_device dev;
	struct mk_error err;
	const char *value;
	unsigned int nr;
	struct parse p;

	parse_begin(&p, ctl, &usage, argc, argv);
	while (parse_next(&p, &value))
		if (!array)
			array = json_object_new_array();
	parse_no_operand(&p);

	status = open_device(ctl, &dev);
	if (status)
		goto free_array;
	if (array) {
		code = for_each_instance(&dev, add_object, array, &nr, &err);
	} else {
		printf("%-15s %3s  %-18s %-10s %7s  %-28s %-9s %s\n", "NAME",
		       "ID", "STATE", "CPUS", "MEMORY", "KERNEL", "HEARTBEAT",
		       "SINCE");
		code = for_each_instance(&dev, print_row, NULL, &nr, &err);
	}
	if (code)
		status = fail(NULL, &err);
	else if (array)
		json_print(json_object_get(array));
	else if (dev.about.lost_cpus)
		say("%u CPUs are lost until the machine restarts; mkctl "
		    "fsck names them",
		    dev.about.lost_cpus);
	else if (!nr)
		note(ctl, "no instances; mkctl run --help tells how to make "
			  "one");
	mk_device_close(&dev);
free_array:
	json_object_put(array);
	return status;
}
