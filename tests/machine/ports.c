// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's commands and the ports, on spawns that run.
 *
 * Runs in a test machine as root with the module loaded.
 * usage: ports CPU NAME
 *
 * CPU may be taken: it gets a spawn of four bytes, whose agent we play.  NAME
 * is an instance with the init of spawn_init.c and its mk.serve and mk.sink,
 * where the sink takes one message and then sleeps.  It is deleted in the end.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/multikernel.h>
#include <multikernel/wire.h>

#include "verdict.h"

#define ECHO	 0x8001 /* as in spawn_port.c */
#define SINK	 0x8002
#define NOBODY	 0x9abc
#define RECEIVE	 MK_ATTACH_F_RECEIVE
#define NONBLOCK MK_ATTACH_F_NONBLOCK
#define MANY	 256

static int machine;
static unsigned char message[MK_MESSAGE_MAX + 1], back[MK_MESSAGE_MAX + 1];

static void truth(int good, const char *what)
{
	verdict(good, what, errno, 0);
}

static int attach(int instance, uint32_t type, uint32_t flags, uint32_t queue)
{
	struct mk_attach a = {
		.flags = flags,
		.type = type,
		.queue_bytes = queue,
	};

	return ioctl(instance, MK_IOC_ATTACH, &a);
}

static int command(int instance, unsigned long number)
{
	struct mk_command c = { 0 };

	if (number == MK_IOC_DELETE)
		c.flags = MK_DELETE_F_FORCE;
	return ioctl(instance, number, &c);
}

/* What poll() shows within so many milliseconds. */
static int shown(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	return poll(&p, 1, ms) < 0 ? -1 : p.revents;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static struct mk_channel channel_of(int instance)
{
	struct mk_channel ch = { 0 };

	expect("channel", ioctl(instance, MK_IOC_CHANNEL, &ch), 0);
	return ch;
}

/* A ping that ends this way; how it came out, or the error of the command. */
static void expect_ping(const char *what, int instance, uint32_t bytes,
			uint32_t outcome, uint32_t error)
{
	struct mk_ping p = { .bytes = bytes, .timeout_ms = 20000 };
	int result = ioctl(instance, MK_IOC_PING, &p);

	if (result < 0)
		verdict(0, what, errno, (int)error);
	else
		verdict(p.outcome == outcome && p.error == error, what,
			(int)p.error, (int)error);
}

/* --- somebody who waits in a call ----------------------------------------------- */

struct waiter {
	pthread_t thread;
	int fd;
	char what; /* 'r', 'w' or 'p' */
	size_t bytes;
	long result; /* or the negative errno */
	volatile int done;
	unsigned char *buffer;
};

static void *wait_there(void *arg)
{
	struct waiter *w = arg;
	long result;

	if (w->what == 'r')
		result = read(w->fd, w->buffer, w->bytes);
	else if (w->what == 'w')
		result = write(w->fd, message, w->bytes);
	else
		result = shown(w->fd, POLLIN, 20000);
	w->result = result < 0 ? -errno : result;
	w->done = 1;
	return NULL;
}

/* It must still be waiting after a while. */
static void begin(struct waiter *w, const char *what, int fd, char which,
		  size_t bytes)
{
	*w = (struct waiter){ .fd = fd, .what = which, .bytes = bytes };
	w->buffer = calloc(1, bytes + 1);
	if (pthread_create(&w->thread, NULL, wait_there, w))
		exit(1);
	pause_ms(300);
	truth(!w->done, what);
}

static long end(struct waiter *w)
{
	int tenths;

	for (tenths = 0; !w->done && tenths < 300; tenths++)
		pause_ms(100);
	if (!w->done) /* a signal ends it, for the rest of the program */
		pthread_kill(w->thread, SIGUSR1);
	pthread_join(w->thread, NULL);
	return w->result;
}

static void expect_end(const char *what, struct waiter *w, long want)
{
	long have = end(w);

	if (have < 0)
		errno = (int)-have;
	expect(what, have < 0 ? -1 : have, want);
	free(w->buffer);
}

static void nothing(int number)
{
}

/* --- a spawn without an agent, and then with us as its agent ----------------- */

#define TINY_BYTES   (32ULL << 20)
#define TINY_TABLES  0x1000 /* offsets in its memory */
#define TINY_HANDOFF 0x8000
#define TINY_CHANNEL 0x100000
#define TINY_ENTRY   0x200000

static const uint8_t tiny_code[] = { 0xfa, 0xf4, 0xeb, 0xfd }; /* cli; hlt */
static uint64_t tables[4][512]; /* the top, its first entry, two of 1 GiB */

static void map_gib(uint64_t *directory, uint64_t address)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		directory[i] = (address & ~((1ULL << 30) - 1)) |
			       (uint64_t)i << 21 | 0x83; /* large, may write */
}

