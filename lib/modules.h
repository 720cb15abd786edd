/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own modules that a spawn's devices need: which, by depmod's
 * modules.dep and modules.builtin, and in which order.
 *
 * A use is what the modules are for; its key is what the spawn goes by:
 *
 *   bus                  what multikernel_virtio.ko itself needs
 *   virtio:d0000000Nv*   a device of virtio, as its MODALIAS begins
 *   platform:e820_pmem   memory of e820 type 12 (arch/x86/kernel/pmem.c, 6.1 to
 *                        7.2: register_e820_pmem)
 *   fs:NAME              a file system for what is on a disk
 *
 * What a kernel has built in needs nothing.  What it lacks costs only the use
 * that wants it.
 */
#ifndef MK_MODULES_H
#define MK_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MK_MODULES_MAX	 64
#define MK_MODULE_NAME	 56 /* with the NUL (linux/module.h: MODULE_NAME_LEN) */
#define MK_MODULE_PATH	 256 /* in modules.dep, with the NUL */
#define MK_MODULE_WANTED 2 /* modules of a use, at most */
#define MK_MODULE_USES	 12 /* at most */

/* Bytes that the list can have at most: see mk_modules_list(). */
#define MK_MODULES_LIST \
	(MK_MODULE_USES * (32 + MK_MODULES_MAX * (MK_MODULE_NAME + 4)))

struct mk_module_use {
	const char *key;
	const char *what; /* for people: "net", "disk", ... */
	/* The names, with '_'; one that begins with '?' may be missing. */
	const char *wanted[MK_MODULE_WANTED];
};

const struct mk_module_use *mk_module_uses(size_t *nr);

struct mk_module {
	char name[MK_MODULE_NAME]; /* as lsmod has it, with '_' */
	char path[MK_MODULE_PATH]; /* below the folder of modules.dep */
	uint64_t needs; /* bit i: list[i], this one among them */
};

struct mk_modules {
	struct mk_module list[MK_MODULES_MAX]; /* each after what it needs */
	unsigned int nr;
	/* Of each use, bit i: list[i]; none if it lacks one that is nowhere. */
	uint64_t needs[MK_MODULE_USES];
	const char *lacks[MK_MODULE_USES];
	uint64_t needed; /* by any use */
};

/*
 * Choose for all uses.  Texts are files as depmod and the kernel's build write
 * them, and need no NUL.  Errors: MK_E_INPUT (a line that is used is none, a
 * path that leaves the folder, a module that needs itself, or one without a
 * line of its own), MK_E_SUPPORT (more than MK_MODULES_MAX are needed, or a
 * name or path that is too long).
 */
int mk_modules_choose(struct mk_modules *m, const char *dep, size_t dep_length,
		      const char *builtin, size_t builtin_length,
		      struct mk_error *err);

/*
 * The text that a spawn reads: of each use that needs modules a line of its
 * key and the modules' files, "fs:ext4 05-mbcache 06-jbd2 07-ext4".  *@length
 * is without a NUL, which is not written.  Errors: MK_E_NOSPACE (never with
 * MK_MODULES_LIST bytes).
 */
int mk_modules_list(const struct mk_modules *m, char *buffer, size_t size,
		    size_t *length, struct mk_error *err);

/* "05-mbcache", the name of list[@i]'s file without its ".ko". */
void mk_module_file(const struct mk_modules *m, unsigned int i,
		    char name[MK_MODULE_NAME + 4]);

/*
 * The module within a file as it is installed: plain, or compressed with gzip,
 * xz or zstd.  *@out is malloc'ed, the caller's to free(), and NULL after a
 * failure.  Errors: MK_E_INPUT (damaged, not an ELF file), MK_E_SUPPORT (another
 * compression, one that this library was built without, or one that wants too
 * much memory; more than @most bytes), MK_E_SYSTEM (no memory).
 */
int mk_module_unpack(const void *in, size_t length, size_t most, void **out,
		     size_t *out_length, struct mk_error *err);

#endif /* MK_MODULES_H */
