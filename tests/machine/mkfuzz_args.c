// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer's commands.  Each has a filler, which makes a good argument for
 * the moment, and a table of its fields; then a field or two are given a value
 * of their kind: a boundary, garbage, a wild pointer.  Where the argument lies
 * is chosen, too.
 */
#include "mkfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum kind {
	FLAGS,
	ZERO, /* reserved */
	COUNT,
	BYTES,
	MEMORY, /* bytes of an instance: small, or more than there are */
	PLACE, /* a physical address */
	POINTER,
	NAME,
	FD,
	ID,
	MILLISECONDS,
	TYPE, /* of messages */
	ANY,
};

struct field {
	uint16_t at, size;
	uint16_t kind;
};

#define F(s, member, kind)                                                   \
	{                                                                    \
		offsetof(struct s, member), sizeof(((struct s *)0)->member), \
			kind                                                 \
	}

struct command {
	const char *name;
	unsigned long number;
	size_t size;
	const struct field *fields;
	void (*fill)(struct worker *w, enum target target, void *arg);
};

/* --- values ---------------------------------------------------------------- */

#define PICK(w, list) list[below(w, sizeof(list) / sizeof(list[0]))]

static uint64_t odd_value(struct worker *w, const struct field *field)
{
	static const uint64_t counts[] = { 0,	 1,    2,    3,	       16,
					   17,	 63,   64,   65,       4095,
					   4096, 4097, 8192, 1u << 31, ~0u };
	static const uint64_t bytes[] = { 0,
					  1,
					  7,
					  4095,
					  4096,
					  4097,
					  65535,
					  65536,
					  65537,
					  128 << 10,
					  132 << 10,
					  2 << 20,
					  (2 << 20) + 1,
					  16 << 20,
					  (16 << 20) + 1,
					  1ULL << 31,
					  1ULL << 32,
					  ~0ULL - 4095,
					  ~0ULL };
	static const uint64_t memory[] = { 0,	       1,
					   4096,       (2 << 20) - 1,
					   2 << 20,    (2 << 20) + 1,
					   4 << 20,    1ULL << 40,
					   1ULL << 46, (1ULL << 46) + (2 << 20),
					   1ULL << 62, 1ULL << 63,
					   ~0ULL,      ~0ULL << 21 };
	static const uint64_t places[] = { 0,
					   1,
					   4096,
					   0xfec00000,
					   1ULL << 50,
					   1ULL << 51,
					   (1ULL << 51) + (2 << 20),
					   1ULL << 52,
					   ~0ULL,
					   ~0ULL << 12,
					   ~0ULL << 21 };
	static const uint64_t ids[] = { 0,  1,	   2,	     3,	      4,
					40, 65535, 1u << 31, ~0u - 1, ~0u };
	static const uint64_t times[] = { 0, 1, 10, 100, 10001, 3600001, ~0u };
	static const uint64_t types[] = { 0,	  1,	   3,	   0x1000,
					  0x7fff, 0x8000,  0x8001, 0xfffe,
					  0xffff, 0x10000, ~0u };

	switch (field->kind) {
	case FLAGS:
		return one_in(w, 8) ? ~0ULL : 1ULL << below(w, 32);
	case ZERO:
		return one_in(w, 2) ? 1 : 1ULL << below(w, 64);
	case COUNT:
		return PICK(w, counts);
	case BYTES:
		return PICK(w, bytes);
	case MEMORY:
		return PICK(w, memory);
	case PLACE:
		return PICK(w, places);
	case ID:
		return PICK(w, ids);
	case MILLISECONDS:
		return PICK(w, times);
	case TYPE:
		return PICK(w, types);
	case FD:
		switch (below(w, 6)) {
		case 0:
			return ~0ULL;
		case 1:
			return machine_fd(w);
		case 2:
			return target_fd(w, below(w, TARGETS));
		case 3:
			return other_fd(w);
		case 4:
			return 0x7fffffff;
		default:
			return below(w, 3);
		}
	default:
		return (uint64_t)random_of(w) << 32 | random_of(w);
	}
}

static uint64_t wild_pointer(struct worker *w)
{
	switch (below(w, 8)) {
	case 0:
		return 0;
	case 1:
		return 8;
	case 2:
		return (uintptr_t)w->pages.none;
	case 3:
		return (uintptr_t)w->pages.read_only;
	case 4:
		return (uintptr_t)w->pages.good + 4096; /* not mapped */
	case 5:
		return (uintptr_t)w->pages.good + 4096 - 1 - below(w, 64);
	case 6:
		return 0xffff888000000000ULL + below(w, 1 << 20) * 4096ULL;
	default:
		return 1ULL << below(w, 64);
	}
}

