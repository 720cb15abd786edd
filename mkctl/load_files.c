// SPDX-License-Identifier: GPL-2.0-only
/* The files that load and run read, and the options that name them. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "file.h"

#define KERNEL_MOST (1ULL << 30)
#define INITRD_MOST (64ULL << 30)

const struct opt load_options[] = {
	{ OPT_KERNEL, "kernel", "FILE", "a bzImage (vmlinuz) or vmlinux" },
	{ OPT_INITRD, "initrd", "FILE", "its initrd; several are joined" },
	{ OPT_CMDLINE, "cmdline", "TEXT", "for the kernel's command line" },
	{ OPT_PMEM, "pmem", "FILE[,ro]",
	  "a file as persistent memory, /dev/pmemN; see mkctl load" },
	{ OPT_NO_UNPACK, "no-unpack", NULL,
	  "let the kernel unpack itself at every start" },
	{ OPT_KASLR, "kaslr", NULL,
	  "let it choose its address itself; implies --no-unpack" },
	{ OPT_AGENT, "agent", "DIR",
	  "the agent: DIR/init and DIR/RELEASE/multikernel_*.ko" },
	{ OPT_NO_AGENT, "no-agent", NULL, "start it without an agent" },
	{ OPT_MODULES_DIR, "modules-dir", "DIR",
	  "the kernel's modules, for the agent: DIR/modules.dep" },
	{ OPT_NO_MODULES, "no-modules", NULL,
	  "an agent without the kernel's modules for devices" },
	{ OPT_ALLOW_HAZARDS, "allow-hazards", NULL,
	  "let TEXT undo what protects the host" },
	{ 0, NULL, NULL, NULL },
};

bool load_take(struct load_args *args, const struct parse *p, int key,
	       const char *value)
{
	switch (key) {
	case OPT_KERNEL:
		args->kernel = value;
		return true;
	case OPT_INITRD:
		if (args->nr_initrds == LOAD_INITRDS)
			usage_error(p, "more than %d initrds", LOAD_INITRDS);
		args->initrds[args->nr_initrds++] = value;
		return true;
	case OPT_CMDLINE:
		args->cmdline = value;
		return true;
	case OPT_PMEM:
		pmem_take(&args->pmem, p, value);
		return true;
	case OPT_NO_UNPACK:
		args->no_unpack = true;
		return true;
	case OPT_KASLR:
		args->kaslr = true;
		args->no_unpack = true;
		return true;
	case OPT_AGENT:
		args->agent_dir = value;
		return true;
	case OPT_NO_AGENT:
		args->no_agent = true;
		return true;
	case OPT_MODULES_DIR:
		args->modules_dir = value;
		return true;
	case OPT_NO_MODULES:
		args->no_modules = true;
		return true;
	case OPT_ALLOW_HAZARDS:
		args->allow_hazards = true;
		return true;
	}
	return false;
}

void load_check(const struct load_args *args, const struct parse *p)
{
	if (!args->kernel)
		usage_error(p, "--kernel is missing");
	if (args->kaslr && args->cmdline &&
	    mk_cmdline_has(args->cmdline, "nokaslr"))
		usage_error(p, "--kaslr and nokaslr in --cmdline");
	if (args->agent_dir && args->no_agent)
		usage_error(p, "either --agent or --no-agent");
	if (args->modules_dir && (args->no_modules || args->no_agent))
		usage_error(p, "either --modules-dir or --no-%s",
			    args->no_modules ? "modules" : "agent");
}

/* The release for people and scripts, or the file's name without it. */
static void set_label(const char *path, struct load_files *files)
{
	const char *slash = strrchr(path, '/');

	snprintf(files->label, sizeof(files->label), "%s",
		 files->image.release[0] ? files->image.release
		 : slash		 ? slash + 1
					 : path);
	make_printable(files->label);
}

static int read_kernel(const struct ctl *ctl, const struct load_args *args,
		       struct load_files *files)
{
	struct mk_image unpacked;
	struct mk_error err;

	if (file_read(args->kernel, KERNEL_MOST, &files->kernel,
		      &files->kernel_length, &err))
		return fail(NULL, &err);
	if (mk_image_parse(&files->image, files->kernel, files->kernel_length,
			   &err))
		return fail(args->kernel, &err);
	set_label(args->kernel, files);
	if (files->image.kind != MK_IMAGE_BZIMAGE || args->no_unpack)
		return MKCTL_DONE;
	switch (mk_image_unpack(&files->image, &unpacked, &files->unpacked,
				&files->unpacked_length, &err)) {
	case 0:
		files->image = unpacked;
		set_label(args->kernel, files);
		return MKCTL_DONE;
	case MK_E_SUPPORT:
		note(ctl, "%s: %s: it unpacks itself at every start",
		     args->kernel, err.text);
		return MKCTL_DONE;
	default:
		return fail(args->kernel, &err);
	}
}

static int join(const struct mk_initrd_file *parts, unsigned int nr,
		struct load_files *files)
{
	struct mk_error err;
	size_t total;

	if (mk_initrd_measure(parts, nr, &total, &err))
		return fail(NULL, &err);
	files->initrd = malloc(total ? total : 1);
	if (!files->initrd) {
		say("no memory to join the initrds");
		return MKCTL_COULD_NOT;
	}
	if (mk_initrd_join(files->initrd, total, parts, nr,
			   &files->initrd_length, &err))
		return fail(NULL, &err);
	return MKCTL_DONE;
}

/*
 * The agent, then the user's files.  First, because the kernel stops unpacking
 * at the first byte that it does not understand (init/initramfs.c:
 * unpack_to_rootfs): a user's initrd with something odd at its end must not
 * cost the spawn the init that its command line names.
 */
static int read_initrds(const struct ctl *ctl, const char *name,
			const struct load_args *args, struct load_files *files)
{
	struct mk_initrd_file parts[LOAD_INITRDS + 1] = { { 0 } };
	void *bytes[LOAD_INITRDS + 1] = { NULL };
	unsigned int i, nr = 0;
	struct mk_error err;
	int status;

	status =
		load_agent(ctl, name, args, files, &bytes[0], &parts[0].length);
	if (bytes[0]) {
		parts[0].name = "the agent";
		parts[0].bytes = bytes[0];
		files->agent = true;
		nr++;
	}
	for (i = 0; i < args->nr_initrds && !status; i++, nr++) {
		parts[nr].name = args->initrds[i];
		if (file_read(args->initrds[i], INITRD_MOST, &bytes[nr],
			      &parts[nr].length, &err))
			status = fail(NULL, &err);
		parts[nr].bytes = bytes[nr];
	}
	if (!status && nr)
		status = join(parts, nr, files);
	for (i = 0; i < nr; i++)
		free(bytes[i]);
	return status;
}

int load_read(const struct ctl *ctl, const char *name,
	      const struct load_args *args, struct load_files *files)
{
	struct mk_error err;
	int status;

	memset(files, 0, sizeof(*files));
	/* What is a hazard on any machine is told before files are read. */
	if (args->cmdline && !args->allow_hazards &&
	    mk_cmdline_check(args->cmdline, true, &err) &&
	    mk_cmdline_check(args->cmdline, false, &err))
		return fail("--cmdline", &err);
	status = pmem_check(name, &args->pmem);
	if (!status)
		status = read_kernel(ctl, args, files);
	if (!status)
		status = read_initrds(ctl, name, args, files);
	return status;
}

void load_free(struct load_files *files)
{
	free(files->kernel);
	free(files->unpacked);
	free(files->initrd);
	memset(files, 0, sizeof(*files));
}
