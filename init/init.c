// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of a spawn with an agent: loads the agent's modules, leaves a
 * daemon for the spawn's devices, then becomes the user's init.
 *
 * The kernel is told rdinit=/multikernel/init.  The path of the user's own init
 * comes in the environment, where the kernel puts an option that it does not
 * know (init/main.c:unknown_bootoption, 6.1 to 7.2); without it that is /init.
 * Where there is none, root= is mounted instead (root.c).
 *
 * No error of the agent stops the boot.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bus.h"
#include "daemon.h"
#include "modules.h"
#include "root.h"

#define VARIABLE "multikernel_init"
#define CHANNEL	 "multikernel_channel"
#define SPAWN	 "multikernel_spawn"
#define VIRTIO	 "multikernel_virtio"

static int kmsg = -1;

/* By nodes of our own, so that nothing has to be mounted and nothing stays. */
static int open_memory(unsigned int minor)
{
	int fd;

	mknod(HOME "/node", S_IFCHR | 0600, makedev(1, minor));
	fd = open(HOME "/node", O_RDWR | O_CLOEXEC | O_NOCTTY);
	unlink(HOME "/node");
	return fd;
}

/*
 * /dev/null, and no descriptor of ours below it that the daemon would take for
 * a standard file: without a console the kernel has left those closed.
 */
static int open_null(void)
{
	int fd;

	do
		fd = open_memory(3);
	while (fd >= 0 && fd < 3);
	return fd;
}

void say(int level, const char *format, ...)
{
	int n, why = errno;
	char line[512];
	va_list args;

	n = snprintf(line, sizeof(line), "<%d>multikernel: ", level);
	va_start(args, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	/* Without it a reader has to wait for the next record to be sure. */
	strcat(line, "\n");
	if (write(kmsg, line, strlen(line)) < 0)
		n = 0; /* nowhere left to say so */
	errno = why;
}

int private_mount(const char *type)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC), fd = -1, why;

	if (fs >= 0 && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				     MOUNT_ATTR_NOEXEC);
	why = errno;
	if (fs >= 0)
		close(fs);
	errno = why;
	return fd;
}

void read_file(int dir, const char *path, char *text, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	size_t at = 0;

	while (fd >= 0 && at < size - 1 &&
	       (n = read(fd, text + at, size - 1 - at)) > 0)
		at += (size_t)n;
	text[at] = '\0';
	if (fd >= 0)
		close(fd);
}

bool load_module(int fd)
{
	return !syscall(SYS_finit_module, fd, "", 0) || errno == EEXIST;
}

static bool load(const char *name)
{
	char path[64];
	bool done;
	int fd;

	snprintf(path, sizeof(path), HOME "/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	done = fd >= 0 && load_module(fd);
	if (!done)
		say(ERROR, "%s.ko cannot be loaded: %s; going on without it",
		    name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return done;
}

/* Those of the kernel were found missing, or not, when the image was loaded. */
static void start_devices(char *argv0, int null)
{
	bool virtio;

	virtio = !access(HOME "/" VIRTIO ".ko", F_OK) && modules_load("bus") &&
		 load(VIRTIO);
	if (!bus_open())
		return;
	bus_load_pmem();
	if (virtio)
		daemon_start(argv0, null);
}

/* The initramfs is memory: what is done with goes. */
static void remove_files(void)
{
	unlink(HOME "/" CHANNEL ".ko");
	unlink(HOME "/" SPAWN ".ko");
	unlink(HOME "/" VIRTIO ".ko");
	unlink(HOME "/init");
	rmdir(HOME);
}

/* Become the program at @path; returns when that is not possible. */
static void run(const char *path, char **argv)
{
	argv[0] = (char *)path;
	say(INFO, "runs %s", path);
	execv(path, argv);
	say(ERROR, "%s cannot be run: %s", path, strerror(errno));
}

/* As init/main.c:kernel_init does. */
static void run_fallback(char **argv)
{
	static const char *const usual[] = { "/sbin/init", "/etc/init",
					     "/bin/init", "/bin/sh" };
	size_t i;

	if (root_init()) {
		run(root_init(), argv);
		return;
	}
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!access(usual[i], F_OK))
			run(usual[i], argv);
}

int main(int argc, char **argv)
{
	const char *path = getenv(VARIABLE);
	int null;

	if (getpid() != 1 || argc < 1)
		return 1;
	null = open_null();
	kmsg = open_memory(11);
	modules_open();
	if (load(CHANNEL) && load(SPAWN))
		start_devices(argv[0], null);
	remove_files();
	unsetenv(VARIABLE);
	if (!path)
		path = "/init";
	if (!access(path, F_OK)) {
		run(path, argv);
		root_read_words();
		run_fallback(argv);
	} else {
		root_read_words();
		if (root_enter(path))
			run_fallback(argv);
	}
	say(ERROR, "no init could be run");
	return 1; /* and the kernel panics, as it would have done */
}
