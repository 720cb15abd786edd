// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole user space of a spawn under test.
 *
 * As process 1 it writes to the kernel log, and does what the kernel command
 * line says:
 *
 *   spawn up REL cpus=N memory=BYTES	first of all
 *   spawn tsc N			the time stamp counter at that moment
 *					(with mk.tsc)
 *   spawn bench cpu=NS memory=NS	one line per round (with mk.bench=ROUNDS)
 *   spawn tick N			every second from then on
 *   spawn insmod NAME ok|failed ERRNO
 *   spawn serve|sink|source ready|failed ERRNO
 *   spawn sink N bytes=N fnv=HEX	once a second when there were more
 *   spawn source done N fnv=HEX	fnv: FNV-1a of all bytes so far
 *
 *   mk.do=poweroff|reboot|halt|panic|sysrq-b|exit|hang
 *					what to do after 2 seconds
 *   mk.load=cpu|ipi|timer|memory	keep every CPU busy (a list with commas)
 *   mk.insmod=NAME[:NAME...]		load /modules/NAME.ko
 *   mk.params=A=1[,B=2...]		with these parameters
 *   mk.poll=USEC			poll_us of the spawn's channel
 *   mk.reload=N			unload and load the agent's module
 *   mk.show				its doorbell and CPUs, in lines
 *					"spawn shows ..."
 *   mk.fault=NAME mk.phase=boot|idle|load	see spawn_fault.c
 *   mk.serve				send back what comes to port 0x8001
 *   mk.sink=USEC			read port 0x8002, a message each USEC
 *   mk.source=N			send N messages of 8 to 65536 bytes to
 *					port 0x8003, numbered by their first 8
 *
 * Under any other process id it is "mkbench", the same machine code run on
 * the host.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "spawn_init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <linux/membarrier.h>

static char cmdline[8192];
static char rel[64] = "unknown";

static void read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static char level = '6'; /* of what is said, as in the kernel log */

/* Opened anew for each line, or the kernel would limit the rate. */
void say(const char *format, ...)
{
	char line[256] = "<6>spawn ";
	va_list args;

	line[1] = level;
	va_start(args, format);
	vsnprintf(line + 9, sizeof(line) - 9, format, args);
	va_end(args);
	write_file("/dev/kmsg", line);
}

const char *option(const char *name)
{
	static char value[256];
	size_t len = strlen(name);
	const char *at = cmdline;

	while ((at = strstr(at, name))) {
		int begins = at == cmdline || at[-1] == ' ';

		at += len;
		if (!begins || !strchr("= ", *at))
			continue;
		snprintf(value, sizeof(value), "%s", *at == '=' ? at + 1 : "");
		value[strcspn(value, " ")] = '\0';
		return value;
	}
	return NULL;
}

static int online_cpus(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Spin on every CPU at the highest priority there is, for ever. */
static void hang(void)
{
	struct sched_param param = { .sched_priority = 99 };
	int cpu;

	write_file("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	for (cpu = online_cpus() - 1; cpu >= 0; cpu--) {
		if (cpu && fork())
			continue;
		pin(cpu);
		sched_setscheduler(0, SCHED_FIFO, &param);
		for (;;)
			;
	}
}

static void act(const char *what)
{
	say("does %s", what);
	if (!strcmp(what, "poweroff")) {
		reboot(RB_POWER_OFF);
	} else if (!strcmp(what, "reboot")) {
		reboot(RB_AUTOBOOT);
	} else if (!strcmp(what, "halt")) {
		reboot(RB_HALT_SYSTEM);
	} else if (!strcmp(what, "panic")) {
		write_file("/proc/sysrq-trigger", "c");
	} else if (!strcmp(what, "sysrq-b")) {
		write_file("/proc/sysrq-trigger", "b");
	} else if (!strcmp(what, "exit")) {
		exit(1);
	} else if (!strcmp(what, "hang")) {
		hang();
	} else {
		say("does not know how to %s", what);
	}
}

static void load_cpu(void)
{
	for (;;)
		bench_cpu();
}

static void load_memory(void)
{
	for (;;)
		bench_memory();
}

/* Every call interrupts all other CPUs that run one of these processes. */
static void load_ipi(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
	for (;;)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

static void load_timer(void)
{
	for (;;)
		usleep(1);
}

static const struct {
	const char *name;
	void (*loop)(void);
} loads[] = {
	{ "cpu", load_cpu },
	{ "memory", load_memory },
	{ "ipi", load_ipi },
	{ "timer", load_timer },
};

static void start_loads(const char *list)
{
	size_t i;
	int cpu;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (!strstr(list, loads[i].name))
			continue;
		for (cpu = 0; cpu < online_cpus(); cpu++) {
			if (fork())
				continue;
			pin(cpu);
			loads[i].loop();
		}
	}
}

static void set_up(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	read_file("/proc/cmdline", cmdline, sizeof(cmdline));
	read_file("/rel", rel, sizeof(rel));
}

int main(int argc, char **argv)
{
	uint64_t tsc = bench_tsc();
	const char *value;
	struct sysinfo info;
	unsigned long tick;
	int rounds;

	/* As the kernel runs it for an orderly power-off. */
	if (argc > 0 && strstr(argv[0], "poweroff")) {
		say("user space powers off");
		return reboot(RB_POWER_OFF);
	}
	if (getpid() != 1)
		return argc > 1 && !strcmp(argv[1], "--fnv")
			       ? print_fnv()
			       : bench_main(argc, argv);

	set_up();
	sysinfo(&info);
	say("up %s cpus=%d memory=%llu", rel, online_cpus(),
	    (unsigned long long)info.totalram * info.mem_unit);
	if (option("mk.tsc")) {
		level = '1'; /* a quiet console shows it, too */
		say("tsc %llu", (unsigned long long)tsc);
		level = '6';
	}

	let_fail(start_loads);
	insert_modules();
	start_ports();
	show_self();
	reload_agent();
	value = option("mk.load");
	if (value)
		start_loads(value);
	value = option("mk.bench");
	for (rounds = value ? atoi(value) : 0; rounds > 0; rounds--) {
		unsigned long long cpu = bench_cpu();
		unsigned long long memory = bench_memory();

		say("bench cpu=%llu memory=%llu", cpu, memory);
	}
	for (tick = 1;; tick++) {
		sleep(1);
		say("tick %lu", tick);
		value = tick == 2 ? option("mk.do") : NULL;
		if (value)
			act(value);
	}
}
