// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a test spawn's init that lets something go wrong, for the fault
 * matrix: mk.fault=NAME, at the moment mk.phase=boot|idle|load.
 *
 * The line "spawn fault NAME tsc N" comes right before it; the counter is that
 * of the whole machine, so the host can tell how long it was in the dark.
 */
#define _GNU_SOURCE
#include "spawn_init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/multikernel.h>

#define PORT 0x8009 /* nobody's: only to learn that the host is there */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int bad = fd < 0 || write(fd, text, strlen(text)) < 0;

	if (bad)
		say("%s: errno %d", path, errno);
	if (fd >= 0)
		close(fd);
	return bad;
}

/* Take all memory there is; one at most is left of us. */
static void eat(void)
{
	char *piece;
	size_t i;

	if (fork())
		return;
	put("/proc/self/oom_score_adj", "1000");
	for (;;) {
		piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);
		for (i = 0; piece != MAP_FAILED && i < 1 << 20; i += 4096)
			piece[i] = 1;
	}
}

static void happen(const char *what)
{
	if (!strcmp(what, "reboot"))
		reboot(RB_AUTOBOOT);
	else if (!strcmp(what, "oom") || !strcmp(what, "oom-panic"))
		eat();
	else if (!strcmp(what, "init-killed"))
		_exit(1);
	else if (!strcmp(what, "cpu-offline"))
		put("/sys/devices/system/cpu/cpu1/online", "0");
	else if (!strcmp(what, "agent-gone")) {
		if (syscall(SYS_delete_module, "multikernel_spawn", O_NONBLOCK))
			say("delete_module: errno %d", errno);
	} else if (!strcmp(what, "wild-channel")) {
		insert_module("mkt_hostile", "what=scribble ms=0");
	} else if (!strcmp(what, "flood")) {
		insert_module("mkt_hostile", "what=flood ms=0");
	} else {
		put("/sys/module/mkt_fault/parameters/fault", what);
	}
}

/* Until the agent has said hello, and 1 second more. */
static void wait_for_host(void)
{
	struct mk_attach attach = { .type = PORT };
	int fd = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	struct pollfd port = { .fd = -1, .events = POLLOUT };

	if (fd >= 0)
		port.fd = ioctl(fd, MK_IOC_ATTACH, &attach);
	if (port.fd < 0 || poll(&port, 1, 60000) != 1)
		say("no host: errno %d", errno);
	close(port.fd);
	close(fd);
	sleep(1);
}

/* New processes without end, each with some memory of its own. */
static void churn(void)
{
	static char some[1 << 20];

	if (fork())
		return;
	for (;;) {
		pid_t child = fork();

		if (!child) {
			memset(some, 1, sizeof(some));
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

void let_fail(void (*load)(const char *list))
{
	char what[32] = "", phase[8] = "";
	const char *value;

	value = option("mk.fault");
	if (!value)
		return;
	strncat(what, value, sizeof(what) - 1);
	value = option("mk.phase");
	strncat(phase, value ? value : "idle", sizeof(phase) - 1);
	insert_module("mkt_fault", "");
	if (!strcmp(what, "oom-panic"))
		put("/proc/sys/vm/panic_on_oom", "1");
	if (!strcmp(phase, "load")) {
		load("cpu,memory,timer");
		churn();
	}
	if (strcmp(phase, "boot"))
		wait_for_host();
	say("fault %s tsc %llu", what, __builtin_ia32_rdtsc());
	happen(what);
}
