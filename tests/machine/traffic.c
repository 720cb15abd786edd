// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic for a device's test: the same static program on both sides.
 *
 *   traffic serve ADDRESS		answer whoever connects, for ever
 *   traffic echo ADDRESS BYTES		send them, get them back, compare
 *   traffic push ADDRESS BYTES		send them; the other side has a sum
 *   traffic pull ADDRESS BYTES		have them sent, and look at each
 *   traffic ask ADDRESS COUNT SIZE	that many round trips of SIZE bytes
 *   traffic write FILE BYTES SEED	a pattern; O_DIRECT, then fsync
 *   traffic verify FILE BYTES SEED	is it there?
 *   traffic disk FILE HOW SIZE COUNT [DEPTH]
 *			that many requests of SIZE bytes, O_DIRECT; HOW is "read"
 *			or "write", or "random" reads, of DEPTH processes
 *
 * ADDRESS is tcp:HOST:PORT or vsock:CID:PORT; to serve, HOST is 0.0.0.0 and
 * CID is -1.  What is right ends with one line on standard output and status 0:
 *
 *   traffic echo|push|pull ok bytes=N mbps=N
 *   traffic ask ok count=N size=N us=N		of one, on average
 *   traffic write|verify ok bytes=N mbps=N
 *
 * Bytes come from a function of their place, so that whichever went astray is
 * named.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#define BLOCK 65536

/* What a client wants, in front of its bytes; both sides are x86. */
struct wish {
	uint64_t what; /* 'e', 'd' (discard) or 's' (send) */
	uint64_t bytes;
};

static char block[BLOCK] __attribute__((aligned(4096)));
static char other[BLOCK] __attribute__((aligned(4096)));

__attribute__((format(printf, 1, 2), noreturn)) static void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "traffic: ");
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t word_at(uint64_t seed, uint64_t place)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + place;

	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	return x * 0x94d049bb133111ebu;
}

/* The bytes at @place, a multiple of 8, of the pattern @seed. */
static void fill(char *to, size_t len, uint64_t seed, uint64_t place)
{
	size_t i;

	for (i = 0; i < len; i += 8) {
		uint64_t word = word_at(seed, place + i);

		memcpy(to + i, &word, len - i < 8 ? len - i : 8);
	}
}

static void compare(const char *got, size_t len, uint64_t seed, uint64_t place)
{
	size_t i;

	fill(other, len, seed, place);
	if (!memcmp(got, other, len))
		return;
	for (i = 0; got[i] == other[i]; i++)
		;
	die("wrong byte at %llu: %02x, not %02x",
	    (unsigned long long)(place + i), (uint8_t)got[i],
	    (uint8_t)other[i]);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void report(const char *what, uint64_t bytes, uint64_t since)
{
	uint64_t ns = now_ns() - since;

	printf("traffic %s ok bytes=%llu mbps=%llu\n", what,
	       (unsigned long long)bytes,
	       (unsigned long long)(bytes * 8000 / (ns ? ns : 1)));
}

static void put(int fd, const void *from, size_t len)
{
	const char *at = from;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n <= 0)
			die("write: %s", strerror(errno));
		at += n;
		len -= (size_t)n;
	}
}

/* All of @len, or less at the end of the stream. */
static size_t get(int fd, void *to, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, (char *)to + have, len - have);

		if (n < 0)
			die("read: %s", strerror(errno));
		if (!n)
			break;
		have += (size_t)n;
	}
	return have;
}

static size_t step(uint64_t left)
{
	return left < BLOCK ? (size_t)left : BLOCK;
}

static void put_pattern(int fd, uint64_t bytes, uint64_t seed)
{
	uint64_t done;

	for (done = 0; done < bytes; done += step(bytes - done)) {
		fill(block, step(bytes - done), seed, done);
		put(fd, block, step(bytes - done));
	}
}

static void get_pattern(int fd, uint64_t bytes, uint64_t seed)
{
	uint64_t done;

	for (done = 0; done < bytes; done += step(bytes - done)) {
		size_t want = step(bytes - done);

		if (get(fd, block, want) != want)
			die("the stream ended before byte %llu",
			    (unsigned long long)(done + want));
		compare(block, want, seed, done);
	}
}

