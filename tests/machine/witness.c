// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host sees of a spawn in which something goes wrong, and when.
 *
 * usage: witness NAME SECONDS [TEXT]
 *
 * Waits for the line "spawn fault ... tsc N" in the spawn's log, then up to
 * SECONDS for the first of:
 *
 *	stopped:CAUSE crashed:CAUSE	it left the state running
 *	broken				its channel makes no sense
 *	agent-gone			its agent has left
 *	cpu-gone			it has fewer CPUs online than before
 *	log				its log has TEXT
 *	silent				no heartbeat for more than 3 s
 *	nothing				none of them
 *
 * and prints "SEEN MS AGE": the milliseconds since that line, on the time stamp
 * counter that both kernels have, and the age of the heartbeat then. Status 1:
 * there was no such line within 120 s.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/multikernel.h>

#define SILENT_MS     3000
#define NO_BEAT	      UINT32_MAX
#define TRY_MS	      20
#define TRIES_PER_LOG 10

struct clock {
	uint64_t tsc;
	double ms; /* of CLOCK_BOOTTIME */
};

static const char *name;
static int instance;

static struct clock now(void)
{
	struct timespec t;
	struct clock c;

	c.tsc = __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_BOOTTIME, &t);
	c.ms = (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
	return c;
}

static void rest(void)
{
	struct timespec t = { .tv_nsec = TRY_MS * 1000000 };

	nanosleep(&t, NULL);
}

static int open_instance(void)
{
	int machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	struct mk_open o = { 0 };

	snprintf(o.name, sizeof(o.name), "%s", name);
	return machine < 0 ? -1 : ioctl(machine, MK_IOC_OPEN, &o);
}

/* Read its log: when the fault began (0: not yet), and whether @text is there. */
static uint64_t read_log(const char *text, int *found)
{
	char line[1024], command[128], *at;
	uint64_t began = 0;
	FILE *log;

	snprintf(command, sizeof(command), "mkctl log %s 2>/dev/null", name);
	log = popen(command, "r");
	while (log && fgets(line, sizeof(line), log)) {
		at = strstr(line, "spawn fault ");
		at = at ? strstr(at, " tsc ") : NULL;
		if (at)
			began = strtoull(at + 5, NULL, 10);
		if (began && text && strstr(line, text))
			*found = 1;
	}
	if (log)
		pclose(log);
	return began;
}

static const char *cause_name(uint32_t cause)
{
	static const char *const names[] = {
		"none", "poweroff", "reboot", "panic", "killed",
		"host", "no-start", "flood",  "hung",
	};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "?";
}

/* What there is to see now; 0: nothing. @at: the moment, if it is known. */
static int look(char *seen, size_t size, uint32_t *age, double *at)
{
	static int was_up;
	static uint32_t cpus;
	struct mk_channel channel = { 0 };
	struct mk_info info = { 0 };
	const char *what = NULL;

	if (ioctl(instance, MK_IOC_CHANNEL, &channel) ||
	    ioctl(instance, MK_IOC_INFO, &info)) {
		perror("witness");
		exit(2);
	}
	*age = channel.heartbeat_age_ms;
	if (info.state == MK_STATE_STOPPED || info.state == MK_STATE_CRASHED) {
		snprintf(seen, size, "%s:%s",
			 info.state == MK_STATE_STOPPED ? "stopped" : "crashed",
			 cause_name(info.cause));
		*at = (double)info.since_ns / 1e6;
		return 1;
	}
	if (channel.agent == MK_AGENT_BROKEN)
		what = "broken";
	else if (was_up && channel.agent == MK_AGENT_NONE)
		what = "agent-gone";
	else if (channel.cpus_online < cpus)
		what = "cpu-gone";
	else if (*age != NO_BEAT && *age > SILENT_MS)
		what = "silent";
	was_up |= channel.agent == MK_AGENT_READY ||
		  channel.agent == MK_AGENT_UP;
	if (channel.cpus_online > cpus)
		cpus = channel.cpus_online;
	if (what)
		snprintf(seen, size, "%s", what);
	return !!what;
}

int main(int argc, char **argv)
{
	const char *text = argc > 3 && argv[3][0] ? argv[3] : NULL;
	double seconds = argc > 2 ? atof(argv[2]) : 0, at, ratio, began_ms;
	struct clock first = now(), last = first;
	char seen[64] = "nothing";
	int found = 0, tries = 0;
	uint32_t age = NO_BEAT;
	uint64_t began = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: witness NAME SECONDS [TEXT]\n");
		return 2;
	}
	name = argv[1];
	instance = open_instance();
	if (instance < 0) {
		perror(name);
		return 2;
	}
	for (;;) {
		at = now().ms;
		if (look(seen, sizeof(seen), &age, &at))
			break;
		if (tries++ % TRIES_PER_LOG == 0) {
			uint64_t new = read_log(text, &found);

			if (new && !began)
				last = now();
			began = new;
			if (found) {
				snprintf(seen, sizeof(seen), "log");
				at = now().ms;
				break;
			}
		}
		if (began ? now().ms - last.ms > seconds * 1e3
			  : now().ms - first.ms > 120e3) {
			at = now().ms;
			break;
		}
		rest();
	}
	began = read_log(NULL, &found);
	if (!began) {
		printf("%s - %u\n", seen, age);
		return 1;
	}
	while (last = now(), last.ms - first.ms < 500)
		rest();
	ratio = (last.ms - first.ms) / (double)(last.tsc - first.tsc);
	began_ms = first.ms + (double)(int64_t)(began - first.tsc) * ratio;
	printf("%s %.0f %u\n", seen, at - began_ms, age);
	return 0;
}
