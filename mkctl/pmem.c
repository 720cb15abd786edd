// SPDX-License-Identifier: GPL-2.0-only
/* mkctl pmem: the files that are in memory, for spawns to use. */
#include "pmem.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "signals.h"
#include "size.h"

/* ---- what there is ---- */

struct listing {
	const struct ctl *ctl;
	struct json_object *array; /* NULL: a table */
};

/* How the file is now, compared with what was put into the store. */
static const char *file_state(const struct mk_info *info,
			      const struct store_record *record)
{
	static struct store_file file;
	const char *state;

	if (store_file_open(&file, record->path, true, NULL))
		return "gone";
	if (strcmp(file.name, info->name) != 0)
		state = "replaced";
	else
		state = store_record_changed(record, &file) ? "changed"
							    : "same";
	store_file_close(&file);
	return state;
}

static int show(void *to, const struct mk_info *info)
{
	static struct store_record record;
	struct listing *l = to;
	struct json_object *o;
	const char *state;
	char text[MK_SIZE_TEXT];
	bool known;

	known = !store_record_read(l->ctl, info->name, &record, NULL) &&
		store_record_is_of(&record, info) && record.ready;
	state = known ? file_state(info, &record) : "unknown";
	if (l->array) {
		o = json_object_new_object();
		json_text(o, "name", info->name);
		json_number(o, "id", info->id);
		json_number(o, "memory", info->memory_bytes);
		json_number(o, "memory_base", info->memory_base);
		json_number(o, "users", info->users);
		json_text(o, "file_state", state);
		if (known) {
			json_text(o, "file", record.path);
			json_number(o, "size", record.size);
			json_flag(o, "ro", record.ro);
			json_text(o, "last_user", record.user);
		}
		json_object_array_add(l->array, o);
		return 0;
	}
	make_printable(record.path);
	printf("%-27s %7s %-4s %5u  %-8s %s\n", info->name,
	       mk_size_short(text, sizeof(text), info->memory_bytes),
	       !known	   ? "-"
	       : record.ro ? "ro"
			   : "rw",
	       info->users, state, known ? record.path : "-");
	return 0;
}

static int list(const struct ctl *ctl, struct mk_device *dev, bool json)
{
	struct listing l = { .ctl = ctl };
	struct mk_error err;

	if (json)
		l.array = json_object_new_array();
	else
		printf("%-27s %7s %-4s %5s  %-8s %s\n", "STORE", "MEMORY",
		       "MODE", "USERS", "FILE IS", "FILE");
	if (store_for_each(dev, show, &l, &err)) {
		json_object_put(l.array);
		return fail(NULL, &err);
	}
	if (json)
		json_print(l.array);
	return MKCTL_DONE;
}

/* ---- sync and drop ---- */

struct search {
	const struct ctl *ctl;
	const char *word; /* a file or a store's name */
	char name[MK_NAME_BYTES]; /* of the store of this file, or "" */
	struct mk_info found;
	bool is_found;
};

/* By its name, by the file there, or by the path that the record has. */
static int compare(void *to, const struct mk_info *info)
{
	static struct store_record record;
	struct search *s = to;

	if (strcmp(info->name, s->word) == 0 ||
	    strcmp(info->name, s->name) == 0 ||
	    (!store_record_read(s->ctl, info->name, &record, NULL) &&
	     strcmp(record.path, s->word) == 0 && !s->name[0])) {
		s->found = *info;
		s->is_found = true;
	}
	return 0;
}

static int find(struct search *s, struct mk_device *dev)
{
	static struct store_file file;
	struct mk_error err;

	if (!store_file_open(&file, s->word, true, NULL)) {
		memcpy(s->name, file.name, sizeof(s->name));
		store_file_close(&file);
	}
	if (store_for_each(dev, compare, s, &err))
		return fail(NULL, &err);
	if (s->is_found)
		return MKCTL_DONE;
	say("%s: no store has this name or file: mkctl pmem lists them",
	    s->word);
	return MKCTL_COULD_NOT;
}

static int sync_one(void *to, const struct mk_info *info)
{
	static struct store_record record;
	struct pmem_save *s = to;

	if (!store_record_read(s->ctl, info->name, &record, NULL) &&
	    store_record_is_of(&record, info) && record.ready && !record.ro)
		pmem_save(s, info, &record);
	return 0;
}

static int sync_named(struct pmem_save *s, const char *word)
{
	struct search search = { .ctl = s->ctl, .word = word };
	static struct store_record record;
	struct mk_error err;
	int status;

	status = find(&search, s->dev);
	if (status)
		return status;
	if (store_record_read(s->ctl, search.found.name, &record, &err))
		return fail(search.found.name, &err);
	if (!store_record_is_of(&record, &search.found) || !record.ready) {
		say("%s: its record is of another store: nobody knows which "
		    "file it has",
		    search.found.name);
		return MKCTL_COULD_NOT;
	}
	if (record.ro && !s->output) {
		say("%s: given read-only, so nothing goes back to %.200s",
		    search.found.name, record.path);
		return MKCTL_COULD_NOT;
	}
	return pmem_save(s, &search.found, &record);
}