/* ---- addresses ---- */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_vm vm;
	};
	socklen_t len;
};

static struct address parse(const char *text)
{
	struct address a = { .len = 0 };
	char host[64], kind[8], rest;
	unsigned int port;

	if (sscanf(text, "%7[a-z]:%63[0-9.-]:%u%c", kind, host, &port, &rest) !=
	    3)
		die("not an address: %s", text);
	if (!strcmp(kind, "vsock")) {
		a.vm = (struct sockaddr_vm){
			.svm_family = AF_VSOCK,
			.svm_cid = (unsigned int)strtol(host, NULL, 10),
			.svm_port = port,
		};
		a.len = sizeof(a.vm);
	} else {
		a.in = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)port),
		};
		if (strcmp(kind, "tcp") ||
		    inet_pton(AF_INET, host, &a.in.sin_addr) != 1)
			die("not an address: %s", text);
		a.len = sizeof(a.in);
	}
	return a;
}

static int join(const char *text, uint64_t what, uint64_t bytes)
{
	struct wish wish = { .what = what, .bytes = bytes };
	struct address a = parse(text);
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	int one = 1;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (connect(fd, &a.any, a.len))
		die("%s: %s", text, strerror(errno));
	if (a.any.sa_family == AF_INET)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	put(fd, &wish, sizeof(wish));
	return fd;
}

/* ---- the two sides ---- */

static void answer(int fd)
{
	struct wish wish;
	ssize_t n;

	if (get(fd, &wish, sizeof(wish)) != sizeof(wish))
		die("no wish");
	switch (wish.what) {
	case 'e':
		while ((n = read(fd, block, BLOCK)) > 0)
			put(fd, block, (size_t)n);
		break;
	case 'd':
		get_pattern(fd, wish.bytes, 'd');
		put(fd, "ok", 2);
		break;
	case 's':
		put_pattern(fd, wish.bytes, 's');
		break;
	default:
		die("an odd wish");
	}
	exit(0);
}

static int serve(const char *text)
{
	struct address a = parse(text);
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	int one = 1;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.any, a.len) || listen(fd, 16))
		die("%s: %s", text, strerror(errno));
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			continue;
		if (a.any.sa_family == AF_INET)
			setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one,
				   sizeof(one));
		if (!fork()) {
			close(fd);
			answer(peer);
		}
		close(peer);
	}
}

static void do_echo(const char *text, uint64_t bytes)
{
	int fd = join(text, 'e', bytes);
	uint64_t since = now_ns();
	int status;
	pid_t pid;

	/* One that only writes would stand when all buffers are full. */
	pid = fork();
	if (!pid) {
		put_pattern(fd, bytes, 'e');
		shutdown(fd, SHUT_WR);
		_exit(0);
	}
	get_pattern(fd, bytes, 'e');
	if (waitpid(pid, &status, 0) != pid || status)
		die("the writer failed");
	if (get(fd, block, 1))
		die("more came back than was sent");
	report("echo", bytes, since);
}

static void do_push(const char *text, uint64_t bytes)
{
	int fd = join(text, 'd', bytes);
	uint64_t since = now_ns();

	put_pattern(fd, bytes, 'd');
	if (get(fd, block, 2) != 2)
		die("the other side found them wrong");
	report("push", bytes, since);
}

static void do_pull(const char *text, uint64_t bytes)
{
	int fd = join(text, 's', bytes);
	uint64_t since = now_ns();

	get_pattern(fd, bytes, 's');
	report("pull", bytes, since);
}

static void do_ask(const char *text, uint64_t count, uint64_t size)
{
	int fd = join(text, 'e', 0);
	uint64_t since = now_ns();
	uint64_t i;

	if (!size || size > BLOCK)
		die("a size from 1 to %d", BLOCK);
	for (i = 0; i < count; i++) {
		fill(block, (size_t)size, 'a', i * size / 8 * 8);
		put(fd, block, (size_t)size);
		if (get(fd, block, (size_t)size) != size)
			die("no answer to the one after %llu",
			    (unsigned long long)i);
		compare(block, (size_t)size, 'a', i * size / 8 * 8);
	}
	printf("traffic ask ok count=%llu size=%llu us=%llu\n",
	       (unsigned long long)count, (unsigned long long)size,
	       (unsigned long long)((now_ns() - since) / 1000 /
				    (count ? count : 1)));
}

