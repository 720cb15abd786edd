// SPDX-License-Identifier: GPL-2.0-only
/* The files of --pmem, put into stores or found there. */
#include "pmem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"

_Static_assert(MK_PLAN_PMEM >= MK_STORES_MAX, "a plan for every store");

/* One file on its way into a store. */
struct job {
	const struct ctl *ctl;
	struct mk_device *dev;
	const char *name; /* of the instance */
	uint32_t id;
	bool ro;
	struct store_file file;
	struct store_record record;
	struct mk_instance store;
	struct mk_info info; /* of the store */
	bool made;
	bool reused; /* the record was: */
	struct store_record before;
};

void pmem_take(struct pmem_args *args, const struct parse *p, const char *value)
{
	size_t n = strlen(value);
	struct pmem_file *f;
	bool ro;

	if (args->nr == MK_STORES_MAX)
		usage_error(p, "more than %d files as --pmem", MK_STORES_MAX);
	f = &args->files[args->nr++];
	ro = n >= 3 && strcmp(value + n - 3, ",ro") == 0;
	if (ro || (n >= 3 && strcmp(value + n - 3, ",rw") == 0))
		n -= 3;
	if (!n)
		usage_error(p, "--pmem: the file is missing");
	f->path = strndup(value, n);
	f->ro = ro;
	if (!f->path)
		usage_error(p, "--pmem: no memory");
}

int pmem_check(const char *name, const struct pmem_args *args)
{
	static char names[MK_STORES_MAX][MK_NAME_BYTES];
	static struct store_file file;
	struct mk_error err;
	unsigned int i, k;

	for (i = 0; i < args->nr; i++) {
		if (store_file_open(&file, args->files[i].path,
				    args->files[i].ro, &err))
			return fail(name, &err);
		store_file_close(&file);
		memcpy(names[i], file.name, sizeof(names[i]));
		for (k = 0; k < i; k++) {
			if (strcmp(names[k], names[i]) != 0)
				continue;
			say("%s: --pmem %s and --pmem %s are the same file",
			    name, args->files[k].path, args->files[i].path);
			return MKCTL_COULD_NOT;
		}
	}
	return MKCTL_DONE;
}

int pmem_pretend(const char *name, const struct pmem_args *args,
		 const struct mk_machine *machine, struct pmem_use *use)
{
	uint64_t at = machine->memory_base + machine->memory_bytes;
	static struct store_file file;
	struct mk_error err;
	unsigned int i;

	*use = (struct pmem_use){ .lock = -1 };
	for (i = 0; i < args->nr; i++) {
		if (store_file_open(&file, args->files[i].path,
				    args->files[i].ro, &err))
			return fail(name, &err);
		store_file_close(&file);
		use->ranges[i].address = at;
		use->ranges[i].length = store_bytes(file.size);
		at += use->ranges[i].length;
		use->nr++;
	}
	return MKCTL_DONE;
}

/* ---- one file ---- */

static int write_record(struct job *j, struct mk_error *err)
{
	return store_record_write(j->ctl, j->file.name, &j->record, err);
}

/*
 * The record comes first and says that the store is not ready, so that one
 * which is left by a mkctl that died is known for what it is.
 */
static int make(struct job *j, struct mk_error *err)
{
	struct mk_create create = { .flags = MK_CREATE_F_STORE,
				    .memory_bytes = store_bytes(j->file.size) };
	struct store_record *r = &j->record;
	struct store_file before = j->file;
	int code;

	*r = (struct store_record){ .block = j->file.block,
				    .ro = j->ro,
				    .size = j->file.size,
				    .mtime = j->file.mtime,
				    .user_id = j->id };
	memcpy(r->path, j->file.path, sizeof(r->path));
	snprintf(r->user, sizeof(r->user), "%s", j->name);
	code = write_record(j, err);
	if (code)
		return code;
	memcpy(create.name, j->file.name, sizeof(create.name));
	code = mk_instance_create(j->dev, &j->store, &create, err);
	if (code)
		goto record;
	code = mk_instance_info(&j->store, &j->info, err);
	if (!code)
		code = store_fill(&j->store, &j->file, j->name, err);
	if (!code)
		code = store_file_look(&j->file, err);
	if (!code &&
	    (before.size != j->file.size || before.mtime != j->file.mtime))
		code = mk_fail(err, MK_E_INPUT,
			       "%.150s was changed while it was read: try "
			       "again when nobody writes to it",
			       j->file.path);
	if (!code) {
		r->id = j->info.id;
		r->since = j->info.since_ns;
		r->ready = true;
		code = write_record(j, err);
	}
	if (!code) {
		j->made = true;
		return 0;
	}
	mk_instance_delete(&j->store, 0, NULL);
	mk_instance_close(&j->store);
record:
	store_record_remove(j->ctl, j->file.name);
	return code;
}

