// SPDX-License-Identifier: GPL-2.0-only
/* mkctl run: create, load and start; all of it or nothing. */
#include "steps.h"

#include "signals.h"

static const struct opt *const groups[] = { create_options, load_options,
					    start_options,  serve_options,
					    policy_options, NULL };

static const struct usage usage = {
	.args = "NAME (--cpus LIST | --cpu-count N) --memory SIZE\n"
		"                 --kernel FILE [--initrd FILE]... [OPTION]...",
	.groups = groups,
	.text = "Creates an instance, loads a kernel into it and starts it.  If a step\n"
		"fails, if the spawn ends while --wait waits for its init, or if you\n"
		"press Ctrl-C, the instance is removed again.  Only when the time of\n"
		"--wait is over (exit status 3) it is left running, to be looked at.\n"
		"For the agent see mkctl load --help, for devices and for what follows\n"
		"the spawn's end mkctl start --help.\n"
		"\n"
		"Example:\n"
		"  mkctl run web --cpus 2,3 --memory 256M --wait 60 \\\n"
		"        --kernel /boot/vmlinuz-6.1.0-50-amd64 --initrd my.cpio.gz\n",
};

static int remove_again(const char *name, struct mk_instance *inst)
{
	struct mk_error err;

	if (mk_instance_delete(inst, MK_DELETE_F_FORCE, &err) == 0)
		say("%s: removed again, CPUs and memory are the host's", name);
	else if (err.code != MK_E_NOTFOUND)
		return fail(name, &err);
	return MKCTL_COULD_NOT;
}

/* Time over is not a failure, as long as the spawn runs. */
static bool keeps_running(struct mk_instance *inst, int status)
{
	struct mk_info info;

	return status == MKCTL_UNKNOWN && !signals_came() &&
	       mk_instance_info(inst, &info, NULL) == 0 &&
	       info.state == MK_STATE_RUNNING;
}

static int run(const struct ctl *ctl, struct mk_device *dev, const char *name,
	       struct create_args *create, const struct load_args *load,
	       struct start_args *start, const struct load_files *files)
{
	struct mk_instance inst;
	int status;

	status = create_do(ctl, dev, name, create, &inst);
	if (status)
		return status;
	status = load_do(ctl, dev, name, &inst, load, files);
	if (!status)
		status = start_do(ctl, name, &inst, start);
	if (status && !keeps_running(&inst, status)) {
		status = remove_again(name, &inst);
		pmem_let_go(ctl);
	}
	mk_instance_close(&inst);
	return status;
}

static void warn_devices(const char *name, const struct load_files *files)
{
	if (!files->agent)
		say("%s: it gets no agent, so it will not see its devices",
		    name);
	else if (!files->virtio)
		say("%s: its agent has no multikernel_virtio.ko, so it will "
		    "not see its devices",
		    name);
}

/* Known before anything is taken, so told before. */
static int check_memory(const char *name, const struct create_args *create,
			const struct load_files *files)
{
	uint64_t least =
		mk_plan_least_memory(&files->image, files->initrd_length);

	if (create->memory >= least)
		return MKCTL_DONE;
	say("%s: memory of %lluM is too small for this kernel and initrd: "
	    "--memory %lluM at least",
	    name, (unsigned long long)create->memory >> 20,
	    (unsigned long long)least >> 20);
	return MKCTL_COULD_NOT;
}

int cmd_run(struct ctl *ctl, int argc, char **argv)
{
	static struct create_args create;
	static struct load_files files;
	static struct start_args start;
	struct load_args load = { 0 };
	struct mk_device dev;
	const char *name, *value;
	struct parse p;
	int key, status;

	create_init(&create);
	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value)))
		if (!create_take(&create, &p, key, value) &&
		    !load_take(&load, &p, key, value))
			start_take(&start, &p, key, value);
	name = parse_name(&p);
	create_check(&create, &p);
	load_check(&load, &p);
	start_check(&start, &p);

	signals_hold();
	status = open_device(ctl, &dev);
	if (status)
		return status;
	status = load_read(ctl, name, &load, &files);
	if (!status)
		status = check_memory(name, &create, &files);
	if (!status && start.wish.nr)
		warn_devices(name, &files);
	if (!status)
		status = run(ctl, &dev, name, &create, &load, &start, &files);
	load_free(&files);
	mk_device_close(&dev);
	return start_stay(&start, status);
}
