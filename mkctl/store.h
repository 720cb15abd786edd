/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files in stores: memory of the host that instances see as persistent.
 *
 * The store of a file has a name that is made of the file's device and inode,
 * so it is found again.  What the module cannot know about it (which file, as
 * of when) is in a record, /run/multikernel/stores/NAME, a JSON object.  A
 * record is believed only as long as it is of the very store that there is.
 *
 * Everything here is done while holding the lock: what is looked at stays as it
 * is, and a store without users that is not ready is nobody's.
 */
#ifndef MKCTL_STORE_H
#define MKCTL_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "cmd.h"

#define STORE_PREFIX "pmem-"

/* A file, opened and judged. */
struct store_file {
	int fd;
	char path[PATH_MAX]; /* without links and dots */
	char name[MK_NAME_BYTES]; /* of its store */
	bool block; /* a device: it has no time of its last change */
	uint64_t size;
	int64_t mtime; /* ns since the epoch; 0 of a device */
};

/* What a record says. */
struct store_record {
	char path[PATH_MAX];
	bool block, ro, ready; /* ready: all of the file is in it */
	uint64_t size;
	int64_t mtime;
	uint32_t id; /* of the store, and since when it is there: which it is */
	uint64_t since;
	char user[MK_NAME_BYTES]; /* the last instance that was given it */
	uint32_t user_id;
};

/*
 * Open @path, to be written too unless @ro.  Errors, each with the file's
 * name: MK_E_INPUT (not a regular file or block device, empty), MK_E_SYSTEM.
 */
int store_file_open(struct store_file *file, const char *path, bool ro,
		    struct mk_error *err);
void store_file_close(struct store_file *file);
/* Look again: size and time as they are now. */
int store_file_look(struct store_file *file, struct mk_error *err);
/* What a store for so many bytes has. */
uint64_t store_bytes(uint64_t size);

/* Is there anything at all?  Without, nobody needs the lock. */
bool store_any(const struct ctl *ctl);
/* Wait for the lock; returns a descriptor or a code.  close() it. */
int store_lock(const struct ctl *ctl, struct mk_error *err);

/* MK_E_NOTFOUND, MK_E_INPUT (damaged: with what is wrong), MK_E_SYSTEM. */
int store_record_read(const struct ctl *ctl, const char *name,
		      struct store_record *record, struct mk_error *err);
int store_record_write(const struct ctl *ctl, const char *name,
		       const struct store_record *record, struct mk_error *err);
void store_record_remove(const struct ctl *ctl, const char *name);
bool store_record_is_of(const struct store_record *record,
			const struct mk_info *info);
/* Has the file another size or time than the record? */
bool store_record_changed(const struct store_record *record,
			  const struct store_file *file);

/*
 * Copy the file into a fresh, wiped store.  MK_E_STATE: interrupted.
 * @what is who is told about, on a terminal, when it takes long.
 */
int store_fill(struct mk_instance *store, const struct store_file *file,
	       const char *what, struct mk_error *err);
/*
 * Copy what is different back, and have it on the disk.  *@written counts
 * bytes, also after a failure.  Not cut short by a signal.
 */
int store_save(struct mk_instance *store, const struct store_file *file,
	       const char *what, uint64_t *written, struct mk_error *err);

/* Call @each for every store with a name of ours, until it is not 0. */
int store_for_each(struct mk_device *dev,
		   int (*each)(void *to, const struct mk_info *info), void *to,
		   struct mk_error *err);

#endif /* MKCTL_STORE_H */