/* The lowest and its own GiB, one to one. */
static int load_tiny(int fd, uint64_t base, uint64_t handoff)
{
	uint64_t at = base + TINY_TABLES, entry = base + TINY_ENTRY;
	struct mk_segment segments[] = {
		{ .buffer = (uintptr_t)tables,
		  .buffer_bytes = sizeof(tables),
		  .address = at,
		  .memory_bytes = sizeof(tables) },
		{ .buffer = (uintptr_t)tiny_code,
		  .buffer_bytes = sizeof(tiny_code),
		  .address = entry,
		  .memory_bytes = 4096 },
	};
	struct mk_load load = {
		.nr_segments = 2,
		.segments = (uintptr_t)segments,
		.entry = entry,
		.argument = base,
		.page_table = at,
		.handoff = base + handoff,
		.channel_base = base + TINY_CHANNEL,
		.channel_bytes = MKW_CHANNEL_BYTES,
		.label = "tiny",
	};

	tables[0][0] = (at + 0x1000) | 3;
	map_gib(tables[2], 0);
	map_gib(tables[3], entry);
	tables[1][entry >> 30 & 511] = (at + 0x3000) | 3;
	tables[1][0] = (at + (entry >> 30 ? 0x2000 : 0x3000)) | 3;
	return ioctl(fd, MK_IOC_LOAD, &load);
}

static void put32(int fd, uint64_t at, uint32_t value)
{
	if (pwrite(fd, &value, sizeof(value), (off_t)at) != sizeof(value))
		verdict(0, "writing to the tiny spawn's memory", errno, 0);
}

static uint32_t get32(int fd, uint64_t at)
{
	uint32_t value = 0;

	if (pread(fd, &value, sizeof(value), (off_t)at) != sizeof(value))
		verdict(0, "reading the tiny spawn's memory", errno, 0);
	return value;
}

#define FIELD(name) (TINY_HANDOFF + offsetof(struct mkw_handoff, name))

static void play_agent(int fd)
{
	uint64_t text = FIELD(panic_text);
	struct mk_channel ch;
	int tenths;

	put32(fd, FIELD(features_accepted), MKW_FEATURE_CHANNEL);
	put32(fd, FIELD(agent), MKW_AGENT(MKW_AGENT_READY, 7));
	expect("tiny: an agent that takes no requests",
	       command(fd, MK_IOC_STOP), -ENOTCONN);
	put32(fd, FIELD(features_accepted), MKW_FEATURE_REQUEST);
	expect("tiny: one that does", command(fd, MK_IOC_STOP), 0);
	expect("tiny: the request", get32(fd, FIELD(request)),
	       MKW_REQUEST_POWEROFF);
	expect("tiny: stop again", command(fd, MK_IOC_STOP), 0);
	expect_ping("tiny: ping before its hello", fd, 8, 1, ENOTCONN);

	memset(back, 'x', MKW_PANIC_BYTES);
	expect("tiny: a text without end",
	       pwrite(fd, back, MKW_PANIC_BYTES, (off_t)text), MKW_PANIC_BYTES);
	put32(fd, FIELD(heartbeat), 4711);
	for (tenths = 0; tenths < 30; tenths++) {
		pause_ms(100);
		memset(&ch, 0, sizeof(ch));
		if (ioctl(fd, MK_IOC_CHANNEL, &ch) || ch.heartbeat)
			break;
	}
	truth(ch.agent == MK_AGENT_READY && ch.agent_revision == 7 &&
		      ch.features_accepted == MKW_FEATURE_REQUEST,
	      "tiny: channel shows the agent");
	verdict(ch.heartbeat == 4711 && ch.heartbeat_age_ms < 5000,
		"tiny: and its heart", (int)ch.heartbeat, 4711);
	truth(strnlen(ch.panic_text, MK_PANIC_BYTES) == MK_PANIC_BYTES - 1,
	      "tiny: and a text with an end");

	put32(fd, FIELD(agent), MKW_AGENT(MKW_AGENT_REFUSED_REVISION, 9));
	ch = channel_of(fd);
	truth(ch.agent == MK_AGENT_REFUSED && ch.agent_revision == 9,
	      "tiny: an agent of another revision");
	expect("tiny: which does not stop", command(fd, MK_IOC_STOP),
	       -ENOTCONN);
	put32(fd, FIELD(agent), 0xffff);
	ch = channel_of(fd);
	verdict(ch.agent == MK_AGENT_NONE, "tiny: a state that nobody knows",
		(int)ch.agent, MK_AGENT_NONE);

	put32(fd, FIELD(agent), MKW_AGENT(MKW_AGENT_READY, 2));
	put32(fd, TINY_CHANNEL + offsetof(struct mkw_channel, to_host_producer),
	      0x00ffffff);
	for (tenths = 0; tenths < 50; tenths++) {
		pause_ms(100);
		if (ioctl(fd, MK_IOC_CHANNEL, &ch) ||
		    ch.agent == MK_AGENT_BROKEN)
			break;
		memset(ch.reserved, 0, sizeof(ch.reserved));
	}
	verdict(ch.agent == MK_AGENT_BROKEN, "tiny: a ring that is broken",
		(int)ch.agent, MK_AGENT_BROKEN);
}

