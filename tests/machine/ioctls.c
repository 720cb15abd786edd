// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every rejected input of every ioctl, each otherwise valid, one verdict each.
 *
 * Runs in a test machine as root with the module loaded and at least four
 * CPUs.  usage: ioctls CPU (a CPU that may be taken, with no sibling)
 *               ioctls zero NAME (is the memory of an instance all zero?)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/multikernel.h>

#include "verdict.h"

#define MEMORY (32ULL << 20)
#define LOW    (32u << 10)

static int machine, instance = -1;
static uint32_t the_cpu;
static struct mk_info info;

/* The command must fail with this errno and leave the state as it was. */
static void refused(const char *what, int fd, unsigned long command, void *arg,
		    int want)
{
	struct mk_query before = { 0 }, after = { 0 };
	int result, error;

	ioctl(machine, MK_IOC_QUERY, &before);
	errno = 0;
	result = ioctl(fd, command, arg);
	error = result < 0 ? errno : 0;
	ioctl(machine, MK_IOC_QUERY, &after);
	verdict(error == want && before.instances == after.instances &&
			before.low_free == after.low_free,
		what, error, want);
	if (result >= 0 && (command == MK_IOC_CREATE || command == MK_IOC_OPEN))
		close(result);
}

static struct mk_create good_create(void)
{
	struct mk_create arg = {
		.nr_cpus = 1,
		.cpus = (uintptr_t)&the_cpu,
		.memory_bytes = MEMORY,
		.low_bytes = LOW,
		.name = "second",
	};

	return arg;
}

#define REFUSE_CREATE(what, want, change)                                   \
	do {                                                                \
		struct mk_create c = good_create();                         \
                                                                            \
		change;                                                     \
		refused("create: " what, machine, MK_IOC_CREATE, &c, want); \
	} while (0)

static void test_create(void)
{
	uint32_t none[1] = { 4000 }, boot[1] = { 0 };
	uint32_t twice[2] = { the_cpu, the_cpu };

	REFUSE_CREATE("unknown flag", EINVAL, c.flags = 1u << 31);
	REFUSE_CREATE("reserved word", EINVAL, c.reserved0 = 1);
	REFUSE_CREATE("reserved words", EINVAL, c.reserved[3] = 1);
	REFUSE_CREATE("address without its flag", EINVAL,
		      c.memory_base = 1ULL << 30);
	REFUSE_CREATE("node without its flag", EINVAL, c.node = 1);
	REFUSE_CREATE("node that is not there", EINVAL,
		      (c.flags = MK_CREATE_F_NODE, c.node = 1000));
	REFUSE_CREATE("empty name", EINVAL, c.name[0] = 0);
	REFUSE_CREATE("name without an end", EINVAL,
		      memset(c.name, 'a', sizeof(c.name)));
	REFUSE_CREATE("name with a slash", EINVAL, strcpy(c.name, "a/b"));
	REFUSE_CREATE("name with a newline", EINVAL, strcpy(c.name, "a\n"));
	REFUSE_CREATE("name that begins with a dash", EINVAL,
		      strcpy(c.name, "-a"));
	REFUSE_CREATE("bytes behind the name", EINVAL, c.name[20] = 'x');
	REFUSE_CREATE("no CPUs", EINVAL, c.nr_cpus = 0);
	REFUSE_CREATE("too many CPUs", EINVAL, c.nr_cpus = MK_CPUS_MAX + 1);
	REFUSE_CREATE("CPU list at a wild address", EFAULT, c.cpus = 8);
	REFUSE_CREATE("unknown CPU", ENXIO, c.cpus = (uintptr_t)none);
	REFUSE_CREATE("boot CPU", EPERM, c.cpus = (uintptr_t)boot);
	REFUSE_CREATE("a CPU twice", EINVAL,
		      (c.cpus = (uintptr_t)twice, c.nr_cpus = 2));
	REFUSE_CREATE("no memory", EINVAL, c.memory_bytes = 0);
	REFUSE_CREATE("memory of an odd size", EINVAL,
		      c.memory_bytes = MEMORY + 4096);
	REFUSE_CREATE("memory of an absurd size", EINVAL,
		      c.memory_bytes = 1ULL << 62);
	REFUSE_CREATE("more memory than there is", ENOMEM,
		      c.memory_bytes = 1ULL << 40);
	REFUSE_CREATE("memory at an odd address", EINVAL,
		      (c.flags = MK_CREATE_F_FIXED, c.memory_base = 4096));
	REFUSE_CREATE("memory where devices are", ENOMEM,
		      (c.flags = MK_CREATE_F_FIXED,
		       c.memory_base = 0xfec00000 & ~(MK_MEMORY_ALIGN - 1)));
	REFUSE_CREATE("memory below 1 MiB", ENOMEM,
		      (c.flags = MK_CREATE_F_FIXED, c.memory_base = 0));
	REFUSE_CREATE("memory beyond all", ENOMEM,
		      (c.flags = MK_CREATE_F_FIXED,
		       c.memory_base = 1ULL << 50));
	REFUSE_CREATE("no low window", EINVAL, c.low_bytes = 0);
	REFUSE_CREATE("low window of an odd size", EINVAL, c.low_bytes = 5000);
	REFUSE_CREATE("low window too large", EINVAL, c.low_bytes = 256 << 10);
	refused("create: wild pointer", machine, MK_IOC_CREATE, (void *)8,
		EFAULT);
}

