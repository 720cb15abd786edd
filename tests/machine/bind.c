// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings and stores, without any device: what MK_IOC_BIND and the commands on
 * a store refuse and do.
 *
 * Runs in a test machine as root.  NAME is an instance whose agent is up.
 *
 * usage: bind rules NAME     each rejected input; ends with NAME killed
 *        bind stores NAME    stores, descriptors of their memory, and the images
 *                            that name them; NAME is started and must not run
 *        bind hold NAME MS   serve queue 0 of device 0 for so long, ring the
 *                            spawn all the time, tell how often it rang
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <linux/multikernel.h>

#include "verdict.h"

static int machine, instance;
static struct mk_info info;

static int open_instance(const char *name)
{
	struct mk_open arg = { 0 };

	snprintf(arg.name, sizeof(arg.name), "%s", name);
	return ioctl(machine, MK_IOC_OPEN, &arg);
}

static struct mk_bind good_bind(void)
{
	struct mk_bind arg = {
		.kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.generation = info.generation,
	};

	return arg;
}

static int try_bind(struct mk_bind *arg)
{
	return ioctl(instance, MK_IOC_BIND, arg);
}

#define REFUSE_BIND(what, want, change)                     \
	do {                                                \
		struct mk_bind b = good_bind();             \
                                                            \
		change;                                     \
		expect("bind: " what, try_bind(&b), -want); \
		close(b.kick);                              \
		close(b.call);                              \
	} while (0)

