// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixed work to be timed on a host and in a spawn by the same machine code.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CPU_STEPS     200000000u
#define MEMORY_BYTES  (16u << 20)
#define MEMORY_PASSES 4u
#define HUGE_PAGE     (2u << 20)

static volatile uint64_t sink;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t bench_cpu(void)
{
	uint64_t start = now();
	uint64_t x = 88172645463325252u;
	uint32_t i;

	for (i = 0; i < CPU_STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
	return now() - start;
}

static uint64_t *buffer(void)
{
	void *at = NULL;

	if (posix_memalign(&at, HUGE_PAGE, MEMORY_BYTES))
		abort();
	/* large pages or none, but the same in every round */
	madvise(at, MEMORY_BYTES, MADV_HUGEPAGE);
	memset(at, 1, MEMORY_BYTES);
	return at;
}

uint64_t bench_memory(void)
{
	const size_t words = MEMORY_BYTES / sizeof(uint64_t);
	static uint64_t *from, *to;
	uint64_t start = 0, sum = 0;
	uint32_t pass;
	size_t i;

	if (!from) {
		from = buffer();
		to = buffer();
	}
	/* the first pass warms up */
	for (pass = 0; pass <= MEMORY_PASSES; pass++) {
		if (pass == 1)
			start = now();
		for (i = 0; i < words; i++)
			to[i] = from[i] + pass;
		for (i = 0; i < words; i++)
			sum += to[i];
	}
	sink = sum;
	return now() - start;
}

uint64_t bench_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* The counter and CLOCK_BOOTTIME of one moment: the closest of some readings. */
static int print_clocks(void)
{
	uint64_t best = UINT64_MAX, tsc = 0, ns = 0;
	struct timespec t;
	int i;

	for (i = 0; i < 20; i++) {
		uint64_t before = bench_tsc(), after;

		clock_gettime(CLOCK_BOOTTIME, &t);
		after = bench_tsc();
		if (after - before >= best)
			continue;
		best = after - before;
		tsc = before + best / 2;
		ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	}
	printf("%llu %llu\n", (unsigned long long)tsc, (unsigned long long)ns);
	return 0;
}

/* Messages of 64 bytes through a pipe from one process to another, a second. */
static int bench_pipe(void)
{
	static char message[64];
	uint64_t start, end, n = 0;
	int fds[2];

	if (pipe(fds))
		return 1;
	if (fork() == 0) {
		close(fds[1]);
		while (read(fds[0], message, sizeof(message)) > 0)
			;
		_exit(0);
	}
	close(fds[0]);
	start = now();
	do {
		if (write(fds[1], message, sizeof(message)) < 0)
			return 1;
		n++;
		end = now();
	} while (end - start < 1500000000u);
	close(fds[1]);
	wait(NULL);
	printf("%llu\n", (unsigned long long)(n * 1000000000u / (end - start)));
	return 0;
}

int bench_main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	if (argc > 1 && !strcmp(argv[1], "--tsc")) {
		printf("%llu\n", (unsigned long long)bench_tsc());
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--clocks"))
		return print_clocks();
	if (argc > 1 && !strcmp(argv[1], "--pipe"))
		return bench_pipe();
	while (rounds-- > 0) {
		unsigned long long cpu = bench_cpu();
		unsigned long long memory = bench_memory();

		printf("bench cpu=%llu memory=%llu\n", cpu, memory);
		fflush(stdout);
	}
	return 0;
}