static void odd_name(struct worker *w, char *name)
{
	static const char *const names[] = {
		"",	"-a",	   "a/b",   "..",     ".",    "a b",
		"a\nb", "\033[2J", "\377x", "nobody", "%s%n", "a\001",
	};

	switch (below(w, 4)) {
	case 0:
		memset(name, 'a', MK_NAME_BYTES); /* without an end */
		break;
	case 1:
		name[MK_NAME_BYTES - 1] = 'x'; /* behind the end */
		break;
	case 2:
		name[below(w, MK_NAME_BYTES)] = random_of(w);
		break;
	default:
		memset(name, 0, MK_NAME_BYTES);
		strcpy(name, PICK(w, names));
	}
}

/* Give a field of @arg an odd value. */
static void mutate(struct worker *w, const struct command *command, void *arg)
{
	const struct field *field = command->fields;
	unsigned int n = 0;
	uint64_t value;

	while (field[n].size)
		n++;
	if (!n)
		return;
	field += below(w, n);
	if (field->kind == NAME) {
		odd_name(w, (char *)arg + field->at);
		return;
	}
	value = field->kind == POINTER ? wild_pointer(w) : odd_value(w, field);
	if (field->size > 8) /* an array */
		memcpy((char *)arg + field->at + 8 * below(w, field->size / 8),
		       &value, 8);
	else
		memcpy((char *)arg + field->at, &value, field->size);
}

/* --- fillers --------------------------------------------------------------- */

static void fill_zero(struct worker *w, enum target target, void *arg)
{
}

static void fill_ledger(struct worker *w, enum target target, void *arg)
{
	((struct mk_ledger *)arg)->index = below(w, 20);
}

static void fill_next(struct worker *w, enum target target, void *arg)
{
	((struct mk_info *)arg)->id = below(w, 8) * below(w, 8);
}

static void fill_event(struct worker *w, enum target target, void *arg)
{
	struct mk_event *event = arg;

	event->seq = one_in(w, 3) ? odd_value(w, &(struct field){ .kind = ANY })
				  : below(w, 100);
}

static void fill_open(struct worker *w, enum target target, void *arg)
{
	strcpy(((struct mk_open *)arg)->name, target_names[target]);
}

static void fill_cpus(struct worker *w, enum target target, void *arg)
{
	struct mk_cpus *cpus = arg;

	cpus->nr = below(w, 5);
	cpus->cpus = (uintptr_t)w->pages.good;
}

static void fill_delete(struct worker *w, enum target target, void *arg)
{
	((struct mk_command *)arg)->flags = one_in(w, 3) ? 0
							 : MK_DELETE_F_FORCE;
}

static void fill_kill(struct worker *w, enum target target, void *arg)
{
	((struct mk_command *)arg)->flags = one_in(w, 2) ? 0 : MK_KILL_F_HUNG;
}

static void fill_ping(struct worker *w, enum target target, void *arg)
{
	struct mk_ping *ping = arg;

	ping->bytes = below(w, 2) ? below(w, 65537) : below(w, 64);
	ping->timeout_ms = below(w, 300);
}

static void fill_attach(struct worker *w, enum target target, void *arg)
{
	struct mk_attach *attach = arg;

	attach->type = MK_TYPE_FIRST + below(w, 4);
	attach->flags = below(w, 4) ? below(w, 4) | MK_ATTACH_F_NONBLOCK
				    : below(w, 4);
	attach->queue_bytes = one_in(w, 3) ? 0 : below(w, 1 << 20);
}

static void fill_bind(struct worker *w, enum target target, void *arg)
{
	struct mk_info info = { 0 };
	struct mk_bind *bind = arg;

	ioctl(target_fd(w, target), MK_IOC_INFO, &info);
	bind->generation = info.generation;
	bind->device = below(w, 3);
	bind->queue = below(w, 3);
	bind->kick = other_fd(w);
	bind->call = other_fd(w);
	/* mostly ones that are eventfds, and shared by several bindings */
	if (!one_in(w, 4)) {
		bind->kick = OTHER_FD + below(w, 4);
		bind->call = OTHER_FD + below(w, 4);
		if (one_in(w, 4)) {
			int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

			if (fd >= 0) {
				dup3(fd, bind->kick, O_CLOEXEC);
				close(fd);
			}
		}
	}
}

