// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks: virtio-blk, served by qemu-storage-daemon or by a daemon that is
 * there already.
 *
 * The format of an image is what the user says, else what its name says, never
 * what is in it: a spawn that has a raw image could write the header of a qcow2
 * image there, and with it the name of any file of the host as the one behind
 * it.
 */
#include "daemon.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORAGE_DAEMON "/usr/bin/qemu-storage-daemon"
#define QUEUES_MAX     8
#define QUEUE_ENTRIES  256
#define CONFIG_SIZE    60 /* of virtio 1.2, 5.2.4, up to write_zeroes */
#define BIT(n)	       (1ULL << (n))

#define DISK_FEATURES                                                        \
	(BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) |            \
	 BIT(VIRTIO_BLK_F_RO) | BIT(VIRTIO_BLK_F_BLK_SIZE) |                 \
	 BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_TOPOLOGY) |              \
	 BIT(VIRTIO_BLK_F_MQ) | BIT(VIRTIO_BLK_F_DISCARD) |                  \
	 BIT(VIRTIO_BLK_F_WRITE_ZEROES) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
	 BIT(VIRTIO_RING_F_EVENT_IDX))

_Static_assert(CONFIG_SIZE <= sizeof(struct virtio_blk_config), "too many");

struct disk {
	struct daemon daemon;
	char file[SERVE_OPTIONS_BYTES]; /* "" for one with a socket */
	bool readonly, qcow2;
	unsigned int queues;
};

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static int parse_where(struct disk *disk, const char *where,
		       struct mk_error *err)
{
	static const char user[] = "vhost-user:";
	struct daemon *p = &disk->daemon;

	if (strncmp(where, user, sizeof(user) - 1) == 0) {
		where += sizeof(user) - 1;
		if (strlen(where) > DAEMON_SOCKET_MAX)
			return mk_fail(err, MK_E_INPUT,
				       "disk: the path of a socket has %d "
				       "bytes at most",
				       DAEMON_SOCKET_MAX);
		snprintf(p->socket, sizeof(p->socket), "%s", where);
	} else {
		snprintf(disk->file, sizeof(disk->file), "%s", where);
		disk->qcow2 = ends_in(where, ".qcow2");
	}
	if (where[0] != '/')
		return mk_fail(err, MK_E_INPUT,
			       "disk: \"%s\" must be a path from /", where);
	return 0;
}

static int parse_option(struct disk *disk, const char *option,
			struct mk_error *err)
{
	const char *format = strncmp(option, "format=", 7) ? NULL : option + 7;
	const char *queues = strncmp(option, "queues=", 7) ? NULL : option + 7;

	if (strcmp(option, "ro") == 0) {
		disk->readonly = true;
	} else if (format && disk->daemon.socket[0]) {
		return mk_fail(err, MK_E_INPUT,
			       "disk: the format is the daemon's business "
			       "with vhost-user:");
	} else if (format && (strcmp(format, "raw") == 0 ||
			      strcmp(format, "qcow2") == 0)) {
		disk->qcow2 = format[0] == 'q';
	} else if (format) {
		return mk_fail(err, MK_E_INPUT,
			       "disk: format=%s is not raw or qcow2", format);
	} else if (queues) {
		if (queues[0] < '1' || queues[0] > '0' + QUEUES_MAX ||
		    queues[1])
			return mk_fail(err, MK_E_INPUT,
				       "disk: queues=%s is not 1 to %d", queues,
				       QUEUES_MAX);
		disk->queues = (unsigned int)(queues[0] - '0');
	} else {
		return mk_fail(err, MK_E_INPUT,
			       "disk: \"%s\" is not ro, format=raw, "
			       "format=qcow2 or queues=N",
			       option);
	}
	return 0;
}

static int parse(struct disk *disk, const char *options, struct mk_error *err)
{
	char text[SERVE_OPTIONS_BYTES], *left = text, *option;
	int e;

	memset(disk, 0, sizeof(*disk));
	disk->queues = 1;
	if (strlen(options) >= sizeof(text))
		return mk_fail(err, MK_E_INPUT,
			       "disk: the options are too long");
	strcpy(text, options);
	e = parse_where(disk, strsep(&left, ","), err);
	while (!e && (option = strsep(&left, ",")))
		e = parse_option(disk, option, err);
	return e;
}

static int disk_check(const char *options, struct mk_error *err)
{
	struct disk *disk = malloc(sizeof(*disk));
	int e;

	if (!disk)
		return mk_fail(err, MK_E_SYSTEM, "no memory");
	e = parse(disk, options, err);
	free(disk);
	return e;
}

/*
 * Locks as QEMU takes them on images (block/file-posix.c, raw_check_lock_bytes()
 * in 7.2): a read lock on a byte from 100 for each thing that one does, on a
 * byte from 200 for each that nobody else may do.
 */
#define LOCK_DOES     100
#define LOCK_NOBODY   200
#define LOCK_READING  0
#define LOCK_WRITING  1
#define LOCK_RESIZING 3