static void test_not_running(const char *who, int fd)
{
	char what[80];

	snprintf(what, sizeof(what), "%s: stop", who);
	expect(what, command(fd, MK_IOC_STOP), -EALREADY);
	snprintf(what, sizeof(what), "%s: ping", who);
	expect_ping(what, fd, 8, 1, ENOTCONN);
}

static void test_tiny(uint32_t cpu, int other)
{
	struct mk_create create = {
		.nr_cpus = 1,
		.cpus = (uintptr_t)&cpu,
		.memory_bytes = TINY_BYTES,
		.low_bytes = 32 << 10,
		.name = "tiny",
	};
	int fd = ioctl(machine, MK_IOC_CREATE, &create), port, same;
	struct mk_info info = { 0 };
	struct mk_channel ch;

	truth(fd >= 0, "tiny: create");
	if (fd < 0)
		return;
	ioctl(fd, MK_IOC_INFO, &info);
	port = attach(fd, ECHO, RECEIVE | NONBLOCK, 0);
	same = attach(other, ECHO, RECEIVE, 0);
	truth(port >= 0 && same >= 0, "tiny: a type of two instances");
	close(same);
	test_not_running("tiny, created", fd);
	expect("tiny: load", load_tiny(fd, info.memory_base, TINY_HANDOFF), 0);
	test_not_running("tiny, loaded", fd);
	expect("tiny: start", command(fd, MK_IOC_START), 0);
	expect("tiny: stop without an agent", command(fd, MK_IOC_STOP),
	       -ENOTCONN);
	expect_ping("tiny: ping without an agent", fd, 8, 1, ENOTCONN);
	expect("tiny: writing without an agent", write(port, message, 8),
	       -ENOTCONN);
	expect("tiny: poll without an agent", shown(port, POLLIN | POLLOUT, 0),
	       0);
	ch = channel_of(fd);
	truth(ch.agent == MK_AGENT_NONE && ch.generation == 1 &&
		      /* There is no room for lines. */
		      ch.features_offered ==
			      (MKW_FEATURES_ALL &
			       ~(MKW_FEATURE_LINES | MKW_FEATURE_REPORTS)) &&
		      !ch.features_accepted && ch.heartbeat_age_ms == ~0u,
	      "tiny: what is offered and not taken");
	play_agent(fd);

	expect("tiny: kill", command(fd, MK_IOC_KILL), 0);
	test_not_running("tiny, stopped", fd);
	/* Whatever lies where the next image's page will be: of the past. */
	put32(fd, 2 * TINY_HANDOFF + offsetof(struct mkw_handoff, agent),
	      MKW_AGENT(MKW_AGENT_REFUSED_REVISION, 3));
	expect("tiny: another image",
	       load_tiny(fd, info.memory_base, 2 * TINY_HANDOFF), 0);
	ch = channel_of(fd);
	verdict(ch.agent != MK_AGENT_REFUSED,
		"tiny: its hand-off page is none yet", (int)ch.agent, 0);
	expect("tiny: unload", command(fd, MK_IOC_UNLOAD), 0);
	test_not_running("tiny, unloaded", fd);
	expect("tiny: delete", command(fd, MK_IOC_DELETE), 0);
	expect("tiny: the port reads its end", read(port, back, 8), 0);
	expect("tiny: the port takes nothing", write(port, back, 8), -ENODEV);
	verdict(shown(port, POLLIN | POLLOUT, 0) == (POLLHUP | POLLIN),
		"tiny: the port hangs up", shown(port, POLLIN | POLLOUT, 0),
		POLLHUP | POLLIN);
	close(port);
	close(fd);
}

