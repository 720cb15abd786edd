/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's modules that join the agent, for the spawn's devices. */
#ifndef MKCTL_LOAD_MODULES_H
#define MKCTL_LOAD_MODULES_H

#include "agent.h"
#include "steps.h"

struct load_modules {
	struct mk_modules chosen;
	struct mk_agent_file files[MK_MODULES_MAX]; /* as mk_agent_files wants */
	bool bus; /* multikernel_virtio.ko has what it needs */
	size_t total; /* bytes of all files */
};

/*
 * Find and read them for a kernel of @release.  What is missing is told, and
 * is a failure only where args->modules_dir was to have it.  After a failure,
 * too, load_modules_free() is to be called.
 */
int load_modules(const struct ctl *ctl, const char *name,
		 const struct load_args *args, const char *release,
		 struct load_modules *m);
void load_modules_free(struct load_modules *m);

#endif /* MKCTL_LOAD_MODULES_H */
