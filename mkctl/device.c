// SPDX-License-Identifier: GPL-2.0-only
/* mkctl device: what its supervisor serves; add and remove devices. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "serve/client.h"
#include "serve/options.h"
#include "signals.h"

#define REMOVE_MS 20000 /* the supervisor takes it away after 10 s */
#define LOOK_MS	  100

static char answer[SERVE_ANSWER_BYTES];

/* Ask the supervisor; @*object (may be NULL) is its answer. */
static int ask(const char *name, struct json_object *request,
	       struct json_object **object)
{
	struct mk_error err;
	int sock, code;

	sock = serve_connect(name, &err);
	code = sock < 0 ? sock : 0;
	if (!code) {
		code = serve_ask(
			sock,
			json_object_to_json_string_ext(
				request,
				JSON_C_TO_STRING_PLAIN |
					JSON_C_TO_STRING_NOSLASHESCAPE),
			answer, sizeof(answer), &err);
		close(sock);
	}
	json_object_put(request);
	if (code)
		return fail(name, &err);
	if (object) {
		*object = json_tokener_parse(answer);
		if (!*object) {
			say("%s: the supervisor's answer makes no sense", name);
			return MKCTL_COULD_NOT;
		}
	}
	return MKCTL_DONE;
}

static struct json_object *request(const char *what)
{
	struct json_object *r = json_object_new_object();

	json_text(r, "do", what);
	return r;
}

/* --- list ----------------------------------------------------------------- */

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return "";
	return json_object_get_string(value);
}

/* "128 128" */
static void list_queues(struct json_object *device, char *text, size_t size)
{
	struct json_object *queues;
	size_t i, nr = 0, at = 0;

	text[0] = '\0';
	if (json_object_object_get_ex(device, "queues", &queues) &&
	    json_object_is_type(queues, json_type_array))
		nr = json_object_array_length(queues);
	for (i = 0; i < nr && at < size; i++)
		at += (size_t)snprintf(
			text + at, size - at, "%s%s", i ? " " : "",
			text_of(json_object_array_get_idx(queues, i), "size"));
	if (!nr)
		snprintf(text, size, "-");
}

static void print_device(struct json_object *device)
{
	char options[SERVE_OPTIONS_BYTES], queues[64];
	char reason[256];

	snprintf(reason, sizeof(reason), "%s", text_of(device, "reason"));
	make_printable(reason);
	snprintf(options, sizeof(options), "%s", text_of(device, "options"));
	make_printable(options);
	list_queues(device, queues, sizeof(queues));
	printf("%3s  %-8s %-9s %-12s %s", text_of(device, "device"),
	       text_of(device, "kind"), text_of(device, "state"), queues,
	       options);
	/* What went wrong is told even if it runs again. */
	if (reason[0])
		printf("%s(%s)", options[0] ? "  " : "", reason);
	putchar('\n');
}

static int list(const struct ctl *ctl, const char *name, bool json)
{
	struct json_object *object, *devices;
	size_t i, nr;
	int status;

	status = ask(name, request("list"), &object);
	if (status)
		return status;
	if (!json_object_object_get_ex(object, "devices", &devices) ||
	    !json_object_is_type(devices, json_type_array)) {
		say("%s: the supervisor's answer makes no sense", name);
		status = MKCTL_COULD_NOT;
	} else if (json) {
		json_object_object_del(object, "ok");
		json_print(json_object_get(object));
	} else {
		nr = json_object_array_length(devices);
		printf("%3s  %-8s %-9s %-12s %s\n", "NR", "KIND", "STATE",
		       "QUEUES", "OPTIONS");
		for (i = 0; i < nr; i++)
			print_device(json_object_array_get_idx(devices, i));
		if (!nr)
			note(ctl, "no devices");
	}
	json_object_put(object);
	return status;
}

/* --- add, remove ---------------------------------------------------------- */