static int lock_byte(int fd, int command, short type, off_t byte)
{
	struct flock lock = { .l_type = type,
			      .l_whence = SEEK_SET,
			      .l_start = byte,
			      .l_len = 1 };

	if (fcntl(fd, command, &lock) < 0)
		return -1;
	return lock.l_type != F_UNLCK;
}

/* Somebody else has it if a write lock could not be had there. */
static bool is_locked(int fd, off_t byte)
{
	return lock_byte(fd, F_OFD_GETLK, F_WRLCK, byte) == 1;
}

/*
 * An export of qemu-storage-daemon lets others write the image (block/export/
 * export.c, blk_exp_add()), so its own locks are off and these are ours.  The
 * daemon inherits the descriptor: the locks end with it, not with us.
 */
static int lock_image(struct disk *disk, int fd, struct mk_error *err)
{
	bool writing = !disk->readonly;

	if (lock_byte(fd, F_OFD_SETLK, F_RDLCK, LOCK_DOES + LOCK_READING) < 0 ||
	    lock_byte(fd, F_OFD_SETLK, F_RDLCK, LOCK_NOBODY + LOCK_WRITING) <
		    0 ||
	    lock_byte(fd, F_OFD_SETLK, F_RDLCK, LOCK_NOBODY + LOCK_RESIZING) <
		    0 ||
	    (writing && lock_byte(fd, F_OFD_SETLK, F_RDLCK,
				  LOCK_DOES + LOCK_WRITING) < 0)) {
		if (errno == EAGAIN || errno == EACCES)
			goto in_use;
		serve_log(disk->daemon.d->s, disk->daemon.d,
			  "%s cannot be locked (%s): see to it that nobody "
			  "else writes it",
			  disk->file, strerror(errno));
		return 0;
	}
	/* Ours are there: of two at a time one sees the other's. */
	if (is_locked(fd, LOCK_DOES + LOCK_WRITING) ||
	    is_locked(fd, LOCK_DOES + LOCK_RESIZING) ||
	    is_locked(fd, LOCK_NOBODY + LOCK_READING) ||
	    (writing && is_locked(fd, LOCK_NOBODY + LOCK_WRITING)))
		goto in_use;
	return 0;

in_use:
	return mk_fail(err, MK_E_STATE,
		       "%s is in use by another process (another instance?)",
		       disk->file);
}

static bool is_qcow2(int fd)
{
	char magic[4];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, "QFI\xfb", sizeof(magic)) == 0;
}

/* @type: a regular file or a disk.  The image stays open, and locked. */
static int take_image(struct disk *disk, mode_t *type, struct mk_error *err)
{
	struct serve_device *d = disk->daemon.d;
	struct stat st;
	int fd, e = 0;

	if (disk->daemon.kept >= 0)
		close(disk->daemon.kept);
	disk->daemon.kept = -1;
	/*
	 * Not blocking: it could be a named pipe.  O_EXCL without O_CREAT: of a
	 * block device, that nobody has mounted it.
	 */
	fd = open(disk->file, (disk->readonly ? O_RDONLY : O_RDWR | O_EXCL) |
				      O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == EBUSY)
		return mk_fail(err, MK_E_STATE,
			       "%s is mounted, or a part of another device",
			       disk->file);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "open %s", disk->file);
	if (fstat(fd, &st) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		e = mk_fail(err, MK_E_INPUT,
			    "%s is neither a file nor a block device",
			    disk->file);
	else if (disk->qcow2 && !is_qcow2(fd))
		e = mk_fail(err, MK_E_INPUT,
			    "%s is no qcow2 image: is it format=raw?",
			    disk->file);
	else
		e = lock_image(disk, fd, err);
	if (e) {
		close(fd);
		return e;
	}
	if (!disk->qcow2 && is_qcow2(fd))
		serve_log(d->s, d,
			  "%s is served as a raw image and begins like a qcow2 "
			  "image: format=qcow2 if it is one",
			  disk->file);
	*type = st.st_mode & S_IFMT;
	disk->daemon.kept = fd;
	return 0;
}

static bool can_direct(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_DIRECT | O_NONBLOCK);

	if (fd < 0)
		return errno != EINVAL;
	close(fd);
	return true;
}

static const char *program(void)
{
	const char *other = getenv("MULTIKERNEL_STORAGE_DAEMON");

	return other && other[0] ? other : STORAGE_DAEMON;
}

