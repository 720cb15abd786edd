/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of an instance, for list and show, for people and programs. */
#ifndef MKCTL_DESCRIBE_H
#define MKCTL_DESCRIBE_H

#include "device.h"
#include "json.h"

struct description {
	struct mk_info info;
	struct mk_cpu cpus[MK_CPUS_MAX];
	unsigned int nr_cpus;
	char cpu_list[256]; /* "2-3,5", cut when longer */
	char state[32]; /* "stopped (poweroff)" */
	char age[24]; /* of the state: "3m12s" */
	bool has_channel; /* the module knows the next one */
	struct mk_channel channel; /* texts made printable */
};

/* Ask the instance.  Errors: those of mk_instance_info(). */
int describe(struct description *d, struct mk_instance *inst,
	     struct mk_error *err);

/* The stable object: see mkctl(8). */
struct json_object *describe_json(const struct description *d);

/* An age as text: "12s", "3m12s". */
void describe_age(char *text, size_t size, uint64_t seconds);

/* Seconds since the epoch of a CLOCK_BOOTTIME moment. */
double describe_epoch(uint64_t boottime_ns);

#endif /* MKCTL_DESCRIBE_H */