static uint64_t count_of(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static int is_over(int binding)
{
	struct pollfd p = { .fd = binding };

	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

static int command(int fd, unsigned long what, uint32_t flags)
{
	struct mk_command arg = { .flags = flags };

	return ioctl(fd, what, &arg);
}

/* Each line takes a vector of the host, and CPUs have some 200 each. */
static void test_vectors(void)
{
	static int bound[MK_DEVICES * MK_QUEUES];
	struct rlimit files = { 4096, 4096 };
	struct mk_bind b = good_bind();
	int i, error = 0, most = MK_DEVICES * MK_QUEUES;

	setrlimit(RLIMIT_NOFILE, &files);
	for (i = 0; i < most; i++) {
		b.device = i / MK_QUEUES;
		b.queue = i % MK_QUEUES;
		bound[i] = try_bind(&b);
		if (bound[i] < 0 && errno != EBUSY) /* some are, already */
			break;
	}
	error = errno;
	printf("# %d lines were bound\n", i);
	verdict(i > 32 && i < most && error == ENOSPC,
		"bind: no vector is left", error, ENOSPC);
	while (i--)
		close(bound[i]);
	b.device = 1;
	i = try_bind(&b);
	verdict(i >= 0, "bind: there are some again", errno, 0);
	close(i);
}

static void test_rules(void)
{
	int plain = open("/dev/null", O_RDWR), first, second;
	struct mk_bind b = good_bind(), c = good_bind();

	REFUSE_BIND("unknown flag", EINVAL, b.flags = 1);
	REFUSE_BIND("no generation", EINVAL, b.generation = 0);
	REFUSE_BIND("another generation", ENOTCONN, b.generation++);
	REFUSE_BIND("reserved words", EINVAL, b.reserved[1] = 1);
	REFUSE_BIND("device out of range", EINVAL, b.device = MK_DEVICES);
	REFUSE_BIND("queue out of range", EINVAL, b.queue = MK_QUEUES);
	REFUSE_BIND("device far out of range", EINVAL, b.device = ~0U);
	REFUSE_BIND("kick is no descriptor", EBADF, b.kick = -1);
	REFUSE_BIND("call is no descriptor", EBADF, b.call = 9999);
	REFUSE_BIND("kick is no eventfd", EINVAL, b.kick = dup(plain));
	REFUSE_BIND("call is no eventfd", EINVAL, b.call = dup(plain));
	expect("bind: bad pointer", ioctl(instance, MK_IOC_BIND, 8), -EFAULT);
	expect("bind: not on the machine", ioctl(machine, MK_IOC_BIND, &b),
	       -ENOTTY);

	first = try_bind(&b);
	verdict(first >= 0, "bind: bound", errno, 0);
	verdict(count_of(b.kick) == 1, "bind: kicked once at once", 0, 0);
	second = try_bind(&b);
	verdict(second < 0 && errno == EBUSY, "bind: the same queue again",
		errno, EBUSY);
	c.queue = 1;
	second = try_bind(&c);
	verdict(second >= 0, "bind: another queue", errno, 0);
	close(second);
	second = try_bind(&c);
	verdict(second >= 0, "bind: it again after its end", errno, 0);
	verdict(!is_over(first) && !is_over(second), "bind: both live", 0, 0);
	/* Both ends may be one: it wakes itself and nothing else. */
	c.queue = 2;
	close(c.kick);
	c.kick = dup(c.call);
	close(try_bind(&c));

	test_vectors();
	expect("kill", command(instance, MK_IOC_KILL, 0), 0);
	verdict(is_over(first) && is_over(second), "bind: over with the life",
		0, 0);
	eventfd_write(b.call, 1);
	expect("bind: a spawn that does not run", try_bind(&c), -ENOTCONN);
	expect("start: refused while a queue is held",
	       command(instance, MK_IOC_START, 0), -EBUSY);
	close(second);
	expect("start: refused while another is held",
	       command(instance, MK_IOC_START, 0), -EBUSY);
	close(first);
	expect("start: when all have let go",
	       command(instance, MK_IOC_START, 0), 0);
	expect("kill it again", command(instance, MK_IOC_KILL, 0), 0);
}

static struct mk_create good_store(const char *name)
{
	struct mk_create arg = {
		.flags = MK_CREATE_F_STORE,
		.memory_bytes = 4 << 20,
	};

	snprintf(arg.name, sizeof(arg.name), "%s", name);
	return arg;
}

#define REFUSE_STORE(what, want, change)                                  \
	do {                                                              \
		struct mk_create c = good_store("other");                 \
                                                                          \
		change;                                                   \
		expect("store: " what, ioctl(machine, MK_IOC_CREATE, &c), \
		       -want);                                            \
	} while (0)

/* A page of zeros as image: enough to be loaded, never started. */
static int load(const uint32_t *stores, uint32_t nr)
{
	static char page[4096];
	struct mk_segment segment = {
		.buffer = (uintptr_t)page,
		.buffer_bytes = sizeof(page),
		.address = info.memory_base,
		.memory_bytes = sizeof(page),
	};
	struct mk_load arg = {
		.nr_segments = 1,
		.segments = (uintptr_t)&segment,
		.entry = info.memory_base,
		.argument = info.memory_base,
		.page_table = info.memory_base,
		.handoff = info.memory_base + 4096,
		.stores = (uintptr_t)stores,
		.nr_stores = nr,
	};

	return ioctl(instance, MK_IOC_LOAD, &arg);
}

static uint32_t users_of(int store)
{
	struct mk_info i = { 0 };

	ioctl(store, MK_IOC_INFO, &i);
	return i.users;
}

/* --- a descriptor of the memory alone --------------------------------------- */

static int memory;
static volatile uint8_t *memory_view;

static void refuse_memory(int of)
{
	struct mk_command arg;
	struct rlimit old, none;
	int bad = 0;
	size_t i;

	for (i = 0; i < sizeof(arg); i++) {
		memset(&arg, 0, sizeof(arg));
		((uint8_t *)&arg)[i] = 0x80;
		bad += ioctl(of, MK_IOC_MEMORY, &arg) >= 0 || errno != EINVAL;
	}
	verdict(!bad, "memory: every flag and reserved byte", bad, 0);
	expect("memory: wild pointer", ioctl(of, MK_IOC_MEMORY, 8), -EFAULT);
	expect("memory: of the machine", command(machine, MK_IOC_MEMORY, 0),
	       -ENOTTY);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	expect("memory: no descriptor left", command(of, MK_IOC_MEMORY, 0),
	       -EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
}

/* Whoever serves a device can do all with the memory, and nothing else. */
static void test_memory(int of, uint64_t bytes)
{
	struct pollfd p = { .events = POLLIN };
	unsigned int number;
	char text[512] = "";
	int allowed = 0;

	refuse_memory(of);
	memory = p.fd = command(of, MK_IOC_MEMORY, 0);
	verdict(memory >= 0, "memory: a descriptor", errno, 0);
	verdict(fcntl(memory, F_GETFD) & FD_CLOEXEC, "memory: closes on exec",
		0, 0);
	for (number = 0; number < 256; number++)
		allowed += ioctl(memory,
				 _IOC(_IOC_READ | _IOC_WRITE, MK_IOC_TYPE,
				      number, sizeof(struct mk_command)),
				 text) >= 0 ||
			   errno != ENOTTY;
	verdict(!allowed, "memory: no such command", allowed, 0);
	expect("memory: not even its own", command(memory, MK_IOC_MEMORY, 0),
	       -ENOTTY);
	expect("memory: nor info", ioctl(memory, MK_IOC_INFO, text), -ENOTTY);
	expect("memory: nor delete", command(memory, MK_IOC_DELETE, 0),
	       -ENOTTY);
	expect("memory: its size", lseek(memory, 0, SEEK_END), (long)bytes);
	expect("memory: written", pwrite(memory, "alone", 5, 4096), 5);
	expect("memory: read by the other", pread(of, text, 5, 4096), 5);
	verdict(!memcmp(text, "alone", 5), "memory: it is the same", 0, 0);
	memory_view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			   memory, 0);
	verdict(memory_view != MAP_FAILED && memory_view[4096] == 'a',
		"memory: mapped", errno, 0);
	verdict(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, memory,
		     0) == MAP_FAILED,
		"memory: never executable", 0, 0);
	verdict(poll(&p, 1, 0) == 0, "memory: nothing to tell", p.revents, 0);
}

/* It holds no instance alive, and shows nobody else's memory afterwards. */
static void test_memory_gone(void)
{
	struct pollfd p = { .fd = memory };
	uint8_t byte;
	int ends[2];

	verdict(poll(&p, 1, 0) == 1 && p.revents == POLLHUP,
		"memory: poll hangs up", p.revents, POLLHUP);
	expect("memory: gone", pread(memory, &byte, 1, 0), -ENODEV);
	expect("memory: not written", pwrite(memory, &byte, 1, 0), -ENODEV);
	verdict(mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0) ==
				MAP_FAILED &&
			errno == ENODEV,
		"memory: not mapped again", errno, ENODEV);
	if (pipe(ends) == 0)
		expect("memory: the mapping is gone",
		       write(ends[1], (void *)(uintptr_t)memory_view, 1),
		       -EFAULT);
	close(memory);
}

