// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of a test machine: sets it up, runs the script, tells the verdict.
 *
 * It talks to the runner through three debug ports (QEMU's isa-debugcon), so
 * that neither a driver nor an interrupt of the kernel under test is needed:
 *
 *   0xe9  what the script prints
 *   0xea  one line per event: "alive" each second, "start" just before the
 *         script's first line, "exit N" last of all; no "exit" is a lost
 *         machine
 *   0xeb  /out, as a compressed tar archive
 *
 * Port 0xf4 (isa-debug-exit) ends the machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT_OUTPUT  0xe9
#define PORT_VERDICT 0xea
#define PORT_ARCHIVE 0xeb
#define PORT_EXIT    0xf4

#define SCRIPT	     "/script"

static void port_write(unsigned short port, const void *bytes, size_t len)
{
	outsb(port, bytes, len);
}

__attribute__((format(printf, 2, 3))) static void
port_printf(unsigned short port, const char *format, ...)
{
	char line[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (len > 0)
		port_write(port, line, len);
}

/*
 * Have "/" be a mount with a parent, as on a real system: in the initramfs
 * itself pivot_root(2) fails (fs/namespace.c:SYSCALL_DEFINE2(pivot_root), "not
 * attached"), and with it every program that puts itself into a sandbox.
 */
static void become_a_mount(void)
{
	mkdir("/.root", 0755);
	if (mount("/", "/.root", NULL, MS_BIND, NULL) || chdir("/.root") ||
	    mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		port_printf(PORT_OUTPUT, "init: cannot move the root: %s\n",
			    strerror(errno));
}

static void mount_or_say(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		port_printf(PORT_OUTPUT, "init: cannot mount %s: %s\n", where,
			    strerror(errno));
}

static void mount_all(void)
{
	mount_or_say("proc", "/proc");
	mount_or_say("sysfs", "/sys");
	mount_or_say("devtmpfs", "/dev");
	mount_or_say("tmpfs", "/tmp");
	mount_or_say("debugfs", "/sys/kernel/debug");
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, NULL);
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	mkdir("/out", 0755);
}

/* The runner's words to the script: lines of NAME=VALUE. */
static void read_environment(void)
{
	static char line[4096];
	FILE *f = fopen("/machine", "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strchr(line, '='))
			putenv(strdup(line));
	}
	if (f)
		fclose(f);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/", 1);
}

static int load_module(const char *name, const char *options)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/lib/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (syscall(SYS_finit_module, fd, options ? options : "", 0)) {
		err = errno;
		port_printf(PORT_OUTPUT, "init: %s.ko cannot be loaded: %s\n",
			    name, strerror(err));
	}
	close(fd);
	return err;
}

/* Those that are there, in the order in which they use each other. */
static int load_modules(void)
{
	int err = load_module("multikernel_channel",
			      getenv("MK_CHANNEL_OPTIONS"));

	return err ? err
		   : load_module("multikernel", getenv("MK_MODULE_OPTIONS"));
}

/*
 * Forward what comes out of @fd to @port until @child has ended, a beat each
 * second. Processes that @child left behind may keep the pipe open, so its
 * end is no condition.
 */
static int pump(int fd, unsigned short port, pid_t child)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status = -1, ended = 0;
	time_t beat = 0;
	char bytes[4096];
	ssize_t len;
	pid_t pid;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		if (time(NULL) != beat) {
			beat = time(NULL);
			port_printf(PORT_VERDICT, "alive\n");
		}
		poll(&p, 1, ended ? 0 : 200);
		len = read(fd, bytes, sizeof(bytes));
		if (len > 0) {
			port_write(port, bytes, len);
			continue;
		}
		if (len == 0 && !ended)
			usleep(10000);
		if (ended)
			break;
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == child) {
				ended = 1;
				break;
			}
		}
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int run(unsigned short port, char *const argv[])
{
	int fds[2];
	pid_t child;
	int status;

	if (pipe2(fds, O_CLOEXEC))
		return 126;
	child = fork();
	if (child < 0)
		return 126;
	if (child == 0) {
		ioperm(0, 1024, 0);
		setsid();
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(fds[1], 1);
		if (port == PORT_OUTPUT)
			dup2(fds[1], 2);
		execv(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	status = pump(fds[0], port, child);
	close(fds[0]);
	return status;
}

/* Drivers of what the runner has put into the machine. */
static int load_kmods(void)
{
	char *argv[] = { "/bin/sh", "-c",
			 "for name in $MK_KMODS; do"
			 " modprobe $name || exit; done",
			 NULL };

	return getenv("MK_KMODS") ? run(PORT_OUTPUT, argv) : 0;
}

static void run_shell(const char *tty)
{
	char *argv[] = { "sh", "-i", NULL };
	pid_t child = fork();
	int fd;

	if (child == 0) {
		ioperm(0, 1024, 0);
		setsid();
		fd = open(tty, O_RDWR);
		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execv("/bin/sh", argv);
		_exit(127);
	}
	while (waitpid(-1, NULL, WNOHANG) != child) {
		port_printf(PORT_VERDICT, "alive\n");
		usleep(200000);
	}
}

/*
 * What the script must not leave behind: a ledger that is not true.  A script
 * that loses CPUs on purpose says so by a file /tmp/lost, and looks itself.
 */
static int check_ledger(void)
{
	char *argv[] = { "/bin/sh", "-c",
			 "said=$(mkctl fsck 2>&1) && exit; status=$?;"
			 "echo \"init: mkctl fsck after the script: $said\";"
			 "exit $status",
			 NULL };

	if (access("/dev/multikernel", F_OK) || access("/bin/mkctl", X_OK) ||
	    !access("/tmp/lost", F_OK))
		return 0;
	return run(PORT_OUTPUT, argv);
}

static void send_out(void)
{
	char *argv[] = { "/bin/sh", "-c",
			 "cd /out && [ -n \"$(ls -A)\" ] && exec tar -czf - .",
			 NULL };

	run(PORT_ARCHIVE, argv);
}

static void end_machine(int status)
{
	port_printf(PORT_VERDICT, "exit %d\n", status);
	if (getenv("MK_POWEROFF")) {
		sync();
		if (fork() == 0) {
			reboot(RB_POWER_OFF);
			_exit(0);
		}
		sleep(60);
	}
	outb(0, PORT_EXIT);
	pause();
}

int main(void)
{
	struct sched_param param = { .sched_priority = 10 };
	char *argv[] = { "/bin/sh", "-eu", SCRIPT, NULL };
	int status;

	if (getpid() != 1 ||
	    ioperm(PORT_OUTPUT, PORT_EXIT - PORT_OUTPUT + 1, 1))
		return 1;
	port_printf(PORT_VERDICT, "alive\n");
	become_a_mount();
	mount_all();
	read_environment();
	/* so that a script that keeps every CPU busy is not taken for silence */
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);

	status = load_kmods() || load_modules() ? 1 : 0;
	if (!status) {
		port_printf(PORT_VERDICT, "start\n");
		status = run(PORT_OUTPUT, argv);
		if (getenv("MK_SHELL"))
			run_shell(getenv("MK_SHELL"));
		if (check_ledger() && !status)
			status = 1;
		send_out();
	}
	end_machine(status);
	return 0;
}
