/* SPDX-License-Identifier: GPL-2.0-only */
/* What follows the end of a spawn, for list and show. */
#ifndef MKCTL_DESCRIBE_POLICY_H
#define MKCTL_DESCRIBE_POLICY_H

#include "describe.h"

/* null if it has no supervisor, and never had one. */
struct json_object *describe_policy_json(const struct description *d);

/* The lines of show; none if it has no supervisor. */
void describe_policy_print(const struct description *d);

#endif /* MKCTL_DESCRIBE_POLICY_H */
