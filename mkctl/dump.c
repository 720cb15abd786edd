// SPDX-License-Identifier: GPL-2.0-only
/* mkctl dump: a spawn's memory as a file for crash, drgn and gdb. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names.h"
#include "printk_ring.h"
#include "progress.h"
#include "reports.h"
#include "signals.h"
#include "size.h"
#include "vmcore.h"

#define ASK_MS 2000 /* for one CPU */
#define WINDOW (64u << 10)

struct dump {
	const char *name, *path;
	char part[PATH_MAX]; /* it is written there first */
	int fd;
	bool live, compress, force;
	struct progress progress;
};

/* ---- where the bytes go ---- */

static int write_part(void *context, uint64_t offset, const void *bytes,
		      size_t size, struct mk_error *err)
{
	const struct dump *d = context;
	size_t done;
	ssize_t n;

	for (done = 0; done < size; done += (size_t)n) {
		n = pwrite(d->fd, (const char *)bytes + done, size - done,
			   (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot write %.150s, which is "
					     "removed",
					     d->part);
	}
	return 0;
}

static int go_on(void *context, uint64_t done, uint64_t all,
		 struct mk_error *err)
{
	struct dump *d = context;

	progress(&d->progress, done, all);
	if (!signals_came())
		return 0;
	return mk_fail(err, MK_E_STATE, "interrupted: there is no dump");
}

static int begin_part(struct dump *d)
{
	struct stat st;

	if (stat(d->path, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			say("%.200s is not a regular file", d->path);
			return MKCTL_COULD_NOT;
		}
		if (!d->force) {
			say("%.200s is there already: --force replaces it",
			    d->path);
			return MKCTL_COULD_NOT;
		}
	}
	if (snprintf(d->part, sizeof(d->part), "%s.part", d->path) >=
	    (int)sizeof(d->part)) {
		say("the name of the file is too long");
		return MKCTL_COULD_NOT;
	}
	if (d->force)
		unlink(d->part);
	/* All secrets of the spawn are in it. */
	d->fd = open(d->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (d->fd >= 0)
		return MKCTL_DONE;
	if (errno == EEXIST)
		say("%.200s is there: another dump is being written, or one "
		    "was cut short; --force begins it anew",
		    d->part);
	else
		say("cannot create %.200s: %s", d->part, strerror(errno));
	return MKCTL_COULD_NOT;
}

static int end_part(struct dump *d, uint64_t bytes, struct mk_error *err)
{
	/* What is zero at the end was never written. */
	if (ftruncate(d->fd, (off_t)bytes) || fsync(d->fd))
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot write %.150s, which is removed",
				     d->part);
	if (rename(d->part, d->path))
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot create %.180s",
				     d->path);
	return 0;
}

/* ---- what goes there ---- */

/* A kernel that panics takes the others offline: no notes for them. */
static void leave_out_unknown(struct mk_vmcore_cpu *cpus, unsigned int *nr)
{
	unsigned int from, to = 0;

	for (from = 0; from < *nr; from++)
		if (cpus[from].known)
			cpus[to++] = cpus[from];
	if (to)
		*nr = to;
}

/*
 * By the spawn's own numbers where a CPU told its own, else in the order of
 * the instance, which a stock kernel follows.
 */
static struct mk_vmcore_cpu *order_cpus(const struct cpu_report *list,
					unsigned int nr, unsigned int *known)
{
	struct mk_vmcore_cpu *cpus = calloc(nr, sizeof(*cpus));
	const struct mk_report *r;
	unsigned int i;

	*known = 0;
	for (i = 0; cpus && i < nr; i++) {
		r = &list[i].report;
		if (r->status == MK_REPORT_NONE || r->spawn_cpu >= nr ||
		    cpus[r->spawn_cpu].known)
			continue;
		cpus[r->spawn_cpu].known = true;
		cpus[r->spawn_cpu].pid = r->pid;
		memcpy(cpus[r->spawn_cpu].registers, r->registers,
		       sizeof(cpus->registers));
		(*known)++;
	}
	return cpus;
}

/*
 * The memory through read(2): a mapping would fault if the instance is deleted,
 * and costs a fault a page.  Where VMCOREINFO is looked for, a word in each
 * page, whole pieces are read; page tables that lead hither and thither do not
 * make it read more than their words.
 */
