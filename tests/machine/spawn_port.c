// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test spawn's modules, and its ends of the channel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/multikernel.h>

#include "spawn_init.h"

#define TYPE_ECHO   0x8001
#define TYPE_SINK   0x8002
#define TYPE_SOURCE 0x8003

#define FNV_START   0xcbf29ce484222325u
#define FNV_FACTOR  0x100000001b3u

static unsigned char message[MK_MESSAGE_MAX];

static uint64_t fnv1a(uint64_t hash, const unsigned char *bytes, size_t n)
{
	while (n--)
		hash = (hash ^ *bytes++) * FNV_FACTOR;
	return hash;
}

int print_fnv(void)
{
	uint64_t hash = FNV_START;
	ssize_t n;

	while ((n = read(0, message, sizeof(message))) > 0)
		hash = fnv1a(hash, message, (size_t)n);
	printf("%016llx\n", (unsigned long long)hash);
	return n < 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void insert_module(const char *name, const char *params)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, params, 0))
		say("insmod %s failed %d", name, errno);
	else
		say("insmod %s ok", name);
	if (fd >= 0)
		close(fd);
}

static void set_poll(void)
{
	const char *value = option("mk.poll");
	int fd = open("/sys/module/multikernel_channel/parameters/poll_us",
		      O_WRONLY | O_CLOEXEC);

	if (value && write(fd, value, strlen(value)) < 0)
		say("poll failed %d", errno);
	if (fd >= 0)
		close(fd);
}

void insert_modules(void)
{
	char names[256], params[256] = "", *name, *at = names;
	const char *value;
	char *c;

	set_poll();
	value = option("mk.params");
	if (value)
		snprintf(params, sizeof(params), "%s", value);
	for (c = params; *c; c++)
		if (*c == ',')
			*c = ' ';
	value = option("mk.insmod");
	if (!value)
		return;
	snprintf(names, sizeof(names), "%s", value);
	while ((name = strsep(&at, ":")))
		insert_module(name, params);
}

void reload_agent(void)
{
	const char *value = option("mk.reload");
	int n, times = value ? atoi(value) : 0;

	if (!times || fork())
		return;
	for (n = 0; n < times; n++) {
		sleep(1);
		if (syscall(SYS_delete_module, "multikernel_spawn", O_NONBLOCK))
			say("delete_module failed %d", errno);
		usleep(100000);
		insert_module("multikernel_spawn", "");
	}
	say("reloaded %d", times);
	_exit(0);
}

/* Lines of a file that have a word in them. */
static void show_lines(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[200];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, word))
			say("shows %s", line);
	}
	if (f)
		fclose(f);
}

/* Those that a spawn's device must not know, with and without an argument. */
static void show_refused(void)
{
	static const unsigned long commands[] = {
		MK_IOC_QUERY,  MK_IOC_CREATE,  MK_IOC_OPEN, MK_IOC_NEXT,
		MK_IOC_LEDGER, MK_IOC_INFO,    MK_IOC_CPUS, MK_IOC_LOAD,
		MK_IOC_START,  MK_IOC_KILL,    MK_IOC_STOP, MK_IOC_UNLOAD,
		MK_IOC_DELETE, MK_IOC_CHANNEL, MK_IOC_PING,
	};
	int fd = open("/dev/multikernel", O_RDWR | O_CLOEXEC), refused = 0;
	size_t i, n = sizeof(commands) / sizeof(commands[0]);

	for (i = 0; i < n; i++) {
		memset(message, 0, sizeof(message));
		if (ioctl(fd, commands[i], message) < 0 && errno == ENOTTY &&
		    ioctl(fd, commands[i], NULL) < 0 && errno == ENOTTY)
			refused++;
	}
	if (fd >= 0)
		close(fd);
	say("shows commands unknown %d/%zu", refused, n);
}

void show_self(void)
{
	char path[64];
	int cpu;

	if (!option("mk.show"))
		return;
	show_lines("/proc/interrupts", "multikernel");
	for (cpu = 0; cpu < 64; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d",
			 cpu);
		if (!access(path, F_OK))
			say("shows cpu%d", cpu);
	}
	show_refused();
}

