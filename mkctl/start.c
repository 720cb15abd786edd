// SPDX-License-Identifier: GPL-2.0-only
/* mkctl start: boot what is loaded, and wait for its init if asked. */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lives.h"
#include "names.h"
#include "serve/serve_main.h"
#include "signals.h"
#include "spawnlog.h"

/* How often the log is looked at; it costs a scan until it is found. */
#define LOOK_MS	   50
#define LAST_LINES 16

/* How long the devices of the last life may take to be let go of. */
#define HELD_STEP 100 /* ms */
#define HELD_TELL 1000
#define HELD_MOST 30000

const struct opt start_options[] = {
	{ OPT_WAIT, "wait", "SECONDS", "wait so long for the spawn's init" },
	{ OPT_FOREGROUND, "foreground", NULL,
	  "stay, with the devices' supervisor" },
	{ 0, NULL, NULL, NULL },
};

bool start_take(struct start_args *args, const struct parse *p, int key,
		const char *value)
{
	switch (key) {
	case OPT_WAIT:
		args->wait = true;
		args->wait_ms = parse_seconds(p, "--wait", value);
		return true;
	case OPT_FOREGROUND:
		args->wish.foreground = true;
		return true;
	}
	return serve_take(&args->wish, p, key, value);
}

void start_check(const struct start_args *args, const struct parse *p)
{
	if (args->wish.foreground && !serve_wished(&args->wish))
		usage_error(p, "--foreground is for devices and for what "
			       "follows an end, and neither is given");
}

static bool begins_with(const struct mk_log_record *r, const char *text)
{
	size_t n = strlen(text);

	return r->length > n && memcmp(r->text, text, n) == 0;
}

/*
 * init/main.c:run_init_process(), the same in 6.1 to 7.2, says "Run %s as
 * init process" of the initramfs' /init and of /sbin/init alike.  Of the
 * agent's init it says so too, but that one only comes before, and says itself
 * what it runs (init/init.c), as a program (LOG_USER).
 */
static bool says_init(const struct mk_log_record *r)
{
	static const char tail[] = " as init process";
	size_t n = sizeof(tail) - 1;

	if (r->facility == 1)
		return begins_with(r, "multikernel: runs ");
	return r->facility == 0 && r->length > 4 + n &&
	       begins_with(r, "Run ") && !begins_with(r, "Run /multikernel/") &&
	       memcmp(r->text + r->length - n, tail, n) == 0;
}

/* Read on in the log: 1 when init was seen, 0 when not yet, or a code. */
static int look(struct spawnlog *view, struct mk_error *err)
{
	int code;

	while ((code = spawnlog_next(view, err)) == MK_LOG_RECORD)
		if (says_init(&view->record))
			return 1;
	/* What makes no sense yet may in a moment: the kernel still boots. */
	return code == MK_E_SUPPORT ? code : 0;
}

/* The end of the log of a spawn that died, on stderr. */
static void print_last_lines(struct mk_instance *inst)
{
	static struct spawnlog view;
	uint64_t total = 0, n = 0;

	if (spawnlog_begin(&view, inst, NULL))
		return;
	spawnlog_hurry(&view);
	while (spawnlog_next(&view, NULL) == MK_LOG_RECORD)
		if (++total >= view.log.capacity)
			break;
	view.opened = false;
	while (n < total && spawnlog_next(&view, NULL) == MK_LOG_RECORD)
		if (++n + LAST_LINES > total)
			fputs(spawnlog_format(&view), stderr);
	spawnlog_end(&view);
}

static int ended(const char *name, struct mk_instance *inst,
		 const struct mk_info *info)
{
	print_last_lines(inst);
	say("%s: %s (%s) before it ran its init; mkctl log %s shows all of its "
	    "log",
	    name, mk_state_name(info->state), mk_cause_name(info->cause), name);
	return MKCTL_COULD_NOT;
}

