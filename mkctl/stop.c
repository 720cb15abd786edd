// SPDX-License-Identifier: GPL-2.0-only
/* mkctl stop: ask a spawn to power off, and wait until it has. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>

#include "names.h"
#include "serve/serve_main.h"
#include "signals.h"

#define TIMEOUT_MS 60000

struct stop_args {
	int timeout_ms;
	bool kill;
};

/* It no longer runs as it did when it was asked. */
static int ended(const struct ctl *ctl, const char *name, uint32_t generation,
		 const struct mk_info *info)
{
	if (info->generation != generation) {
		say("%s: ended, and was started again meanwhile", name);
		return MKCTL_DONE;
	}
	if (info->state == MK_STATE_CRASHED) {
		say("%s: crashed (%s) instead of powering off; mkctl log %s "
		    "shows its log",
		    name, mk_cause_name(info->cause), name);
		return MKCTL_COULD_NOT;
	}
	if (info->state == MK_STATE_STOPPED &&
	    info->cause != MK_CAUSE_POWEROFF && info->cause != MK_CAUSE_REBOOT)
		say("%s: stopped (%s) instead of powering off", name,
		    mk_cause_name(info->cause));
	else
		note(ctl, "%s: %s (%s)", name, mk_state_name(info->state),
		     mk_cause_name(info->cause));
	return MKCTL_DONE;
}

static int kill_it(const char *name, struct mk_instance *inst)
{
	struct mk_error err;

	/* MK_E_STATE: it ended by itself at the last moment. */
	if (mk_instance_kill(inst, &err) && err.code != MK_E_STATE)
		return fail(name, &err);
	return MKCTL_DONE;
}

static int time_over(const char *name, struct mk_instance *inst,
		     const struct stop_args *args)
{
	if (args->kill) {
		say("%s: still running after %g s: killing it", name,
		    args->timeout_ms / 1000.0);
		return kill_it(name, inst);
	}
	say("%s: still running after %g s; mkctl kill %s stops it by force",
	    name, args->timeout_ms / 1000.0, name);
	return MKCTL_UNKNOWN;
}

static int stop(const struct ctl *ctl, const char *name,
		struct mk_instance *inst, const struct stop_args *args)
{
	struct mk_info info;
	struct mk_error err;
	uint32_t generation;
	int64_t until, left;

	/* Its supervisor is not to start it again. */
	if (serve_user_ends(ctl, name, inst)) {
		note(ctl, "%s: does not run, and is not started again", name);
		return MKCTL_DONE;
	}
	until = now_ms() + args->timeout_ms;
	if (mk_instance_stop(inst, &err)) {
		if (!args->kill || err.sys_errno != ENOTCONN) {
			serve_user_starts(name); /* it lives on */
			return fail(name, &err);
		}
		say("%s: no agent listens in it: killing it", name);
		return kill_it(name, inst);
	}
	/* Read after asking: that somebody restarted it before is not its end. */
	if (mk_instance_info(inst, &info, &err))
		return fail(name, &err);
	generation = info.generation;
	while (info.state == MK_STATE_RUNNING &&
	       info.generation == generation) {
		if (signals_came()) {
			say("%s: interrupted; it was asked to power off and "
			    "goes on running until it has",
			    name);
			return MKCTL_UNKNOWN;
		}
		left = until - now_ms();
		if (left <= 0)
			return time_over(name, inst, args);
		if (mk_instance_wait(inst, (int)left, signals_mask(), &err) < 0)
			return fail(name, &err);
		if (mk_instance_info(inst, &info, &err))
			return fail(name, &err);
	}
	return ended(ctl, name, generation, &info);
}

static const struct opt options[] = {
	{ OPT_TIMEOUT, "timeout", "SECONDS", "wait so long for it (60)" },
	{ OPT_KILL, "kill", NULL, "then stop it by force" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [--timeout SECONDS] [--kill]",
	.groups = groups,
	.text = "Asks the spawn's agent to power it off in an orderly way, and waits\n"
		"until it no longer runs.  Exit status 1 when no agent listens in it,\n"
		"3 when the time is over and it still runs.  With --kill it is stopped\n"
		"by force then, or at once when there is no agent.  What ends so is\n"
		"not started again by --on-poweroff, --on-reboot or --on-crash.\n"
		"\n"
		"Example:\n"
		"  mkctl stop web --timeout 20 --kill\n",
};

int cmd_stop(struct ctl *ctl, int argc, char **argv)
{
	struct stop_args args = { .timeout_ms = TIMEOUT_MS };
	struct mk_instance inst;
	const char *name, *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_KILL)
			args.kill = true;
		else
			args.timeout_ms = parse_seconds(&p, "--timeout", value);
	}
	name = parse_name(&p);

	signals_hold();
	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	status = stop(ctl, name, &inst, &args);
	mk_instance_close(&inst);
	return status;
}