/* All, or those up to the first that fails. */
static int add(const char *name, const struct serve_wish *w)
{
	struct json_object *r, *object;
	unsigned int i;
	int status;

	for (i = 0; i < w->nr; i++) {
		r = request("add");
		json_text(r, "kind", w->devices[i].kind);
		json_text(r, "options", w->devices[i].options);
		status = ask(name, r, &object);
		if (status)
			return status;
		printf("%s: device %s: %s %s\n", name,
		       text_of(object, "device"), w->devices[i].kind,
		       w->devices[i].options);
		json_object_put(object);
	}
	return MKCTL_DONE;
}

static bool is_there(struct json_object *list, unsigned int number)
{
	struct json_object *devices, *value;
	size_t i, nr;

	if (!json_object_object_get_ex(list, "devices", &devices) ||
	    !json_object_is_type(devices, json_type_array))
		return false;
	nr = json_object_array_length(devices);
	for (i = 0; i < nr; i++)
		if (json_object_object_get_ex(json_object_array_get_idx(devices,
									i),
					      "device", &value) &&
		    json_object_get_int64(value) == (int64_t)number)
			return true;
	return false;
}

/* The spawn lets go of it first, which may take a while. */
static int remove_device(const char *name, unsigned int number)
{
	int64_t until = now_ms() + REMOVE_MS;
	struct json_object *r, *object;
	int status;
	bool there;

	r = request("remove");
	json_number(r, "device", number);
	status = ask(name, r, NULL);
	while (!status) {
		status = ask(name, request("list"), &object);
		if (status)
			break;
		there = is_there(object, number);
		json_object_put(object);
		if (!there)
			return MKCTL_DONE;
		if (now_ms() > until || signals_came()) {
			say("%s: device %u is asked to go, and still there",
			    name, number);
			return MKCTL_UNKNOWN;
		}
		signals_sleep(LOOK_MS);
	}
	return status;
}

/* --- the command ---------------------------------------------------------- */

static const struct opt options[] = {
	{ OPT_JSON, "json", NULL, "an object, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, serve_options, NULL };

static const struct usage usage = {
	.args = "NAME [--json]\n"
		"       mkctl device NAME add --net tap=T ...\n"
		"       mkctl device NAME remove NUMBER",
	.groups = groups,
	.text = "Shows the devices that mkctl serve serves, and adds and removes some,\n"
		"also while the spawn runs.  A device that is removed is taken from\n"
		"the spawn's driver first; after 10 s it goes anyway.\n"
		"STATE: waiting (no driver yet), found (a driver sets it up), running,\n"
		"starting, leaving, failed (until the driver resets it), broken (its\n"
		"backend is gone: remove and add it), missing (it could not be taken\n"
		"over).  Exit status 3 when it is not known whether a device is gone.\n"
		"\n"
		"Example:\n"
		"  mkctl device web add --disk data.img\n"
		"  mkctl device web --json | jq '.devices[].kind'\n",
};

int cmd_device(struct ctl *ctl, int argc, char **argv)
{
	static struct serve_wish wish;
	const char *name, *value, *what, *number;
	bool json = false;
	struct parse p;
	int key;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_JSON)
			json = true;
		else
			serve_take(&wish, &p, key, value);
	}
	name = parse_first_name(&p);
	if (optind == argc) {
		if (wish.nr)
			usage_error(&p,
				    "devices are given to 'mkctl device %s "
				    "add'",
				    name);
		return list(ctl, name, json);
	}
	what = parse_operand(&p, "add or remove");
	if (json)
		usage_error(&p, "--json is for the list");
	if (strcmp(what, "add") == 0) {
		parse_no_operand(&p);
		if (!wish.nr)
			usage_error(&p, "which device? (--net, --disk, ...)");
		return add(name, &wish);
	}
	if (strcmp(what, "remove") != 0)
		usage_error(&p, "'%s' is neither add nor remove", what);
	number = parse_operand(&p, "the device's number");
	parse_no_operand(&p);
	if (wish.nr)
		usage_error(&p, "a device is removed by its number");
	signals_hold();
	return remove_device(name, parse_number(&p, "remove", number, 0,
						SERVE_DEVICES - 1));
}
