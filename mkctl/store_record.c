// SPDX-License-Identifier: GPL-2.0-only
/* The record of a store: which file it is of, and as of when. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "names.h"

#define RECORD_MOST 16384 /* bytes; a path is 4 KiB at most */

static void record_path(const struct ctl *ctl, const char *name,
			const char *tail, char *path, size_t size)
{
	snprintf(path, size, "%s/run/multikernel/.stores/%s%s", ctl->root, name,
		 tail);
}

static bool get_text(struct json_object *o, const char *key, char *text,
		     size_t size)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_string) ||
	    strlen(json_object_get_string(value)) !=
		    (size_t)json_object_get_string_len(value) ||
	    (size_t)json_object_get_string_len(value) >= size)
		return false;
	snprintf(text, size, "%s", json_object_get_string(value));
	return true;
}

static bool get_number(struct json_object *o, const char *key, uint64_t *number)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return false;
	*number = json_object_get_uint64(value);
	return true;
}

static bool get_flag(struct json_object *o, const char *key, bool *flag)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_boolean))
		return false;
	*flag = json_object_get_boolean(value);
	return true;
}

/* The name of what is missing or wrong, or NULL. */
static const char *take(struct json_object *o, struct store_record *r)
{
	uint64_t mtime, id, user_id;

	if (!get_text(o, "path", r->path, sizeof(r->path)) || r->path[0] != '/')
		return "path";
	if (!get_flag(o, "block", &r->block))
		return "block";
	if (!get_flag(o, "ro", &r->ro))
		return "ro";
	if (!get_flag(o, "ready", &r->ready))
		return "ready";
	if (!get_number(o, "size", &r->size) || !r->size)
		return "size";
	if (!get_number(o, "mtime", &mtime))
		return "mtime";
	if (!get_number(o, "id", &id) || id > UINT32_MAX)
		return "id";
	if (!get_number(o, "since", &r->since))
		return "since";
	if (!get_text(o, "user", r->user, sizeof(r->user)) ||
	    (r->user[0] && mk_name_check(r->user, NULL)))
		return "user";
	if (!get_number(o, "user_id", &user_id) || user_id > UINT32_MAX)
		return "user_id";
	r->mtime = (int64_t)mtime;
	r->id = (uint32_t)id;
	r->user_id = (uint32_t)user_id;
	return NULL;
}

static struct json_object *parse(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(4);
	struct json_object *o = NULL;

	if (!tokener)
		return NULL;
	o = json_tokener_parse_ex(tokener, text, (int)length);
	json_tokener_free(tokener);
	if (o && !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		o = NULL;
	}
	return o;
}

int store_record_read(const struct ctl *ctl, const char *name,
		      struct store_record *record, struct mk_error *err)
{
	struct json_object *o;
	char path[PATH_MAX];
	const char *wrong;
	size_t length;
	void *text;
	int code;

	memset(record, 0, sizeof(*record));
	record_path(ctl, name, "", path, sizeof(path));
	code = file_read(path, RECORD_MOST, &text, &length, err);
	if (code)
		return code;
	o = parse(text, length);
	free(text);
	wrong = o ? take(o, record) : "all of it";
	json_object_put(o);
	if (wrong)
		return mk_fail(err, MK_E_INPUT, "%.180s is damaged: %s", path,
			       wrong);
	return 0;
}

static struct json_object *build(const struct store_record *r)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "path", r->path);
	json_flag(o, "block", r->block);
	json_flag(o, "ro", r->ro);
	json_flag(o, "ready", r->ready);
	json_number(o, "size", r->size);
	json_number(o, "mtime", (uint64_t)r->mtime);
	json_number(o, "id", r->id);
	json_number(o, "since", r->since);
	json_text(o, "user", r->user);
	json_number(o, "user_id", r->user_id);
	return o;
}

/* The old record, or the new one: never half of it. */
int store_record_write(const struct ctl *ctl, const char *name,
		       const struct store_record *record, struct mk_error *err)
{
	struct json_object *o = build(record);
	char path[PATH_MAX], fresh[PATH_MAX];
	int fd, code = 0, failed;

	record_path(ctl, name, "", path, sizeof(path));
	record_path(ctl, name, ".new", fresh, sizeof(fresh));
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot create %.180s",
				     fresh);
	} else {
		failed = json_object_to_fd(
			fd, o,
			JSON_C_TO_STRING_PRETTY |
				JSON_C_TO_STRING_NOSLASHESCAPE);
		if (close(fd) || failed || rename(fresh, path)) {
			code = mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot write %.180s", path);
			unlink(fresh);
		}
	}
	json_object_put(o);
	return code;
}

void store_record_remove(const struct ctl *ctl, const char *name)
{
	char path[PATH_MAX];

	record_path(ctl, name, "", path, sizeof(path));
	unlink(path);
}

/* Ids begin anew with the module; the time of its making tells them apart. */
bool store_record_is_of(const struct store_record *record,
			const struct mk_info *info)
{
	return record->id == info->id && record->since == info->since_ns &&
	       store_bytes(record->size) == info->memory_bytes;
}

bool store_record_changed(const struct store_record *record,
			  const struct store_file *file)
{
	return record->block != file->block || record->size != file->size ||
	       record->mtime != file->mtime;
}
