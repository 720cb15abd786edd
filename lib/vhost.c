// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ioctls of /dev/vhost-net and /dev/vhost-vsock, with sentences. */
#include "vhost.h"

#include <linux/vhost.h>
#include <linux/virtio_ring.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct {
	const char *path, *module;
} devices[] = {
	[MK_VHOST_NET] = { "/dev/vhost-net", "vhost_net" },
	[MK_VHOST_VSOCK] = { "/dev/vhost-vsock", "vhost_vsock" },
};

static int fail_open(enum mk_vhost_kind kind, struct mk_error *err)
{
	const char *path = devices[kind].path;

	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return mk_fail_kept(
			err, MK_E_SYSTEM,
			"there is no %s: load its module with 'modprobe %s'",
			path, devices[kind].module);
	case EACCES:
	case EPERM:
		return mk_fail_kept(err, MK_E_SYSTEM,
				    "no permission to open %s: run it as root",
				    path);
	default:
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %s", path);
	}
}

int mk_vhost_open(struct mk_vhost *vh, enum mk_vhost_kind kind,
		  struct mk_error *err)
{
	const char *path = devices[kind].path;
	int code, fd;

	vh->fd = -1;
	vh->features = 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail_open(kind, err);
	if (ioctl(fd, VHOST_SET_OWNER) < 0) {
		code = mk_fail_errno(err, MK_E_SYSTEM, "%s gives us no worker",
				     path);
		goto close;
	}
	if (ioctl(fd, VHOST_GET_FEATURES, &vh->features) < 0) {
		code = mk_fail_errno(err, MK_E_SYSTEM,
				     "%s does not tell its features", path);
		goto close;
	}
	/* Pins pages, which an instance's memory need not have. */
	vh->features &= ~(UINT64_C(1) << VHOST_F_LOG_ALL);
	vh->fd = fd;
	return 0;

close:
	close(fd);
	return code;
}

void mk_vhost_close(struct mk_vhost *vh)
{
	if (vh->fd >= 0)
		close(vh->fd);
	vh->fd = -1;
}

int mk_vhost_setup(struct mk_vhost *vh, uint64_t features,
		   const struct mk_virtqueue_memory *memory,
		   struct mk_error *err)
{
	union {
		struct vhost_memory head;
		uint8_t room[sizeof(struct vhost_memory) +
			     sizeof(struct vhost_memory_region)];
	} table;
	struct vhost_memory_region region = {
		.guest_phys_addr = memory->base,
		.memory_size = memory->bytes,
		.userspace_addr = (uintptr_t)memory->mapped,
	};

	if (features & ~vh->features)
		return mk_fail(err, MK_E_CALL,
			       "vhost has not all features of %#" PRIx64
			       ", only %#" PRIx64,
			       features, vh->features);
	if (ioctl(vh->fd, VHOST_SET_FEATURES, &features) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "vhost refuses the features %#" PRIx64,
				     features);
	memset(&table, 0, sizeof(table));
	table.head.nregions = 1;
	memcpy(table.room + sizeof(struct vhost_memory), &region,
	       sizeof(region));
	if (ioctl(vh->fd, VHOST_SET_MEM_TABLE, &table) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "vhost refuses the instance's memory at "
				     "%#" PRIx64 ", %" PRIu64 " bytes",
				     memory->base, memory->bytes);
	return 0;
}

/*
 * Written by the last server of the queue, which is dead or has let go: the
 * kernel ordered its last write before that.
 */
static uint16_t used_index(const struct mk_virtqueue_memory *memory,
			   const struct mk_vhost_queue *queue)
{
	const uint8_t *used = memory->mapped + (queue->device - memory->base);
	uint16_t index;

	memcpy(&index, used + offsetof(struct vring_used, idx), sizeof(index));
	return le16toh(index);
}

static int set_file(struct mk_vhost *vh, unsigned long command,
		    const char *what, unsigned int index, int fd,
		    struct mk_error *err)
{
	struct vhost_vring_file file = { .index = index, .fd = fd };

	if (ioctl(vh->fd, command, &file) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "vhost refuses the %s eventfd of its "
				     "queue %u",
				     what, index);
	return 0;
}