static int disk_command(struct daemon *p, int listener, struct mk_error *err)
{
	struct disk *disk = (struct disk *)p->d->backend;
	const char *ro = disk->readonly ? "on" : "off";
	mode_t type = 0;
	bool direct;
	int e;

	e = take_image(disk, &type, err);
	if (e)
		return e;
	direct = can_direct(disk->file);
	if (!direct)
		serve_log(p->d->s, p->d,
			  "the file system of %s cannot go past the page "
			  "cache (O_DIRECT): it is used",
			  disk->file);
	daemon_argument(p, "%s", program());
	daemon_argument(p, "--blockdev");
	/* No comma is in a path here: it would be the end of it in options. */
	daemon_argument(
		p,
		"driver=%s,node-name=file0,filename=%s,aio=%s,"
		"cache.direct=%s,cache.no-flush=off,discard=unmap,"
		"locking=off,read-only=%s",
		S_ISBLK(type) ? "host_device" : "file", disk->file,
		/* No thread between, where the kernel can do without. */
		direct ? "native" : "threads", direct ? "on" : "off", ro);
	daemon_argument(p, "--blockdev");
	daemon_argument(p,
			"driver=%s,node-name=disk0,file=file0,cache.direct=%s,"
			"cache.no-flush=off,discard=unmap,read-only=%s",
			disk->qcow2 ? "qcow2" : "raw", direct ? "on" : "off",
			ro);
	daemon_argument(p, "--object");
	daemon_argument(p, "iothread,id=thread0");
	daemon_argument(p, "--export");
	daemon_argument(p,
			"type=vhost-user-blk,id=export0,node-name=disk0,"
			"iothread=thread0,addr.type=fd,addr.str=%d,"
			"writable=%s,num-queues=%u",
			listener, disk->readonly ? "off" : "on", disk->queues);
	return 0;
}

static int disk_explain(struct daemon *p, const char *words,
			struct mk_error *err)
{
	const char *cause;

	/* It repeats its whole option before the cause. */
	cause = strstr(words, ": --");
	cause = cause ? strstr(cause + 4, ": ") : NULL;
	if (!cause)
		return 0;
	return mk_fail(err, MK_E_SYSTEM, "%s: %s", p->name, cause + 2);
}

static const struct daemon_way disk_way = {
	.features = DISK_FEATURES,
	.config_size = CONFIG_SIZE,
	.command = disk_command,
	.explain = disk_explain,
};

static const struct daemon_way disk_way_one_queue = {
	.features = DISK_FEATURES & ~BIT(VIRTIO_BLK_F_MQ),
	.config_size = CONFIG_SIZE,
	.command = disk_command,
	.explain = disk_explain,
};

/* A daemon that is not ours was not started with our options. */
static int check_other(struct disk *disk, struct mk_error *err)
{
	struct serve_device *d = disk->daemon.d;
	const uint8_t *at =
		d->config + offsetof(struct virtio_blk_config, num_queues);
	unsigned int has = at[0] | (unsigned int)at[1] << 8;

	if (disk->readonly && !(d->features & BIT(VIRTIO_BLK_F_RO)))
		return mk_fail(err, MK_E_INPUT,
			       "the daemon at %s lets the disk be written: "
			       "start it read-only, or leave out \"ro\"",
			       disk->daemon.socket);
	/* A driver takes the number from the configuration. */
	if (disk->queues > 1 &&
	    (!(d->features & BIT(VIRTIO_BLK_F_MQ)) || has != disk->queues))
		return mk_fail(err, MK_E_INPUT,
			       "the daemon at %s has %u queue(s), not "
			       "queues=%u",
			       disk->daemon.socket, has ? has : 1,
			       disk->queues);
	return 0;
}

static int disk_open(struct serve_device *d, const char *options, bool resume,
		     struct mk_error *err)
{
	struct disk *disk = malloc(sizeof(*disk));
	int e;

	if (!disk)
		return mk_fail(err, MK_E_SYSTEM, "no memory");
	e = parse(disk, options, err);
	if (e)
		goto free_disk;
	disk->daemon.d = d;
	disk->daemon.way = disk->queues > 1 ? &disk_way : &disk_way_one_queue;
	disk->daemon.name = disk->daemon.socket[0] ? disk->daemon.socket
						   : "qemu-storage-daemon";
	d->backend = disk;
	d->nr_queues = disk->queues;
	d->queue_max = QUEUE_ENTRIES;
	d->config_size = CONFIG_SIZE;
	e = daemon_open(&disk->daemon, resume, err);
	if (e)
		goto free_disk;
	if (disk->daemon.socket[0] && !resume) {
		e = check_other(disk, err);
		if (e)
			goto close_daemon;
	}
	return 0;

close_daemon:
	daemon_close(&disk->daemon);
free_disk:
	d->backend = NULL;
	free(disk);
	return e;
}

static int disk_start(struct serve_device *d, bool resume, struct mk_error *err)
{
	return daemon_start(&((struct disk *)d->backend)->daemon, resume, err);
}

static void disk_stop(struct serve_device *d)
{
	daemon_stop(&((struct disk *)d->backend)->daemon);
}

static void disk_close(struct serve_device *d)
{
	daemon_close(&((struct disk *)d->backend)->daemon);
	free(d->backend);
	d->backend = NULL;
}

const struct serve_kind serve_disk = {
	.name = "disk",
	.device_id = VIRTIO_ID_BLOCK,
	.arguments = "FILE[,ro][,format=raw|qcow2][,queues=N] or "
		     "vhost-user:SOCKET[,ro][,queues=N]",
	.check = disk_check,
	.open = disk_open,
	.start = disk_start,
	.stop = disk_stop,
	.close = disk_close,
};
