// SPDX-License-Identifier: GPL-2.0-only
/* mkctl create: take CPUs and memory from the host. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpulist.h"
#include "cpupick.h"
#include "hostmem.h"
#include "signals.h"
#include "size.h"

const struct opt create_options[] = {
	{ OPT_CPUS, "cpus", "LIST",
	  "these CPUs, like 2-3,5; the first is the boot CPU" },
	{ OPT_CPU_COUNT, "cpu-count", "N",
	  "so many CPUs, whole cores, highest numbers first" },
	{ OPT_MEMORY, "memory", "SIZE",
	  "so much memory, a multiple of 2M, like 256M" },
	{ OPT_NODE, "node", "N", "take the memory from this NUMA node" },
	{ OPT_MEMORY_AT, "memory-at", "ADDRESS",
	  "take the memory there, like 0x40000000" },
	{ OPT_SPLIT_CORES, "split-cores", NULL,
	  "allow some threads of a core without the others" },
	{ OPT_LOW, "low", "SIZE", "of the window below 1 MiB (32K)" },
	{ 0, NULL, NULL, NULL },
};

void create_init(struct create_args *args)
{
	memset(args, 0, sizeof(*args));
	args->low = MK_LOW_BYTES;
}

bool create_take(struct create_args *args, const struct parse *p, int key,
		 const char *value)
{
	switch (key) {
	case OPT_CPUS:
		args->cpus = value;
		return true;
	case OPT_CPU_COUNT:
		args->cpu_count =
			parse_number(p, "--cpu-count", value, 1, MK_CPUS_MAX);
		return true;
	case OPT_MEMORY:
		args->memory = parse_size(p, "--memory", value);
		args->has_memory = true;
		return true;
	case OPT_MEMORY_AT:
		args->place = parse_size(p, "--memory-at", value);
		args->has_place = true;
		return true;
	case OPT_NODE:
		args->node = parse_number(p, "--node", value, 0, 1023);
		args->has_node = true;
		return true;
	case OPT_SPLIT_CORES:
		args->split_cores = true;
		return true;
	case OPT_LOW:
		args->low = parse_size(p, "--low", value);
		return true;
	}
	return false;
}

void create_check(struct create_args *args, const struct parse *p)
{
	struct mk_error err;

	if (!args->cpus == !args->cpu_count)
		usage_error(p, "give either --cpus or --cpu-count");
	if (args->cpus && mk_cpulist_parse(args->cpus, args->list, MK_CPUS_MAX,
					   &args->nr, &err))
		usage_error(p, "--cpus: %s", err.text);
	if (!args->has_memory)
		usage_error(p, "--memory is missing");
	if (!args->memory || args->memory % MK_MEMORY_ALIGN)
		usage_error(p, "--memory: a multiple of 2M that is not zero, "
			       "like 256M");
	if (args->place % MK_MEMORY_ALIGN)
		usage_error(p, "--memory-at: a multiple of 2M");
	if (args->has_place && args->has_node)
		usage_error(p, "give either --memory-at or --node");
	if (!args->low || args->low > MK_LOW_BYTES_MAX ||
	    args->low % MK_LOW_ALIGN)
		usage_error(p, "--low: a multiple of 4K, of 128K at most");
}

/* Turn a number of CPUs into a list of them. */
static int choose(const struct ctl *ctl, const struct mk_device *dev,
		  const char *name, struct create_args *args)
{
	struct mk_cpupick pick = {
		.root = ctl->root,
		.boot_cpu = dev->about.boot_cpu,
		.count = args->cpu_count,
		.node = args->has_node ? (int)args->node : -1,
		.split_cores = args->split_cores,
	};
	struct mk_error err;
	char text[128];

	if (mk_cpupick(&pick, args->list, &err))
		return fail(name, &err);
	args->nr = args->cpu_count;
	if (mk_cpulist_format(args->list, args->nr, text, sizeof(text), NULL) ==
	    0)
		note(ctl, "%s: takes CPUs %s", name, text);
	return MKCTL_DONE;
}

/*
 * A place must be RAM in the firmware's own table, which memmap= on the host's
 * command line does not change: only that tells memory that was set aside from
 * what the firmware keeps for itself.
 */
static int check_place(const struct ctl *ctl, const char *name,
		       const struct create_args *args)
{
	static struct mk_host_range ranges[256];
	struct mk_error err;
	size_t nr = 0;

	if (mk_host_memmap(ctl->root, ranges, 256, &nr, &err))
		return fail(name, &err);
	if (mk_host_covered(ranges, nr, "System RAM", args->place,
			    args->memory))
		return MKCTL_DONE;
	say("%s: not all of the place given with --memory-at is RAM: see "
	    "/sys/firmware/memmap",
	    name);
	return MKCTL_COULD_NOT;
}

int create_do(const struct ctl *ctl, struct mk_device *dev, const char *name,
	      struct create_args *args, struct mk_instance *inst)
{
	struct mk_create create = { 0 };
	struct mk_error err;
	int status;

	if (args->cpu_count) {
		status = choose(ctl, dev, name, args);
		if (status)
			return status;
	}
	if (args->has_place) {
		status = check_place(ctl, name, args);
		if (status)
			return status;
	}
	if (args->split_cores)
		create.flags |= MK_CREATE_F_SPLIT_CORES;
	if (args->has_place) {
		create.flags |= MK_CREATE_F_FIXED;
		create.memory_base = args->place;
	}
	if (args->has_node) {
		create.flags |= MK_CREATE_F_NODE;
		create.node = args->node;
	}
	create.nr_cpus = (uint32_t)args->nr;
	create.cpus = (uintptr_t)args->list;
	create.memory_bytes = args->memory;
	create.low_bytes = (uint32_t)args->low;
	snprintf(create.name, sizeof(create.name), "%s", name);
	if (mk_instance_create(dev, inst, &create, &err))
		return fail(name, &err);
	if (!signals_came())
		return MKCTL_DONE;
	say("%s: interrupted, CPUs and memory go back to the host", name);
	if (mk_instance_delete(inst, 0, &err))
		fail(name, &err);
	mk_instance_close(inst);
	return MKCTL_COULD_NOT;
}

static const struct opt *const groups[] = { create_options, NULL };

static const struct usage usage = {
	.args = "NAME (--cpus LIST | --cpu-count N) --memory SIZE [OPTION]...",
	.groups = groups,
	.text = "Takes CPUs and contiguous memory from the host kernel for an\n"
		"instance called NAME.  Nothing runs on them yet.  The boot CPU\n"
		"stays with the host, and cores stay whole unless asked.\n"
		"\n"
		"Example:\n"
		"  mkctl create web --cpus 2,3 --memory 256M\n",
};

int cmd_create(struct ctl *ctl, int argc, char **argv)
{
	static struct create_args args;
	struct mk_instance inst;
	struct mk_device dev;
	const char *name, *value;
	struct parse p;
	int key, status;

	create_init(&args);
	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value)))
		create_take(&args, &p, key, value);
	name = parse_name(&p);
	create_check(&args, &p);

	signals_hold();
	status = open_device(ctl, &dev);
	if (status)
		return status;
	status = create_do(ctl, &dev, name, &args, &inst);
	if (!status)
		mk_instance_close(&inst);
	mk_device_close(&dev);
	return status;
}