static void test_stores(void)
{
	struct mk_create c = good_store("shelf");
	uint32_t cpu = 1, many[MK_STORES_MAX + 1] = { 0 };
	char text[8] = "";
	char *view;
	int store;

	REFUSE_STORE("with CPUs", EINVAL, c.nr_cpus = 1;
		     c.cpus = (uintptr_t)&cpu);
	REFUSE_STORE("with a low window", EINVAL, c.low_bytes = 32 << 10);
	REFUSE_STORE("split cores", EINVAL, c.flags |= MK_CREATE_F_SPLIT_CORES);
	REFUSE_STORE("no memory", EINVAL, c.memory_bytes = 0);
	REFUSE_STORE("odd memory", EINVAL, c.memory_bytes = 4097);
	store = ioctl(machine, MK_IOC_CREATE, &c);
	verdict(store >= 0, "store: created", errno, 0);
	REFUSE_STORE("its name again", EEXIST, strcpy(c.name, "shelf"));

	expect("store: load", ioctl(store, MK_IOC_LOAD, text), -EOPNOTSUPP);
	expect("store: start", command(store, MK_IOC_START, 0), -EOPNOTSUPP);
	expect("store: kill", command(store, MK_IOC_KILL, 0), -EOPNOTSUPP);
	expect("store: bind", ioctl(store, MK_IOC_BIND, text), -EOPNOTSUPP);
	expect("store: channel", ioctl(store, MK_IOC_CHANNEL, text),
	       -EOPNOTSUPP);

	test_memory(store, c.memory_bytes);
	expect("store: written", pwrite(store, "shelf", 5, (4 << 20) - 5), 5);
	expect("store: read", pread(store, text, 8, (4 << 20) - 5), 5);
	view = mmap(NULL, 4 << 20, PROT_READ, MAP_SHARED, store, 0);
	verdict(view != MAP_FAILED && !memcmp(view + (4 << 20) - 5, "shelf", 5),
		"store: mapped", errno, 0);

	many[0] = c.id + 1000;
	expect("load: no such store", load(many, 1), -ENOENT);
	many[0] = info.id;
	expect("load: a store that is none", load(many, 1), -EINVAL);
	expect("load: too many", load(many, MK_STORES_MAX + 1), -E2BIG);
	expect("load: bad pointer", load((void *)8, 1), -EFAULT);
	many[0] = many[1] = c.id;
	many[2] = c.id + 1000;
	expect("load: the third is none", load(many, 3), -ENOENT);
	verdict(users_of(store) == 0, "load: a refused one holds nothing",
		(int)users_of(store), 0);
	expect("load: with a store, twice", load(many, 2), 0);
	verdict(users_of(store) == 2, "load: both count", (int)users_of(store),
		2);
	expect("store: in use", command(store, MK_IOC_DELETE, 0), -EBUSY);
	expect("store: also by force",
	       command(store, MK_IOC_DELETE, MK_DELETE_F_FORCE), -EBUSY);
	expect("load: another image", load(many, 1), 0);
	verdict(users_of(store) == 1, "load: holds its own only",
		(int)users_of(store), 1);
	expect("unload", command(instance, MK_IOC_UNLOAD, 0), 0);
	expect("store: deleted", command(store, MK_IOC_DELETE, 0), 0);
	expect("store: gone", pread(store, text, 1, 0), -ENODEV);
	test_memory_gone();
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int hold(int ms)
{
	struct mk_bind b = good_bind();
	int binding = try_bind(&b);
	int64_t end = now_ms() + ms;
	struct pollfd p[2] = { { .fd = b.kick, .events = POLLIN },
			       { .fd = binding } };
	unsigned long kicks = 0, calls = 0;

	if (binding < 0) {
		perror("bind");
		return 1;
	}
	while (now_ms() < end && !(p[1].revents & POLLHUP)) {
		eventfd_write(b.call, 1);
		calls++;
		poll(p, 2, 1);
		kicks += count_of(b.kick);
	}
	printf("kicks %lu calls %lu over %d\n", kicks, calls,
	       !!(p[1].revents & POLLHUP));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	instance = open_instance(argv[2]);
	if (instance < 0 || ioctl(instance, MK_IOC_INFO, &info)) {
		perror(argv[2]);
		return 1;
	}
	if (!strcmp(argv[1], "hold"))
		return hold(argc > 3 ? atoi(argv[3]) : 1000);
	if (!strcmp(argv[1], "rules"))
		test_rules();
	else
		test_stores();
	return failures != 0;
}