static void test_machine(void)
{
	struct mk_query q;
	struct mk_open o;
	struct mk_info i;
	struct mk_ledger l;

#define REFUSE(what, fd, command, arg, want, change)      \
	do {                                              \
		memset(&(arg), 0, sizeof(arg));           \
		change;                                   \
		refused(what, fd, command, &(arg), want); \
	} while (0)

	REFUSE("query: unknown flag", machine, MK_IOC_QUERY, q, EINVAL,
	       q.flags = 1);
	REFUSE("query: reserved words", machine, MK_IOC_QUERY, q, EINVAL,
	       q.reserved[0] = 1);
	refused("query: wild pointer", machine, MK_IOC_QUERY, (void *)8,
		EFAULT);
	REFUSE("open: unknown flag", machine, MK_IOC_OPEN, o, EINVAL,
	       (strcpy(o.name, "first"), o.flags = 1));
	REFUSE("open: reserved word", machine, MK_IOC_OPEN, o, EINVAL,
	       (strcpy(o.name, "first"), o.reserved0 = 1));
	REFUSE("open: reserved words", machine, MK_IOC_OPEN, o, EINVAL,
	       (strcpy(o.name, "first"), o.reserved[1] = 1));
	REFUSE("open: bad name", machine, MK_IOC_OPEN, o, EINVAL, (void)0);
	REFUSE("open: no such name", machine, MK_IOC_OPEN, o, ENOENT,
	       strcpy(o.name, "nobody"));
	REFUSE("next: unknown flag", machine, MK_IOC_NEXT, i, EINVAL,
	       i.flags = 1);
	REFUSE("next: reserved words", machine, MK_IOC_NEXT, i, EINVAL,
	       i.reserved[6] = 1);
	REFUSE("next: the end", machine, MK_IOC_NEXT, i, ENOENT,
	       i.id = 0xffffffff);
	REFUSE("ledger: unknown flag", machine, MK_IOC_LEDGER, l, EINVAL,
	       l.flags = 1);
	REFUSE("ledger: reserved word", machine, MK_IOC_LEDGER, l, EINVAL,
	       l.reserved0 = 1);
	REFUSE("ledger: reserved words", machine, MK_IOC_LEDGER, l, EINVAL,
	       l.reserved[1] = 1);
	REFUSE("ledger: the end", machine, MK_IOC_LEDGER, l, ENOENT,
	       l.index = 0xffffffff);
	refused("machine: unknown command", machine, _IO(MK_IOC_TYPE, 0x3f),
		NULL, ENOTTY);
	refused("machine: an instance's command", machine, MK_IOC_START, NULL,
		ENOTTY);
	refused("machine: a port", machine, MK_IOC_ATTACH, NULL, ENOTTY);
}