static void fill_report(struct worker *w, enum target target, void *arg)
{
	struct mk_report *report = arg;

	report->flags = below(w, 2) ? MK_REPORT_F_ASK : 0;
	report->index = below(w, 2);
	report->timeout_ms = below(w, 200);
}

static void fill_create(struct worker *w, enum target target, void *arg)
{
	uint32_t *cpus = (uint32_t *)w->pages.good;
	struct mk_create *create = arg;
	unsigned int i;

	strcpy(create->name, target_names[target]);
	create->memory_bytes = (1 + below(w, 4)) * MK_MEMORY_ALIGN;
	if (target == STORE_A || target == STORE_B) {
		create->flags = MK_CREATE_F_STORE;
		return;
	}
	create->nr_cpus = 1 + one_in(w, 4);
	create->cpus = (uintptr_t)cpus;
	create->low_bytes = (1 + below(w, 8)) * MK_LOW_ALIGN;
	for (i = 0; i < create->nr_cpus; i++)
		cpus[i] = fuzz_cpus[below(w, nr_fuzz_cpus)];
	/* of the host, of nobody, the one that stays */
	if (one_in(w, 10))
		cpus[0] = below(w, 2) ? below(w, 8) : random_of(w);
	if (one_in(w, 8)) {
		create->flags |= MK_CREATE_F_FIXED;
		create->memory_base =
			(1ULL << 30) - (1 + below(w, 64)) * MK_MEMORY_ALIGN;
	}
	if (one_in(w, 8))
		create->flags |= MK_CREATE_F_NODE;
	if (one_in(w, 8))
		create->flags |= MK_CREATE_F_SPLIT_CORES;
}

/* --- the table ------------------------------------------------------------- */

static const struct field no_fields[] = { { 0, 0, 0 } };
static const struct field query_fields[] = { F(mk_query, flags, FLAGS),
					     F(mk_query, reserved, ZERO),
					     { 0 } };
static const struct field open_fields[] = { F(mk_open, flags, FLAGS),
					    F(mk_open, reserved0, ZERO),
					    F(mk_open, name, NAME),
					    F(mk_open, reserved, ZERO),
					    { 0 } };
static const struct field info_fields[] = { F(mk_info, flags, FLAGS),
					    F(mk_info, id, ID),
					    F(mk_info, reserved1, ZERO),
					    F(mk_info, reserved, ZERO),
					    { 0 } };
static const struct field ledger_fields[] = { F(mk_ledger, flags, FLAGS),
					      F(mk_ledger, index, COUNT),
					      F(mk_ledger, reserved0, ZERO),
					      F(mk_ledger, reserved, ZERO),
					      { 0 } };
static const struct field event_fields[] = { F(mk_event, flags, FLAGS),
					     F(mk_event, seq, ANY),
					     F(mk_event, reserved0, ZERO),
					     F(mk_event, reserved, ZERO),
					     { 0 } };
static const struct field create_fields[] = {
	F(mk_create, flags, FLAGS),
	F(mk_create, nr_cpus, COUNT),
	F(mk_create, cpus, POINTER),
	F(mk_create, memory_bytes, MEMORY),
	F(mk_create, memory_base, PLACE),
	F(mk_create, low_bytes, BYTES),
	F(mk_create, node, COUNT),
	F(mk_create, name, NAME),
	F(mk_create, reserved0, ZERO),
	F(mk_create, reserved, ZERO),
	{ 0 },
};
static const struct field cpus_fields[] = { F(mk_cpus, flags, FLAGS),
					    F(mk_cpus, nr, COUNT),
					    F(mk_cpus, cpus, POINTER),
					    F(mk_cpus, reserved, ZERO),
					    { 0 } };
static const struct field command_fields[] = { F(mk_command, flags, FLAGS),
					       F(mk_command, reserved0, ZERO),
					       F(mk_command, reserved, ZERO),
					       { 0 } };
static const struct field channel_fields[] = { F(mk_channel, flags, FLAGS),
					       F(mk_channel, reserved, ZERO),
					       { 0 } };
static const struct field ping_fields[] = { F(mk_ping, flags, FLAGS),
					    F(mk_ping, bytes, BYTES),
					    F(mk_ping, timeout_ms,
					      MILLISECONDS),
					    F(mk_ping, reserved0, ZERO),
					    F(mk_ping, reserved, ZERO),
					    { 0 } };
