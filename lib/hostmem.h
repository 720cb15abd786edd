/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host kernel says about physical memory: its resource tree, the
 * firmware's map, its free blocks, and the state of single pages.
 *
 * As in hostinfo.h everything is read below @root, and its errors are meant.
 */
#ifndef MK_HOSTMEM_H
#define MK_HOSTMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MK_HOST_PAGE 4096

/* A line of /proc/iomem, or an entry of /sys/firmware/memmap. */
struct mk_host_range {
	uint64_t start, last; /* @last is inside */
	unsigned int depth; /* 0 = top level */
	char name[48]; /* "System RAM", cut when longer */
};

/*
 * /proc/iomem in its order; addresses are zero for who lacks CAP_SYS_ADMIN,
 * which is MK_E_SYSTEM.
 */
int mk_host_iomem(const char *root, struct mk_host_range *ranges, size_t room,
		  size_t *nr, struct mk_error *err);

/* /sys/firmware/memmap, in the firmware's order, all with depth 0. */
int mk_host_memmap(const char *root, struct mk_host_range *ranges, size_t room,
		   size_t *nr, struct mk_error *err);

/* Whether top-level ranges of this name cover every byte of it. */
bool mk_host_covered(const struct mk_host_range *ranges, size_t nr,
		     const char *name, uint64_t start, uint64_t bytes);

/*
 * From /proc/buddyinfo: bytes that are free in blocks of 2 MiB and more (they
 * need no evacuation), all nodes and zones together.
 */
int mk_host_free_blocks(const char *root, uint64_t *bytes,
			struct mk_error *err);

/*
 * /proc/kpageflags (bits: linux/kernel-page-flags.h) and /proc/kpagecount of
 * the @nr pages from page frame @first.  What lies behind the end of the
 * kernel's page table is KPF_NOPAGE with count 0.
 */
int mk_host_pages(const char *root, uint64_t first, size_t nr, uint64_t *flags,
		  uint64_t *counts, struct mk_error *err);

#endif /* MK_HOSTMEM_H */