/* --- load ------------------------------------------------------------------ */

static uint8_t page[4096];
static struct mk_segment segments[2];

static struct mk_load good_load(void)
{
	struct mk_load arg = {
		.nr_segments = 2,
		.segments = (uintptr_t)segments,
		.entry = info.memory_base + 0x200000,
		.argument = info.memory_base,
		.page_table = info.memory_base + 0x1000,
		.handoff = info.memory_base + 0x8000,
		.label = "nothing",
	};

	segments[0] = (struct mk_segment){
		.buffer = (uintptr_t)page,
		.buffer_bytes = sizeof(page),
		.address = info.memory_base + 0x200000,
		.memory_bytes = sizeof(page),
	};
	segments[1] = (struct mk_segment){
		.address = info.low_base,
		.memory_bytes = info.low_bytes,
	};
	return arg;
}

#define REFUSE_LOAD(what, want, change)                                  \
	do {                                                             \
		struct mk_load l = good_load();                          \
                                                                         \
		change;                                                  \
		refused("load: " what, instance, MK_IOC_LOAD, &l, want); \
	} while (0)

static void test_load(void)
{
	uint64_t base = info.memory_base, end = base + info.memory_bytes;

	REFUSE_LOAD("unknown flag", EINVAL, l.flags = 1u << 31);
	REFUSE_LOAD("reserved words", EINVAL, l.reserved[1] = 1);
	REFUSE_LOAD("no segments", EINVAL, l.nr_segments = 0);
	REFUSE_LOAD("too many segments", E2BIG,
		    l.nr_segments = MK_SEGMENTS_MAX + 1);
	REFUSE_LOAD("segments at a wild address", EFAULT, l.segments = 8);
	REFUSE_LOAD("label without an end", EINVAL,
		    memset(l.label, 'a', sizeof(l.label)));
	REFUSE_LOAD("label with an escape", EINVAL, strcpy(l.label, "\033[2J"));
	REFUSE_LOAD("entry outside", ERANGE, l.entry = end);
	REFUSE_LOAD("argument outside", ERANGE, l.argument = base - 1);
	REFUSE_LOAD("argument that hangs over", ERANGE, l.argument = end - 1);
	REFUSE_LOAD("page table outside", ERANGE, l.page_table = end);
	REFUSE_LOAD("page table unaligned", EINVAL, l.page_table = base + 8);
	REFUSE_LOAD("hand-off page outside", ERANGE, l.handoff = 0);
	REFUSE_LOAD("hand-off page unaligned", EINVAL, l.handoff = base + 1);
	REFUSE_LOAD("hand-off page in a segment", EEXIST,
		    l.handoff = base + 0x200000);
	REFUSE_LOAD("channel without a size", EINVAL,
		    l.channel_base = base + 0x80000);
	REFUSE_LOAD("channel outside", ERANGE,
		    (l.channel_base = base + 0x80000,
		     l.channel_bytes = info.memory_bytes));
	REFUSE_LOAD("segment buffer at a wild address", EFAULT,
		    segments[0].buffer = 8);
	REFUSE_LOAD("segment of no memory", EINVAL,
		    segments[1].memory_bytes = 0);
	REFUSE_LOAD("segment larger than its memory", EINVAL,
		    segments[0].buffer_bytes = 8192);
	REFUSE_LOAD("segment unaligned", EINVAL, segments[0].address += 16);
	REFUSE_LOAD("segment before the memory", ERANGE,
		    segments[0].address = base - 4096);
	REFUSE_LOAD("segment behind the memory", ERANGE,
		    segments[0].address = end);
	REFUSE_LOAD("segment over the end", ERANGE,
		    (segments[0].address = end - 4096,
		     segments[0].memory_bytes = 8192));
	REFUSE_LOAD("segment that wraps", ERANGE,
		    segments[0].memory_bytes = ~0ULL - 4095);
	REFUSE_LOAD("segment over the low window's end", ERANGE,
		    segments[1].memory_bytes += 4096);
	REFUSE_LOAD("two segments overlap", EEXIST, segments[1] = segments[0]);
	refused("load: wild pointer", instance, MK_IOC_LOAD, (void *)8, EFAULT);
}