/* --- the spawn that sends back ------------------------------------------------ */

static void fill(unsigned int seed, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		message[i] = (unsigned char)(seed * 31 + i * 7 + (i >> 8));
}

/* The next message is that one. */
static void expect_back(const char *what, int port, unsigned int seed,
			size_t bytes)
{
	long have = -1;

	errno = ETIMEDOUT;
	if (shown(port, POLLIN, 20000) & POLLIN)
		have = read(port, back, MK_MESSAGE_MAX);
	fill(seed, bytes);
	verdict(have == (long)bytes && !memcmp(message, back, bytes), what,
		have < 0 ? errno : (int)have, (int)bytes);
}

static void send_filled(const char *what, int port, unsigned int seed,
			size_t bytes)
{
	fill(seed, bytes);
	expect(what, write(port, message, bytes), (long)bytes);
}

static void test_sizes(int fd)
{
	static const size_t sizes[] = { 1, 7, 8, 9, 4096, 65535, 65536 };
	int port = attach(fd, ECHO, RECEIVE | NONBLOCK, 0);
	size_t i, n = sizeof(sizes) / sizeof(sizes[0]);

	expect("echo: poll shows a peer", shown(port, POLLIN | POLLOUT, 0),
	       POLLOUT);
	expect("echo: nothing yet", read(port, back, 8), -EAGAIN);
	for (i = 0; i < n; i++)
		send_filled("echo: to it", port, (unsigned int)i, sizes[i]);
	for (i = 0; i < n; i++)
		expect_back("echo: back, in order", port, (unsigned int)i,
			    sizes[i]);
	expect("echo: and that is all", read(port, back, 8), -EAGAIN);
	close(port);
}

static void test_bad_calls(int fd)
{
	int port = attach(fd, ECHO, RECEIVE | NONBLOCK, 0);
	int sender = attach(fd, ECHO, NONBLOCK, 0);
	int nobody = attach(fd, NOBODY, 0, 0);
	unsigned char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *volatile wild = (void *)8;

	if (map == MAP_FAILED)
		return;
	munmap(map + 4096, 4096);
	expect("bad: an empty message", write(port, message, 0), -EINVAL);
	expect("bad: a message too long",
	       write(port, message, MK_MESSAGE_MAX + 1), -EMSGSIZE);
	expect("bad: from a wild address", write(port, wild, 8), -EFAULT);
	expect("bad: from over an edge", write(port, map + 4000, 200), -EFAULT);
	expect("bad: reading where one only sends", read(sender, back, 8),
	       -EBADF);
	expect("bad: a second receiver", attach(fd, ECHO, RECEIVE, 0), -EBUSY);
	expect("bad: nobody there receives it", write(nobody, message, 8),
	       -ECONNREFUSED);
	send_filled("bad: one that only sends", sender, 3, 100);
	verdict(shown(port, POLLIN, 20000) & POLLIN,
		"bad: the receiver gets the answer", 0, 0);
	expect("bad: no room at all", read(port, back, 0), -EMSGSIZE);
	expect("bad: a byte too little room", read(port, back, 99), -EMSGSIZE);
	expect("bad: to a wild address", read(port, wild, 100), -EFAULT);
	expect("bad: to over an edge", read(port, map + 4050, 100), -EFAULT);
	mprotect(map, 4096, PROT_READ);
	expect("bad: to a page that is only read", read(port, map, 100),
	       -EFAULT);
	expect_back("bad: the message is still there", port, 3, 100);
	expect("bad: none of the others was sent", read(port, back, 8),
	       -EAGAIN);
	expect("bad: it takes no command", ioctl(port, MK_IOC_CHANNEL, back),
	       -ENOTTY);
	munmap(map, 4096);
	close(port);
	close(sender);
	close(nobody);
}

