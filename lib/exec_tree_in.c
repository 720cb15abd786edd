// SPDX-License-Identifier: LGPL-2.1-or-later
/* Building a tree of files from the frames of a stranger. */
#include "exec_tree.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec_request.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int mk_tree_fail(struct mk_tree_error *e, int error, const char *format, ...)
{
	va_list args;
	size_t n;

	e->error = error;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	n = strlen(e->text);
	if (error)
		snprintf(e->text + n, sizeof(e->text) - n, ": %s",
			 strerror(error));
	return -1;
}

static int write_all(int fd, const uint8_t *bytes, size_t length)
{
	ssize_t n;

	while (length) {
		n = write(fd, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

void mk_tree_in_begin(struct mk_tree_in *t, int folder, const char *top,
		      bool recursive)
{
	memset(t, 0, sizeof(*t));
	t->recursive = recursive;
	t->stream = t->file = -1;
	t->top = top;
	t->levels[0].fd = folder;
}

void mk_tree_in_stream(struct mk_tree_in *t, int fd)
{
	mk_tree_in_begin(t, -1, "", false);
	t->stream = fd;
}

static void close_levels(struct mk_tree_in *t)
{
	while (t->depth)
		close(t->levels[t->depth--].fd);
}

void mk_tree_in_abort(struct mk_tree_in *t)
{
	if (t->file >= 0) {
		close(t->file);
		unlinkat(t->levels[t->depth].fd, t->temporary, 0);
		t->file = -1;
	}
	close_levels(t);
}

/* A name that nobody else has; one that is guessed only fails with EEXIST. */
static int new_temporary(struct mk_tree_in *t)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return mk_tree_fail(&t->error, errno, "no random number");
	snprintf(t->temporary, sizeof(t->temporary), ".mkctl-%016llx",
		 (unsigned long long)number);
	return 0;
}

static int begin_file(struct mk_tree_in *t)
{
	if (t->stream >= 0)
		return 0;
	if (new_temporary(t))
		return -1;
	t->file = openat(t->levels[t->depth].fd, t->temporary,
			 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			 0600);
	if (t->file < 0)
		return mk_tree_fail(&t->error, errno,
				    "a file beside %s cannot be created",
				    t->name);
	return 0;
}

static int end_file(struct mk_tree_in *t)
{
	struct timespec times[2] = { t->modified, t->modified };
	int folder = t->levels[t->depth].fd;

	if (t->stream >= 0)
		return 0;
	if (fchmod(t->file, t->mode) || futimens(t->file, times))
		return mk_tree_fail(&t->error, errno,
				    "permissions and time of %s", t->name);
	/* Some file systems tell of a lack of space only now. */
	if (close(t->file)) {
		t->error.error = errno;
		t->file = -1;
		unlinkat(folder, t->temporary, 0);
		return mk_tree_fail(&t->error, t->error.error,
				    "%s cannot be written", t->name);
	}
	t->file = -1;
	if (!renameat(folder, t->temporary, folder, t->name))
		return 0;
	mk_tree_fail(&t->error, errno, "%s cannot be replaced", t->name);
	unlinkat(folder, t->temporary, 0);
	return -1;
}

static int make_link(struct mk_tree_in *t, const char *target)
{
	struct timespec times[2] = { t->modified, t->modified };
	int folder = t->levels[t->depth].fd;

	/*
	 * Of a single file the other side follows links; one that sends a link
	 * all the same means that something is done to what it points to.
	 */
	if (t->stream >= 0 || !t->recursive)
		return mk_tree_fail(&t->error, 0,
				    "%s is a symbolic link, no file", t->name);
	if (new_temporary(t))
		return -1;
	if (symlinkat(target, folder, t->temporary))
		return mk_tree_fail(&t->error, errno,
				    "the link %s cannot be created", t->name);
	/* Its time is only a nicety: some file systems cannot. */
	(void)!utimensat(folder, t->temporary, times, AT_SYMLINK_NOFOLLOW);
	if (!renameat(folder, t->temporary, folder, t->name))
		return 0;
	mk_tree_fail(&t->error, errno, "%s cannot be replaced", t->name);
	unlinkat(folder, t->temporary, 0);
	return -1;
}

static int enter_folder(struct mk_tree_in *t)
{
	struct mk_tree_level *level;
	int folder = t->levels[t->depth].fd, fd;
	bool made;

	if (!t->recursive)
		return mk_tree_fail(&t->error, EISDIR, "%s", t->name);
	if (t->depth == MKX_DEPTH_MAX)
		return mk_tree_fail(&t->error, 0,
				    "%s is more than %d directories deep",
				    t->name, MKX_DEPTH_MAX);
	made = !mkdirat(folder, t->name, 0700);
	if (!made && errno != EEXIST)
		return mk_tree_fail(&t->error, errno,
				    "the directory %s cannot be created",
				    t->name);
	/* One that is there is used, unless it is a symbolic link. */
	fd = openat(folder, t->name, OPEN_FOLDER);
	if (fd < 0)
		return mk_tree_fail(&t->error, errno,
				    "the directory %s cannot be entered",
				    t->name);
	level = &t->levels[++t->depth];
	level->fd = fd;
	level->made = made;
	level->mode = t->mode;
	level->modified = t->modified;
	return 0;
}

static int leave_folder(struct mk_tree_in *t)
{
	struct mk_tree_level *level = &t->levels[t->depth];
	struct timespec times[2] = { level->modified, level->modified };

	if (!t->depth)
		return mk_tree_fail(&t->error, 0,
				    "the other side broke the protocol: it "
				    "left the tree");
	if (level->made &&
	    (fchmod(level->fd, level->mode) || futimens(level->fd, times)))
		return mk_tree_fail(&t->error, errno,
				    "permissions and time of a directory");
	close(level->fd);
	t->depth--;
	return 0;
}

static int broken(struct mk_tree_in *t, const char *what)
{
	return mk_tree_fail(&t->error, 0,
			    "the other side broke the protocol: %s", what);
}

/* The entry's name: checked, for the sender is a stranger; the top's is ours. */
static int take_name(struct mk_tree_in *t, const struct mk_frame *frame,
		     const struct mkx_entry *e)
{
	size_t length = le16toh(e->name);

	if (frame->length - sizeof(*e) != length + le16toh(e->target))
		return broken(t, "an entry's lengths do not add up");
	if (length > MKX_NAME_MAX || le16toh(e->target) > MKX_TARGET_MAX)
		return broken(t, "a name is too long");
	if (memchr(frame->bytes + sizeof(*e), '\0', frame->length - sizeof(*e)))
		return broken(t, "a NUL in a name");
	memcpy(t->name, frame->bytes + sizeof(*e), length);
	t->name[length] = '\0';
	if (!t->begun) {
		snprintf(t->name, sizeof(t->name), "%s", t->top);
		return 0;
	}
	return mk_exec_name_ok(t->name) ? 0 : broken(t, "a name with a path");
}

static int take_entry(struct mk_tree_in *t, const struct mk_frame *frame)
{
	char target[MKX_TARGET_MAX + 1];
	struct mkx_entry e;
	uint32_t kind, nanoseconds;
	size_t length;

	memcpy(&e, frame->bytes, sizeof(e));
	kind = le32toh(e.kind);
	nanoseconds = le32toh(e.nanoseconds);
	length = le16toh(e.target);
	if (t->begun && !t->depth)
		return broken(t, "more than one tree");
	if (le32toh(e.mode) & ~0777U || nanoseconds >= 1000000000 ||
	    (kind == MKX_LINK) != (length > 0))
		return broken(t, "an entry with wrong values");
	if (take_name(t, frame, &e))
		return -1;
	t->begun = true;
	t->mode = le32toh(e.mode);
	t->modified.tv_sec = (time_t)le64toh(e.seconds);
	t->modified.tv_nsec = nanoseconds;
	t->entries++;
	t->size = t->written = 0;
	if (kind == MKX_FOLDER)
		return enter_folder(t);
	if (kind == MKX_FILE) {
		t->size = le64toh(e.size);
		t->in_file = true;
		return begin_file(t);
	}
	if (kind != MKX_LINK)
		return broken(t, "an entry of an unknown kind");
	memcpy(target, frame->bytes + sizeof(e) + le16toh(e.name), length);
	target[length] = '\0';
	return make_link(t, target);
}

static int take_data(struct mk_tree_in *t, const struct mk_frame *frame)
{
	int fd = t->stream >= 0 ? t->stream : t->file;

	if (write_all(fd, frame->bytes, frame->length))
		return mk_tree_fail(&t->error, errno, "%s cannot be written",
				    t->stream >= 0 ? "the output" : t->name);
	t->bytes += frame->length;
	t->written += frame->length;
	return 0;
}

static int take(struct mk_tree_in *t, const struct mk_frame *frame)
{
	if (t->in_file && frame->type == MKX_DATA)
		return take_data(t, frame);
	if (t->in_file && frame->type == MKX_END) {
		t->in_file = false;
		return end_file(t);
	}
	if (t->in_file)
		return broken(t, "something else within a file");
	if (frame->type == MKX_ENTRY)
		return take_entry(t, frame);
	if (frame->type == MKX_UP)
		return leave_folder(t);
	if (frame->type != MKX_DONE)
		return broken(t, "an unexpected frame");
	if (!t->begun || t->depth)
		return broken(t, "the tree is not complete");
	return 1;
}

int mk_tree_in_take(struct mk_tree_in *t, const struct mk_frame *frame)
{
	int result = take(t, frame);

	if (result < 0)
		mk_tree_in_abort(t);
	return result;
}

int mk_tree_place(const char *path, const char *name, char *base,
		  struct mk_tree_error *e)
{
	char parent[PATH_MAX];
	const char *slash, *last;
	int fd;

	if (strlen(path) >= sizeof(parent))
		return mk_tree_fail(e, ENAMETOOLONG, "the path");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && *name) {
		snprintf(base, MKX_NAME_MAX + 1, "%s", name);
		return fd;
	}
	if (fd >= 0) {
		close(fd);
		return mk_tree_fail(e, EISDIR, "%s", path);
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return mk_tree_fail(e, errno, "%s", path);
	slash = strrchr(path, '/');
	last = slash ? slash + 1 : path;
	if (!mk_exec_name_ok(last))
		return mk_tree_fail(e, errno, "%s", path);
	snprintf(base, MKX_NAME_MAX + 1, "%s", last);
	snprintf(parent, sizeof(parent), "%.*s", (int)(last - path), path);
	fd = open(*parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return mk_tree_fail(e, errno, "the directory of %s", path);
	return fd;
}