static int make_anew(struct job *j, struct mk_error *err)
{
	int code;

	mk_instance_close(&j->store);
	code = pmem_remove(j->ctl, j->dev, j->file.name, err);
	return code ? code : make(j, err);
}

static int say_in_use(const struct job *j, struct mk_error *err)
{
	if (!j->record.ro)
		return mk_fail(err, MK_E_REFUSED,
			       "%.120s is in use by %s, which may write to it: "
			       "nobody else can have it before that is deleted "
			       "or unloaded",
			       j->file.path, j->record.user);
	if (!j->ro)
		return mk_fail(
			err, MK_E_REFUSED,
			"%.120s is in use, read-only, by %u images: give "
			"it with ,ro, or unload them first",
			j->file.path, j->info.users);
	return mk_fail(
		err, MK_E_REFUSED,
		"%.120s has changed since it was put into memory, and %u "
		"images use it as it was: give a copy of the file, or "
		"unload them first",
		j->file.path, j->info.users);
}

/* It is there and may be had: under the name of the new user from now on. */
static int reuse(struct job *j, struct mk_error *err)
{
	j->before = j->record;
	j->reused = true;
	j->record.ro = j->ro;
	j->record.user_id = j->id;
	snprintf(j->record.user, sizeof(j->record.user), "%s", j->name);
	return write_record(j, err);
}

/* A store that was written to, of no user but perhaps this instance. */
static int take_written(struct job *j, bool changed, struct mk_error *err)
{
	struct pmem_save save = { .ctl = j->ctl, .dev = j->dev };

	if (changed)
		return mk_fail(
			err, MK_E_REFUSED,
			"%.60s has changed, and so has the store %s: "
			"'mkctl pmem sync %s --force' keeps the store's, "
			"'mkctl pmem drop %s --discard' the file's",
			j->file.path, j->info.name, j->info.name, j->info.name);
	if (j->ro && pmem_save(&save, &j->info, &j->record))
		return mk_fail(err, MK_E_REFUSED,
			       "%.150s is not up to date on the disk",
			       j->file.path);
	return reuse(j, err);
}

/* There is a store of this name: is it what we want? */
static int take_found(struct job *j, struct mk_error *err)
{
	struct store_record *r = &j->record;
	bool mine, changed;
	int code;

	code = mk_instance_info(&j->store, &j->info, err);
	if (code)
		return code;
	if (j->info.nr_cpus)
		return mk_fail(
			err, MK_E_REFUSED,
			"%.150s needs a store called %s, and an instance "
			"has this name",
			j->file.path, j->file.name);
	code = store_record_read(j->ctl, j->file.name, r, err);
	if (!code && !r->ready && !j->info.users)
		return make_anew(j, err); /* of a mkctl that died */
	if (code || !r->ready || !store_record_is_of(r, &j->info))
		return mk_fail(
			err, MK_E_REFUSED,
			"%.100s: nobody knows what the store %s has (its "
			"record is gone or damaged): 'mkctl pmem drop %s "
			"--discard' gives it up",
			j->file.path, j->file.name, j->file.name);
	changed = store_record_changed(r, &j->file);
	mine = !r->ro && r->user_id == j->id && j->info.users == 1;
	if (j->info.users && !mine)
		return j->ro && r->ro && !changed ? reuse(j, err)
						  : say_in_use(j, err);
	if (!r->ro)
		return take_written(j, changed, err);
	/* A device does not tell whether it has changed. */
	return changed || j->file.block ? make_anew(j, err) : reuse(j, err);
}

