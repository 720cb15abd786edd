// SPDX-License-Identifier: GPL-2.0-only
/* mkctl load: put a kernel and its machine description into an instance. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostinfo.h"
#include "lives.h"
#include "signals.h"

#define BUFFER_BYTES (MK_PLAN_DESCRIPTION + (64 << 10))

/* What the module says of the instance, as the planner wants it. */
static int ask_machine(const struct ctl *ctl, const struct mk_device *dev,
		       struct mk_instance *inst, struct mk_machine *machine,
		       uint32_t *apic_ids, struct mk_error *err)
{
	static struct mk_cpu cpus[MK_CPUS_MAX];
	struct mk_host_cpuinfo cpuinfo;
	struct mk_info info;
	unsigned int i, nr;
	int code;

	code = mk_instance_info(inst, &info, err);
	if (!code)
		code = mk_instance_cpus(inst, cpus, MK_CPUS_MAX, &nr, err);
	if (code)
		return code;
	if (!nr || nr > MK_CPUS_MAX)
		return mk_fail(err, MK_E_SUPPORT, "it has %u CPUs", nr);
	for (i = 0; i < nr; i++)
		apic_ids[i] = cpus[i].apic;
	/* Without /proc/cpuinfo: plan for a CPU without 1 GiB pages. */
	mk_host_cpuinfo(ctl->root, &cpuinfo, NULL);
	*machine = (struct mk_machine){
		.memory_base = info.memory_base,
		.memory_bytes = info.memory_bytes,
		.low_base = info.low_base,
		.low_bytes = info.low_bytes,
		.apic_ids = apic_ids,
		.nr_cpus = nr,
		.boot_apic_id = dev->about.boot_apic,
		.x2apic = dev->about.features & MK_FEATURE_X2APIC,
		.la57 = dev->about.features & MK_FEATURE_LA57,
		.gbpages = cpuinfo.gbpages,
		.tsc_khz = dev->about.tsc_khz,
	};
	return 0;
}

/* A made-up machine, so that plans can be seen on any computer. */
static void pretend_machine(const struct load_args *args,
			    struct mk_machine *machine, uint32_t *apic_ids)
{
	unsigned int i;

	for (i = 0; i < args->pretend_cpus; i++)
		apic_ids[i] = i + 1;
	*machine = (struct mk_machine){
		.memory_base = 0x40000000,
		.memory_bytes = args->pretend_memory,
		.low_base = 0x20000,
		.low_bytes = MK_LOW_BYTES,
		.apic_ids = apic_ids,
		.nr_cpus = args->pretend_cpus,
		.boot_apic_id = 0,
		.gbpages = true,
		.tsc_khz = 2000000,
	};
}

static void fill_input(struct mk_plan_input *input,
		       const struct load_args *args,
		       const struct load_files *files)
{
	input->image = &files->image;
	input->initrd = files->initrd;
	input->initrd_length = files->initrd_length;
	input->cmdline = args->cmdline;
	input->allow_hazards = args->allow_hazards;
	input->agent = files->agent;
}

static int hand_over(const char *name, struct mk_instance *inst,
		     const struct mk_plan *plan, const struct pmem_use *pmem,
		     const char *label, struct mk_error *err)
{
	struct mk_segment segments[MK_PLAN_SEGMENTS];
	struct mk_load load = {
		.flags = plan->la57 ? MK_LOAD_F_LA57 : 0,
		.nr_segments = plan->nr_segments,
		.segments = (uintptr_t)segments,
		.entry = plan->entry,
		.argument = plan->argument,
		.page_table = plan->page_table,
		.handoff = plan->handoff,
		.channel_base = plan->channel_base,
		.channel_bytes = plan->channel_bytes,
		.stores = (uintptr_t)pmem->ids,
		.nr_stores = pmem->nr,
	};
	unsigned int i;

	for (i = 0; i < plan->nr_segments; i++)
		segments[i] = (struct mk_segment){
			.buffer = (uintptr_t)plan->segments[i].bytes,
			.buffer_bytes = plan->segments[i].length,
			.address = plan->segments[i].address,
			.memory_bytes = plan->segments[i].memory,
		};
	snprintf(load.label, sizeof(load.label), "%s", label);
	/* LOAD drops the log of the last life. */
	lives_save(name, inst);
	return mk_instance_load(inst, &load, err);
}

int load_do(const struct ctl *ctl, struct mk_device *dev, const char *name,
	    struct mk_instance *inst, const struct load_args *args,
	    const struct load_files *files)
{
	static uint32_t apic_ids[MK_CPUS_MAX];
	static struct mk_plan plan;
	struct mk_plan_input input = { 0 };
	struct pmem_use pmem = { .lock = -1 };
	int status = MKCTL_DONE, code = 0;
	struct mk_error err;
	void *buffer;

	buffer = malloc(BUFFER_BYTES);
	if (!buffer) {
		say("%s: no memory for the plan", name);
		return MKCTL_COULD_NOT;
	}
	fill_input(&input, args, files);
	if (args->pretend_cpus)
		pretend_machine(args, &input.machine, apic_ids);
	else
		code = ask_machine(ctl, dev, inst, &input.machine, apic_ids,
				   &err);
	if (!code)
		status = args->dry_run ? pmem_pretend(name, &args->pmem,
						      &input.machine, &pmem)
				       : pmem_begin(ctl, dev, name, inst,
						    &args->pmem, &pmem);
	if (pmem.nr && !files->agent)
		say("%s: it gets no agent, so it will not see its persistent "
		    "memory",
		    name);
	input.pmem = pmem.ranges;
	input.nr_pmem = pmem.nr;
	if (!code && !status)
		code = mk_plan_make(&plan, &input, buffer, BUFFER_BYTES, &err);
	if (code) {
		status = fail(name, &err);
	} else if (status) {
		; /* said already */
	} else if (args->dry_run) {
		status = plan_print(name, &input, &plan, files, args->json);
	} else if (signals_came()) {
		say("%s: interrupted, nothing was loaded", name);
		status = MKCTL_COULD_NOT;
	} else if (hand_over(name, inst, &plan, &pmem, files->label, &err)) {
		status = fail(name, &err);
	} else {
		note(ctl, "%s: loaded %s, command line: %s", name, files->label,
		     plan.cmdline);
	}
	if (!args->dry_run)
		pmem_end(ctl, dev, &pmem, !status);
	free(buffer);
	return status;
}

