// SPDX-License-Identifier: GPL-2.0-only
/* What a spawn wrote into a store goes back to the file. */
#include "pmem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "size.h"

/* Nothing is lost as long as somebody is told how to get at it. */
static void tell_ways(const char *store, bool could_force)
{
	if (could_force)
		say("'mkctl pmem sync %s --force' overwrites the file all the "
		    "same",
		    store);
	say("what was written is kept in the store: 'mkctl pmem sync %s' tries "
	    "again, with '--output FILE' into a new file; 'mkctl pmem drop %s "
	    "--discard' gives it up",
	    store, store);
}

static bool user_runs(struct mk_device *dev, const struct mk_info *info,
		      const struct store_record *record)
{
	struct mk_instance inst;
	struct mk_info user;
	bool runs;

	if (!info->users || !record->user[0] ||
	    mk_instance_open(dev, &inst, record->user, NULL))
		return false;
	runs = !mk_instance_info(&inst, &user, NULL) &&
	       user.id == record->user_id && user.state == MK_STATE_RUNNING;
	mk_instance_close(&inst);
	return runs;
}

/* The file as it was given, or what is wrong with it now. */
static int open_again(const struct pmem_save *s, const struct mk_info *info,
		      const struct store_record *record,
		      struct store_file *file, bool *could_force,
		      struct mk_error *err)
{
	int code = store_file_open(file, record->path, false, err);

	if (code)
		return code;
	if (strcmp(file->name, info->name) != 0)
		code = mk_fail(err, MK_E_INPUT,
			       "%.150s is another file by now: it was replaced",
			       record->path);
	else if (file->size != record->size)
		code = mk_fail(err, MK_E_INPUT,
			       "%.150s has another size by now", record->path);
	else if (store_record_changed(record, file) && !s->force) {
		*could_force = true;
		code = mk_fail(err, MK_E_INPUT,
			       "%.150s was changed by somebody else meanwhile",
			       record->path);
	}
	if (code)
		store_file_close(file);
	return code;
}

static int save(struct pmem_save *s, const struct mk_info *info,
		struct store_record *record, struct mk_instance *store,
		uint64_t *written, bool *could_force, struct mk_error *err)
{
	struct store_file file;
	int code;

	code = open_again(s, info, record, &file, could_force, err);
	if (code)
		return code;
	code = store_save(store, &file, info->name, written, err);
	/* What we wrote is no change by somebody else, not even half of it. */
	if (!store_file_look(&file, code ? NULL : err)) {
		record->mtime = file.mtime;
		if (store_record_write(s->ctl, info->name, record,
				       code ? NULL : err) &&
		    !code)
			code = MK_E_SYSTEM;
	}
	store_file_close(&file);
	return code;
}

/* All of it into a file that was not there. */
static int save_new(struct pmem_save *s, const struct store_record *record,
		    struct mk_instance *store, uint64_t *written,
		    struct mk_error *err)
{
	struct store_file file = { .size = record->size };
	int code = 0;

	file.fd = open(s->output, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file.fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot create %.180s",
				     s->output);
	snprintf(file.path, sizeof(file.path), "%s", s->output);
	/* Holes stay holes: what is zero in the store is not written. */
	if (ftruncate(file.fd, (off_t)record->size))
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot write %.180s",
				     s->output);
	if (!code)
		code = store_save(store, &file, s->output, written, err);
	store_file_close(&file);
	if (code)
		unlink(s->output);
	return code;
}

int pmem_save(struct pmem_save *s, const struct mk_info *info,
	      struct store_record *record)
{
	const char *to = s->output ? s->output : record->path;
	bool could_force = false;
	struct mk_instance store;
	char text[MK_SIZE_TEXT];
	struct mk_error err;
	uint64_t written = 0;
	int code;

	if (user_runs(s->dev, info, record))
		say("%s: %s runs: this is a snapshot of memory that may be "
		    "changing",
		    info->name, record->user);
	code = mk_instance_open(s->dev, &store, info->name, &err);
	if (!code) {
		code = s->output ? save_new(s, record, &store, &written, &err)
				 : save(s, info, record, &store, &written,
					&could_force, &err);
		mk_instance_close(&store);
	}
	if (code) {
		fail(info->name, &err);
		if (!s->output)
			tell_ways(info->name, could_force);
		s->status = MKCTL_COULD_NOT;
		return s->status;
	}
	note(s->ctl, "%s: %s written to %.200s", info->name,
	     mk_size_short(text, sizeof(text), written), to);
	return 0;
}

int pmem_remove(const struct ctl *ctl, struct mk_device *dev, const char *name,
		struct mk_error *err)
{
	struct mk_instance store;
	int code;

	code = mk_instance_open(dev, &store, name, err);
	if (code)
		return code;
	code = mk_instance_delete(&store, 0, err);
	mk_instance_close(&store);
	/* The store first: a record without one is nobody's trouble. */
	if (!code)
		store_record_remove(ctl, name);
	return code;
}

int pmem_release(struct pmem_save *s, const struct mk_info *info)
{
	static struct store_record record;
	struct mk_error err;

	if (info->users)
		return 0;
	/* Of a store without a record nobody knows what it has: it stays. */
	if (store_record_read(s->ctl, info->name, &record, &err) ||
	    (record.id && !store_record_is_of(&record, info))) {
		note(s->ctl, "%s: no record of it: left alone", info->name);
		return 0;
	}
	if (record.ready && !record.ro && pmem_save(s, info, &record))
		return 0;
	if (pmem_remove(s->ctl, s->dev, info->name, &err))
		s->status = fail(info->name, &err);
	return 0;
}
