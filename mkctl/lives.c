// SPDX-License-Identifier: GPL-2.0-only
/* The kernel logs of an instance's earlier lives. */
#include "lives.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/client.h"
#include "serve/folder.h"
#include "spawnlog.h"

#define FOLDER "lives"
#define NEW    ".new" /* being written; who has the lock may remove it */

/*
 * Which loading of the module gave the instance its id: sysfs gives each
 * folder another inode number.  0 = not known.
 */
static uint64_t which_module(void)
{
	struct stat st;

	return stat("/sys/module/multikernel", &st) ? 0 : st.st_ino;
}

bool lives_clock(struct mk_instance *inst, const struct mk_info *info,
		 uint64_t *offset_ns)
{
	struct mk_channel channel;

	if (mk_instance_channel(inst, &channel, NULL) ||
	    channel.generation != info->generation || !channel.hello_ns) {
		*offset_ns = info->started_ns;
		return false;
	}
	return log_clock(info->started_ns, channel.hello_ns, channel.boot_ns,
			 offset_ns);
}

/* ---- the folder ---- */

/* The folder, and with @make each one above it that is not there. */
static int open_folder(const char *name, bool make, struct mk_error *err)
{
	char path[PATH_MAX], *slash;
	int fd, code, i;

	code = serve_path(path, sizeof(path), name, FOLDER, err);
	for (i = 2; make && i >= 0 && !code; i--) {
		char part[PATH_MAX];
		int up;

		snprintf(part, sizeof(part), "%s", path);
		for (up = 0; up < i; up++) {
			slash = strrchr(part, '/');
			if (slash)
				*slash = '\0';
		}
		code = serve_folder_make(part, err);
	}
	if (code)
		return code;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return mk_fail_errno(err, errno == ENOENT ? MK_E_NOTFOUND : MK_E_SYSTEM,
			     "cannot open %.180s", path);
}