static const struct field attach_fields[] = {
	F(mk_attach, flags, FLAGS),	  F(mk_attach, type, TYPE),
	F(mk_attach, queue_bytes, BYTES), F(mk_attach, reserved0, ZERO),
	F(mk_attach, reserved, ZERO),	  { 0 }
};
static const struct field bind_fields[] = {
	F(mk_bind, flags, FLAGS),   F(mk_bind, device, COUNT),
	F(mk_bind, queue, COUNT),   F(mk_bind, kick, FD),
	F(mk_bind, call, FD),	    F(mk_bind, generation, ID),
	F(mk_bind, reserved, ZERO), { 0 }
};
static const struct field report_fields[] = {
	F(mk_report, flags, FLAGS),
	F(mk_report, index, COUNT),
	F(mk_report, timeout_ms, MILLISECONDS),
	F(mk_report, reserved, ZERO),
	{ 0 },
};

#define C(text, number, type, fields, fill)                     \
	{                                                       \
		text, number, sizeof(struct type), fields, fill \
	}

static const struct command commands[] = {
	C("query", MK_IOC_QUERY, mk_query, query_fields, fill_zero),
	C("next", MK_IOC_NEXT, mk_info, info_fields, fill_next),
	C("ledger", MK_IOC_LEDGER, mk_ledger, ledger_fields, fill_ledger),
	C("event", MK_IOC_EVENT, mk_event, event_fields, fill_event),
	C("create", MK_IOC_CREATE, mk_create, create_fields, fill_create),
	C("open", MK_IOC_OPEN, mk_open, open_fields, fill_open),
#define INSTANCE_FIRST 6
	C("info", MK_IOC_INFO, mk_info, info_fields, fill_zero),
	C("cpus", MK_IOC_CPUS, mk_cpus, cpus_fields, fill_cpus),
	C("channel", MK_IOC_CHANNEL, mk_channel, channel_fields, fill_zero),
	C("report", MK_IOC_REPORT, mk_report, report_fields, fill_report),
	C("ping", MK_IOC_PING, mk_ping, ping_fields, fill_ping),
	C("attach", MK_IOC_ATTACH, mk_attach, attach_fields, fill_attach),
	C("bind", MK_IOC_BIND, mk_bind, bind_fields, fill_bind),
#define CHANGING_FIRST 13
	C("start", MK_IOC_START, mk_command, command_fields, fill_zero),
	C("stop", MK_IOC_STOP, mk_command, command_fields, fill_zero),
	C("kill", MK_IOC_KILL, mk_command, command_fields, fill_kill),
	C("unload", MK_IOC_UNLOAD, mk_command, command_fields, fill_zero),
	C("delete", MK_IOC_DELETE, mk_command, command_fields, fill_delete),
	/* the last two are filled in by functions of their own */
	C("load", MK_IOC_LOAD, mk_load, no_fields, fill_zero),
	{ "unknown", 0, 0, no_fields, fill_zero },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *const load_command = &commands[NR_COMMANDS - 2];

const char *command_name(unsigned int n)
{
	return n < NR_COMMANDS ? commands[n].name : NULL;
}

/* --- calls ----------------------------------------------------------------- */

static int call(struct worker *w, const struct command *command, int fd,
		unsigned long number, void *arg)
{
	int result, error;

	errno = 0;
	result = ioctl(fd, number, arg);
	error = result < 0 ? errno : 0;
	__atomic_add_fetch(&shared->results[command - commands]
					   [error < RESULTS ? error : 0],
			   1, __ATOMIC_RELAXED);
	if (verbose)
		fprintf(stderr, "%u: %s(%d, %p) = %d, %d\n", w->number,
			command->name, fd, arg, result, error);
	return result;
}

/* Where the argument lies: @own is the caller's own room, for what is good. */
static void *somewhere(struct worker *w, const struct command *command,
		       void *own, bool race)
{
	size_t size = command->size;
	uint8_t *to;

	switch (below(w, 24)) {
	case 0:
	case 1:
		to = w->pages.good + 4096 - size; /* just fits */
		break;
	case 2: /* a copy that cannot be written back */
		return w->pages.read_only;
	case 3:
		return (void *)wild_pointer(w);
	case 4:
	case 5:
		if (!race)
			return own;
		to = w->pages.racy;
		break;
	default:
		return own;
	}
	memcpy(to, own, size);
	if (to == w->pages.racy) {
		/* never more memory than was asked for */
		w->spare_from = offsetof(struct mk_create, memory_bytes);
		w->spare_to = offsetof(struct mk_create, low_bytes);
		w->racing = size;
	}
	return to;
}

static int mutated_call(struct worker *w, const struct command *command, int fd,
			enum target target)
{
	uint64_t own[256] = { 0 };
	int result, n;

	command->fill(w, target, own);
	for (n = below(w, 8); n < 3; n++) /* in three of eight calls */
		mutate(w, command, own);
	result = call(w, command, fd, command->number,
		      somewhere(w, command, own, true));
	w->racing = 0;
	return result;
}

void fuzz_machine(struct worker *w)
{
	mutated_call(w, &commands[below(w, 4)], machine_fd(w), TINY_A);
}

void fuzz_create(struct worker *w, enum target target)
{
	if (!w->creates_left)
		return;
	w->creates_left--;
	place_target(w, target,
		     mutated_call(w, &commands[4], machine_fd(w), target));
}

void fuzz_open(struct worker *w, enum target target)
{
	place_target(w, target,
		     mutated_call(w, &commands[5], machine_fd(w), target));
}

void fuzz_instance(struct worker *w, enum target target)
{
	unsigned int n = INSTANCE_FIRST, end = NR_COMMANDS - 2;
	int result;

	/* The real spawn lives long; what was loaded with anything stays so. */
	if (target == DEEP && !one_in(w, 60))
		end = CHANGING_FIRST;
	n += below(w, end - n);
	if (target == RAW && commands[n].number == MK_IOC_START)
		return;
	if (target == DEEP && (commands[n].number == MK_IOC_UNLOAD ||
			       commands[n].number == MK_IOC_DELETE))
		return;
	result = mutated_call(w, &commands[n], target_fd(w, target), target);
	if (commands[n].number == MK_IOC_ATTACH ||
	    commands[n].number == MK_IOC_BIND)
		place_other(w, result);
}

/* A good call, for the way into a state. */
void fuzz_plain(struct worker *w, enum target target, unsigned int number)
{
	const struct command *command = commands;
	uint64_t own[256] = { 0 };
	int result;

	while (command->number != number)
		command++;
	command->fill(w, target, own);
	result = call(w, command,
		      number == MK_IOC_CREATE || number == MK_IOC_OPEN
			      ? machine_fd(w)
			      : target_fd(w, target),
		      number, own);
	if (number == MK_IOC_CREATE || number == MK_IOC_OPEN)
		place_target(w, target, result);
}

/* A value that LOAD refuses, or that does no harm to who runs it. */
static void odd_tiny_load(struct worker *w, struct mk_load *load,
			  struct mk_segment *segments,
			  const struct mk_info *info)
{
	uint64_t base = info->memory_base, end = base + info->memory_bytes;
	const uint64_t outside[] = { 0, base - 1, end, end + 4096, ~0ULL };
	struct mk_segment *segment = &segments[below(w, TINY_SEGMENTS)];

	switch (below(w, 16)) {
	case 0:
		load->flags = 2U << below(w, 31);
		break;
	case 1:
		load->reserved[below(w, 2)] = 1ULL << below(w, 64);
		break;
	case 2:
		load->nr_segments = (uint32_t[]){ 0, 65, ~0u }[below(w, 3)];
		break;
	case 3:
		load->segments = (uint64_t[]){
			8, (uintptr_t)w->pages.none,
			(uintptr_t)w->pages.read_only
		}[below(w, 3)];
		break;
	case 4:
		load->entry = PICK(w, outside);
		break;
	case 5:
		load->page_table = PICK(w, outside) + 8 * below(w, 2);
		break;
	case 6:
		load->handoff = PICK(w, outside);
		break;
	case 7:
		load->handoff = base + below(w, 32) * 4096;
		break;
	case 8:
		load->channel_base = base + below(w, 1024) * 4096;
		break;
	case 9:
		load->channel_bytes = below(w, 1024) * 4096;
		break;
	case 10:
		memset(load->label, random_of(w), 1 + below(w, 128));
		break;
	case 11:
		load->nr_stores = (uint32_t[]){ 1, 16, 17, ~0u }[below(w, 4)];
		load->stores = wild_pointer(w);
		break;
	case 12:
		segment->buffer =
			(uint64_t[]){ 8, (uintptr_t)w->pages.none, 1ULL << 63,
				      0xffff888000000000ULL }[below(w, 4)];
		break;
	case 13:
		segment->buffer_bytes = ~0ULL >> below(w, 30);
		break;
	case 14:
		segment->address = PICK(w, outside);
		break;
	default:
		segment->memory_bytes = (uint64_t[]){ 0, 1, ~0ULL, ~0ULL << 12,
						      1ULL << 40 }[below(w, 5)];
	}
}

static void odd_raw_load(struct worker *w, struct mk_load *load,
			 struct mk_segment *segments)
{
	static const struct field fields[] = {
		F(mk_load, flags, FLAGS),
		F(mk_load, nr_segments, COUNT),
		F(mk_load, segments, POINTER),
		F(mk_load, entry, PLACE),
		F(mk_load, argument, PLACE),
		F(mk_load, page_table, PLACE),
		F(mk_load, handoff, PLACE),
		F(mk_load, channel_base, PLACE),
		F(mk_load, channel_bytes, BYTES),
		F(mk_load, label, ANY),
		F(mk_load, stores, POINTER),
		F(mk_load, nr_stores, COUNT),
		F(mk_load, reserved0, ZERO),
		F(mk_load, reserved, ZERO),
		{ 0 },
	};
	static const struct field segment_fields[] = {
		F(mk_segment, buffer, POINTER),
		F(mk_segment, buffer_bytes, BYTES),
		F(mk_segment, address, PLACE),
		F(mk_segment, memory_bytes, BYTES),
		{ 0 },
	};
	const struct command whole = { .fields = fields };
	const struct command one = { .fields = segment_fields };

	if (one_in(w, 2))
		mutate(w, &whole, load);
	else
		mutate(w, &one, &segments[below(w, TINY_SEGMENTS)]);
}

/* The image names up to three stores, which may be there. */
static void name_stores(struct worker *w, struct mk_load *load, uint32_t *ids)
{
	unsigned int n;

	for (n = 0; n < 3 && one_in(w, 2); n++) {
		struct mk_info info = { 0 };

		if (ioctl(target_fd(w, STORE_A + below(w, 2)), MK_IOC_INFO,
			  &info))
			break;
		ids[n] = info.id;
	}
	load->nr_stores = n;
	load->stores = n ? (uintptr_t)ids : 0;
}

void fuzz_load(struct worker *w, enum target target)
{
	/* not on a stack that is copied about; one a worker */
	static __thread struct tiny tiny;
	struct mk_info info = { 0 };
	struct mk_load load;
	uint32_t ids[3];
	void *arg = &load;
	int fd = target_fd(w, target);

	if (ioctl(fd, MK_IOC_INFO, &info) || !info.nr_cpus)
		info.memory_base = 1ULL << 30; /* of a store, or of nobody */
	tiny_make(&tiny, &load, &info, below(w, 8) < 6 ? 0 : below(w, 3));
	if (one_in(w, 3))
		name_stores(w, &load, ids);
	if (one_in(w, 3)) {
		if (is_tiny(target))
			odd_tiny_load(w, &load, tiny.segments, &info);
		else
			odd_raw_load(w, &load, tiny.segments);
	}
	if (!is_tiny(target))
		arg = somewhere(w, load_command, &load, target != DEEP);
	if (target == DEEP)
		arg = (void *)8;
	call(w, load_command, fd, MK_IOC_LOAD, arg);
	w->racing = 0;
}

/* Commands that do not exist, or not of this size, or not for this object. */
void fuzz_number(struct worker *w)
{
	const struct command *command = &commands[below(w, NR_COMMANDS - 1)];
	unsigned long number = command->number;
	uint64_t own[256] = { 0 };
	bool machine = one_in(w, 2);

	switch (below(w, 4)) {
	case 0:
		number ^= 1UL << (16 + below(w, 14)); /* its size */
		break;
	case 1:
		number ^= 3UL << 30; /* its direction */
		break;
	case 2:
		number = _IOC(below(w, 4), MK_IOC_TYPE, below(w, 256),
			      below(w, 1 << 14));
		break;
	default:
		/* right, for the other kind of object */
		machine = command >= commands + INSTANCE_FIRST;
	}
	/* Never, by accident, one that is told apart above. */
	if (number == MK_IOC_START || number == MK_IOC_LOAD ||
	    number == MK_IOC_CREATE)
		machine = number != MK_IOC_CREATE;
	call(w, &commands[NR_COMMANDS - 1],
	     machine ? machine_fd(w) : target_fd(w, below(w, TARGETS - 1)),
	     number, own);
}
