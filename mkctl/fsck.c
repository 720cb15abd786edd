// SPDX-License-Identifier: GPL-2.0-only
/* mkctl fsck: the ledger against what the host kernel says. */
#include "fsck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "json.h"
#include "size.h"

/* Bounds for what a module may tell; far more than any machine has. */
#define ENTRIES_MAX 65536
#define PASSES	    5

struct snapshot {
	struct mk_ledger *ledger;
	struct mk_info *infos;
	size_t nr_ledger, nr_infos;
};

static void *grow(void *array, size_t nr, size_t size)
{
	/* At 0, 64, 128, ...: room for 64 more. */
	return nr % 64 ? array : realloc(array, (nr + 64) * size);
}

static int take_ledger(struct mk_device *dev, struct snapshot *s,
		       struct mk_error *err)
{
	void *larger;
	int code;

	for (; s->nr_ledger < ENTRIES_MAX; s->nr_ledger++) {
		larger = grow(s->ledger, s->nr_ledger, sizeof(*s->ledger));
		if (!larger)
			return mk_fail(err, MK_E_SYSTEM, "no memory");
		s->ledger = larger;
		code = mk_device_ledger(dev, (uint32_t)s->nr_ledger,
					&s->ledger[s->nr_ledger], err);
		if (code)
			return code == MK_E_NOTFOUND ? 0 : code;
	}
	return mk_fail(err, MK_E_SUPPORT, "the ledger does not end");
}

static int take_infos(struct mk_device *dev, struct snapshot *s,
		      struct mk_error *err)
{
	uint32_t id = 0;
	void *larger;
	int code;

	for (; s->nr_infos < ENTRIES_MAX; s->nr_infos++) {
		larger = grow(s->infos, s->nr_infos, sizeof(*s->infos));
		if (!larger)
			return mk_fail(err, MK_E_SYSTEM, "no memory");
		s->infos = larger;
		code = mk_device_next(dev, id, &s->infos[s->nr_infos], err);
		if (code)
			return code == MK_E_NOTFOUND ? 0 : code;
		id = s->infos[s->nr_infos].id;
	}
	return mk_fail(err, MK_E_SUPPORT, "the instances do not end");
}

static int take(struct mk_device *dev, struct snapshot *s, struct mk_error *err)
{
	int code;

	memset(s, 0, sizeof(*s));
	code = take_ledger(dev, s, err);
	return code ? code : take_infos(dev, s, err);
}

static void drop(struct snapshot *s)
{
	free(s->ledger);
	free(s->infos);
}

static bool same_ledger(const struct snapshot *a, const struct snapshot *b)
{
	return a->nr_ledger == b->nr_ledger && a->nr_infos == b->nr_infos &&
	       (!a->nr_ledger ||
		memcmp(a->ledger, b->ledger,
		       a->nr_ledger * sizeof(*a->ledger)) == 0);
}

static void add_line(void *to, const char *text)
{
	json_object_array_add(to, json_object_new_string(text));
}

/*
 * Compare once.  A ledger that is another one afterwards proves nothing:
 * *@settled says whether it was the same.
 */
static int compare(const struct ctl *ctl, struct mk_device *dev,
		   struct json_object *lines, struct mk_fsck_result *result,
		   bool *settled, struct mk_error *err)
{
	struct snapshot before, after = { 0 };
	struct mk_fsck_input in;
	int code;

	code = take(dev, &before, err);
	if (!code) {
		in = (struct mk_fsck_input){
			.root = ctl->root,
			.ledger = before.ledger,
			.nr_ledger = before.nr_ledger,
			.infos = before.infos,
			.nr_infos = before.nr_infos,
			.report = add_line,
			.to = lines,
		};
		code = mk_fsck(&in, result, err);
	}
	if (!code)
		code = take(dev, &after, err);
	*settled = !code && same_ledger(&before, &after);
	drop(&before);
	drop(&after);
	return code;
}

static void print_text(struct json_object *lines,
		       const struct mk_fsck_result *r)
{
	char memory[MK_SIZE_TEXT], low[MK_SIZE_TEXT];
	size_t i;

	for (i = 0; i < json_object_array_length(lines); i++)
		puts(json_object_get_string(
			json_object_array_get_idx(lines, i)));
	printf("%s: lent are %u CPUs, memory %s, low memory %s; %llu pages "
	       "looked at\n",
	       r->differences ? "NOT CLEAN" : "clean", r->cpus,
	       mk_size_short(memory, sizeof(memory), r->memory),
	       mk_size_short(low, sizeof(low), r->low),
	       (unsigned long long)r->pages);
}

static void print_json(struct json_object *lines,
		       const struct mk_fsck_result *r)
{
	struct json_object *o = json_object_new_object();

	json_flag(o, "clean", r->differences == 0);
	json_object_object_add(o, "differences", json_object_get(lines));
	json_number(o, "cpus", r->cpus);
	json_number(o, "memory", r->memory);
	json_number(o, "low", r->low);
	json_number(o, "pages", r->pages);
	json_number(o, "mapped_pages", r->mapped);
	json_print(o);
}

static int check(const struct ctl *ctl, struct mk_device *dev, bool json)
{
	const struct timespec pause = { .tv_nsec = 300000000 };
	struct mk_fsck_result result = { 0 };
	struct json_object *lines = NULL;
	struct mk_error err;
	bool settled;
	int pass, code, status;

	/* A command under way is not a difference: look again. */
	for (pass = 0;; pass++) {
		json_object_put(lines);
		lines = json_object_new_array();
		code = compare(ctl, dev, lines, &result, &settled, &err);
		if (code || pass == PASSES - 1 ||
		    (settled && !result.differences))
			break;
		if (settled && pass)
			break;
		nanosleep(&pause, NULL);
	}
	if (code) {
		status = fail(NULL, &err);
	} else {
		if (json)
			print_json(lines, &result);
		else
			print_text(lines, &result);
		if (!result.pages && result.memory)
			say("single pages were not looked at: no "
			    "/proc/kpageflags here");
		status = result.differences ? MKCTL_COULD_NOT : MKCTL_DONE;
	}
	json_object_put(lines);
	return status;
}

static const struct opt options[] = {
	{ OPT_JSON, "json", NULL, "an object, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "[--json]",
	.groups = groups,
	.text = "Compares the module's ledger (who owns which CPU and memory) with\n"
		"what the host kernel says of its CPUs, its memory and every single\n"
		"page that is lent.  One line a difference; exit status 1 if there is\n"
		"any.\n"
		"\n"
		"Example:\n"
		"  mkctl fsck && echo all is where it should be\n",
};

int cmd_fsck(struct ctl *ctl, int argc, char **argv)
{
	struct mk_device dev;
	const char *value;
	bool json = false;
	struct parse p;
	int status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while (parse_next(&p, &value))
		json = true;
	parse_no_operand(&p);

	status = open_device(ctl, &dev);
	if (status)
		return status;
	status = check(ctl, &dev, json);
	mk_device_close(&dev);
	return status;
}
