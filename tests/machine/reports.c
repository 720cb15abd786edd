// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events and reports: what is refused, and what is told.
 *
 * usage: reports CPU (refusals, and the events of an instance; root, module
 *                     loaded, nothing there)
 *        reports ask NAME INDEX (print where that CPU is)
 *        reports last NAME INDEX (print where it was)
 *        reports hung NAME (give it up)
 *        reports events (print those that are no change of a state)
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/multikernel.h>

#include "verdict.h"

#define STORES 300 /* two events each: more than are kept */

static int machine;

static int create(const char *name, uint32_t *cpu, uint32_t flags)
{
	struct mk_create c = {
		.flags = flags,
		.nr_cpus = cpu ? 1 : 0,
		.cpus = (uintptr_t)cpu,
		.memory_bytes = cpu ? 32 << 20 : 2 << 20,
		.low_bytes = cpu ? 32 << 10 : 0,
	};

	snprintf(c.name, sizeof(c.name), "%s", name);
	return ioctl(machine, MK_IOC_CREATE, &c);
}

static void delete (int fd)
{
	struct mk_command c = { 0 };

	expect("delete", ioctl(fd, MK_IOC_DELETE, &c), 0);
	close(fd);
}

static int next(struct mk_event *event, uint64_t after)
{
	memset(event, 0, sizeof(*event));
	event->seq = after;
	return ioctl(machine, MK_IOC_EVENT, event) ? -errno : 0;
}

static int readable(void)
{
	struct pollfd p = { .fd = machine, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

/* The number of the last event that is there. */
static uint64_t newest(void)
{
	struct mk_event e;
	uint64_t seq = 0;

	while (next(&e, seq) == 0)
		seq = e.seq;
	return seq;
}

static void refusals(int fd)
{
	struct mk_event e = { .flags = 1 };
	struct mk_report r = { .flags = 2 };
	struct mk_command c = { .flags = 2 };

	expect("event: unknown flag", ioctl(machine, MK_IOC_EVENT, &e),
	       -EINVAL);
	e.flags = 0;
	e.reserved[3] = 1;
	expect("event: reserved", ioctl(machine, MK_IOC_EVENT, &e), -EINVAL);
	expect("event: wild address", ioctl(machine, MK_IOC_EVENT, 8), -EFAULT);
	expect("event: never given", next(&e, UINT64_MAX), -EINVAL);
	expect("event: not of an instance", ioctl(fd, MK_IOC_EVENT, &e),
	       -ENOTTY);
	expect("report: unknown flag", ioctl(fd, MK_IOC_REPORT, &r), -EINVAL);
	r.flags = 0;
	r.index = 1;
	expect("report: no such CPU", ioctl(fd, MK_IOC_REPORT, &r), -EINVAL);
	r.index = 0;
	r.timeout_ms = 10001;
	expect("report: too long", ioctl(fd, MK_IOC_REPORT, &r), -EINVAL);
	r.timeout_ms = 0;
	r.reserved[0] = 1;
	expect("report: reserved", ioctl(fd, MK_IOC_REPORT, &r), -EINVAL);
	r.reserved[0] = 0;
	expect("report: never started", ioctl(fd, MK_IOC_REPORT, &r), 0);
	expect("report: nothing is known", r.status, MK_REPORT_NONE);
	r.flags = MK_REPORT_F_ASK;
	expect("report: does not run", ioctl(fd, MK_IOC_REPORT, &r), -ENOTCONN);
	expect("report: wild address", ioctl(fd, MK_IOC_REPORT, 8), -EFAULT);
	expect("kill: unknown flag", ioctl(fd, MK_IOC_KILL, &c), -EINVAL);
	c.flags = MK_KILL_F_HUNG;
	expect("kill, hung: does not run", ioctl(fd, MK_IOC_KILL, &c),
	       -EALREADY);
	expect("start: that flag", ioctl(fd, MK_IOC_START, &c), -EINVAL);
}

static void events(uint32_t cpu)
{
	uint64_t seq = newest(), first;
	struct mk_event e;
	int fd, i, bad = 0;
	char name[16];

	verdict(!readable(), "no event: nothing to read", 0, 0);
	fd = create("told", &cpu, 0);
	expect("create", fd < 0 ? -1 : 0, 0);
	verdict(readable(), "an event: something to read", 0, 0);
	refusals(fd);
	delete (fd);
	expect("the first is there", next(&e, seq), 0);
	verdict(e.kind == MK_EVENT_CREATED && !strcmp(e.name, "told") &&
			e.state == MK_STATE_CREATED && !e.lost &&
			e.seq == seq + 1 && e.time_ns && e.real_ns,
		"created", (int)e.kind, MK_EVENT_CREATED);
	verdict(readable(), "and one more to read", 0, 0);
	expect("the second is there", next(&e, e.seq), 0);
	expect("deleted", e.kind, MK_EVENT_DELETED);
	expect("no third", next(&e, e.seq), -ENOENT);
	verdict(!readable(), "nothing to read any more", 0, 0);

	first = seq + 3;
	for (i = 0; i < STORES; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		fd = create(name, NULL, MK_CREATE_F_STORE);
		bad += fd < 0 ||
		       ioctl(fd, MK_IOC_DELETE, &(struct mk_command){ 0 });
		close(fd);
	}
	expect("stores come and go", bad, 0);
	expect("the oldest that is kept", next(&e, first - 1), 0);
	verdict(e.lost == 2 * STORES - MK_EVENTS && e.seq == first + e.lost,
		"says how many are not", (int)e.lost, 2 * STORES - MK_EVENTS);
	for (i = 1, seq = e.seq; next(&e, seq) == 0; seq = e.seq, i++)
		bad += e.lost || e.seq != seq + 1;
	expect("all others, in order", bad, 0);
	expect("as many as are kept", i, MK_EVENTS);
}

static int open_instance(const char *name)
{
	struct mk_open o = { 0 };

	snprintf(o.name, sizeof(o.name), "%s", name);
	return ioctl(machine, MK_IOC_OPEN, &o);
}

static int report(const char *name, uint32_t index, int ask)
{
	struct mk_report r = { .index = index };
	int fd = open_instance(name), error = 0;

	if (ask) {
		r.flags = MK_REPORT_F_ASK;
		r.timeout_ms = 5000;
	}
	if (ioctl(fd, MK_IOC_REPORT, &r))
		error = errno;
	printf("error %d status %u cpu %u pid %u task %s ip %#llx\n%s", error,
	       r.status, r.spawn_cpu, r.pid, r.task,
	       (unsigned long long)r.registers[16], r.trace);
	return error != 0;
}

static void print_events(void)
{
	struct mk_event e;
	uint64_t seq;

	for (seq = 0; next(&e, seq) == 0; seq = e.seq)
		if (e.kind == MK_EVENT_CPU_LOST)
			printf("lost cpu %u %s\n", e.cpu, e.name);
		else if (e.kind == MK_EVENT_KEXEC_REFUSED)
			printf("kexec refused\n");
}

int main(int argc, char **argv)
{
	struct mk_command c = { .flags = MK_KILL_F_HUNG };

	machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	if (machine < 0) {
		perror("/dev/multikernel");
		return 1;
	}
	if (argc == 4)
		return report(argv[2], (uint32_t)atoi(argv[3]),
			      !strcmp(argv[1], "ask"));
	if (argc == 3)
		return ioctl(open_instance(argv[2]), MK_IOC_KILL, &c) != 0;
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "events")) {
		print_events();
		return 0;
	}
	events((uint32_t)atoi(argv[1]));
	return failures != 0;
}
