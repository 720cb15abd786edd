/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host kernel says about its CPUs, its memory and itself.
 *
 * Everything comes from text files below @root: "" is this computer, any other
 * directory a captured tree, for tests and for looking at a machine from
 * elsewhere.  Files are read as strangers' text: bounded, checked, then used.
 * Nothing is cached.  Memory addresses and sizes are in bytes.
 *
 * Errors common to all: MK_E_CALL, MK_E_NOTFOUND (no such file there),
 * MK_E_SYSTEM (it cannot be read), MK_E_INPUT (not what the kernel writes),
 * MK_E_NOSPACE.
 */
#ifndef MK_HOSTINFO_H
#define MK_HOSTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpulist.h"
#include "error.h"

#define MK_HOST_LINE 8192 /* a longer line is cut */

/*
 * Read a small file as text, without the newlines at its end; MK_E_NOSPACE
 * when it does not fit with its NUL.
 */
int mk_host_text(const char *root, const char *path, char *text, size_t size,
		 struct mk_error *err);

/*
 * Call @line for each line of a file of any length, without its newline.  A
 * return other than 0 ends the reading and is returned.
 */
int mk_host_lines(const char *root, const char *path,
		  int (*line)(void *to, char *text), void *to,
		  struct mk_error *err);

struct mk_host_cpus {
	struct mk_cpuset possible, present, online;
};

/* /sys/devices/system/cpu/{possible,present,online} */
int mk_host_cpus(const char *root, struct mk_host_cpus *cpus,
		 struct mk_error *err);

/* Whether the kernel ever had this CPU: its directory in sysfs exists. */
bool mk_host_cpu_known(const char *root, uint32_t cpu);

/*
 * The threads of a CPU's core, itself included; only the CPU itself where the
 * kernel does not say (it says so of online CPUs only).
 */
int mk_host_core(const char *root, uint32_t cpu, struct mk_cpuset *threads,
		 struct mk_error *err);

/* The CPUs of a NUMA node; without NUMA, node 0 has all that are online. */
int mk_host_node(const char *root, unsigned int node, struct mk_cpuset *cpus,
		 struct mk_error *err);

/* The nodes that are online; {0} without NUMA. */
int mk_host_nodes(const char *root, struct mk_cpuset *nodes,
		  struct mk_error *err);

/* The first CPU of /proc/cpuinfo. */
struct mk_host_cpuinfo {
	char vendor[16], model[80];
	bool lm, la57, gbpages, x2apic, hypervisor;
	bool constant_tsc, nonstop_tsc, tsc_known_freq;
};

int mk_host_cpuinfo(const char *root, struct mk_host_cpuinfo *info,
		    struct mk_error *err);

struct mk_host_meminfo {
	uint64_t total, free, available;
};

int mk_host_meminfo(const char *root, struct mk_host_meminfo *info,
		    struct mk_error *err);

/*
 * The chosen word of a "none [integrity] confidentiality" kind of file, as
 * /sys/kernel/security/lockdown is.
 */
int mk_host_choice(const char *root, const char *path, char *word, size_t size,
		   struct mk_error *err);

#endif /* MK_HOSTINFO_H */