static int sync_stores(struct pmem_save *s, const char *word)
{
	struct mk_error err;

	if (word)
		return sync_named(s, word);
	if (store_for_each(s->dev, sync_one, s, &err))
		return fail(NULL, &err);
	return s->status;
}

static int drop(struct pmem_save *s, const char *word, bool discard)
{
	struct search search = { .ctl = s->ctl, .word = word };
	static struct store_record record;
	const struct mk_info *info = &search.found;
	struct mk_error err;
	int status;

	status = find(&search, s->dev);
	if (status)
		return status;
	if (info->users) {
		say("%s: %u images use it: unload or delete their instances "
		    "first",
		    info->name, info->users);
		return MKCTL_COULD_NOT;
	}
	if (!discard) {
		if (store_record_read(s->ctl, info->name, &record, &err) ||
		    !store_record_is_of(&record, info)) {
			say("%s: nobody knows which file it has: --discard "
			    "deletes it all the same",
			    info->name);
			return MKCTL_COULD_NOT;
		}
		if (record.ready && !record.ro && pmem_save(s, info, &record))
			return s->status;
	}
	if (pmem_remove(s->ctl, s->dev, info->name, &err))
		return fail(info->name, &err);
	return MKCTL_DONE;
}

/* ---- the command ---- */

static const struct opt options[] = {
	{ OPT_JSON, "json", NULL, "the list as an array of objects" },
	{ OPT_FORCE, "force", NULL,
	  "sync: also if the file was changed by others" },
	{ OPT_OUTPUT, "output", "FILE", "sync: into this new file instead" },
	{ OPT_DISCARD, "discard", NULL, "drop: without writing anything back" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "[sync [FILE|STORE] | drop FILE|STORE] [OPTION]...",
	.groups = groups,
	.text = "Files that load and run were given as --pmem are in stores: memory of\n"
		"the host, one store a file, in which they are /dev/pmemN of a spawn.\n"
		"Without a word more the stores are listed, with how many loaded images\n"
		"use each.\n"
		"\n"
		"What a spawn writes goes to its file when mkctl delete or unload lets\n"
		"the store go, which then disappears; and with \"sync\" at any time, of\n"
		"all that may be written to or of one.  While the spawn runs that is a\n"
		"snapshot of memory in use: a file system in it is as after a power\n"
		"failure.  A store that could not be written back stays; \"drop\" writes\n"
		"back and deletes one that nobody uses.\n"
		"\n"
		"Example:\n"
		"  mkctl pmem sync data.img\n",
};

struct request {
	const char *verb, *word, *output;
	bool json, force, discard;
};

static void read_request(struct request *r, struct parse *p)
{
	const char *value;
	int key;

	while ((key = parse_next(p, &value))) {
		if (key == OPT_JSON)
			r->json = true;
		else if (key == OPT_FORCE)
			r->force = true;
		else if (key == OPT_DISCARD)
			r->discard = true;
		else
			r->output = value;
	}
	if (optind < p->argc)
		r->verb = parse_operand(p, "what to do");
	if (r->verb && strcmp(r->verb, "sync") != 0 &&
	    strcmp(r->verb, "drop") != 0)
		usage_error(p, "'%s' is neither sync nor drop", r->verb);
	if (r->verb && r->verb[0] == 'd')
		r->word = parse_operand(p, "the file or store to drop");
	else if (r->verb && optind < p->argc)
		r->word = parse_operand(p, "the file or store");
	parse_no_operand(p);
	if (r->json && r->verb)
		usage_error(p, "--json is for the list");
	if ((r->force || r->output) && (!r->verb || r->verb[0] != 's'))
		usage_error(p, "--force and --output are for sync");
	if (r->output && (!r->word || r->force))
		usage_error(p, "--output is for one file, and without --force");
	if (r->discard && (!r->verb || r->verb[0] != 'd'))
		usage_error(p, "--discard is for drop");
}

int cmd_pmem(struct ctl *ctl, int argc, char **argv)
{
	struct request r = { 0 };
	struct pmem_save save = { .ctl = ctl };
	struct mk_device dev;
	struct mk_error err;
	struct parse p;
	int status, lock;

	parse_begin(&p, ctl, &usage, argc, argv);
	read_request(&r, &p);

	signals_hold();
	status = open_device(ctl, &dev);
	if (status)
		return status;
	if (!r.verb) {
		status = list(ctl, &dev, r.json);
		mk_device_close(&dev);
		return status;
	}
	save.dev = &dev;
	save.force = r.force;
	save.output = r.output;
	lock = store_lock(ctl, &err);
	if (lock < 0) {
		status = fail(NULL, &err);
	} else {
		status = r.verb[0] == 's' ? sync_stores(&save, r.word)
					  : drop(&save, r.word, r.discard);
		close(lock);
	}
	mk_device_close(&dev);
	return status;
}
