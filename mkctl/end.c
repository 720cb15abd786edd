// SPDX-License-Identifier: GPL-2.0-only
/* mkctl kill, unload and delete: the ways back. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "lives.h"
#include "names.h"
#include "pmem.h"
#include "serve/serve_main.h"
#include "signals.h"

/* One command without arguments of its own on the instance that is named. */
static int simple(struct ctl *ctl, const struct usage *usage, int argc,
		  char **argv,
		  int (*act)(struct ctl *ctl, const char *name,
			     struct mk_instance *inst, struct mk_error *err))
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
	if (act(ctl, name, &inst, &err))
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

/* One that does not run, but is about to be started again, stays as it is. */
static int kill_or_call_off(struct ctl *ctl, const char *name,
			    struct mk_instance *inst, struct mk_error *err)
{
	int code = mk_instance_kill(inst, err);

	if (code != MK_E_STATE || !serve_user_ends(ctl, name, inst))
		return code;
	note(ctl, "%s: does not run, and is not started again", name);
	return 0;
}

int cmd_kill(struct ctl *ctl, int argc, char **argv)
{
	return simple(ctl, &kill_usage, argc, argv, kill_or_call_off);
}

static const struct usage unload_usage = {
	.args = "NAME",
	.text = "Drops the loaded kernel and what is in the spawn's memory; CPUs and\n"
		"memory stay with the instance, and its log is kept (mkctl log --life).\n"
		"What the spawn wrote to files that it had as --pmem goes to them, as with\n"
		"mkctl delete.\n"
		"\n"
		"Example:\n"
		"  mkctl unload web\n",
};

static int do_unload(struct ctl *ctl, const char *name,
		     struct mk_instance *inst, struct mk_error *err)
{
	lives_save(name, inst);
	return mk_instance_unload(inst, err);
}

int cmd_unload(struct ctl *ctl, int argc, char **argv)
{
	int status = simple(ctl, &unload_usage, argc, argv, do_unload);

	return status ? status : pmem_let_go(ctl);
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
		"memory is wiped, and its logs are gone too.  What the spawn wrote to files\n"
		"that it had as --pmem goes to them; exit status 1 if it cannot, and\n"
		"mkctl pmem still has it then.\n"
		"\n"
		"Example:\n"
		"  mkctl delete web --force\n",
};

/* It may have what a spawn wrote: not to be deleted without a look at it. */
static bool is_file_store(struct mk_instance *inst)
{
	struct mk_info info;

	return !mk_instance_info(inst, &info, NULL) && !info.nr_cpus &&
	       strncmp(info.name, STORE_PREFIX, strlen(STORE_PREFIX)) == 0;
}

int cmd_delete(struct ctl *ctl, int argc, char **argv)
{
	struct mk_instance inst;
	const char *name, *value;
	struct mk_error err;
	uint32_t flags = 0;
	bool served;
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
	if (is_file_store(&inst)) {
		say("%s: it is the store of a file: mkctl pmem drop %s", name,
		    name);
		status = MKCTL_COULD_NOT;
	} else {
		/* It clears away its daemons and files when it sees the end. */
		served = serve_revive(ctl, name, &inst) == MKCTL_DONE;
		if (mk_instance_delete(&inst, flags, &err))
			status = fail(name, &err);
		/* Unknown is what became of its CPUs: it is gone. */
		if (status != MKCTL_COULD_NOT) {
			lives_remove(name);
			if (!served)
				serve_clear(name);
		}
	}
	mk_instance_close(&inst);
	return status ? status : pmem_let_go(ctl);
}
