// SPDX-License-Identifier: GPL-2.0-only
/* Files that are put into stores, the lock, and who is there. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "signals.h"

#define LOCK_LOOK_MS 100

static int judge(struct store_file *file, const struct stat *st,
		 const char *path, struct mk_error *err)
{
	uint64_t bytes;
	int n;

	file->block = S_ISBLK(st->st_mode);
	if (S_ISDIR(st->st_mode))
		return mk_fail(err, MK_E_INPUT, "%.180s is a directory", path);
	if (!file->block && !S_ISREG(st->st_mode))
		return mk_fail(err, MK_E_INPUT,
			       "%.180s is neither a regular file nor a block "
			       "device",
			       path);
	if (file->block) {
		if (ioctl(file->fd, BLKGETSIZE64, &bytes))
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot ask %.180s for its size",
					     path);
		file->size = bytes;
		file->mtime = 0;
		n = snprintf(file->name, sizeof(file->name),
			     STORE_PREFIX "block-%llx",
			     (unsigned long long)st->st_rdev);
	} else {
		file->size = (uint64_t)st->st_size;
		file->mtime = (int64_t)st->st_mtim.tv_sec * 1000000000 +
			      st->st_mtim.tv_nsec;
		n = snprintf(file->name, sizeof(file->name),
			     STORE_PREFIX "%llx-%llx",
			     (unsigned long long)st->st_dev,
			     (unsigned long long)st->st_ino);
	}
	if (n < 0 || (size_t)n >= sizeof(file->name))
		return mk_fail(err, MK_E_SUPPORT,
			       "%.180s: the numbers of its file system are too "
			       "long for a name: copy it to another",
			       path);
	if (!file->size)
		return mk_fail(err, MK_E_INPUT, "%.180s is empty", path);
	/* The module's limit; far more than any machine has. */
	if (file->size > 1ULL << 46)
		return mk_fail(err, MK_E_INPUT, "%.180s is too large", path);
	return 0;
}

int store_file_look(struct store_file *file, struct mk_error *err)
{
	struct stat st;

	if (fstat(file->fd, &st))
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot stat %.180s",
				     file->path);
	return judge(file, &st, file->path, err);
}

int store_file_open(struct store_file *file, const char *path, bool ro,
		    struct mk_error *err)
{
	struct stat st;
	int code;

	/* O_NONBLOCK: a FIFO's name must not hang us before fstat(). */
	file->fd = open(path, (ro ? O_RDONLY : O_RDWR) | O_CLOEXEC |
				      O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0 && errno == ENOENT)
		return mk_fail_errno(err, MK_E_NOTFOUND, "cannot open %.180s",
				     path);
	if (file->fd < 0 && !ro && errno != EISDIR)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot open %.150s for writing (\",ro\" "
				     "behind it would only read it)",
				     path);
	if (file->fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %.180s",
				     path);
	if (!realpath(path, file->path))
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot find %.180s",
				     path);
	else if (fstat(file->fd, &st))
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot stat %.180s",
				     path);
	else
		code = judge(file, &st, path, err);
	if (code)
		store_file_close(file);
	return code;
}

void store_file_close(struct store_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

uint64_t store_bytes(uint64_t size)
{
	return (size + MK_MEMORY_ALIGN - 1) & ~(uint64_t)(MK_MEMORY_ALIGN - 1);
}

static void folder(const struct ctl *ctl, char *path, size_t size,
		   const char *below)
{
	snprintf(path, size, "%s/run/multikernel/.stores%s", ctl->root, below);
}

bool store_any(const struct ctl *ctl)
{
	char path[PATH_MAX];

	folder(ctl, path, sizeof(path), "");
	return access(path, F_OK) == 0;
}

static int make_folder(const struct ctl *ctl, struct mk_error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/multikernel", ctl->root);
	if (mkdir(path, 0755) && errno != EEXIST)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot make %.180s",
				     path);
	folder(ctl, path, sizeof(path), "");
	if (mkdir(path, 0700) && errno != EEXIST)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot make %.180s",
				     path);
	return 0;
}

int store_lock(const struct ctl *ctl, struct mk_error *err)
{
	char path[PATH_MAX];
	bool told = false;
	int fd, code;

	code = make_folder(ctl, err);
	if (code)
		return code;
	folder(ctl, path, sizeof(path), "/.lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %.180s",
				     path);
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			code = mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot lock %.180s", path);
		else if (signals_came())
			code = mk_fail(err, MK_E_STATE,
				       "interrupted while another mkctl is at "
				       "work on the stores");
		if (code) {
			close(fd);
			return code;
		}
		if (!told)
			note(ctl, "waits for another mkctl that is at work on "
				  "the stores");
		told = true;
		signals_sleep(LOCK_LOOK_MS);
	}
	return fd;
}

int store_for_each(struct mk_device *dev,
		   int (*each)(void *to, const struct mk_info *info), void *to,
		   struct mk_error *err)
{
	struct mk_info info;
	uint32_t id = 0;
	int code;

	for (;; id = info.id) {
		code = mk_device_next(dev, id, &info, err);
		if (code)
			return code == MK_E_NOTFOUND ? 0 : code;
		if (info.id <= id)
			return mk_fail(err, MK_E_SYSTEM,
				       "the module enumerates in a circle");
		info.name[MK_NAME_BYTES - 1] = '\0';
		if (info.nr_cpus ||
		    strncmp(info.name, STORE_PREFIX, strlen(STORE_PREFIX)) != 0)
			continue;
		code = each(to, &info);
		if (code)
			return code;
	}
}