static void do_file(const char *path, uint64_t bytes, uint64_t seed, int out)
{
	/* A device that is not there must not become a file in memory. */
	int make = out && strncmp(path, "/dev/", 5) ? O_CREAT : 0;
	int flags = (out ? O_RDWR | make : O_RDONLY) | O_CLOEXEC;
	int fd = open(path, flags | O_DIRECT, 0600);
	uint64_t since = now_ns();

	if (fd < 0 && errno == EINVAL) /* as on a tmpfs */
		fd = open(path, flags, 0600);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (bytes % 4096)
		die("a multiple of 4096 bytes, please");
	if (out) {
		put_pattern(fd, bytes, seed);
		if (fsync(fd))
			die("fsync: %s", strerror(errno));
		report("write", bytes, since);
	} else {
		get_pattern(fd, bytes, seed);
		report("verify", bytes, since);
	}
}

/* One process for each request under way; the first one reports. */
static int divide(uint64_t depth)
{
	uint64_t i;

	for (i = 1; i < depth; i++)
		if (fork() == 0)
			return (int)i;
	return 0;
}

static void wait_others(void)
{
	int status;

	while (wait(&status) > 0)
		if (status)
			die("another process failed");
}

static void do_disk(const char *path, const char *how, uint64_t size,
		    uint64_t count, uint64_t depth)
{
	int out = !strcmp(how, "write"), random = !strcmp(how, "random");
	int fd = open(path, (out ? O_WRONLY : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	uint64_t i, places, place, state = 88172645463325252ULL, since;
	void *buffer;
	off_t bytes;
	int who;

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	bytes = lseek(fd, 0, SEEK_END);
	places = size ? (uint64_t)bytes / size : 0;
	if (!places || posix_memalign(&buffer, 4096, size))
		die("not so large a request: %llu", (unsigned long long)size);
	memset(buffer, 'd', size);
	since = now_ns();
	who = divide(depth);
	state += (uint64_t)who << 32;
	for (i = 0; i < count / depth; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		place = (random ? state : i) % places * size;
		if ((out ? pwrite(fd, buffer, size, (off_t)place)
			 : pread(fd, buffer, size, (off_t)place)) !=
		    (ssize_t)size)
			die("request %llu: %s", (unsigned long long)i,
			    strerror(errno));
	}
	if (out && fsync(fd))
		die("fsync: %s", strerror(errno));
	if (who)
		_exit(0);
	wait_others();
	report("disk", count * size, since);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (!*text || *end)
		die("not a number: %s", text);
	return value;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(what, "serve"))
		return serve(argv[2]);
	if (argc == 4 && !strcmp(what, "echo"))
		do_echo(argv[2], number(argv[3]));
	else if (argc == 4 && !strcmp(what, "push"))
		do_push(argv[2], number(argv[3]));
	else if (argc == 4 && !strcmp(what, "pull"))
		do_pull(argv[2], number(argv[3]));
	else if (argc == 5 && !strcmp(what, "ask"))
		do_ask(argv[2], number(argv[3]), number(argv[4]));
	else if (argc == 5 && !strcmp(what, "write"))
		do_file(argv[2], number(argv[3]), number(argv[4]), 1);
	else if (argc == 5 && !strcmp(what, "verify"))
		do_file(argv[2], number(argv[3]), number(argv[4]), 0);
	else if (argc == 6 && !strcmp(what, "disk"))
		do_disk(argv[2], argv[3], number(argv[4]), number(argv[5]), 1);
	else if (argc == 7 && !strcmp(what, "disk") && number(argv[6]))
		do_disk(argv[2], argv[3], number(argv[4]), number(argv[5]),
			number(argv[6]));
	else
		die("usage: serve, echo, push, pull, ask, write, verify, disk");
	return 0;
}
