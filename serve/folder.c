// SPDX-License-Identifier: GPL-2.0-only
/* The folder of an instance's supervisor. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int serve_folder_make(const char *path, struct mk_error *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot make %.180s",
				     path);
	if (lstat(path, &st))
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot look at %.180s",
				     path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 022))
		return mk_fail(
			err, MK_E_INPUT,
			"%.150s is not a folder that only its owner, the "
			"user %u, can write to",
			path, geteuid());
	return 0;
}

static int make_folders(const char *folder, struct mk_error *err)
{
	char parent[PATH_MAX];
	char *slash;
	int code;

	snprintf(parent, sizeof(parent), "%s", folder);
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		code = serve_folder_make(parent, err);
		if (code)
			return code;
	}
	return serve_folder_make(folder, err);
}

/* 1 with the lock in *@lock, 0 when it was removed meanwhile, or a code. */
static int try_lock(const char *folder, int *lock, struct mk_error *err)
{
	char path[PATH_MAX + 8];
	struct stat st;
	int fd, code;

	code = make_folders(folder, err);
	if (code)
		return code;
	snprintf(path, sizeof(path), "%s/lock", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : mk_fail_errno(err, MK_E_SYSTEM,
						       "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		code = errno == EWOULDBLOCK
			       ? mk_fail(err, MK_E_STATE,
					 "it has a supervisor already")
			       : mk_fail_errno(err, MK_E_SYSTEM,
					       "cannot lock %s", path);
	} else if (fstat(fd, &st) == 0 && st.st_nlink) {
		*lock = fd;
		return 1;
	}
	close(fd);
	return code;
}

int serve_folder_lock(const char *folder, struct mk_error *err)
{
	int i, lock, code = 0;

	/* One that ends removes it between our open and lock. */
	for (i = 0; i < 10 && !code; i++)
		code = try_lock(folder, &lock, err);
	if (code < 0)
		return code;
	if (!code)
		return mk_fail(err, MK_E_SYSTEM, "%s is removed all the time",
			       folder);
	return lock;
}

void serve_folder_empty(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, "lock") != 0)
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

void serve_folder_remove(const char *folder)
{
	int dir;

	serve_folder_empty(folder);
	/* At last: from here on another one may make it anew. */
	dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		unlinkat(dir, "lock", 0);
		close(dir);
	}
	rmdir(folder);
}
