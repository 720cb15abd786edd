// SPDX-License-Identifier: GPL-2.0-only
/* mkctl kill, unload and delete: the ways back. */
#include "cmd.h"

#include <stdio.h>

#include "names.h"
#include "signals.h"

/* One command without arguments of its own on the instance that is named. */
static int simple(struct ctl *ctl, const struct usage *usage, int argc,
		  char **argv,
		  int (*act)(struct mk_instance *inst, struct mk_error *err))
{
	struct mk_instance inst;
	const char *name, *value;
	struct mk_error err;
	struct parse p;
	int status;

	parse_begin(&p, ctl, usage, argc, argv);
	while (parse_next(&p, &value))
		;
	name = parse_name(&p);

	signals_hold();
	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	if (act(&inst, &err))
		status = fail(name, &err);
	mk_instance_close(&inst);
	return status;
}

static const struct usage kill_usage = {
	.args = "NAME",
	.text = "Stops a running instance by force: its CPUs are taken from the spawn\n"
		"wherever they are.  (mkctl stop asks it to power off.)  Memory and log\n"
		"stay, to be looked at; mkctl start boots it again, mkctl delete gives\n"
		"everything back.\n"
		"\n"
		"Example:\n"
		"  mkctl kill web\n",
};

int cmd_kill(struct ctl *ctl, int argc, char **argv)
{
	return simple(ctl, &kill_usage, argc, argv, mk_instance_kill);
}

static const struct usage unload_usage = {
	.args = "NAME",
	.text = "Drops the loaded kernel and the spawn's memory and log; CPUs and\n"
		"memory stay with the instance.\n"
		"\n"
		"Example:\n"
		"  mkctl unload web\n",
};

int cmd_unload(struct ctl *ctl, int argc, char **argv)
{
	return simple(ctl, &unload_usage, argc, argv, mk_instance_unload);
}

static const struct opt delete_options[] = {
	{ OPT_FORCE, "force", NULL, "also while it runs: kill it first" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const delete_groups[] = { delete_options, NULL };

static const struct usage delete_usage = {
	.args = "NAME [--force]",
	.groups = delete_groups,
	.text = "Gives the instance's CPUs and memory back to the host kernel.  The\n"
		"memory is wiped, so its log is gone too.\n"
		"\n"
		"Example:\n"
		"  mkctl delete web --force\n",
};

int cmd_delete(struct ctl *ctl, int argc, char **argv)
{
	struct mk_instance inst;
	const char *name, *value;
	struct mk_error err;
	uint32_t flags = 0;
	struct parse p;
	int status;

	parse_begin(&p, ctl, &delete_usage, argc, argv);
	while (parse_next(&p, &value))
		flags = MK_DELETE_F_FORCE;
	name = parse_name(&p);

	signals_hold();
	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	if (mk_instance_delete(&inst, flags, &err))
		status = fail(name, &err);
	mk_instance_close(&inst);
	return status;
}
