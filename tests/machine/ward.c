// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's own work, watched while spawns beside it go wrong.
 *
 * usage: ward CPUS FILE
 *
 * On each of the CPUs 0 to CPUS-1 one thread copies and sums up memory, again
 * and again, and compares the sum with the first; another one sleeps until a
 * given moment and sees how late it is. One stream of bytes, each of which
 * depends on its place, goes through TCP on the loopback interface and is
 * compared. All of them pause much, so that they do not take the machine.
 *
 * At SIGUSR1 a line about the time since the last one is put into FILE:
 *
 *	sums=N badsums=N bytes=N badbytes=N late_us=N
 *
 * late_us is the worst lateness of all. The process ends at SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SUM_BYTES   (256 << 10)
#define PIECE_BYTES 8192
#define PAUSE_NS    20000000
#define TIMER_NS    5000000

static atomic_ulong sums, bad_sums, bytes, bad_bytes, late_us;
static int ends[2]; /* of the stream */

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void rest(long ns)
{
	struct timespec t = { .tv_nsec = ns };

	nanosleep(&t, NULL);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static uint64_t sum_of(const uint8_t *at, size_t n)
{
	uint64_t sum = 14695981039346656037U;

	while (n--)
		sum = (sum ^ *at++) * 1099511628211U;
	return sum;
}

static void *sum(void *cpu)
{
	uint8_t *from = malloc(SUM_BYTES), *to = malloc(SUM_BYTES);
	uint64_t first, x = 88172645463325252U;
	size_t i;

	stay_on((int)(intptr_t)cpu);
	if (!from || !to)
		fail("malloc");
	for (i = 0; i < SUM_BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		from[i] = (uint8_t)x;
	}
	first = sum_of(from, SUM_BYTES);
	for (;;) {
		memcpy(to, from, SUM_BYTES);
		if (sum_of(to, SUM_BYTES) != first)
			bad_sums++;
		sums++;
		rest(PAUSE_NS);
	}
	return NULL;
}

static void *timer(void *cpu)
{
	struct timespec until, now;
	unsigned long late, worst;

	stay_on((int)(intptr_t)cpu);
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TIMER_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		late = (unsigned long)((now.tv_sec - until.tv_sec) * 1000000 +
				       (now.tv_nsec - until.tv_nsec) / 1000);
		worst = late_us;
		while (late > worst &&
		       !atomic_compare_exchange_weak(&late_us, &worst, late))
			continue;
	}
	return NULL;
}

static uint8_t byte_at(uint64_t place)
{
	return (uint8_t)((place * 2654435761U) >> 13);
}

static void *give(void *unused)
{
	uint8_t piece[PIECE_BYTES];
	uint64_t place = 0;
	size_t i, done;
	ssize_t n;

	(void)unused;
	for (;;) {
		for (i = 0; i < sizeof(piece); i++)
			piece[i] = byte_at(place + i);
		for (done = 0; done < sizeof(piece); done += (size_t)n) {
			n = write(ends[0], piece + done, sizeof(piece) - done);
			if (n <= 0)
				fail("the stream is broken: write");
		}
		place += sizeof(piece);
		rest(PAUSE_NS);
	}
	return NULL;
}

static void *take(void *unused)
{
	uint8_t piece[PIECE_BYTES];
	uint64_t place = 0;
	ssize_t n, i;

	(void)unused;
	for (;;) {
		n = read(ends[1], piece, sizeof(piece));
		if (n <= 0)
			fail("the stream is broken: read");
		for (i = 0; i < n; i++)
			bad_bytes += piece[i] != byte_at(place++);
		bytes += (unsigned long)n;
	}
	return NULL;
}

static void open_stream(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t length = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &length))
		fail("listen");
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(ends[0], (struct sockaddr *)&at, sizeof(at)))
		fail("connect (is lo up?)");
	ends[1] = accept(listener, NULL, NULL);
	if (ends[1] < 0)
		fail("accept");
	close(listener);
}

static void start(void *(*work)(void *), int cpu)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, work, (void *)(intptr_t)cpu);
	if (errno)
		fail("pthread_create");
}

static void report(const char *path)
{
	char new[256];
	FILE *f;

	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "w");
	if (!f)
		fail(new);
	fprintf(f, "sums=%lu badsums=%lu bytes=%lu badbytes=%lu late_us=%lu\n",
		atomic_exchange(&sums, 0), atomic_exchange(&bad_sums, 0),
		atomic_exchange(&bytes, 0), atomic_exchange(&bad_bytes, 0),
		atomic_exchange(&late_us, 0));
	if (fclose(f) || rename(new, path))
		fail(path);
}

int main(int argc, char **argv)
{
	int cpu, cpus = argc == 3 ? atoi(argv[1]) : 0, signal;
	sigset_t set;

	if (cpus < 1) {
		fprintf(stderr, "usage: ward CPUS FILE\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	open_stream();
	for (cpu = 0; cpu < cpus; cpu++) {
		start(sum, cpu);
		start(timer, cpu);
	}
	start(take, 0);
	start(give, 0);
	while (!sigwait(&set, &signal) && signal == SIGUSR1)
		report(argv[2]);
	return 0;
}
