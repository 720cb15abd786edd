// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the frequency of this computer's time stamp counter in kHz.
 *
 * An emulated CPU's counter is this one.  A kernel on it would measure it
 * against an emulated timer and be wrong by as much as it was kept waiting: a
 * test host was seen whose clock ran ten times too fast.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The counter at a known time: the closest of some pairs of readings. */
static uint64_t pair(uint64_t *ns)
{
	uint64_t best = UINT64_MAX, tsc = 0;
	int i;

	for (i = 0; i < 20; i++) {
		uint64_t before = now(), t = __builtin_ia32_rdtsc();
		uint64_t after = now();

		if (after - before >= best)
			continue;
		best = after - before;
		*ns = before + best / 2;
		tsc = t;
	}
	return tsc;
}

int main(void)
{
	struct timespec wait = { .tv_nsec = 200000000 };
	uint64_t ns0, ns1, tsc0, tsc1;

	tsc0 = pair(&ns0);
	nanosleep(&wait, NULL);
	tsc1 = pair(&ns1);
	printf("%llu\n",
	       (unsigned long long)((tsc1 - tsc0) * 1000000 / (ns1 - ns0)));
	return 0;
}