static int take_file(struct job *j, const char *path, struct mk_error *err)
{
	int code;

	code = store_file_open(&j->file, path, j->ro, err);
	if (code)
		return code;
	code = mk_instance_open(j->dev, &j->store, j->file.name, err);
	if (code == MK_E_NOTFOUND) {
		code = make(j, err);
	} else if (!code) {
		code = take_found(j, err);
		if (!j->made && code)
			mk_instance_close(&j->store);
	}
	store_file_close(&j->file);
	return code;
}

/* ---- all of them ---- */

static void tell_order(const struct ctl *ctl, const char *name,
		       const struct pmem_args *args, const struct pmem_use *use)
{
	unsigned int i, k, below;

	for (i = 0; i < use->nr; i++) {
		for (below = 0, k = 0; k < use->nr; k++)
			below += use->ranges[k].address <
				 use->ranges[i].address;
		note(ctl, "%s: /dev/pmem%u is %s (store %s)", name, below,
		     args->files[i].path, use->names[i]);
	}
}

int pmem_begin(const struct ctl *ctl, struct mk_device *dev, const char *name,
	       struct mk_instance *inst, const struct pmem_args *args,
	       struct pmem_use *use)
{
	static struct job job;
	struct mk_info info;
	struct mk_error err;
	unsigned int i;

	*use = (struct pmem_use){ .lock = -1 };
	if (!args->nr)
		return MKCTL_DONE;
	if (mk_instance_info(inst, &info, &err))
		return fail(name, &err);
	/* The module would say so, but only after all has been copied. */
	if (info.state == MK_STATE_RUNNING) {
		say("%s: it is running: mkctl kill it before loading", name);
		return MKCTL_COULD_NOT;
	}
	use->lock = store_lock(ctl, &err);
	if (use->lock < 0)
		return fail(name, &err);
	for (i = 0; i < args->nr; i++) {
		job = (struct job){ .ctl = ctl,
				    .dev = dev,
				    .name = name,
				    .id = info.id,
				    .ro = args->files[i].ro };
		if (take_file(&job, args->files[i].path, &err)) {
			fail(name, &err);
			pmem_end(ctl, dev, use, false);
			return MKCTL_COULD_NOT;
		}
		mk_instance_close(&job.store);
		use->ids[i] = job.info.id;
		use->ranges[i].address = job.info.memory_base;
		use->ranges[i].length = job.info.memory_bytes;
		use->made[i] = job.made;
		use->reused[i] = job.reused;
		use->before[i] = job.before;
		memcpy(use->names[i], job.file.name, MK_NAME_BYTES);
		use->nr++;
	}
	tell_order(ctl, name, args, use);
	return MKCTL_DONE;
}

static int release(void *to, const struct mk_info *info)
{
	return pmem_release(to, info);
}

static int release_all(const struct ctl *ctl, struct mk_device *dev)
{
	struct pmem_save save = { .ctl = ctl, .dev = dev };
	struct mk_error err;

	if (store_for_each(dev, release, &save, &err))
		return fail(NULL, &err);
	return save.status;
}

void pmem_end(const struct ctl *ctl, struct mk_device *dev,
	      struct pmem_use *use, bool loaded)
{
	struct mk_error err;
	unsigned int i;

	for (i = 0; i < use->nr && !loaded; i++)
		if (use->made[i]
			    ? pmem_remove(ctl, dev, use->names[i], &err)
			    : use->reused[i] &&
				      store_record_write(ctl, use->names[i],
							 &use->before[i], &err))
			fail(use->names[i], &err);
	if (loaded && use->lock < 0 && store_any(ctl))
		use->lock = store_lock(ctl, NULL);
	use->nr = 0;
	if (use->lock < 0)
		return;
	if (loaded)
		release_all(ctl, dev);
	close(use->lock);
	use->lock = -1;
}

int pmem_let_go(const struct ctl *ctl)
{
	struct mk_device dev;
	struct mk_error err;
	int lock, status;

	if (!store_any(ctl))
		return MKCTL_DONE;
	status = open_device(ctl, &dev);
	if (status)
		return status;
	lock = store_lock(ctl, &err);
	if (lock < 0) {
		status = fail(NULL, &err);
	} else {
		status = release_all(ctl, &dev);
		close(lock);
	}
	mk_device_close(&dev);
	return status;
}