static int time_over(const char *name, const struct mk_info *info,
		     const struct spawnlog *view, int ms)
{
	say("%s: did not run its init within %g s and is still running (%s, "
	    "%s); mkctl log %s --follow shows what it does",
	    name, ms / 1000.0, mk_progress_name(info->progress),
	    view->opened ? "its log grows" : "no log yet", name);
	return MKCTL_UNKNOWN;
}

static int wait_for_init(const char *name, struct mk_instance *inst,
			 int64_t since, int wait_ms)
{
	static struct spawnlog view;
	int code, status = -1;
	uint32_t life = 0;
	struct mk_info info;
	struct mk_error err;
	int64_t left;

	if (spawnlog_begin(&view, inst, &err))
		return fail(name, &err);
	while (status < 0) {
		/* The state first: a log read after it is complete. */
		code = mk_instance_info(inst, &info, &err);
		/* It rebooted, and its supervisor was quick: another log. */
		if (!code && life && info.generation != life) {
			spawnlog_end(&view);
			code = spawnlog_begin(&view, inst, &err);
			if (code)
				return fail(name, &err);
		}
		life = code ? life : info.generation;
		if (!code && info.state != MK_STATE_RUNNING)
			spawnlog_hurry(&view);
		if (!code)
			code = look(&view, &err);
		left = since + wait_ms - now_ms();
		if (code < 0) {
			status = fail(name, &err);
		} else if (code) {
			printf("%s: runs its init after %.2f s\n", name,
			       (double)(now_ms() - since) / 1000);
			status = MKCTL_DONE;
		} else if (info.state != MK_STATE_RUNNING) {
			status = ended(name, inst, &info);
		} else if (left <= 0) {
			status = time_over(name, &info, &view, wait_ms);
		} else if (signals_came()) {
			say("%s: interrupted while waiting for its init", name);
			status = MKCTL_UNKNOWN;
		} else if (mk_instance_wait(
				   inst, left < LOOK_MS ? (int)left : LOOK_MS,
				   signals_mask(), &err) < 0) {
			status = fail(name, &err);
		}
	}
	spawnlog_end(&view);
	return status;
}

/*
 * START, once nobody holds a queue of the last life any more: who does may
 * still write into the memory (MK_IOC_START: EBUSY).  *@entered is when the
 * last attempt began.
 */
static int enter(const char *name, struct mk_instance *inst, int64_t *entered)
{
	int64_t since = now_ms(), waited;
	struct mk_info info;
	struct mk_error err;
	bool told = false;

	lives_save(name, inst);
	*entered = since;
	while (mk_instance_start(inst, &err)) {
		if (err.sys_errno != EBUSY ||
		    mk_instance_info(inst, &info, NULL) ||
		    info.state == MK_STATE_RUNNING)
			return fail(name, &err);
		waited = now_ms() - since;
		if (waited >= HELD_MOST) {
			say("%s: not started: a program has held devices of "
			    "its last life for %d s, its supervisor most "
			    "likely (mkctl device %s); end that, and "
			    "start again",
			    name, HELD_MOST / 1000, name);
			return MKCTL_COULD_NOT;
		}
		if (signals_came()) {
			say("%s: interrupted, nothing was started", name);
			return MKCTL_COULD_NOT;
		}
		if (waited >= HELD_TELL && !told)
			say("%s: waits until devices of its last life are let "
			    "go of",
			    name);
		told = told || waited >= HELD_TELL;
		signals_sleep(HELD_STEP);
		*entered = now_ms();
	}
	return MKCTL_DONE;
}

/* Its own modules come before its init, so they have said so by now. */
static void warn_no_agent(const char *name, struct mk_instance *inst)
{
	struct mk_channel channel;

	if (mk_instance_channel(inst, &channel, NULL) == 0 &&
	    channel.agent == MK_AGENT_NONE)
		say("%s: runs without an agent, so it does not see its "
		    "devices; see mkctl load --help",
		    name);
}