static void test_commands(void)
{
	static const struct {
		const char *name;
		unsigned long command;
	} commands[] = {
		{ "start", MK_IOC_START },
		{ "kill", MK_IOC_KILL },
		{ "unload", MK_IOC_UNLOAD },
		{ "delete", MK_IOC_DELETE },
	};
	struct mk_command c;
	struct mk_cpus cpus;
	struct mk_info i;
	char what[64];
	size_t n;

	for (n = 0; n < sizeof(commands) / sizeof(commands[0]); n++) {
		snprintf(what, sizeof(what), "%s: unknown flag",
			 commands[n].name);
		REFUSE(what, instance, commands[n].command, c, EINVAL,
		       c.flags = 1u << 31);
		snprintf(what, sizeof(what), "%s: reserved word",
			 commands[n].name);
		REFUSE(what, instance, commands[n].command, c, EINVAL,
		       c.reserved0 = 1);
		snprintf(what, sizeof(what), "%s: reserved words",
			 commands[n].name);
		REFUSE(what, instance, commands[n].command, c, EINVAL,
		       c.reserved[2] = 1);
		snprintf(what, sizeof(what), "%s: wild pointer",
			 commands[n].name);
		refused(what, instance, commands[n].command, (void *)8, EFAULT);
	}
	REFUSE("start: nothing loaded", instance, MK_IOC_START, c, ENOEXEC,
	       (void)0);
	REFUSE("kill: not running", instance, MK_IOC_KILL, c, EALREADY,
	       (void)0);
	REFUSE("stop: not running", instance, MK_IOC_STOP, c, EALREADY,
	       (void)0);
	REFUSE("info: unknown flag", instance, MK_IOC_INFO, i, EINVAL,
	       i.flags = 1);
	REFUSE("info: reserved words", instance, MK_IOC_INFO, i, EINVAL,
	       i.reserved[0] = 1);
	REFUSE("cpus: unknown flag", instance, MK_IOC_CPUS, cpus, EINVAL,
	       cpus.flags = 1);
	REFUSE("cpus: reserved words", instance, MK_IOC_CPUS, cpus, EINVAL,
	       cpus.reserved[0] = 1);
	REFUSE("cpus: room at a wild address", instance, MK_IOC_CPUS, cpus,
	       EFAULT, (cpus.nr = 1, cpus.cpus = 8));
	refused("instance: unknown command", instance, _IO(MK_IOC_TYPE, 0x7f),
		NULL, ENOTTY);
	refused("instance: the machine's command", instance, MK_IOC_QUERY, NULL,
		ENOTTY);
}

/* --- the agent and the channel, of a spawn that never ran --------------------- */

/* What comes in: flags first, then what must be zero. */
static const struct input {
	const char *name;
	unsigned long command;
	size_t bytes;
	uint32_t flags; /* those that are known */
	int writes; /* the structure goes back as well */
	struct {
		size_t from, to;
	} zero[2];
} inputs[] = {
	{ .name = "channel",
	  .command = MK_IOC_CHANNEL,
	  .bytes = sizeof(struct mk_channel),
	  .writes = 1,
	  .zero = { { offsetof(struct mk_channel, reserved),
		      sizeof(struct mk_channel) } } },
	{ .name = "stop",
	  .command = MK_IOC_STOP,
	  .bytes = sizeof(struct mk_command),
	  .zero = { { offsetof(struct mk_command, reserved0),
		      sizeof(struct mk_command) } } },
	{ .name = "ping",
	  .command = MK_IOC_PING,
	  .bytes = sizeof(struct mk_ping),
	  .writes = 1,
	  .zero = { { offsetof(struct mk_ping, reserved0),
		      offsetof(struct mk_ping, ns) },
		    { offsetof(struct mk_ping, reserved),
		      sizeof(struct mk_ping) } } },
	{ .name = "attach",
	  .command = MK_IOC_ATTACH,
	  .bytes = sizeof(struct mk_attach),
	  .flags = __MK_ATTACH_F_ALL,
	  .zero = { { offsetof(struct mk_attach, reserved0),
		      sizeof(struct mk_attach) } } },
};