static int read_life(int folder, const char *file, size_t most, char **bytes,
		     size_t *size, struct mk_error *err)
{
	int fd = openat(folder, file,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return mk_fail_errno(
			err, errno == ENOENT ? MK_E_NOTFOUND : MK_E_SYSTEM,
			"cannot open the saved log");
	*size = 0;
	*bytes = malloc(most);
	if (!*bytes || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() ||
	    st.st_size > LIVES_BYTES + LIFE_HEAD_MAX) {
		close(fd);
		free(*bytes);
		return mk_fail(err, MK_E_INPUT,
			       "it is no file of ours, or too large");
	}
	while (*size < most && (n = read(fd, *bytes + *size, most - *size)) > 0)
		*size += (size_t)n;
	close(fd);
	if (n >= 0)
		return 0;
	free(*bytes);
	return mk_fail_errno(err, MK_E_SYSTEM, "cannot read the saved log");
}

static bool is_of(const struct life_head *head, uint32_t instance,
		  uint64_t module)
{
	return head->instance == instance && head->module == module;
}

static int open_life(struct lives_file *file, int folder, uint32_t instance,
		     uint32_t life, size_t most, struct mk_error *err)
{
	char number[16];
	size_t size = 0;
	int code;

	file->bytes = NULL;
	snprintf(number, sizeof(number), "%" PRIu32, life);
	code = read_life(folder, number, most, &file->bytes, &size, err);
	if (code) {
		file->bytes = NULL;
		return code;
	}
	code = life_begin(&file->reader, file->bytes, size, &file->head, err);
	if (!code && (!is_of(&file->head, instance, which_module()) ||
		      file->head.life != life))
		code = mk_fail(err, MK_E_NOTFOUND,
			       "it is of another instance of that name");
	if (code)
		lives_close(file);
	return code;
}

int lives_open(struct lives_file *file, const char *name, uint32_t instance,
	       uint32_t life, struct mk_error *err)
{
	int folder, code;

	file->bytes = NULL;
	folder = open_folder(name, false, err);
	if (folder < 0)
		return folder;
	code = open_life(file, folder, instance, life,
			 LIVES_BYTES + LIFE_HEAD_MAX, err);
	close(folder);
	return code;
}

void lives_close(struct lives_file *file)
{
	free(file->bytes);
	file->bytes = NULL;
}

/* The number that a file of a life has as its name, or 0. */
static uint32_t number_of(const char *file)
{
	unsigned long number = strtoul(file, NULL, 10);
	char text[24];

	snprintf(text, sizeof(text), "%lu", number);
	return strcmp(text, file) == 0 && number <= UINT32_MAX
		       ? (uint32_t)number
		       : 0;
}

/* @life into the @n ascending ones, the smallest of which goes if need be. */
static unsigned int insert(uint32_t lives[LIVES_KEPT], unsigned int n,
			   uint32_t life)
{
	unsigned int at = 0;

	while (at < n && lives[at] < life)
		at++;
	if (n < LIVES_KEPT) {
		memmove(lives + at + 1, lives + at, (n - at) * sizeof(*lives));
		lives[at] = life;
		return n + 1;
	}
	if (at) {
		memmove(lives, lives + 1, (at - 1) * sizeof(*lives));
		lives[at - 1] = life;
	}
	return n;
}

/* Each file's head is looked at; with @prune those not in the list go. */
static unsigned int list(int folder, uint32_t instance,
			 uint32_t lives[LIVES_KEPT], bool prune)
{
	/* It is a descriptor of its own: readdir() moves the position. */
	DIR *dir = fdopendir(
		openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct lives_file file;
	struct dirent *e;
	unsigned int n = 0, i;
	uint32_t life;

	if (!dir)
		return 0;
	while ((e = readdir(dir))) {
		life = number_of(e->d_name);
		if (!life)
			continue;
		if (!open_life(&file, folder, instance, life, LIFE_HEAD_MAX,
			       NULL)) {
			lives_close(&file);
			n = insert(lives, n, life);
		} else if (prune) {
			unlinkat(folder, e->d_name, 0);
		}
	}
	rewinddir(dir);
	while (prune && (e = readdir(dir))) {
		life = number_of(e->d_name);
		for (i = 0; i < n && lives[i] != life; i++)
			;
		if (life && i == n)
			unlinkat(folder, e->d_name, 0);
	}
	closedir(dir);
	return n;
}

unsigned int lives_list(const char *name, uint32_t instance,
			uint32_t lives[LIVES_KEPT])
{
	uint32_t unwanted[LIVES_KEPT];
	int folder = open_folder(name, false, NULL);
	unsigned int n;

	if (folder < 0)
		return 0;
	n = list(folder, instance, lives ? lives : unwanted, false);
	close(folder);
	return n;
}

/* ---- saving ---- */

/* The newest lines of a log, in a buffer that keeps LIVES_BYTES of them. */
struct lines {
	char *bytes; /* of 2 * LIVES_BYTES */
	size_t size;
};

static void keep_newest(struct lines *lines, size_t room)
{
	const char *from;

	if (lines->size + room <= 2 * LIVES_BYTES)
		return;
	from = lines->bytes + lines->size - LIVES_BYTES;
	from = (const char *)memchr(from, '\n', LIVES_BYTES) + 1;
	lines->size -= (size_t)(from - lines->bytes);
	memmove(lines->bytes, from, lines->size);
}

static void collect(struct lines *lines, struct spawnlog *view)
{
	uint64_t n = 0;

	spawnlog_hurry(view);
	while (spawnlog_next(view, NULL) == MK_LOG_RECORD) {
		keep_newest(lines, LIFE_LINE_MAX);
		lines->size += life_write_record(lines->bytes + lines->size,
						 &view->record);
		if (++n >= view->log.capacity)
			break;
	}
	if (lines->size > LIVES_BYTES)
		keep_newest(lines, 2 * LIVES_BYTES);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, bytes, size);
		if (n < 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

static int write_life(int folder, const struct life_head *head,
		      const struct lines *lines, struct mk_error *err)
{
	char line[LIFE_HEAD_MAX], number[16];
	bool good;
	int fd;

	snprintf(number, sizeof(number), "%" PRIu32, head->life);
	unlinkat(folder, NEW, 0);
	fd = openat(folder, NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot create a file");
	good = write_all(fd, line, life_write_head(line, head)) &&
	       write_all(fd, lines->bytes, lines->size);
	if (close(fd) || !good || renameat(folder, NEW, folder, number)) {
		mk_fail_errno(err, MK_E_SYSTEM, "cannot write it");
		unlinkat(folder, NEW, 0);
		return MK_E_SYSTEM;
	}
	return 0;
}

static bool is_over(const struct mk_info *info)
{
	return info->generation && (info->state == MK_STATE_STOPPED ||
				    info->state == MK_STATE_CRASHED);
}

static int save(int folder, struct mk_instance *inst,
		const struct mk_info *info, struct mk_error *err)
{
	static struct spawnlog view;
	struct life_head head = {
		.life = info->generation,
		.instance = info->id,
		.module = which_module(),
		.started_ns = info->started_ns,
		.ended_ns = info->since_ns,
		.state = info->state,
		.cause = info->cause,
	};
	struct lines lines = { .bytes = malloc(2 * LIVES_BYTES) };
	uint32_t lives[LIVES_KEPT];
	struct mk_info after;
	int code;

	if (!lines.bytes)
		return mk_fail_errno(err, MK_E_SYSTEM, "no memory");
	head.exact = lives_clock(inst, info, &head.offset_ns);
	code = spawnlog_begin(&view, inst, err);
	if (!code) {
		collect(&lines, &view);
		spawnlog_end(&view);
		/* Was it wiped, or started, while it was read? */
		code = mk_instance_info(inst, &after, err);
	}
	if (!code && lines.size && is_over(&after) &&
	    after.generation == info->generation) {
		code = write_life(folder, &head, &lines, err);
		list(folder, info->id, lives, true);
	}
	free(lines.bytes);
	return code;
}

void lives_save(const char *name, struct mk_instance *inst)
{
	struct lives_file file;
	struct mk_info info;
	struct mk_error err;
	int folder, code;

	if (mk_instance_info(inst, &info, NULL) || !is_over(&info))
		return;
	folder = open_folder(name, true, &err);
	code = folder < 0 ? folder : 0;
	if (!code && flock(folder, LOCK_EX))
		code = mk_fail_errno(&err, MK_E_SYSTEM, "cannot lock");
	if (!code) {
		if (open_life(&file, folder, info.id, info.generation,
			      LIFE_HEAD_MAX, NULL) == 0)
			lives_close(&file);
		else
			code = save(folder, inst, &info, &err);
	}
	if (folder >= 0)
		close(folder);
	if (code)
		say("%s: the log of its life %u is not kept: %s", name,
		    info.generation, err.text);
}

void lives_remove(const char *name)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;
	int fd;

	fd = open_folder(name, false, NULL);
	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' || strcmp(e->d_name, NEW) == 0)
			unlinkat(fd, e->d_name, 0);
	closedir(dir);
	/* Either goes if nothing is left: a supervisor removes its own. */
	if (serve_path(path, sizeof(path), name, FOLDER, NULL) == 0)
		rmdir(path);
	if (serve_path(path, sizeof(path), name, NULL, NULL) == 0)
		rmdir(path);
}