static int start_spawn(const struct ctl *ctl, const char *name,
		       struct mk_instance *inst, const struct start_args *args)
{
	int64_t since; /* the attempt that worked */
	int status;

	status = enter(name, inst, &since);
	if (status)
		return status;
	note(ctl, "%s: entered its kernel after %lld ms", name,
	     (long long)(now_ms() - since));
	if (!args->wait)
		return MKCTL_DONE;
	status = wait_for_init(name, inst, since, args->wait_ms);
	if (!status && args->wish.nr)
		warn_no_agent(name, inst);
	return status;
}

int start_do(const struct ctl *ctl, const char *name, struct mk_instance *inst,
	     struct start_args *args)
{
	int status;

	if (signals_came()) {
		say("%s: interrupted, nothing was started", name);
		return MKCTL_COULD_NOT;
	}
	/* All devices are open before the spawn asks for them. */
	status = args->wish.nr ? MKCTL_DONE : serve_revive(ctl, name, inst);
	if (!status && serve_wished(&args->wish))
		status =
			devices_open(ctl, name, &args->wish, &args->supervisor);
	if (status)
		return status;
	serve_user_starts(name);
	status = start_spawn(ctl, name, inst, args);
	/* What is not known to have failed may run, and need its devices. */
	if (status == MKCTL_COULD_NOT)
		devices_close(name, &args->supervisor);
	return status;
}

int start_stay(struct start_args *args, int status)
{
	int ended = devices_stay(&args->supervisor);

	return status ? status : ended;
}

static const struct opt *const groups[] = { start_options, serve_options,
					    policy_options, NULL };

static const struct usage usage = {
	.args = "NAME [--wait SECONDS] [DEVICE | POLICY]...",
	.groups = groups,
	.text = "Boots the loaded kernel, from a clean copy each time.  Returns when\n"
		"its first CPU enters it; with --wait when the spawn runs its init,\n"
		"and prints how long that took.  Exit status 1 when it ends before\n"
		"(its last log lines are shown), 3 when the time is over.\n"
		"\n"
		"If devices are given, a supervisor for them is started first (mkctl\n"
		"serve), which stays in the background until the instance is deleted.\n"
		"With --foreground this command stays until then, or until Ctrl-C ends\n"
		"both.  Drivers for them come with the agent: see mkctl load --help.\n"
		"\n"
		"The supervisor starts the spawn again when it reboots, unless\n"
		"--on-reboot says stop, and when it crashes or powers off if --on-crash\n"
		"or --on-poweroff says restart: after 1 s, then 2, 4 .. 64 s, and not\n"
		"at all after --restart-max in a row.  (A life of a minute, and of ten\n"
		"times the last pause, begins a new row; a reboot after 10 s waits for\n"
		"nothing.)  --on-crash dump writes its memory to a file first (mkctl\n"
		"dump).  With --watchdog it has crashed when its agent has not beaten\n"
		"for so long, or not yet boot= seconds after its start.  Each of these\n"
		"options brings a supervisor, also without a device; without one the\n"
		"spawn stays as it ended.  What mkctl stop or kill ends stays, too.\n"
		"\n"
		"Example:\n"
		"  mkctl start web --wait 60\n"
		"  mkctl start web --console --disk /srv/web.img\n"
		"  mkctl start web --on-crash dump,restart --watchdog 10,boot=120\n",
};

int cmd_start(struct ctl *ctl, int argc, char **argv)
{
	static struct start_args args;
	struct mk_instance inst;
	const char *name, *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value)))
		start_take(&args, &p, key, value);
	name = parse_name(&p);
	start_check(&args, &p);

	signals_hold();
	status = open_instance(ctl, name, &inst);
	if (status)
		return status;
	status = start_do(ctl, name, &inst, &args);
	if (status == MKCTL_UNKNOWN && signals_came())
		say("%s: goes on running", name);
	mk_instance_close(&inst);
	return start_stay(&args, status);
}
