// SPDX-License-Identifier: GPL-2.0-only
/* Reading a kernel or initrd file whole. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "size.h"

static int judge(const char *path, const struct stat *st, uint64_t most,
		 struct mk_error *err)
{
	char text[MK_SIZE_TEXT];

	if (S_ISDIR(st->st_mode))
		return mk_fail(err, MK_E_INPUT, "%.180s is a directory", path);
	if (!S_ISREG(st->st_mode))
		return mk_fail(err, MK_E_INPUT, "%.180s is not a regular file",
			       path);
	if (st->st_size == 0)
		return mk_fail(err, MK_E_INPUT, "%.180s is empty", path);
	if ((uint64_t)st->st_size > most)
		return mk_fail(err, MK_E_INPUT,
			       "%.180s is too large: %s at most", path,
			       mk_size_short(text, sizeof(text), most));
	return 0;
}

/* Up to @size bytes; how many came. */
static int read_all(int fd, char *to, size_t size, size_t *length)
{
	ssize_t n;

	*length = 0;
	while (*length < size) {
		n = read(fd, to + *length, size - *length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return MK_E_SYSTEM;
		if (n == 0)
			break;
		*length += (size_t)n;
	}
	return 0;
}

int file_read(const char *path, uint64_t most, void **bytes, size_t *length,
	      struct mk_error *err)
{
	struct stat st;
	int fd, code;

	*bytes = NULL;
	/* O_NONBLOCK: a FIFO's name must not hang us before fstat(). */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return mk_fail_errno(
			err, errno == ENOENT ? MK_E_NOTFOUND : MK_E_SYSTEM,
			"cannot open %.180s", path);
	if (fstat(fd, &st)) {
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot stat %.180s",
				     path);
		goto out;
	}
	code = judge(path, &st, most, err);
	if (code)
		goto out;
	*bytes = malloc((size_t)st.st_size);
	if (!*bytes) {
		code = mk_fail_errno(err, MK_E_SYSTEM,
				     "no memory to read %.180s", path);
		goto out;
	}
	code = read_all(fd, *bytes, (size_t)st.st_size, length);
	if (code)
		mk_fail_errno(err, code, "cannot read %.180s", path);
	else if (*length != (size_t)st.st_size)
		code = mk_fail(err, MK_E_INPUT,
			       "%.180s became shorter while it was read", path);
	if (code) {
		free(*bytes);
		*bytes = NULL;
	}
out:
	close(fd);
	return code;
}
