/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * create, load and start as steps, so that run can do all three.
 *
 * Each step has its arguments (a struct that is filled while options are
 * read), the options themselves, a check of what is wrong on any machine
 * (exits), and the doing, which returns an exit status after having said what
 * failed.  A step that fails leaves things as they were before it.
 */
#ifndef MKCTL_STEPS_H
#define MKCTL_STEPS_H

#include <sys/types.h>

#include "cmd.h"
#include "image.h"
#include "initrd.h"
#include "modules.h"
#include "plan.h"
#include "pmem.h"
#include "serve/options.h"

/* ---- create ---- */

struct create_args {
	const char *cpus; /* --cpus, or NULL */
	unsigned int cpu_count; /* --cpu-count, or 0 */
	uint32_t list[MK_CPUS_MAX];
	size_t nr;
	bool has_memory, has_place, has_node, split_cores;
	uint64_t memory, place;
	unsigned int node;
	uint64_t low;
};

extern const struct opt create_options[];

void create_init(struct create_args *args);
/* Takes the option if it is one of create's. */
bool create_take(struct create_args *args, const struct parse *p, int key,
		 const char *value);
void create_check(struct create_args *args, const struct parse *p);
int create_do(const struct ctl *ctl, struct mk_device *dev, const char *name,
	      struct create_args *args, struct mk_instance *inst);

/* ---- load ---- */

#define LOAD_INITRDS 16

/* Keys of options, besides those in cmd.h. */
enum load_key {
	OPT_MODULES_DIR = 512,
	OPT_NO_MODULES,
};

/* Where the agent was installed; the Makefile knows. */
#ifndef AGENTDIR
#define AGENTDIR "/usr/local/lib/multikernel/agent"
#endif

struct load_args {
	const char *kernel, *cmdline;
	const char *initrds[LOAD_INITRDS];
	unsigned int nr_initrds;
	const char *agent_dir; /* --agent, or NULL */
	const char *modules_dir; /* --modules-dir, or NULL */
	bool no_unpack, kaslr, allow_hazards, no_agent, no_modules;
	bool dry_run, json; /* of the command load only */
	unsigned int pretend_cpus;
	uint64_t pretend_memory;
	struct pmem_args pmem;
};

/* The files, read and taken apart; freed by load_free(). */
struct load_files {
	void *kernel, *unpacked, *initrd;
	size_t kernel_length, unpacked_length, initrd_length;
	struct mk_image image; /* points into kernel or unpacked */
	char label[MK_LABEL_BYTES];
	bool agent; /* its archive is the first one in initrd */
	bool virtio; /* and has multikernel_virtio.ko */
	struct mk_modules modules; /* the kernel's own in it */
	size_t modules_bytes; /* of these */
};

extern const struct opt load_options[];

bool load_take(struct load_args *args, const struct parse *p, int key,
	       const char *value);
void load_check(const struct load_args *args, const struct parse *p);
/* Read and judge all files; nothing of the machine is touched. */
int load_read(const struct ctl *ctl, const char *name,
	      const struct load_args *args, struct load_files *files);
int load_do(const struct ctl *ctl, struct mk_device *dev, const char *name,
	    struct mk_instance *inst, const struct load_args *args,
	    const struct load_files *files);
void load_free(struct load_files *files);

/*
 * The agent's archive for the kernel in @files, in malloc'ed memory; what is in
 * it goes into @files.  Where there is none *@archive is NULL: that is a failure
 * only if args->agent_dir was to have it, else a warning.
 */
int load_agent(const struct ctl *ctl, const char *name,
	       const struct load_args *args, struct load_files *files,
	       void **archive, size_t *length);

/* Print a plan for people or programs: --dry-run. */
int plan_print(const char *name, const struct mk_plan_input *input,
	       const struct mk_plan *plan, const struct load_files *files,
	       bool json);

/* ---- start ---- */

/* What serves the devices, as far as it is ours to end. */
struct supervisor {
	pid_t pid; /* our child, with --foreground; else 0 */
	bool launched; /* in the background, and by us */
};

struct start_args {
	bool wait;
	int wait_ms;
	struct serve_wish wish; /* the devices */
	struct supervisor supervisor; /* once it is started */
};

extern const struct opt start_options[];

bool start_take(struct start_args *args, const struct parse *p, int key,
		const char *value);
void start_check(const struct start_args *args, const struct parse *p);
/* If it fails no supervisor is left that was not there before. */
int start_do(const struct ctl *ctl, const char *name, struct mk_instance *inst,
	     struct start_args *args);
/* With --foreground, as the last thing: returns when the supervisor ends. */
int start_stay(struct start_args *args, int status);

/*
 * Start a supervisor if anything is wished for that takes one, with all devices
 * open; what follows an end can be changed in one that is there.
 */
int devices_open(const struct ctl *ctl, const char *name,
		 const struct serve_wish *wish, struct supervisor *sv);
/* The opposite; of one that has ended by itself as well. */
void devices_close(const char *name, struct supervisor *sv);
/* Wait for our child; its exit status. */
int devices_stay(struct supervisor *sv);

#endif /* MKCTL_STEPS_H */