struct window {
	struct mk_instance *inst;
	struct mk_memory memory;
	uint64_t at; /* offset of the piece, if @bytes */
	size_t bytes;
	uint8_t piece[WINDOW];
};

static int read_all(struct window *w, uint64_t offset, uint8_t *to, size_t size)
{
	ssize_t n;

	for (; size; size -= (size_t)n) {
		n = mk_instance_read(w->inst, offset, to, size, NULL);
		if (n <= 0)
			return MK_E_SYSTEM;
		offset += (uint64_t)n;
		to += n;
	}
	return 0;
}

static int read_window(void *context, uint64_t address, void *buffer,
		       size_t length)
{
	struct window *w = context;
	uint64_t offset = address - w->memory.base;
	uint64_t at = offset & ~(WINDOW - 1ull);
	int code;

	if (offset + length > at + WINDOW ||
	    (at && at != w->at && at != w->at + WINDOW))
		return read_all(w, offset, buffer, length);
	if (!w->bytes || w->at != at) {
		w->bytes = w->memory.size - at < WINDOW
				   ? (size_t)(w->memory.size - at)
				   : WINDOW;
		w->at = at;
		code = read_all(w, at, w->piece, w->bytes);
		if (code) {
			w->bytes = 0;
			return code;
		}
	}
	memcpy(buffer, w->piece + (offset - at), length);
	return 0;
}

/* NULL: the kernel has not told, or there is none. */
static const struct mk_vmcoreinfo *find_info(const struct mk_memory *memory,
					     const char *name)
{
	static struct mk_vmcoreinfo info;
	static struct mk_log log;
	uint64_t position = 0;
	struct mk_error err;

	/* One that leads to a log is the kernel's own beyond doubt. */
	if (!mk_log_open(&log, memory, 0, NULL))
		return &log.info;
	if (!mk_vmcoreinfo_find(&info, memory, &position, &err))
		return &info;
	say("%s: %s: the dump has bytes only, and crash and drgn cannot use it",
	    name, err.text);
	return NULL;
}

static int write_dump(struct dump *d, struct window *w,
		      const struct mk_info *before, struct mk_vmcore *core,
		      struct mk_vmcore_result *result, struct mk_error *err)
{
	struct mk_vmcore_sink sink = { write_part, go_on, d };
	struct mk_info after;
	int code;

	core->memory = &w->memory;
	core->info = find_info(&w->memory, d->name);
	if (core->info && mk_vmcore_place(core, err))
		say("%s: %s: the dump has no virtual addresses for gdb",
		    d->name, err->text);
	/* What was kept is old by now. */
	w->bytes = 0;
	progress_begin(&d->progress, d->name, "dumped");
	code = d->compress ? mk_vmcore_compressed(core, &sink, result, err)
			   : mk_vmcore_elf(core, &sink, result, err);
	progress_end(&d->progress);
	if (!code)
		code = mk_instance_info(w->inst, &after, err);
	if (!code && (after.generation != before->generation ||
		      (!d->live && after.state != before->state)))
		code = mk_fail(err, MK_E_STATE,
			       "it was started or changed meanwhile: there is "
			       "no dump");
	return code;
}

static int take_dump(const struct ctl *ctl, struct dump *d,
		     struct mk_instance *inst, const struct mk_info *info,
		     const struct cpu_report *list, unsigned int nr)
{
	struct mk_vmcore core = { .nr_cpus = nr };
	struct mk_vmcore_result result = { 0 };
	struct mk_vmcore_cpu *cpus;
	static struct window window;
	char size[MK_SIZE_TEXT];
	struct mk_error err;
	unsigned int known;
	int code;

	core.cpus = cpus = order_cpus(list, nr, &known);
	if (cpus && info->cause == MK_CAUSE_PANIC)
		leave_out_unknown(cpus, &core.nr_cpus);
	window.inst = inst;
	window.memory.base = info->memory_base;
	window.memory.size = info->memory_bytes;
	window.memory.read = read_window;
	window.memory.context = &window;
	if (!cpus)
		code = mk_fail_errno(&err, MK_E_SYSTEM, "no memory");
	else
		code = write_dump(d, &window, info, &core, &result, &err);
	free(cpus);
	if (!code)
		code = end_part(d, result.file_bytes, &err);
	close(d->fd);
	if (code) {
		unlink(d->part);
		return fail(d->name, &err);
	}
	if (known < nr)
		say("%s: registers of %u of its %u CPUs are not known", d->name,
		    nr - known, nr);
	note(ctl, "%s: %s written to %.200s", d->name,
	     mk_size_short(size, sizeof(size), result.written_bytes), d->path);
	return MKCTL_DONE;
}