/* A queue of one message, and one that nobody reads. */
static void test_queue(int fd)
{
	int port = attach(fd, ECHO, RECEIVE, 1);
	unsigned int i;

	for (i = 0; i < 4; i++)
		send_filled("queue: to it", port, i, 1000 + i);
	pause_ms(500);
	for (i = 0; i < 4; i++)
		expect_back("queue: one at a time, in order", port, i,
			    1000 + i);
	send_filled("queue: one that is not read", port, 9, 5000);
	verdict(shown(port, POLLIN, 20000) & POLLIN, "queue: it is there", 0,
		0);
	close(port);
	port = attach(fd, ECHO, RECEIVE | NONBLOCK, 0);
	expect("queue: it went with its port", read(port, back, 8), -EAGAIN);
	close(port);
}

static void test_waking(int fd)
{
	int port = attach(fd, ECHO, RECEIVE, 0);
	int sender = attach(fd, ECHO, 0, 0), again;
	struct waiter w;

	begin(&w, "waking: a poll waits", port, 'p', 0);
	send_filled("waking: a message", sender, 1, 10);
	expect_end("waking: it ends the poll", &w, POLLIN);
	expect_back("waking: the same one", port, 1, 10);
	begin(&w, "waking: a read waits", port, 'r', 100);
	send_filled("waking: another", sender, 2, 20);
	expect_end("waking: it ends the read", &w, 20);
	begin(&w, "waking: a read waits again", port, 'r', 100);
	pthread_kill(w.thread, SIGUSR1);
	expect_end("waking: a signal ends it", &w, -EINTR);

	/* Who waits in it keeps the port, closed or not. */
	begin(&w, "waking: and again", port, 'r', 100);
	close(port);
	again = attach(fd, ECHO, RECEIVE, 0);
	expect("waking: a port that is closed under a reader", again, -EBUSY);
	send_filled("waking: still gets", sender, 3, 30);
	expect_end("waking: what comes", &w, 30);
	again = attach(fd, ECHO, RECEIVE, 0);
	truth(again >= 0, "waking: and is gone with it");
	close(again);
	close(sender);
}

static void test_many(int fd)
{
	int ports[MANY], senders[MANY], echo = attach(fd, ECHO, RECEIVE, 0);
	uint32_t i, number;
	unsigned int bad = 0;

	for (i = 0; i < MANY; i++) {
		ports[i] = attach(fd, NOBODY + i, RECEIVE, 0);
		senders[i] = attach(fd, ECHO, 0, 0);
		bad += ports[i] < 0 || senders[i] < 0;
	}
	verdict(!bad, "many: 512 ports at once", (int)bad, 0);
	for (bad = 0, i = 0; i < MANY; i++)
		bad += attach(fd, NOBODY + i, RECEIVE, 0) >= 0 ||
		       errno != EBUSY;
	verdict(!bad, "many: each has its type", (int)bad, 0);
	for (bad = 0, i = 0; i < MANY; i++)
		bad += write(senders[i], &i, sizeof(i)) != sizeof(i) ||
		       read(echo, &number, sizeof(number)) != sizeof(number) ||
		       number != i;
	verdict(!bad, "many: each sends", (int)bad, 0);
	for (bad = 0, i = 0; i < MANY; i++) {
		bad += shown(ports[i], POLLIN, 0) != 0;
		close(ports[i]);
		close(senders[i]);
	}
	verdict(!bad, "many: none got what was another's", (int)bad, 0);
	close(echo);
}

/* --- the spawn that does not read, and the ends ----------------------------------- */

static void test_full(int fd)
{
	int port = attach(fd, SINK, NONBLOCK, 0), count = 0, other;
	struct waiter w;

	while (count < 40 &&
	       write(port, message, MK_MESSAGE_MAX) == MK_MESSAGE_MAX)
		count++;
	verdict(errno == EAGAIN, "full: it says so", errno, EAGAIN);
	/* One is read, then 1 MiB is kept. */
	verdict(count >= 15 && count <= 17, "full: when it is", count, 16);
	expect("full: still", write(port, message, MK_MESSAGE_MAX), -EAGAIN);
	close(port);

	port = attach(fd, SINK, 0, 0);
	begin(&w, "full: a writer waits", port, 'w', MK_MESSAGE_MAX);
	test_sizes(fd);
	expect_ping("full: ping goes on meanwhile", fd, 65536, 0, 0);
	close(port);
	pause_ms(300);
	truth(!w.done, "full: the writer waits on a port that is closed");
	other = attach(fd, SINK, RECEIVE, 0);
	truth(other >= 0, "full: nobody had the type");
	close(other);
	pthread_kill(w.thread, SIGUSR1);
	expect_end("full: a signal ends it", &w, -EINTR);
}

