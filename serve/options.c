// SPDX-License-Identifier: GPL-2.0-only
/* The options that name devices. */
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
		return false;
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
