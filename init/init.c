// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of a spawn with an agent: loads the agent's modules, then becomes
 * the user's init.
 *
 * The kernel is told rdinit=/multikernel/init.  The path of the user's own init
 * comes in the environment, where the kernel puts an option that it does not
 * know (init/main.c:unknown_bootoption, 6.1 to 7.2); without it that is /init.
 *
 * A kernel that finds no init in its initramfs mounts root= instead
 * (init/main.c:kernel_init_freeable).  It has found this program, so that is
 * done here, as far as it is simple: a device node, MAJOR:MINOR, or a name for
 * a file system that has no device.
 *
 * No error of the agent stops the boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define HOME	  "/multikernel"
#define ROOT	  "/root"
#define VARIABLE  "multikernel_init"

#define WAIT_STEP 100 /* ms */
#define WAIT_MOST 10000

#define INFO	  6
#define ERROR	  3

/* Of the kernel's command line; the last of each counts. */
static struct {
	const char *root, *types, *data, *init;
	bool wait;
	unsigned int delay; /* seconds */
	unsigned long flags;
} words = { .flags = MS_RDONLY };

static char cmdline[8192], filesystems[8192];
static int kmsg = -1;

/* A node of our own, so that nothing has to be mounted and nothing stays. */
static void open_kmsg(void)
{
	mknod(HOME "/kmsg", S_IFCHR | 0600, makedev(1, 11));
	kmsg = open(HOME "/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	unlink(HOME "/kmsg");
}

/* One line in the kernel log. */
__attribute__((format(printf, 2, 3))) static void say(int level,
						      const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	n = snprintf(line, sizeof(line), "<%d>multikernel: ", level);
	va_start(args, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	/* Without it a reader has to wait for the next record to be sure. */
	strcat(line, "\n");
	if (write(kmsg, line, strlen(line)) < 0)
		return; /* nowhere left to say so */
}

static bool load(const char *name)
{
	char path[64];
	long ret;
	int fd;

	snprintf(path, sizeof(path), HOME "/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = fd < 0 ? -1 : syscall(SYS_finit_module, fd, "", 0);
	if (ret && errno != EEXIST) {
		say(ERROR, "%s.ko cannot be loaded: %s; going on without it",
		    name, strerror(errno));
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

/* The initramfs is memory: what is done with goes. */
static void remove_files(void)
{
	unlink(HOME "/multikernel_channel.ko");
	unlink(HOME "/multikernel_spawn.ko");
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

static void read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	size_t at = 0;

	while (fd >= 0 && at < size - 1 &&
	       (n = read(fd, text + at, size - 1 - at)) > 0)
		at += (size_t)n;
	text[at] = '\0';
	close(fd);
}

/* The next word, its quotes taken away; NULL at the end. */
static char *next_word(char **at)
{
	char *from = *at + strspn(*at, " \t\n"), *word = from, *to = from;
	bool quoted = false;

	if (!*from)
		return NULL;
	for (; *from && (quoted || !strchr(" \t\n", *from)); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/* The value of NAME=VALUE, or NULL. */
static const char *value_of(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static void take_word(const char *word)
{
	const char *value;

	if (!strcmp(word, "ro"))
		words.flags |= MS_RDONLY;
	else if (!strcmp(word, "rw"))
		words.flags &= ~(unsigned long)MS_RDONLY;
	else if (!strcmp(word, "rootwait"))
		words.wait = true;
	else if ((value = value_of(word, "root")))
		words.root = value;
	else if ((value = value_of(word, "rootfstype")))
		words.types = value;
	else if ((value = value_of(word, "rootflags")))
		words.data = value;
	else if ((value = value_of(word, "rootdelay")))
		words.delay = (unsigned int)strtoul(value, NULL, 10);
	else if ((value = value_of(word, "init")))
		words.init = value;
}

static void read_words(void)
{
	char *at = cmdline, *word;

	mkdir(HOME, 0755);
	mkdir(HOME "/proc", 0755);
	if (mount("proc", HOME "/proc", "proc", 0, NULL))
		say(ERROR, "cannot mount proc: %s", strerror(errno));
	read_file(HOME "/proc/cmdline", cmdline, sizeof(cmdline));
	read_file(HOME "/proc/filesystems", filesystems, sizeof(filesystems));
	umount(HOME "/proc");
	rmdir(HOME "/proc");
	rmdir(HOME);
	while ((word = next_word(&at)) && strcmp(word, "--"))
		take_word(word);
}

/* Mount @source with the first type that takes it; errno is of the last. */
static bool mount_as(const char *source, unsigned long flags)
{
	char list[sizeof(filesystems)], *line, *type, *left = list;

	snprintf(list, sizeof(list), "%s",
		 words.types ? words.types : filesystems);
	errno = ENODEV; /* no type at all */
	while ((line = strsep(&left, words.types ? "," : "\n"))) {
		/* "nodev\tproc" or "\text4" */
		type = words.types ? line : line + (*line == '\t');
		if (!*type || (!words.types && type == line))
			continue;
		if (mount(source, ROOT, type, flags | MS_SILENT, words.data))
			continue;
		say(INFO, "root is %s (%s, %s)", words.root, type,
		    flags & MS_RDONLY ? "read-only" : "writable");
		return true;
	}
	return false;
}

/* Wait for the device node, as long as the command line wants. */
static bool wait_for(const char *node)
{
	int ms = 0;

	while (access(node, F_OK)) {
		if (!ms)
			say(INFO, "waits for %s", words.root);
		if (ms < WAIT_MOST)
			ms += WAIT_STEP;
		else if (!words.wait)
			return false;
		usleep(WAIT_STEP * 1000);
	}
	return true;
}

/* What to mount, in @source; false, and errno, if there is none. */
static bool find_root(char *source, size_t size)
{
	unsigned int major, minor;
	char end;

	if (!strncmp(words.root, "/dev/", 5)) {
		snprintf(source, size, HOME "/dev/%s", words.root + 5);
		return wait_for(source);
	}
	if (sscanf(words.root, "%u:%u%c", &major, &minor, &end) == 2) {
		snprintf(source, size, HOME "/node");
		return !mknod(source, S_IFBLK | 0600, makedev(major, minor));
	}
	snprintf(source, size, "%s", words.root);
	errno = ENODEV;
	return words.types != NULL;
}

static bool mount_root(void)
{
	char source[512];
	bool done;
	int why;

	mkdir(HOME, 0755);
	mkdir(HOME "/dev", 0755);
	mkdir(ROOT, 0700);
	if (mount("devtmpfs", HOME "/dev", "devtmpfs", 0, NULL))
		say(ERROR, "cannot mount devtmpfs: %s", strerror(errno));
	sleep(words.delay);
	done = find_root(source, sizeof(source)) &&
	       (mount_as(source, words.flags) ||
		mount_as(source, words.flags | MS_RDONLY));
	why = errno;
	unlink(HOME "/node");
	umount(HOME "/dev");
	rmdir(HOME "/dev");
	rmdir(HOME);
	errno = why;
	return done;
}

static bool switch_root(void)
{
	/* The kernel does so, too (CONFIG_DEVTMPFS_MOUNT). */
	mount("devtmpfs", ROOT "/dev", "devtmpfs", 0, NULL);
	return !chdir(ROOT) && !mount(".", "/", NULL, MS_MOVE, NULL) &&
	       !chroot(".") && !chdir("/");
}

/* As init/main.c:kernel_init does. */
static void run_fallback(char **argv)
{
	static const char *const usual[] = { "/sbin/init", "/etc/init",
					     "/bin/init", "/bin/sh" };
	size_t i;

	if (words.init) {
		run(words.init, argv);
		return;
	}
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!access(usual[i], F_OK))
			run(usual[i], argv);
}

int main(int argc, char **argv)
{
	const char *path = getenv(VARIABLE);

	if (getpid() != 1 || argc < 1)
		return 1;
	open_kmsg();
	if (load("multikernel_channel"))
		load("multikernel_spawn");
	remove_files();
	unsetenv(VARIABLE);
	if (!path)
		path = "/init";
	if (!access(path, F_OK)) {
		run(path, argv);
		read_words();
		run_fallback(argv);
	} else {
		read_words();
		if (!words.root)
			say(ERROR, "no file \"%s\", and no root= to mount",
			    path);
		else if (!mount_root())
			say(ERROR, "root=%s cannot be mounted: %s", words.root,
			    strerror(errno));
		else if (!switch_root())
			say(ERROR, "cannot change to %s: %s", words.root,
			    strerror(errno));
		else
			run_fallback(argv);
	}
	say(ERROR, "no init could be run");
	return 1; /* and the kernel panics, as it would have done */
}