static int set_files(struct mk_vhost *vh, unsigned int index, int kick,
		     int call, int error, struct mk_error *err)
{
	int code = set_file(vh, VHOST_SET_VRING_KICK, "kick", index, kick, err);

	if (!code)
		code = set_file(vh, VHOST_SET_VRING_CALL, "call", index, call,
				err);
	if (!code)
		code = set_file(vh, VHOST_SET_VRING_ERR, "error", index, error,
				err);
	return code;
}

static int fail_queue(const struct mk_vhost_queue *queue, const char *what,
		      struct mk_error *err)
{
	return mk_fail_errno(err, MK_E_SYSTEM,
			     "vhost refuses the %s of its queue %u", what,
			     queue->index);
}

int mk_vhost_queue_set(struct mk_vhost *vh,
		       const struct mk_virtqueue_memory *memory,
		       const struct mk_vhost_queue *queue, struct mk_error *err)
{
	uintptr_t mapped = (uintptr_t)memory->mapped;
	struct vhost_vring_state state = { .index = queue->index };
	struct vhost_vring_addr at = {
		.index = queue->index,
		.desc_user_addr = mapped + (queue->descriptors - memory->base),
		.avail_user_addr = mapped + (queue->driver - memory->base),
		.used_user_addr = mapped + (queue->device - memory->base),
	};
	int code;

	if (queue->index >= MK_VHOST_QUEUES)
		return mk_fail(err, MK_E_CALL, "vhost has no queue %u",
			       queue->index);
	/* vhost itself would take any address of this process. */
	code = mk_virtqueue_check(memory, queue->size, queue->descriptors,
				  queue->driver, queue->device, err);
	if (code)
		return code;
	state.num = queue->size;
	if (ioctl(vh->fd, VHOST_SET_VRING_NUM, &state) < 0)
		return fail_queue(queue, "size", err);
	/* Where it takes; where it gives it reads from the used ring itself. */
	state.num = queue->resume ? used_index(memory, queue) : 0;
	if (ioctl(vh->fd, VHOST_SET_VRING_BASE, &state) < 0)
		return fail_queue(queue, "place to begin at", err);
	if (ioctl(vh->fd, VHOST_SET_VRING_ADDR, &at) < 0)
		return fail_queue(queue, "addresses", err);
	return set_files(vh, queue->index, queue->kick, queue->call,
			 queue->error, err);
}

int mk_vhost_queue_unset(struct mk_vhost *vh, unsigned int index,
			 struct mk_error *err)
{
	struct vhost_vring_state state = { .index = index };

	/* Waits for the worker's hold of the queue; the number is not needed. */
	if (ioctl(vh->fd, VHOST_GET_VRING_BASE, &state) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "vhost does not tell where its queue %u "
				     "stands",
				     index);
	return set_files(vh, index, VHOST_FILE_UNBIND, VHOST_FILE_UNBIND,
			 VHOST_FILE_UNBIND, err);
}

int mk_vhost_net_attach(struct mk_vhost *vh, unsigned int index, int tap,
			struct mk_error *err)
{
	struct vhost_vring_file file = { .index = index, .fd = tap };

	if (ioctl(vh->fd, VHOST_NET_SET_BACKEND, &file) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "vhost cannot %s its queue %u %s the tap",
				     tap < 0 ? "part" : "join", index,
				     tap < 0 ? "from" : "to");
	return 0;
}

int mk_vhost_vsock_cid(struct mk_vhost *vh, uint32_t cid, struct mk_error *err)
{
	uint64_t wide = cid;

	if (ioctl(vh->fd, VHOST_VSOCK_SET_GUEST_CID, &wide) == 0)
		return 0;
	/* Another vhost-vsock, or this machine's own as somebody's guest. */
	if (errno == EADDRINUSE)
		return mk_fail_kept(err, MK_E_REFUSED,
				    "the vsock address (CID) %" PRIu32
				    " is in use on this machine: choose "
				    "another, or end who has it",
				    cid);
	return mk_fail_errno(err, MK_E_SYSTEM,
			     "vhost refuses the vsock address (CID) %" PRIu32,
			     cid);
}

int mk_vhost_vsock_run(struct mk_vhost *vh, bool run, struct mk_error *err)
{
	int value = run;

	if (ioctl(vh->fd, VHOST_VSOCK_SET_RUNNING, &value) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "vhost cannot %s serving vsock",
				     run ? "begin" : "end");
	return 0;
}