static const struct mk_attach good_attach = {
	.flags = MK_ATTACH_F_RECEIVE,
	.type = MK_TYPE_FIRST,
};

static void fill_good(const struct input *in, void *arg)
{
	memset(arg, 0, in->bytes);
	if (in->command == MK_IOC_ATTACH)
		memcpy(arg, &good_attach, sizeof(good_attach));
}

/* Refused as EINVAL, and not a byte of it changed? */
static int is_invalid(const struct input *in, const void *arg)
{
	uint8_t copy[1024];

	memcpy(copy, arg, in->bytes);
	errno = 0;
	return ioctl(instance, in->command, copy) < 0 && errno == EINVAL &&
	       !memcmp(copy, arg, in->bytes);
}

static void test_words(const struct input *in)
{
	int bad_flag = 0, bad_byte = 0, bit, z;
	uint8_t arg[1024];
	uint32_t flags;
	char what[64];
	size_t at;

	for (bit = 0; bit < 32; bit++) {
		if (in->flags & 1u << bit)
			continue;
		fill_good(in, arg);
		memcpy(&flags, arg, sizeof(flags));
		flags |= 1u << bit;
		memcpy(arg, &flags, sizeof(flags));
		bad_flag += !is_invalid(in, arg);
	}
	snprintf(what, sizeof(what), "%s: every unknown flag", in->name);
	verdict(!bad_flag, what, bad_flag, 0);
	for (z = 0; z < 2; z++) {
		for (at = in->zero[z].from; at < in->zero[z].to; at++) {
			fill_good(in, arg);
			arg[at] = 0x80;
			bad_byte += !is_invalid(in, arg);
		}
	}
	snprintf(what, sizeof(what), "%s: every reserved byte", in->name);
	verdict(!bad_byte, what, bad_byte, 0);
}

static void test_pointers(const struct input *in)
{
	uint8_t *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *bad[] = { NULL, (void *)8, (void *)0xffff888000000000,
			map + 4096 - in->bytes / 2 };
	int passed = 0;
	char what[64];
	size_t i;

	if (map == MAP_FAILED)
		return;
	munmap(map + 4096, 4096);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ioctl(instance, in->command, bad[i]) >= 0 ||
		    errno != EFAULT)
			passed++;
	snprintf(what, sizeof(what), "%s: every bad pointer", in->name);
	verdict(!passed, what, passed, 0);
	if (in->writes) {
		fill_good(in, map);
		mprotect(map, 4096, PROT_READ);
		snprintf(what, sizeof(what), "%s: a page that is only read",
			 in->name);
		refused(what, instance, in->command, map, EFAULT);
	}
	munmap(map, 4096);
}

static void test_ping(void)
{
	struct mk_ping p;

	REFUSE("ping: too many bytes", instance, MK_IOC_PING, p, EINVAL,
	       p.bytes = MK_MESSAGE_MAX + 1);
	REFUSE("ping: very many bytes", instance, MK_IOC_PING, p, EINVAL,
	       p.bytes = ~0u);
	REFUSE("ping: too long a wait", instance, MK_IOC_PING, p, EINVAL,
	       p.timeout_ms = 3600001);
	REFUSE("ping: a wait without end", instance, MK_IOC_PING, p, EINVAL,
	       p.timeout_ms = ~0u);
	p = (struct mk_ping){ .bytes = MK_MESSAGE_MAX, .timeout_ms = 3600000 };
	expect("ping: not running", ioctl(instance, MK_IOC_PING, &p), 0);
	verdict(p.outcome == 1 && p.error == ENOTCONN,
		"ping: which says that it failed", (int)p.error, ENOTCONN);
	verdict(p.bytes == MK_MESSAGE_MAX && p.timeout_ms == 3600000,
		"ping: what came in stays", (int)p.bytes, MK_MESSAGE_MAX);
}

