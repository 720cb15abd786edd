// SPDX-License-Identifier: GPL-2.0-only
/* mkctl memory: read and write a spawn's memory, byte by byte. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pagewalk.h"
#include "signals.h"
#include "size.h"
#include "spawnlog.h"

#define LENGTH 256
#define STEP   (64u << 10)
#define LINE   16
/* Above the hole between the two halves of addresses: the kernel's. */
#define KERNEL_HALF 0xff00000000000000ull

struct request {
	const char *name;
	uint64_t address, length;
	const char *path; /* what is written; "-" or NULL = standard input */
	bool raw, virtual, force;
};

struct target {
	const struct request *q;
	struct mk_instance *inst;
	struct spawnlog *view;
	struct mk_pagewalk walk; /* with q->virtual */
};

/* ---- addresses ---- */

static int open_target(struct target *t, struct mk_error *err)
{
	static struct mk_vmcoreinfo info;
	uint64_t position = 0;
	int code;

	if (!t->q->virtual)
		return 0;
	if (!mk_log_open(&t->view->log, &t->view->memory, 0, NULL))
		return mk_pagewalk_open(&t->walk, &t->view->memory,
					&t->view->log.info, err);
	code = mk_vmcoreinfo_find(&info, &t->view->memory, &position, err);
	return code ? code
		    : mk_pagewalk_open(&t->walk, &t->view->memory, &info, err);
}

/* Physical @at of @address, and how many of @length bytes are there. */
static int place(const struct target *t, uint64_t address, uint64_t length,
		 uint64_t *at, uint64_t *bytes, struct mk_error *err)
{
	const struct mk_memory *memory = &t->view->memory;
	int code;

	*at = address;
	*bytes = length;
	if (t->q->virtual) {
		code = mk_pagewalk_translate(&t->walk, address, at, bytes, err);
		if (code)
			return code;
		if (*bytes > length)
			*bytes = length;
	}
	if (mk_memory_holds(memory, *at, *bytes))
		return 0;
	return mk_fail(err, MK_E_INPUT,
		       "%#" PRIx64 "%s: %" PRIu64
		       " bytes from physical %#" PRIx64
		       " are not all in its memory, %#" PRIx64 " to %#" PRIx64,
		       address, t->q->virtual ? " (virtual)" : "", *bytes, *at,
		       memory->base, memory->base + memory->size - 1);
}

/* Before anything is done: is all of it there? */
static int look(const struct target *t, struct mk_error *err)
{
	uint64_t done, at, bytes;
	int code = 0;

	if (t->q->length > t->view->memory.size ||
	    t->q->address + t->q->length < t->q->address)
		return mk_fail(err, MK_E_INPUT,
			       "%" PRIu64 " bytes from %#" PRIx64
			       " are not all in its memory, %#" PRIx64
			       " to %#" PRIx64,
			       t->q->length, t->q->address,
			       t->view->memory.base,
			       t->view->memory.base + t->view->memory.size - 1);
	for (done = 0; done < t->q->length && !code; done += bytes)
		code = place(t, t->q->address + done, t->q->length - done, &at,
			     &bytes, err);
	return code;
}

static uint64_t offset_of(const struct target *t, uint64_t at)
{
	return at - t->view->memory.base;
}

/* ---- reading ---- */