static void test_ends(int fd)
{
	int echo = attach(fd, ECHO, RECEIVE, 0), sink = attach(fd, SINK, 0, 0);
	struct waiter reader, writer;
	struct mk_channel ch;
	long result, tries;

	begin(&reader, "ends: a reader waits", echo, 'r', 100);
	begin(&writer, "ends: a writer waits", sink, 'w', MK_MESSAGE_MAX);
	expect("ends: kill", command(fd, MK_IOC_KILL), 0);
	result = end(&writer);
	verdict(result == -ENOTCONN || result == -ECONNRESET,
		"ends: the writer is told", (int)-result, ENOTCONN);
	pause_ms(300);
	truth(!reader.done, "ends: the reader waits for the next life");
	expect("ends: poll", shown(echo, POLLIN | POLLOUT, 0), 0);
	expect("ends: nobody to write to", write(sink, message, 8), -ENOTCONN);
	test_not_running("ends", fd);
	ch = channel_of(fd);
	truth(ch.agent == MK_AGENT_NONE && ch.generation == 1 &&
		      ch.counters.sent > 0 && ch.release[0],
	      "ends: what is known of the last life");

	expect("ends: start", command(fd, MK_IOC_START), 0);
	expect("ends: stop is too early", command(fd, MK_IOC_STOP), -ENOTCONN);
	expect_ping("ends: ping is too early", fd, 8, 1, ENOTCONN);
	expect("ends: writing is too early", write(echo, message, 8),
	       -ENOTCONN);
	ch = channel_of(fd);
	truth(ch.generation == 2 && !ch.counters.sent && !ch.release[0],
	      "ends: nothing of the last life is left");
	verdict(shown(echo, POLLOUT, 50000) & POLLOUT,
		"ends: poll wakes when it is up", 0, 0);
	/* Its programs come later than its agent. */
	fill(5, 50);
	for (tries = 0; tries < 400; tries++) {
		result = write(echo, message, 50);
		if (result > 0 || errno != ECONNREFUSED)
			break;
		pause_ms(100);
	}
	expect("ends: the same port in the second life", result, 50);
	expect_end("ends: the reader gets the answer", &reader, 50);

	begin(&reader, "ends: a reader waits again", echo, 'r', 100);
	expect("ends: delete", command(fd, MK_IOC_DELETE), 0);
	expect_end("ends: the reader is told", &reader, 0);
	expect("ends: so is the next", read(echo, back, 8), 0);
	verdict(shown(echo, POLLIN | POLLOUT, 0) == (POLLHUP | POLLIN),
		"ends: poll hangs up", shown(echo, POLLIN | POLLOUT, 0),
		POLLHUP | POLLIN);
	expect("ends: writing", write(sink, message, 8), -ENODEV);
	expect("ends: stop", command(fd, MK_IOC_STOP), -ENODEV);
	expect("ends: ping", ioctl(fd, MK_IOC_PING, back), -ENODEV);
	expect("ends: another port", attach(fd, ECHO, RECEIVE, 0), -ENODEV);
	close(echo);
	close(sink);
}

int main(int argc, char **argv)
{
	struct sigaction quiet = { .sa_handler = nothing };
	struct mk_open name = { 0 };
	int fd;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGUSR1, &quiet, NULL);
	snprintf(name.name, sizeof(name.name), "%s", argv[2]);
	machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	fd = ioctl(machine, MK_IOC_OPEN, &name);
	if (fd < 0) {
		perror(argv[2]);
		return 1;
	}
	test_tiny((uint32_t)atoi(argv[1]), fd);
	expect_ping("ping", fd, 0, 0, 0);
	expect_ping("ping: the longest", fd, MK_MESSAGE_MAX, 0, 0);
	test_sizes(fd);
	test_bad_calls(fd);
	test_queue(fd);
	test_waking(fd);
	test_many(fd);
	test_full(fd);
	test_ends(fd);
	printf("# %u failed\n", failures);
	return failures ? 1 : 0;
}
