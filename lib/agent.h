/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent's archive: what a spawn finds in /multikernel of its initramfs.
 *
 *   multikernel/init                    process 1 (mk_cmdline.agent tells the
 *                                       kernel), which loads the modules and
 *   multikernel/multikernel_channel.ko  then runs the user's init
 *   multikernel/multikernel_spawn.ko
 *   multikernel/multikernel_virtio.ko   for devices; may be missing
 *   multikernel/modules/list            what the kernel's own modules are for
 *   multikernel/modules/NN-NAME.ko      and these, numbered in the order in
 *                                       which they can be loaded (modules.h)
 *
 * It is to stand first in the initrd: the kernel stops unpacking at the first
 * byte that it does not understand, and what it looks for at the front (early
 * ACPI tables) it also finds in the archive behind (lib/earlycpio.c:
 * find_cpio_data, 6.1 to 7.2).
 */
#ifndef MK_AGENT_H
#define MK_AGENT_H

#include <stddef.h>

#include "error.h"
#include "modules.h"

struct mk_agent_file {
	const void *bytes;
	size_t length;
};

struct mk_agent_files {
	struct mk_agent_file init; /* a static program */
	struct mk_agent_file channel, spawn; /* modules, not compressed */
	struct mk_agent_file virtio; /* the same; without bytes: none */
	/* The kernel's: file i is that of modules->list[i], if it is needed. */
	const struct mk_modules *modules; /* NULL = none */
	const struct mk_agent_file *files;
};

/*
 * The archive's length.  Errors: MK_E_CALL (a file without bytes), MK_E_INPUT
 * (one that is no ELF file), MK_E_SUPPORT (one of 4 GiB or more).
 */
int mk_agent_measure(const struct mk_agent_files *agent, size_t *length,
		     struct mk_error *err);

/*
 * Write the archive to @buffer; *@length is set even when it answers
 * MK_E_NOSPACE, and what lies beyond it is left alone.  Errors besides as
 * mk_agent_measure().
 */
int mk_agent_build(const struct mk_agent_files *agent, void *buffer,
		   size_t size, size_t *length, struct mk_error *err);

#endif /* MK_AGENT_H */