static int refuse(const struct dump *d, const struct mk_info *info)
{
	if (!info->nr_cpus)
		say("%s: it is a store and runs nothing: its file is in mkctl "
		    "pmem",
		    d->name);
	else if (info->state < MK_STATE_RUNNING)
		say("%s: there is nothing to dump: it has not run since it was "
		    "created, loaded or unloaded",
		    d->name);
	else if (info->state == MK_STATE_RUNNING && !d->live)
		say("%s: it runs, so its memory changes while it is dumped and "
		    "the dump would contradict itself: --live takes it all the "
		    "same, mkctl kill stops it first",
		    d->name);
	else
		return MKCTL_DONE;
	return MKCTL_COULD_NOT;
}

static int dump(const struct ctl *ctl, struct dump *d, struct mk_instance *inst)
{
	struct cpu_report *list = NULL;
	struct mk_info info;
	struct mk_error err;
	unsigned int nr;
	int status;

	if (mk_instance_info(inst, &info, &err))
		return fail(d->name, &err);
	status = refuse(d, &info);
	if (!status)
		status = begin_part(d);
	if (status)
		return status;
	if (reports_take(inst, info.state == MK_STATE_RUNNING, ASK_MS, &list,
			 &nr, &err)) {
		close(d->fd);
		unlink(d->part);
		return fail(d->name, &err);
	}
	status = take_dump(ctl, d, inst, &info, list, nr);
	free(list);
	return status;
}

static const struct opt options[] = {
	{ OPT_OUT, "output", "FILE", "where the dump goes" },
	{ OPT_LIVE, "live", NULL, "also of a spawn that runs" },
	{ OPT_COMPRESS, "compress", NULL,
	  "in makedumpfile's format, for crash and drgn" },
	{ OPT_FORCE, "force", NULL, "replace FILE" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME -o FILE [--live] [--compress] [--force]",
	.groups = groups,
	.text = "Writes the memory of a spawn that has ended into a file that crash,\n"
		"drgn and gdb open: an ELF core, with holes where memory is zero, or\n"
		"with --compress the smaller form that makedumpfile writes.  In it are\n"
		"the registers of each CPU that reported: at a panic, when it was given\n"
		"up as hung, or when asked by an NMI.\n"
		"A spawn that runs is refused, as its memory would change under the\n"
		"dump; with --live its CPUs are asked where they are and it is dumped\n"
		"while it goes on.  FILE.part is written first; it is removed when\n"
		"something fails and on Ctrl-C.  The low window (below 1 MiB) is not\n"
		"in the dump.  Whoever can read FILE knows all that the spawn knew.\n"
		"\n"
		"Example:\n"
		"  mkctl dump web -o web.core\n"
		"  crash /usr/lib/debug/boot/vmlinux-RELEASE web.core\n",
};

int cmd_dump(struct ctl *ctl, int argc, char **argv)
{
	static struct dump d = { .fd = -1 };
	struct mk_instance inst;
	const char *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_OUT)
			d.path = value;
		else if (key == OPT_LIVE)
			d.live = true;
		else if (key == OPT_COMPRESS)
			d.compress = true;
		else
			d.force = true;
	}
	d.name = parse_name(&p);
	if (!d.path || !d.path[0])
		usage_error(&p, "where to? -o FILE is missing");
	if (d.compress && !mk_vmcore_can_compress()) {
		say("this mkctl was built without zlib: leave --compress out");
		return MKCTL_COULD_NOT;
	}

	signals_hold();
	status = open_instance(ctl, d.name, &inst);
	if (status)
		return status;
	status = dump(ctl, &d, &inst);
	mk_instance_close(&inst);
	return status;
}