static void dump_line(uint64_t address, const uint8_t *bytes, size_t n)
{
	size_t i;

	printf("%016" PRIx64 " ", address);
	for (i = 0; i < LINE; i++) {
		if (i < n)
			printf("%s%02x", i == LINE / 2 ? "  " : " ", bytes[i]);
		else
			printf("%s  ", i == LINE / 2 ? "  " : " ");
	}
	printf("  |");
	for (i = 0; i < n; i++)
		putchar(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
	printf("|\n");
}

struct lines {
	uint64_t address; /* of what is not printed yet */
	uint8_t last[LINE], now[LINE];
	size_t filled; /* of now */
	bool any, starred;
};

/* As hexdump -C: lines like the one before are one "*". */
static void dump_bytes(struct lines *l, const uint8_t *bytes, size_t size)
{
	for (; size; size--) {
		l->now[l->filled++] = *bytes++;
		if (l->filled < LINE)
			continue;
		if (l->any && memcmp(l->now, l->last, LINE) == 0) {
			if (!l->starred)
				printf("*\n");
			l->starred = true;
		} else {
			dump_line(l->address, l->now, LINE);
			l->starred = false;
		}
		memcpy(l->last, l->now, LINE);
		l->any = true;
		l->address += LINE;
		l->filled = 0;
	}
}

static void dump_end(struct lines *l)
{
	if (l->filled)
		dump_line(l->address, l->now, l->filled);
	printf("%016" PRIx64 "\n", l->address + l->filled);
}

static int read_out(const struct target *t, struct mk_error *err)
{
	struct lines lines = { .address = t->q->address };
	static uint8_t buffer[STEP];
	uint64_t done, at, bytes;
	ssize_t n = 0;
	int code;

	for (done = 0; done < t->q->length && !signals_came(); done += n) {
		code = place(t, t->q->address + done, t->q->length - done, &at,
			     &bytes, err);
		if (code)
			return code;
		n = mk_instance_read(t->inst, offset_of(t, at), buffer,
				     bytes < STEP ? bytes : STEP, err);
		if (n <= 0)
			return n ? (int)n
				 : mk_fail(err, MK_E_SYSTEM,
					   "its memory ends early");
		if (t->q->raw)
			fwrite(buffer, 1, (size_t)n, stdout);
		else
			dump_bytes(&lines, buffer, (size_t)n);
		if (ferror(stdout))
			return 0; /* said at the end of the program */
	}
	if (done < t->q->length)
		return mk_fail(err, MK_E_STATE, "interrupted");
	if (!t->q->raw)
		dump_end(&lines);
	return 0;
}

/* ---- writing ---- */

/* All of the file or of standard input, which is at most the memory's size. */
static int read_in(const char *path, uint64_t most, uint8_t **bytes,
		   uint64_t *length, struct mk_error *err)
{
	bool std = !path || strcmp(path, "-") == 0;
	int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
	    code = 0;
	uint64_t room = STEP;
	uint8_t *larger;
	ssize_t n = 1;

	*length = 0;
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %.180s",
				     path);
	*bytes = malloc(room);
	while (*bytes && !code && n) {
		if (*length == room) {
			larger = room > most ? NULL : realloc(*bytes, room * 2);
			if (!larger)
				break;
			*bytes = larger;
			room *= 2;
		}
		n = read(fd, *bytes + *length, room - *length);
		if (n < 0 && errno == EINTR && !signals_came())
			n = 1;
		else if (n < 0)
			code = mk_fail_errno(err, MK_E_SYSTEM, "cannot read %s",
					     std ? "standard input" : path);
		else
			*length += (uint64_t)n;
	}
	if (!code && n)
		code = mk_fail(err, MK_E_INPUT,
			       "what is to be written is larger than its "
			       "memory, or than ours");
	if (!code && !*length)
		code = mk_fail(err, MK_E_INPUT, "there is nothing to write");
	if (!std)
		close(fd);
	return code;
}

static int write_in(const struct target *t, const uint8_t *bytes,
		    struct mk_error *err)
{
	uint64_t done, at, left;
	ssize_t n = 0;
	int code;

	for (done = 0; done < t->q->length; done += (uint64_t)n) {
		code = place(t, t->q->address + done, t->q->length - done, &at,
			     &left, err);
		if (code)
			return code;
		n = mk_instance_write(t->inst, offset_of(t, at), bytes + done,
				      left, err);
		if (n <= 0)
			return n ? (int)n
				 : mk_fail(err, MK_E_SYSTEM,
					   "its memory ends early");
	}
	return 0;
}

/* ---- the command ---- */

