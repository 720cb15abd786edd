// SPDX-License-Identifier: GPL-2.0-only
/* The options that name devices, and those about the end of a life. */
#include "options.h"

#include <string.h>

const struct opt serve_options[] = {
	{ OPT_CONSOLE, "console", NULL, "give it a console (mkctl console)" },
	{ OPT_NET, "net", "tap=NAME[,mac=MAC]", "a network card, at a tap" },
	{ OPT_VSOCK, "vsock", "CID", "sockets to the host (vsock)" },
	{ OPT_DISK, "disk", "FILE[,ro]", "a disk, of a file or block device" },
	{ OPT_SHARE, "share", "DIR:TAG",
	  "a folder: mount -t virtiofs TAG ..." },
	{ OPT_RNG, "rng", NULL, "random numbers of the host" },
	{ 0, NULL, NULL, NULL },
};

const struct opt policy_options[] = {
	{ OPT_ON_CRASH, "on-crash", "WHAT",
	  "stop, restart, dump or dump,restart" },
	{ OPT_ON_POWEROFF, "on-poweroff", "WHAT", "stop or restart" },
	{ OPT_ON_REBOOT, "on-reboot", "WHAT", "restart or stop" },
	{ OPT_RESTART_MAX, "restart-max", "N",
	  "restarts in a row (10; 0: any number)" },
	{ OPT_WATCHDOG, "watchdog", "SECONDS[,boot=SECONDS]",
	  "it crashed if its agent is silent so long" },
	{ OPT_DUMP_DIR, "dump-dir", "DIR", "where dumps go (/var/crash)" },
	{ OPT_DUMP_KEEP, "dump-keep", "N", "how many are kept there (3)" },
	{ 0, NULL, NULL, NULL },
};

/* A second one replaces the first. */
static bool take_policy(struct serve_wish *w, const struct parse *p, int key,
			const char *value)
{
	struct policy try = { 0 };
	const struct opt *o;
	struct mk_error err;
	unsigned int i;

	for (o = policy_options; o->key != key; o++)
		if (!o->key)
			return false;
	if (policy_set(&try, o->name, value, &err))
		usage_error(p, "%s", err.text);
	for (i = 0; i < w->nr_policy; i++)
		if (strcmp(w->policy[i].name, o->name) == 0)
			break;
	w->policy[i].name = o->name;
	w->policy[i].value = value;
	if (i == w->nr_policy)
		w->nr_policy++;
	return true;
}

/* The option is called as the kind is. */
static const struct opt *find_option(int key)
{
	const struct opt *o;

	for (o = serve_options; o->key; o++)
		if (o->key == key)
			return o;
	return NULL;
}

static bool is_single(int key)
{
	return key == OPT_CONSOLE || key == OPT_VSOCK || key == OPT_RNG;
}

bool serve_take(struct serve_wish *w, const struct parse *p, int key,
		const char *value)
{
	const struct opt *o = find_option(key);
	const struct serve_kind *kind;
	struct mk_error err;
	unsigned int i;

	if (!o)
		return take_policy(w, p, key, value);
	kind = serve_kind_find(o->name);
	if (!kind)
		usage_error(p, "--%s: this mkctl has no such device", o->name);
	if (!value)
		value = "";
	if (strlen(value) >= SERVE_OPTIONS_BYTES)
		usage_error(p, "--%s: too long", o->name);
	if (kind->check(value, &err))
		usage_error(p, "--%s: %s", o->name, err.text);
	for (i = 0; i < w->nr; i++)
		if (is_single(key) && strcmp(w->devices[i].kind, o->name) == 0)
			usage_error(p, "--%s twice: there can be one", o->name);
	if (w->nr == SERVE_DEVICES)
		usage_error(p, "more than %d devices", SERVE_DEVICES);
	w->devices[w->nr].kind = kind->name;
	w->devices[w->nr].options = value;
	w->nr++;
	return true;
}