static const struct opt dry_options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "print the plan and change nothing" },
	{ OPT_JSON, "json", NULL, "with --dry-run: as JSON" },
	{ OPT_PRETEND_CPUS, "pretend-cpus", "N",
	  "with --dry-run: for a made-up instance of N CPUs" },
	{ OPT_PRETEND_MEMORY, "pretend-memory", "SIZE",
	  "with --dry-run: and so much memory; needs no module" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { load_options, dry_options, NULL };

static const struct usage usage = {
	.args = "NAME --kernel FILE [--initrd FILE]... [OPTION]...",
	.groups = groups,
	.text = "Checks a kernel and its initrds, builds the description of the\n"
		"machine that the kernel will see, and hands both to the module,\n"
		"which keeps them for every start.  Replaces what was loaded.\n"
		"\n"
		"A compressed kernel is unpacked now, so that no start has to do\n"
		"it again; where that is not possible, and with --no-unpack or\n"
		"--kaslr, it is started as it is.\n"
		"\n"
		"The agent for the kernel's release, if there is one, joins the initrds:\n"
		"a small init that loads two modules and then runs the kernel's own\n"
		"init.  It is looked for in --agent DIR only, or without that in\n"
		"$MULTIKERNEL_AGENT_DIR (" AGENTDIR "),\n"
		"and its modules also in /lib/modules/RELEASE/updates/dkms and extra.\n"
		"\n"
		"For devices it has multikernel_virtio.ko, and takes along the kernel's\n"
		"own drivers as far as they are modules: from --modules-dir DIR, without\n"
		"that from $MULTIKERNEL_MODULES_DIR/RELEASE or /lib/modules/RELEASE.\n"
		"--dry-run tells which.\n"
		"\n"
		"--pmem FILE puts a file into memory of the host that the spawn sees as\n"
		"persistent: /dev/pmem0, and with several /dev/pmemN in the order of their\n"
		"places (-v tells; label the file systems).  It needs the agent.  What the\n"
		"spawn writes goes to the file when the instance is unloaded or deleted;\n"
		"see mkctl pmem.  With \",ro\" behind it nothing goes back, and any number\n"
		"of instances use one copy.  Nothing keeps a spawn from writing there all\n"
		"the same: mount it read-only (root=/dev/pmem0 ro).  In --dry-run its\n"
		"place is made up.  A name that ends in \",ro\" wants \",rw\" behind it.\n"
		"\n"
		"Examples:\n"
		"  mkctl load web --kernel /boot/vmlinuz-6.1.0-50-amd64 \\\n"
		"        --initrd my.cpio.gz --cmdline 'quiet loglevel=4'\n"
		"  mkctl load any --kernel vmlinuz --dry-run \\\n"
		"        --pretend-cpus 2 --pretend-memory 256M\n",
};

static void take_dry(struct load_args *args, const struct parse *p, int key,
		     const char *value)
{
	switch (key) {
	case OPT_DRY_RUN:
		args->dry_run = true;
		break;
	case OPT_JSON:
		args->json = true;
		break;
	case OPT_PRETEND_CPUS:
		args->pretend_cpus = parse_number(p, "--pretend-cpus", value, 1,
						  MK_PLAN_CPUS);
		break;
	case OPT_PRETEND_MEMORY:
		args->pretend_memory = parse_size(p, "--pretend-memory", value);
		break;
	}
}

static void check_dry(const struct load_args *args, const struct parse *p)
{
	if (!args->dry_run &&
	    (args->json || args->pretend_cpus || args->pretend_memory))
		usage_error(p, "--json and --pretend-... want --dry-run");
	if (!args->pretend_cpus != !args->pretend_memory)
		usage_error(p, "--pretend-cpus and --pretend-memory go "
			       "together");
	if (args->pretend_memory % MK_MEMORY_ALIGN)
		usage_error(p, "--pretend-memory: a multiple of 2M");
}

int cmd_load(struct ctl *ctl, int argc, char **argv)
{
	static struct load_files files;
	struct load_args args = { 0 };
	struct mk_instance inst = { .fd = -1 };
	struct mk_device dev = { .fd = -1 };
	const char *name, *value;
	struct mk_error err;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value)))
		if (!load_take(&args, &p, key, value))
			take_dry(&args, &p, key, value);
	name = parse_name(&p);
	load_check(&args, &p);
	check_dry(&args, &p);

	signals_hold();
	status = MKCTL_DONE;
	if (!args.pretend_cpus) {
		status = open_device(ctl, &dev);
		if (!status && mk_instance_open(&dev, &inst, name, &err))
			status = fail(name, &err);
	}
	if (!status)
		status = load_read(ctl, name, &args, &files);
	if (!status)
		status = load_do(ctl, &dev, name, &inst, &args, &files);
	load_free(&files);
	mk_instance_close(&inst);
	mk_device_close(&dev);
	return status;
}