static int may_write(const struct request *q, struct mk_instance *inst)
{
	struct mk_info info;
	struct mk_error err;

	if (mk_instance_info(inst, &info, &err))
		return fail(q->name, &err);
	if (info.state != MK_STATE_RUNNING || q->force)
		return MKCTL_DONE;
	say("%s: it runs and may be using what would be overwritten: --force "
	    "writes all the same",
	    q->name);
	return MKCTL_COULD_NOT;
}

static int run(struct request *q, bool writes, struct mk_instance *inst)
{
	static struct spawnlog view;
	struct target t = { .q = q, .inst = inst, .view = &view };
	uint8_t *bytes = NULL;
	struct mk_error err;
	int code, status = 0;

	if (writes)
		status = may_write(q, inst);
	if (status)
		return status;
	code = spawnlog_begin(&view, inst, &err);
	if (!code && writes)
		code = read_in(q->path, view.memory.size, &bytes, &q->length,
			       &err);
	if (!code)
		code = open_target(&t, &err);
	if (!code)
		code = look(&t, &err);
	if (!code)
		code = writes ? write_in(&t, bytes, &err) : read_out(&t, &err);
	spawnlog_end(&view);
	free(bytes);
	return code ? fail(q->name, &err) : MKCTL_DONE;
}

static const struct opt options[] = {
	{ OPT_RAW, "raw", NULL, "read: the bytes as they are" },
	{ OPT_VIRTUAL, "virtual", NULL,
	  "ADDRESS is virtual, also in the lower half" },
	{ OPT_FORCE, "force", NULL, "write: also while the spawn runs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "read NAME ADDRESS [LENGTH] [--raw] [--virtual]\n"
		"       mkctl memory write NAME ADDRESS [FILE|-] [--virtual] "
		"[--force]",
	.groups = groups,
	.text = "Reads LENGTH bytes (256) of a spawn's memory, dead or alive, and prints\n"
		"them as hexdump -C does; or overwrites them with those of FILE or of\n"
		"standard input.  ADDRESS is physical, as the spawn and mkctl show have\n"
		"it; 0x and suffixes K, M, G are known.  From 0xff00000000000000 on it\n"
		"is a virtual address of the spawn's kernel, translated by its own page\n"
		"tables.  The low window below 1 MiB cannot be reached.\n"
		"Writing can crash the spawn: while it runs it needs --force.\n"
		"\n"
		"Example:\n"
		"  mkctl memory read web 0xffffffff81000000 64\n"
		"  printf 1 | mkctl memory write web 0x40001000 --force\n",
};

int cmd_memory(struct ctl *ctl, int argc, char **argv)
{
	struct request q = { .length = LENGTH };
	struct mk_instance inst;
	const char *verb, *value;
	bool writes;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_RAW)
			q.raw = true;
		else if (key == OPT_VIRTUAL)
			q.virtual = true;
		else
			q.force = true;
	}
	verb = parse_operand(&p, "read or write");
	writes = strcmp(verb, "write") == 0;
	if (!writes && strcmp(verb, "read") != 0)
		usage_error(&p, "'%s' is neither read nor write", verb);
	q.name = parse_first_name(&p);
	q.address = parse_size(&p, "ADDRESS", parse_operand(&p, "the address"));
	if (optind < argc && writes)
		q.path = parse_operand(&p, "the file");
	else if (optind < argc)
		q.length = parse_size(&p, "LENGTH",
				      parse_operand(&p, "the length"));
	parse_no_operand(&p);
	if (!q.length)
		usage_error(&p, "LENGTH: at least 1");
	if (q.raw && writes)
		usage_error(&p, "--raw is for read");
	if (q.force && !writes)
		usage_error(&p, "--force is for write");
	q.virtual |= q.address >= KERNEL_HALF;

	signals_hold();
	status = open_instance(ctl, q.name, &inst);
	if (status)
		return status;
	status = run(&q, writes, &inst);
	mk_instance_close(&inst);
	return status;
}
