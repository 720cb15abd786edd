// SPDX-License-Identifier: GPL-2.0-only
/* mkctl wait: until an instance is in one of some states. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

struct wanted {
	unsigned int states; /* one bit a state */
	int timeout_ms; /* negative = for ever */
};

static unsigned int parse_states(const struct parse *p, const char *list)
{
	unsigned int states = 0, number;
	char word[16];
	size_t n;

	for (;; list += n + 1) {
		n = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)n, list);
		number = n < sizeof(word) ? mk_state_number(word) : 0;
		if (!number)
			usage_error(p,
				    "--state: '%.*s' is none of created, "
				    "loaded, running, stopped, crashed",
				    (int)n, list);
		states |= 1U << number;
		if (!list[n])
			return states;
	}
}

static int wait_for(const struct ctl *ctl, const char *name,
		    struct mk_instance *inst, const struct wanted *wanted)
{
	int64_t until = now_ms() + wanted->timeout_ms, left = -1;
	struct mk_info info;
	struct mk_error err;

	for (;;) {
		/* Marks the state as seen: what comes later ends the wait. */
		if (mk_instance_info(inst, &info, &err))
			return fail(name, &err);
		if (info.state < 32 && wanted->states >> info.state & 1) {
			note(ctl, "%s: %s", name, mk_state_name(info.state));
			return MKCTL_DONE;
		}
		if (wanted->timeout_ms >= 0) {
			left = until - now_ms();
			if (left <= 0) {
				say("%s: still %s, the time is over", name,
				    mk_state_name(info.state));
				return MKCTL_UNKNOWN;
			}
		}
		if (mk_instance_wait(inst, (int)left, NULL, &err) < 0)
			return fail(name, &err);
	}
}

static const struct opt options[] = {
	{ OPT_STATE, "state", "STATE[,STATE]...", "until it is one of these" },
	{ OPT_TIMEOUT, "timeout", "SECONDS", "but not longer than this" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME --state STATE[,STATE]... [--timeout SECONDS]",
	.groups = groups,
	.text = "Waits until the instance is in one of the states created, loaded,\n"
		"running, stopped, crashed.  Exit status 3 when the time is over, 1\n"
		"when the instance is deleted meanwhile.\n"
		"\n"
		"Example:\n"
		"  mkctl wait web --state stopped,crashed --timeout 600\n",
};

int cmd_wait(struct ctl *ctl, int argc, char **argv)
{
	struct wanted wanted = { .timeout_ms = -1 };
	struct mk_instance inst;
	const char *name, *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_STATE)
			wanted.states |= parse_states(&p, value);
		else
			wanted.timeout_ms =
				parse_seconds(&p, "--timeout", value);
	}
	name = parse_name(&p);
	if (!wanted.states)
		usage_error(&p, "--state is missing");

	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	status = wait_for(ctl, name, &inst, &wanted);
	mk_instance_close(&inst);
	return status;
}
