// SPDX-License-Identifier: GPL-2.0-only
/*
 * root= for a spawn whose initramfs has no init of its own; see root.h.
 *
 * A kernel that finds no init in its initramfs mounts root= instead
 * (init/main.c:kernel_init_freeable, 6.1 to 7.2).  It has found ours, so that
 * is done here, as far as it is simple: a device node, MAJOR:MINOR, or a name
 * for a file system that has no device.
 *
 * Devices come when the host says so, and get their drivers from our daemon:
 * what is not there yet is waited for.
 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bus.h"
#include "init.h"
#include "modules.h"

#define ROOT	  "/root"

#define WAIT_STEP 100 /* ms */
#define WAIT_MOST 10000

/* Of the kernel's command line; the last of each counts. */
static struct {
	const char *root, *types, *data, *init;
	bool wait;
	unsigned int delay; /* seconds */
	unsigned long flags;
} words = { .flags = MS_RDONLY };

static char cmdline[8192], filesystems[8192];

static void read_proc(const char *name, char *text, size_t size)
{
	int proc = private_mount("proc");

	if (proc < 0)
		say(ERROR, "cannot mount proc: %s", strerror(errno));
	read_file(proc, name, text, size);
	close(proc);
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

void root_read_words(void)
{
	char *at = cmdline, *word;

	read_proc("cmdline", cmdline, sizeof(cmdline));
	while ((word = next_word(&at)) && strcmp(word, "--"))
		take_word(word);
}

const char *root_init(void)
{
	return words.init;
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

static bool mount_once(const char *source)
{
	return mount_as(source, words.flags) ||
	       mount_as(source, words.flags | MS_RDONLY);
}

/* Wait a moment, as long as the command line wants; @ms counts. */
static bool wait_more(int *ms)
{
	if (!*ms)
		say(INFO, "waits for %s", words.root);
	if (*ms < WAIT_MOST)
		*ms += WAIT_STEP;
	else if (!words.wait)
		return false;
	usleep(WAIT_STEP * 1000);
	return true;
}

/* A device node, once it is there: errno is that of the last attempt. */
static bool mount_node(const char *node)
{
	int ms = 0;

	while (access(node, F_OK))
		if (!wait_more(&ms))
			return false;
	/* After the driver, so that no file system is loaded for nothing. */
	modules_load_filesystems(words.types);
	read_proc("filesystems", filesystems, sizeof(filesystems));
	/* ENXIO: our own node of a number that is no device's yet. */
	while (!mount_once(node))
		if (errno != ENXIO || !wait_more(&ms))
			return false;
	return true;
}

static bool is_share(void)
{
	return words.types && !strcmp(words.types, "virtiofs");
}

/*
 * A tag: which tags there are nothing tells but the attempt
 * (fs/fuse/virtio_fs.c:virtio_fs_get_tree, 6.1 to 7.2: EINVAL), and each one is
 * a line in the log.  So none before there is any share at all.
 */
static bool mount_share(void)
{
	int ms = 0, why;
	bool there;

	for (;;) {
		there = bus_has(VIRTIO_SHARE);
		if (there && mount_once(words.root))
			return true;
		why = there ? errno : ENODEV;
		/* EINVAL: another share came first; ENODEV: it is in loading. */
		if ((why != EINVAL && why != ENODEV) || !wait_more(&ms)) {
			errno = why;
			return false;
		}
	}
}

static bool mount_named(void)
{
	unsigned int major, minor;
	char end;

	if (!strncmp(words.root, "/dev/", 5))
		return mount_node(words.root);
	if (sscanf(words.root, "%u:%u%c", &major, &minor, &end) == 2)
		return !mknod(HOME "/node", S_IFBLK | 0600,
			      makedev(major, minor)) &&
		       mount_node(HOME "/node");
	if (is_share())
		return mount_share();
	errno = ENODEV;
	return words.types && mount_once(words.root);
}

static bool mount_root(void)
{
	bool done;
	int why;

	mkdir(HOME, 0755);
	mkdir("/dev", 0755);
	mkdir(ROOT, 0700);
	/* At its usual place: the node's path is what /proc/mounts will have. */
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL))
		say(ERROR, "cannot mount devtmpfs: %s", strerror(errno));
	sleep(words.delay);
	done = mount_named();
	why = errno;
	unlink(HOME "/node");
	umount("/dev");
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

bool root_enter(const char *path)
{
	if (!words.root)
		say(ERROR, "no file \"%s\", and no root= to mount", path);
	else if (!mount_root())
		say(ERROR, "root=%s cannot be mounted: %s", words.root,
		    strerror(errno));
	else if (!switch_root())
		say(ERROR, "cannot change to %s: %s", words.root,
		    strerror(errno));
	else
		return true;
	return false;
}
