// SPDX-License-Identifier: LGPL-2.1-or-later
/* Walking a tree of files into frames. */
#include "exec_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec_request.h"

static int put(struct mk_tree_out *t, unsigned int type)
{
	return t->put(t->context, type, NULL, 0, NULL, 0);
}

static int put_entry(struct mk_tree_out *t, unsigned int kind, const char *name,
		     const struct stat *st, const char *target)
{
	struct mkx_entry e = {
		.kind = htole32(kind),
		.mode = htole32(st->st_mode & 0777),
		.size = htole64((uint64_t)st->st_size),
		.seconds = htole64((uint64_t)st->st_mtim.tv_sec),
		.nanoseconds = htole32((uint32_t)st->st_mtim.tv_nsec),
	};
	uint8_t strings[MKX_NAME_MAX + MKX_TARGET_MAX];
	size_t n = strlen(name), m = target ? strlen(target) : 0;

	if (n > MKX_NAME_MAX || m > MKX_TARGET_MAX)
		return mk_tree_fail(&t->error, ENAMETOOLONG, "%.100s", name);
	e.name = htole16((uint16_t)n);
	e.target = htole16((uint16_t)m);
	memcpy(strings, name, n);
	if (m)
		memcpy(strings + n, target, m);
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->entries++;
	return t->put(t->context, MKX_ENTRY, &e, sizeof(e), strings, n + m);
}

static int put_data(struct mk_tree_out *t, int fd, const char *name)
{
	ssize_t n;

	for (;;) {
		n = read(fd, t->data, sizeof(t->data));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mk_tree_fail(&t->error, errno,
					    "%s cannot be read", name);
		if (n == 0)
			return put(t, MKX_END);
		if (t->put(t->context, MKX_DATA, t->data, (size_t)n, NULL, 0))
			return -1;
		t->bytes += (size_t)n;
	}
}

/* A device or a socket is no file that could be copied; told, and left out. */
static int leave_out(struct mk_tree_out *t, const char *name)
{
	char text[MKX_TEXT_MAX];
	int n;

	n = snprintf(text, sizeof(text),
		     "%s is neither a file, a directory nor a link: left out",
		     name);
	t->left_out++;
	return t->put(t->context, MKX_NOTE, text, (size_t)n, NULL, 0);
}

static int put_link(struct mk_tree_out *t, int folder, const char *path,
		    const char *name, const struct stat *st)
{
	char target[MKX_TARGET_MAX + 1];
	ssize_t n;

	n = readlinkat(folder, path, target, sizeof(target));
	if (n <= 0 || (size_t)n == sizeof(target))
		return mk_tree_fail(&t->error, n < 0 ? errno : ENAMETOOLONG,
				    "the link %s cannot be read", path);
	target[n] = '\0';
	return put_entry(t, MKX_LINK, name, st, target);
}

static int put_one(struct mk_tree_out *t, int folder, const char *path,
		   const char *name, unsigned int depth);

static int put_entries(struct mk_tree_out *t, DIR *dir, const char *path,
		       unsigned int depth)
{
	struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry && errno)
			return mk_tree_fail(&t->error, errno,
					    "the directory %s cannot be read",
					    path);
		if (!entry)
			return put(t, MKX_UP);
		if (!mk_exec_name_ok(entry->d_name))
			continue; /* "." and ".." */
		if (put_one(t, dirfd(dir), entry->d_name, entry->d_name,
			    depth + 1))
			return -1;
	}
}

static int put_folder(struct mk_tree_out *t, int fd, const char *path,
		      const char *name, const struct stat *st,
		      unsigned int depth)
{
	DIR *dir;
	int result;

	if (!t->recursive || depth >= MKX_DEPTH_MAX) {
		close(fd);
		return t->recursive
			       ? mk_tree_fail(&t->error, 0,
					      "%s is more than %d "
					      "directories deep",
					      path, MKX_DEPTH_MAX)
			       : mk_tree_fail(&t->error, 0,
					      "%s is a directory; -r copies "
					      "it",
					      path);
	}
	dir = fdopendir(fd);
	if (!dir) {
		result = mk_tree_fail(&t->error, errno, "the directory %s",
				      path);
		close(fd);
		return result;
	}
	result = put_entry(t, MKX_FOLDER, name, st, NULL);
	if (!result)
		result = put_entries(t, dir, path, depth);
	closedir(dir);
	return result;
}

static int put_opened(struct mk_tree_out *t, int fd, const char *path,
		      const char *name, const struct stat *st)
{
	int result = put_entry(t, MKX_FILE, name, st, NULL);

	if (!result)
		result = put_data(t, fd, path);
	close(fd);
	return result;
}

/* The top may be named by a path, and without -r through a link. */
static int put_one(struct mk_tree_out *t, int folder, const char *path,
		   const char *name, unsigned int depth)
{
	bool follow = !depth && !t->recursive;
	struct stat st;
	int fd;

	if (fstatat(folder, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW))
		return mk_tree_fail(&t->error, errno, "%s", path);
	if (S_ISLNK(st.st_mode))
		return put_link(t, folder, path, name, &st);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		if (depth)
			return leave_out(t, path);
		return mk_tree_fail(
			&t->error, 0,
			"%s is neither a file, a directory nor a link", path);
	}
	/* Without blocking, should it have become a FIFO meanwhile. */
	fd = openat(folder, path,
		    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
			    (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return mk_tree_fail(&t->error, errno, "%s cannot be opened",
				    path);
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return put_folder(t, fd, path, name, &st, depth);
	if (S_ISREG(st.st_mode))
		return put_opened(t, fd, path, name, &st);
	close(fd);
	return mk_tree_fail(&t->error, 0, "%s has changed meanwhile", path);
}

int mk_tree_out_path(struct mk_tree_out *t, const char *path)
{
	return put_one(t, AT_FDCWD, path, "top", 0) || put(t, MKX_DONE) ? -1
									: 0;
}

int mk_tree_out_stream(struct mk_tree_out *t, int fd)
{
	struct stat st = { .st_mode = 0644 };

	clock_gettime(CLOCK_REALTIME, &st.st_mtim);
	if (put_entry(t, MKX_FILE, "top", &st, NULL) ||
	    put_data(t, fd, "standard input") || put(t, MKX_DONE))
		return -1;
	return 0;
}
