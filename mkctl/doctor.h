/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of mkctl doctor, grouped by what they look at. */
#ifndef MKCTL_DOCTOR_H
#define MKCTL_DOCTOR_H

#include "cmd.h"
#include "hostinfo.h"

enum verdict {
	VERDICT_OK,
	VERDICT_WARN, /* works, but read the remedy */
	VERDICT_NO,
};

struct finding {
	enum verdict verdict;
	char reason[200];
	char remedy[200]; /* "" when none is needed */
};

/* What is asked once and looked at by several checks. */
struct exam {
	const char *root;
	int device_code; /* 0: dev is open */
	struct mk_error device_error;
	struct mk_device dev;
	int cpus_code, cpuinfo_code; /* 0: valid */
	struct mk_host_cpus cpus;
	struct mk_host_cpuinfo cpuinfo;
	uint32_t boot_cpu;
};

struct check {
	const char *name; /* stable, for --json */
	void (*look)(const struct exam *x, struct finding *f);
};

/* NULL-name-terminated. */
extern const struct check system_checks[], cpu_checks[], memory_checks[];

void found(struct finding *f, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void remedy(struct finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* MKCTL_DOCTOR_H */
