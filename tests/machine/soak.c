// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endurance: create, load, start, kill and delete, again and again, two
 * instances side by side, each kill at a random moment of the spawn's boot.
 * Is the host what it was, and a cycle as fast as it was?
 *
 * usage: soak CYCLES EVERY SEED CPU FOLDER CPU FOLDER
 *
 * Two loops share CYCLES; each has its CPU, and the next one in one cycle of
 * four, and the kernel and the initrd of its folder.  Every EVERY cycles both
 * rest and the host is measured; the measure after the first EVERY is what the
 * others are compared with, for what the first cycles fill (slabs, per-CPU
 * lists, the tool's pages) stays and is not lost.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/multikernel.h>

#include "measure.h"
#include "verdict.h"

extern char **environ;

enum step { CREATE, LOAD, START, KILL, DELETE, STEPS };
#define YARD (STEPS + 1) /* for median() */
static const char *const step_names[STEPS] = { "create", "load", "start",
					       "kill", "delete" };

/* One cycle, without the wait between start and kill. */
struct cycle {
	uint32_t us[STEPS], waited_us;
	uint32_t whole_us;
	uint32_t yard_us; /* of something that does not change, just before */
};

static struct {
	char one[16], two[24], kernel[64], initrd[64];
} loops[2];
static struct cycle *cycles; /* shared with the loops */
static unsigned int total, every;
static uint64_t seed;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* splitmix64: one number for each @n of a seed. */
static uint64_t mix(uint64_t n)
{
	n = seed + n * 0x9e3779b97f4a7c15ULL;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ULL;
	n = (n ^ n >> 27) * 0x94d049bb133111ebULL;
	return n ^ n >> 31;
}

/* --- the cycles ------------------------------------------------------------ */

static int run(const char *const argv[], int silent)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (silent)
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null",
						 O_WRONLY, 0);
	if (posix_spawn(&pid, "/bin/mkctl", &actions, NULL, (char *const *)argv,
			environ) ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int step(struct cycle *cycle, enum step which, const char *const argv[])
{
	uint64_t begun = now_us();
	int status = run(argv, 0);

	cycle->us[which] = now_us() - begun;
	cycle->whole_us += cycle->us[which];
	if (!status)
		return 0;
	printf("# cycle %ld: %s ended with status %d\n", (long)(cycle - cycles),
	       step_names[which], status);
	fflush(stdout);
	return -1;
}

/* How long it takes to start the tool a few times, for nothing. */
static uint32_t yardstick(void)
{
	uint64_t begun = now_us();
	int i;

	for (i = 0; i < 5; i++)
		if (run((const char *[]){ "mkctl", "fsck", "--help", NULL }, 1))
			_exit(1);
	return now_us() - begun;
}

/*
 * A spawn's boot to its init takes some seconds here: half of the kills come
 * within the first quarter second of it, the others anywhere.
 */
static uint32_t wait_us(unsigned int n)
{
	uint64_t random = mix(n);

	return (random >> 8) % (random & 1 ? 250000 : 3000000);
}

static int one_cycle(unsigned int n, int loop)
{
	const char *name = loop ? "odd" : "even";
	const char *cpus = mix(n) >> 8 & 3 ? loops[loop].one : loops[loop].two;
	struct cycle *cycle = &cycles[n];
	/* one in four is deleted by force, as it runs */
	int force = mix(n) >> 60 < 4;

	cycle->yard_us = yardstick();
	cycle->waited_us = wait_us(n);
	if (step(cycle, CREATE,
		 (const char *[]){ "mkctl", "create", name, "--cpus", cpus,
				   "--memory", "128M", NULL }) ||
	    step(cycle, LOAD,
		 (const char *[]){ "mkctl", "load", name, "--kernel",
				   loops[loop].kernel, "--initrd",
				   loops[loop].initrd, "--no-modules",
				   NULL }) ||
	    step(cycle, START,
		 (const char *[]){ "mkctl", "start", name, NULL }))
		return -1;
	usleep(cycle->waited_us);
	if (!force &&
	    step(cycle, KILL, (const char *[]){ "mkctl", "kill", name, NULL }))
		return -1;
	return step(cycle, DELETE,
		    (const char *[]){ "mkctl", "delete", name,
				      force ? "--force" : NULL, NULL });
}

/* Cycles @from to @to, the even ones here and the odd ones there. */
static int both_loops(unsigned int from, unsigned int to)
{
	int status, failed = 0, loop;
	pid_t pids[2];

	for (loop = 0; loop < 2; loop++) {
		pids[loop] = fork();
		if (pids[loop] == 0) {
			unsigned int n;

			for (n = from + loop; n < to; n += 2)
				if (one_cycle(n, loop))
					_exit(1);
			_exit(0);
		}
	}
	for (loop = 0; loop < 2; loop++)
		if (pids[loop] < 0 || waitpid(pids[loop], &status, 0) < 0 ||
		    status)
			failed = 1;
	return failed ? -1 : 0;
}

/* --- what it says ---------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of cycles @from to @to: of a step, of the whole for STEPS, of the yardstick. */
static uint32_t median(unsigned int from, unsigned int to, int which)
{
	uint32_t *times = calloc(to - from + 1, sizeof(*times)), result;
	unsigned int n = 0, i;

	for (i = from; times && i < to; i++) {
		uint32_t us = which == STEPS  ? cycles[i].whole_us
			      : which == YARD ? cycles[i].yard_us
					      : cycles[i].us[which];

		/* not every cycle has a kill of its own */
		if (us)
			times[n++] = us;
	}
	if (!n)
		return 0;
	qsort(times, n, sizeof(*times), compare);
	result = times[n / 2];
	free(times);
	return result;
}

/*
 * Emulated CPUs are as fast as what else their computer does lets them be, so
 * a cycle must have become slower both by the clock and in yardsticks.
 */
static void judge_time(unsigned int done)
{
	unsigned int part = done / 2 < 100 ? done / 2 : 100;
	double first, last, ratio, yards;
	int i;

	for (i = 0; i <= YARD; i++) {
		first = median(0, part, i);
		last = median(done - part, done, i);
		printf("# median of the first and the last %u, ms: %-9s %7.1f %7.1f\n",
		       part,
		       i < STEPS    ? step_names[i]
		       : i == STEPS ? "whole"
				    : "yardstick",
		       first / 1000, last / 1000);
	}
	ratio = (double)median(done - part, done, STEPS) /
		median(0, part, STEPS);
	yards = (double)median(done - part, done, YARD) / median(0, part, YARD);
	printf("# the last %u cycles took %.2f times as long as the first;"
	       " in yardsticks %.2f\n",
	       part, ratio, ratio / yards);
	if (yards > 1)
		ratio /= yards;
	verdict(ratio <= 1.5, "a cycle takes no longer at the end",
		(int)(100 * ratio), 150);
}

int main(int argc, char **argv)
{
	static struct measure first, last;
	unsigned int done = 0, next;
	int loop;
	uint64_t begun = now_us();

	if (argc != 8)
		return 2;
	total = atoi(argv[1]);
	every = atoi(argv[2]);
	seed = strtoull(argv[3], NULL, 0);
	for (loop = 0; loop < 2; loop++) {
		int cpu = atoi(argv[4 + 2 * loop]);
		const char *folder = argv[5 + 2 * loop];

		sprintf(loops[loop].one, "%d", cpu);
		sprintf(loops[loop].two, "%d-%d", cpu, cpu + 1);
		snprintf(loops[loop].kernel, 64, "%s/vmlinuz", folder);
		snprintf(loops[loop].initrd, 64, "%s/initrd", folder);
	}
	cycles = mmap(NULL, (total + 1) * sizeof(*cycles),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (!every || total < 2 * every || cycles == MAP_FAILED)
		return 2;
	printf("# seed %#llx\n", (unsigned long long)seed);
	measure(&first, 0, "cycles");
	while (done < total) {
		next = done + every < total ? done + every : total;
		if (both_loops(done, next))
			break;
		measure(done ? &last : &first, next, "cycles");
		done = next;
		printf("# %u cycles in %.0f s; median of the last %u: %.0f ms\n",
		       done, (now_us() - begun) / 1e6, every,
		       median(done - every, done, STEPS) / 1000.0);
		fflush(stdout);
	}
	verdict(done == total, "all cycles ran", done, total);
	if (done != total)
		return 1;
	failures += measure_judge(&first, &last, total - every, "cycles");
	judge_time(total);
	return failures ? 1 : 0;
}