/* All zero, but for a heart that never beat. */
static void test_channel(void)
{
	static const uint8_t zero[sizeof(struct mk_channel)];
	struct mk_channel ch;

	memset(&ch, 0xa5, sizeof(ch));
	ch.flags = 0;
	memset(ch.reserved, 0, sizeof(ch.reserved));
	expect("channel: of what never ran",
	       ioctl(instance, MK_IOC_CHANNEL, &ch), 0);
	verdict(ch.heartbeat_age_ms == ~0u, "channel: it never beat", 0, 0);
	ch.heartbeat_age_ms = 0;
	verdict(!memcmp(&ch, zero, sizeof(ch)), "channel: all else is zero", 0,
		0);
}

static int attach(uint32_t flags, uint32_t type)
{
	struct mk_attach a = { .flags = flags, .type = type };

	return ioctl(instance, MK_IOC_ATTACH, &a);
}

static void test_attach(void)
{
	static const uint32_t types[] = { 0,	   1,	    0x1000, 0x7fff,
					  0x10000, 0x18000, ~0u };
	int port, other, passed = 0;
	struct rlimit old, none;
	struct mk_attach a;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (attach(0, types[i]) >= 0 || errno != EINVAL ||
		    attach(MK_ATTACH_F_RECEIVE, types[i]) >= 0 ||
		    errno != EINVAL)
			passed++;
	verdict(!passed, "attach: types out of range", passed, 0);
	REFUSE("attach: queue too large", instance, MK_IOC_ATTACH, a, EINVAL,
	       (a = good_attach, a.queue_bytes = MK_QUEUE_BYTES_MAX + 1));
	REFUSE("attach: queue much too large", instance, MK_IOC_ATTACH, a,
	       EINVAL, (a = good_attach, a.queue_bytes = ~0u));

	a = good_attach;
	a.queue_bytes = MK_QUEUE_BYTES_MAX;
	a.type = MK_TYPE_LAST;
	port = ioctl(instance, MK_IOC_ATTACH, &a);
	verdict(port >= 0, "attach: the last type, the largest queue", errno,
		0);
	verdict(fcntl(port, F_GETFD) & FD_CLOEXEC, "attach: closes on exec", 0,
		0);
	verdict(!(fcntl(port, F_GETFL) & O_NONBLOCK), "attach: it waits", 0, 0);
	REFUSE("attach: a second receiver", instance, MK_IOC_ATTACH, a, EBUSY,
	       (a = good_attach, a.type = MK_TYPE_LAST));
	other = attach(MK_ATTACH_F_NONBLOCK, MK_TYPE_LAST);
	verdict(other >= 0, "attach: one that sends, beside it", errno, 0);
	verdict(fcntl(other, F_GETFL) & O_NONBLOCK, "attach: it does not wait",
		0, 0);
	close(port);
	port = attach(MK_ATTACH_F_RECEIVE, MK_TYPE_LAST);
	verdict(port >= 0, "attach: the type is free again", errno, 0);

	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	REFUSE("attach: no descriptor left", instance, MK_IOC_ATTACH, a, EMFILE,
	       a = good_attach);
	setrlimit(RLIMIT_NOFILE, &old);
	i = (size_t)attach(MK_ATTACH_F_RECEIVE, MK_TYPE_FIRST);
	verdict((int)i >= 0, "attach: which left the type alone", errno, 0);
	close((int)i);

	close(other);
	close(port);
}

static void test_agent(void)
{
	struct mk_load l = good_load();
	struct mk_command c;
	size_t i;

	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		test_words(&inputs[i]);
		test_pointers(&inputs[i]);
	}
	test_ping();
	test_channel();
	expect("loaded: load", ioctl(instance, MK_IOC_LOAD, &l), 0);
	REFUSE("loaded: stop", instance, MK_IOC_STOP, c, EALREADY, (void)0);
	test_channel();
	expect("loaded: unload",
	       (memset(&c, 0, sizeof(c)), ioctl(instance, MK_IOC_UNLOAD, &c)),
	       0);
}

