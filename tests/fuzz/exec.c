// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and frames from anybody: what is taken apart ends within its bytes,
 * and a tree is only written below its folder.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec_request.h"
#include "exec_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *walk)
{
	return remove(path);
}

static void requests(const uint8_t *data, size_t size)
{
	static const char *pointers[MKX_STRINGS_MAX + 2];
	struct mk_exec_run run;
	const char *path, *name;
	size_t i, total = 0;
	bool recursive;

	if (!mk_exec_run_parse(data, size, pointers, &run)) {
		for (i = 0; i < run.nr_args; i++)
			total += strlen(run.args[i]) + 1;
		for (i = 0; i < run.nr_vars; i++)
			total += strlen(run.vars[i]) + 1;
		if (total > size || run.args[run.nr_args] ||
		    run.vars[run.nr_vars])
			abort();
	}
	if (!mk_exec_copy_parse(data, size, &recursive, &path, &name) &&
	    strlen(path) + strlen(name) + 2 > size)
		abort();
	mk_exec_copy_parse(data, size, &recursive, &path, NULL);
}

static char dir[] = "/tmp/fuzz_exec.XXXXXX";

static void clean(void)
{
	nftw(dir, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}

/* All frames of @data, as far as they are frames. */
static void frames(const uint8_t *data, size_t size, struct mk_tree_in *t)
{
	static struct mk_frames f;
	struct mk_frame frame;
	size_t part;
	int n = 0;

	f.from = f.to = 0;
	for (; size && n >= 0; data += part, size -= part) {
		memmove(f.bytes, f.bytes + f.from, f.to - f.from);
		f.to -= f.from;
		f.from = 0;
		part = sizeof(f.bytes) - f.to;
		if (!part)
			abort(); /* a whole frame always fits */
		if (part > size)
			part = size;
		memcpy(f.bytes + f.to, data, part);
		f.to += part;
		while ((n = mk_frames_next(&f, &frame)) > 0)
			if (mk_tree_in_take(t, &frame))
				return;
	}
}

static void trees(const uint8_t *data, size_t size, bool stream)
{
	static char inside[64], beside[64];
	static struct mk_tree_in t;
	static int null = -1;
	struct stat st;
	int folder;

	if (null < 0) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null < 0 || !mkdtemp(dir) || atexit(clean))
			abort();
		snprintf(inside, sizeof(inside), "%s/in", dir);
		snprintf(beside, sizeof(beside), "%s/beside", dir);
	}
	if (stream) {
		mk_tree_in_stream(&t, null);
		frames(data, size, &t);
		mk_tree_in_abort(&t);
		return;
	}
	if (mkdir(inside, 0700))
		abort();
	folder = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mk_tree_in_begin(&t, folder, "top", true);
	frames(data, size, &t);
	mk_tree_in_abort(&t);
	close(folder);
	/* Only "in" is in there: no more than that and itself, as links. */
	if (stat(dir, &st) || st.st_nlink != 3 || !access(beside, F_OK))
		abort();
	chmod(inside, 0700);
	nftw(inside, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] % 3 == 0)
		requests(data + 1, size - 1);
	else
		trees(data + 1, size - 1, data[0] % 3 == 1);
	return 0;
}