/* A port, or the end of this process. */
static int attach(const char *who, unsigned int type, unsigned int flags)
{
	struct mk_attach attach = { .flags = flags, .type = type };
	int fd = open("/dev/multikernel", O_RDWR | O_CLOEXEC), port;

	port = fd < 0 ? -1 : ioctl(fd, MK_IOC_ATTACH, &attach);
	if (port < 0) {
		say("%s failed %d", who, errno);
		_exit(1);
	}
	close(fd);
	say("%s ready", who);
	return port;
}

/* Send the message, when the peer is there; 0, or the error. */
static int send_message(int port, size_t length)
{
	while (write(port, message, length) != (ssize_t)length) {
		switch (errno) {
		case ENOTCONN: /* certainly not sent */
		case ECONNREFUSED:
		case EAGAIN:
		case EINTR:
			usleep(10000);
			break;
		default:
			return errno;
		}
	}
	return 0;
}

/* The next message's length, or the end of this process. */
static size_t receive(const char *who, int port)
{
	ssize_t n;

	do {
		n = read(port, message, sizeof(message));
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0) {
		say("%s failed %d", who, errno);
		_exit(1);
	}
	return (size_t)n;
}

/*
 * An empty message and the end of the port both read as 0 bytes; after the
 * end poll() says so.
 */
static int is_over(int port)
{
	struct pollfd p = { .fd = port, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

static void echo(const char *value)
{
	int port = attach("serve", TYPE_ECHO, MK_ATTACH_F_RECEIVE), err;
	size_t n;

	(void)value;
	for (;;) {
		n = receive("serve", port);
		if (!n && is_over(port))
			_exit(0);
		err = send_message(port, n);
		if (err)
			say("serve cannot answer %d", err);
	}
}

static void sink(const char *value)
{
	unsigned long pause_us = strtoul(value, NULL, 10);
	int port = attach("sink", TYPE_SINK, MK_ATTACH_F_RECEIVE);
	struct pollfd p = { .fd = port, .events = POLLIN };
	unsigned long long count = 0, bytes = 0, said = 0;
	uint64_t hash = FNV_START;
	int64_t next = 0;
	size_t n;

	for (;;) {
		if (poll(&p, 1, 200) > 0) {
			n = receive("sink", port);
			if (!n && is_over(port))
				_exit(0);
			hash = fnv1a(hash, message, n);
			bytes += n;
			count++;
			if (pause_us)
				usleep((useconds_t)pause_us);
		}
		if (count != said && now_ms() >= next) {
			say("sink %llu bytes=%llu fnv=%016llx", count, bytes,
			    (unsigned long long)hash);
			said = count;
			next = now_ms() + 1000;
		}
	}
}

/* Messages of random length that begin with their number. */
static void source(const char *value)
{
	unsigned long long nr = strtoull(value, NULL, 10), i;
	int port = attach("source", TYPE_SOURCE, 0), err;
	uint64_t hash = FNV_START, x = 88172645463325252u;
	size_t length, k;

	for (i = 0; i < nr; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		length = sizeof(i) + x % (MK_MESSAGE_MAX - sizeof(i) + 1);
		memcpy(message, &i, sizeof(i));
		for (k = sizeof(i); k < length; k++)
			message[k] = (unsigned char)(x >> k % 57);
		err = send_message(port, length);
		if (err) {
			say("source failed %d after %llu", err, i);
			_exit(1);
		}
		hash = fnv1a(hash, message, length);
	}
	say("source done %llu fnv=%016llx", nr, (unsigned long long)hash);
	_exit(0);
}

static const struct {
	const char *option;
	void (*run)(const char *value);
} ports[] = {
	{ "mk.serve", echo },
	{ "mk.sink", sink },
	{ "mk.source", source },
};

void start_ports(void)
{
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		value = option(ports[i].option);
		if (value && fork() == 0)
			ports[i].run(value);
	}
}