static void test_agent_gone(void)
{
	uint8_t arg[1024];
	char what[64];
	size_t i;

	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		fill_good(&inputs[i], arg);
		snprintf(what, sizeof(what), "delete: %s", inputs[i].name);
		expect(what, ioctl(instance, inputs[i].command, arg), -ENODEV);
	}
}

/* --- the memory file -------------------------------------------------------- */

static void test_memory(void)
{
	size_t bytes = info.memory_bytes;
	uint8_t *map;
	char word[8];

	expect("memory: SEEK_END is the size", lseek(instance, 0, SEEK_END),
	       (long)bytes);
	expect("memory: reading at the end", pread(instance, word, 8, bytes),
	       0);
	expect("memory: reading over the end",
	       pread(instance, word, 8, bytes - 4), 4);
	expect("memory: writing at the end", pwrite(instance, word, 8, bytes),
	       -ENOSPC);
	expect("memory: a negative offset", pread(instance, word, 8, -1),
	       -EINVAL);
	expect("memory: writing", pwrite(instance, "multikrn", 8, 0x100000), 8);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, instance,
		   0);
	verdict(map != MAP_FAILED, "memory: mapping all of it", errno, 0);
	if (map == MAP_FAILED)
		return;
	verdict(!memcmp(map + 0x100000, "multikrn", 8),
		"memory: the mapping shows what was written", 0, 0);
	expect("memory: reading into its own mapping",
	       pread(instance, map + 0x200000, 4096, 0x100000), 4096);
	verdict(!memcmp(map + 0x200000, "multikrn", 8),
		"memory: and it arrived", 0, 0);
	expect("memory: never executable",
	       mprotect(map, 4096, PROT_READ | PROT_EXEC), -EACCES);
	verdict(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, instance,
		     0) == MAP_FAILED,
		"memory: not even at first", 0, 0);
	verdict(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, instance, 0) ==
			MAP_FAILED,
		"memory: no private mapping", 0, 0);
	verdict(mmap(NULL, bytes + 4096, PROT_READ, MAP_SHARED, instance, 0) ==
			MAP_FAILED,
		"memory: no mapping beyond the end", 0, 0);
	munmap(map, bytes);
}

/* Delete while it is mapped and open: nothing of it can be reached after. */
static void test_delete(void)
{
	struct pollfd waiting = { .fd = instance, .events = POLLIN };
	struct mk_command c = { 0 };
	struct mk_info i = { 0 };
	char word[8];
	uint8_t *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			    instance, 0);

	if (map != MAP_FAILED)
		map[0] = 1;
	expect("delete: done", ioctl(instance, MK_IOC_DELETE, &c), 0);
	expect("delete: again", ioctl(instance, MK_IOC_DELETE, &c), -ENODEV);
	expect("delete: info", ioctl(instance, MK_IOC_INFO, &i), -ENODEV);
	expect("delete: reading", pread(instance, word, 8, 0), -ENODEV);
	expect("delete: writing", pwrite(instance, word, 8, 0), -ENODEV);
	expect("delete: seeking", lseek(instance, 0, SEEK_END), -ENODEV);
	verdict(poll(&waiting, 1, 0) == 1 && waiting.revents & POLLHUP,
		"delete: poll hangs up", waiting.revents, POLLHUP);
	/* A mapping of what is gone must fault, not show the host's memory. */
	if (map != MAP_FAILED) {
		int ends[2];

		if (pipe(ends))
			return;
		expect("delete: the mapping is gone", write(ends[1], map, 1),
		       -EFAULT);
	}
}

/* --- wiping ------------------------------------------------------------------ */

static int all_zero(int fd)
{
	static uint8_t buffer[1 << 20];
	uint64_t at;
	size_t i;

	for (at = 0; at < MEMORY; at += sizeof(buffer)) {
		if (pread(fd, buffer, sizeof(buffer), (off_t)at) !=
		    sizeof(buffer))
			return 0;
		for (i = 0; i < sizeof(buffer); i++)
			if (buffer[i])
				return 0;
	}
	return 1;
}

