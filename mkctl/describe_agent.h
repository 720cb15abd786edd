/* SPDX-License-Identifier: GPL-2.0-only */
/* What a spawn's agent says, and what its channel did, for list and show. */
#ifndef MKCTL_DESCRIBE_AGENT_H
#define MKCTL_DESCRIBE_AGENT_H

#include "describe.h"

/* A column: the age of the last beat, "12s!" when late, "-" without agent. */
void describe_heartbeat(const struct description *d, char *text, size_t size);

/* The stable objects, or NULL (null) from a module that does not know. */
struct json_object *describe_agent_json(const struct description *d);
struct json_object *describe_channel_json(const struct description *d);

/* The block that show prints. */
void describe_agent_print(const struct description *d);

#endif /* MKCTL_DESCRIBE_AGENT_H */