static void fill(int fd)
{
	static uint8_t buffer[1 << 20];
	uint64_t at;

	memset(buffer, 0xa5, sizeof(buffer));
	for (at = 0; at < MEMORY; at += sizeof(buffer))
		if (pwrite(fd, buffer, sizeof(buffer), (off_t)at) < 0)
			return;
}

/* What one owner leaves, the next does not see (hazard H14). */
static void test_wipe(void)
{
	struct mk_create c = good_create();
	struct mk_command command = { 0 };
	struct mk_info i = { 0 };
	struct mk_load l;
	int fd = ioctl(machine, MK_IOC_CREATE, &c);

	verdict(fd >= 0 && all_zero(fd), "wipe: memory comes as zeros", 0, 0);
	if (fd < 0)
		return;
	fill(fd);
	ioctl(fd, MK_IOC_INFO, &i);
	info = i;
	l = good_load();
	expect("wipe: load", ioctl(fd, MK_IOC_LOAD, &l), 0);
	expect("wipe: unload", ioctl(fd, MK_IOC_UNLOAD, &command), 0);
	verdict(all_zero(fd), "wipe: unload leaves zeros", 0, 0);
	fill(fd);
	expect("wipe: delete", ioctl(fd, MK_IOC_DELETE, &command), 0);
	close(fd);

	c = good_create();
	c.flags = MK_CREATE_F_FIXED;
	c.memory_base = i.memory_base;
	fd = ioctl(machine, MK_IOC_CREATE, &c);
	verdict(fd >= 0, "wipe: the same memory again", errno, 0);
	if (fd < 0)
		return;
	verdict(all_zero(fd), "wipe: nothing of it is left", 0, 0);
	ioctl(fd, MK_IOC_DELETE, &command);
	close(fd);
}

/* Pages that somebody has pinned go back later, and nothing is lost. */
static void test_pinned(void)
{
	struct mk_create c = good_create();
	struct mk_command command = { 0 };
	struct mk_query q = { 0 };
	struct iovec part;
	int fd = ioctl(machine, MK_IOC_CREATE, &c), ends[2];
	uint8_t *map;

	if (fd < 0 || pipe(ends))
		return;
	map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return;
	memset(map, 7, 65536);
	/* A pipe holds the pages themselves, not copies of them. */
	part = (struct iovec){ .iov_base = map, .iov_len = 32768 };
	verdict(vmsplice(ends[1], &part, 1, 0) == 32768,
		"pinned: a pipe holds pages", errno, 0);
	expect("pinned: delete", ioctl(fd, MK_IOC_DELETE, &command), 0);
	ioctl(machine, MK_IOC_QUERY, &q);
	expect("pinned: nothing is lost", q.lost_cpus, 0);
	munmap(map, 65536);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

int main(int argc, char **argv)
{
	struct mk_create first;
	int fd;

	if (argc != 2 && argc != 3)
		return 2;
	the_cpu = (uint32_t)atoi(argv[1]);
	machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	if (machine < 0) {
		perror("/dev/multikernel");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3) {
		struct mk_open name = { 0 };

		snprintf(name.name, sizeof(name.name), "%s", argv[2]);
		instance = ioctl(machine, MK_IOC_OPEN, &name);
		return instance >= 0 && all_zero(instance) ? 0 : 1;
	}
	test_create();

	first = good_create();
	strcpy(first.name, "first");
	instance = ioctl(machine, MK_IOC_CREATE, &first);
	verdict(instance >= 0, "create: a good one", errno, 0);
	if (instance < 0)
		return 1;
	ioctl(instance, MK_IOC_INFO, &info);
	REFUSE_CREATE("name that is taken", EEXIST, strcpy(c.name, "first"));
	REFUSE_CREATE("CPU that is lent", EBUSY, (void)0);
	test_machine();
	test_load();
	test_commands();
	test_agent();
	test_attach();
	test_memory();
	fd = fcntl(instance, F_GETFD);
	verdict(fd & FD_CLOEXEC, "create: the descriptor closes on exec", fd,
		FD_CLOEXEC);
	test_delete();
	test_agent_gone();
	test_wipe();
	test_pinned();
	printf("# %u failed\n", failures);
	return failures ? 1 : 0;
}
