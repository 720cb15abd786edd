// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports: messages of one type for programs, as a descriptor.
 *
 * A message from one port to another is a call, whose reply says that it is in
 * the other's queue.  A queue that is full refuses, and the sender tries again
 * a little later: a program that does not read makes those wait that send to
 * it, and nobody else.
 */
#include "peer.h"

#include <linux/anon_inodes.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define QUEUE_BYTES  (1U << 20)
#define ANSWER_MS    30000
#define RETRY_MS_MAX 20

struct item {
	struct list_head link;
	size_t length;
	u8 bytes[];
};

struct port {
	struct mkc_peer *peer; /* holds a reference */
	u16 type;
	bool receives;
	struct mkc_handler handler;
	spinlock_t lock; /* the queue */
	struct list_head queue;
	size_t queued, limit;
	struct mutex read_lock; /* one reader at a time */
};

/* What a message costs: also an empty one takes memory. */
static size_t cost(size_t length)
{
	return sizeof(struct item) + length;
}

static int incoming(struct mkc_incoming *message, void *context)
{
	struct port *port = context;
	struct item *item;

	/* To a reader it would look like the end. */
	if (!message->length)
		return -EINVAL;
	if (READ_ONCE(port->queued) + cost(message->length) > port->limit &&
	    READ_ONCE(port->queued))
		return -ENOBUFS;
	item = kvmalloc(cost(message->length), GFP_KERNEL | __GFP_NOWARN);
	if (!item)
		return -ENOBUFS;
	item->length = message->length;
	memcpy(item->bytes, message->bytes, message->length);
	spin_lock(&port->lock);
	list_add_tail(&item->link, &port->queue);
	port->queued += cost(item->length);
	spin_unlock(&port->lock);
	wake_up_interruptible(&port->peer->wait);
	return 0;
}

static bool has_item(const struct port *port)
{
	return READ_ONCE(port->queued);
}

static bool is_over(const struct port *port)
{
	return READ_ONCE(port->peer->gone);
}

/* The first message; it stays in the queue. */
static struct item *first_item(struct port *port)
{
	struct item *item;

	spin_lock(&port->lock);
	item = list_first_entry_or_null(&port->queue, struct item, link);
	spin_unlock(&port->lock);
	return item;
}

static ssize_t port_read(struct file *file, char __user *buffer, size_t length,
			 loff_t *offset)
{
	struct port *port = file->private_data;
	struct item *item;
	ssize_t result;

	if (!port->receives)
		return -EBADF;
	for (;;) {
		if (file->f_flags & O_NONBLOCK) {
			if (!mutex_trylock(&port->read_lock))
				return -EAGAIN;
		} else if (mutex_lock_interruptible(&port->read_lock)) {
			return -ERESTARTSYS;
		}
		item = first_item(port);
		if (item)
			break;
		mutex_unlock(&port->read_lock);
		if (is_over(port))
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(port->peer->wait,
					     has_item(port) || is_over(port)))
			return -ERESTARTSYS;
	}
	/* Only readers take items off, and there is one. */
	result = item->length;
	if (item->length > length)
		result = -EMSGSIZE;
	else if (copy_to_user(buffer, item->bytes, item->length))
		result = -EFAULT;
	if (result >= 0) {
		spin_lock(&port->lock);
		list_del(&item->link);
		port->queued -= cost(item->length);
		spin_unlock(&port->lock);
		kvfree(item);
	}
	mutex_unlock(&port->read_lock);
	return result;
}

/* What write(2) says; what the other end makes up is none of it. */
static int error_for_user(int error)
{
	switch (error) {
	case -EPFNOSUPPORT:
		return -ECONNREFUSED;
	case -ENOTCONN:
	case -ECONNRESET:
	case -ETIMEDOUT:
	case -EINTR:
	case -ENOMEM:
		return error;
	default:
		return -EPROTO;
	}
}

/* Send until the other end's queue takes it, or says why not. */
static int send_one(struct port *port, const void *bytes, size_t length,
		    bool nonblock)
{
	unsigned int pause = 1;

	for (;;) {
		struct mkc_call call = {
			.peer = port->peer,
			.type = port->type,
			.bytes = bytes,
			.length = length,
			.timeout_ms = ANSWER_MS,
		};

		if (mkc_call(&call) == MKC_DONE)
			return 0;
		/* Its queue is full, or the ring is. */
		if (call.error != -ENOBUFS && call.error != -EAGAIN)
			return error_for_user(call.error);
		if (nonblock)
			return -EAGAIN;
		schedule_timeout_interruptible(msecs_to_jiffies(pause));
		if (signal_pending(current))
			return -EINTR;
		pause = min(pause * 2, RETRY_MS_MAX + 0U);
	}
}

static ssize_t port_write(struct file *file, const char __user *buffer,
			  size_t length, loff_t *offset)
{
	struct port *port = file->private_data;
	void *bytes;
	int err;

	if (is_over(port))
		return -ENODEV;
	if (!length)
		return -EINVAL;
	if (length > MKW_MESSAGE_MAX)
		return -EMSGSIZE;
	bytes = kvmalloc(length, GFP_KERNEL_ACCOUNT);
	if (!bytes)
		return -ENOMEM;
	if (copy_from_user(bytes, buffer, length))
		err = -EFAULT;
	else
		err = send_one(port, bytes, length, file->f_flags & O_NONBLOCK);
	kvfree(bytes);
	return err ?: length;
}

static __poll_t port_poll(struct file *file, poll_table *table)
{
	struct port *port = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &port->peer->wait, table);
	if (has_item(port))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (is_over(port))
		mask |= EPOLLHUP | EPOLLIN;
	else if (mkc_peer_is_up(port->peer))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static void port_free(struct port *port)
{
	struct item *item, *next;

	list_for_each_entry_safe(item, next, &port->queue, link)
		kvfree(item);
	mkc_peer_put(port->peer);
	kfree(port);
}

static int port_release(struct inode *inode, struct file *file)
{
	struct port *port = file->private_data;

	if (port->receives)
		mkc_unregister(&port->handler);
	port_free(port);
	return 0;
}

static const struct file_operations port_fops = {
	.owner = THIS_MODULE,
	.release = port_release,
	.read = port_read,
	.write = port_write,
	.poll = port_poll,
	.llseek = noop_llseek,
};

static int check(const struct mk_attach *arg)
{
	if (arg->flags & ~__MK_ATTACH_F_ALL || arg->reserved0 ||
	    arg->reserved[0] || arg->reserved[1])
		return -EINVAL;
	if (arg->type < MK_TYPE_FIRST || arg->type > MK_TYPE_LAST)
		return -EINVAL;
	if (arg->queue_bytes > MK_QUEUE_BYTES_MAX)
		return -EINVAL;
	return 0;
}

int mkc_port_attach(struct mkc_peer *peer, const struct mk_attach __user *user)
{
	struct mk_attach arg;
	struct port *port;
	int fd, err;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	err = check(&arg);
	if (err)
		return err;
	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return -ENOMEM;
	port->peer = mkc_peer_get(peer);
	port->type = arg.type;
	port->receives = arg.flags & MK_ATTACH_F_RECEIVE;
	port->limit = arg.queue_bytes ?: QUEUE_BYTES;
	spin_lock_init(&port->lock);
	INIT_LIST_HEAD(&port->queue);
	mutex_init(&port->read_lock);
	port->handler = (struct mkc_handler){
		.type = arg.type,
		.peer = peer,
		.handle = incoming,
		.context = port,
	};
	if (port->receives) {
		err = mkc_register(&port->handler);
		if (err) {
			port_free(port);
			return err;
		}
	}
	fd = anon_inode_getfd(
		"[multikernel-port]", &port_fops, port,
		O_RDWR | O_CLOEXEC |
			(arg.flags & MK_ATTACH_F_NONBLOCK ? O_NONBLOCK : 0));
	if (fd < 0) {
		if (port->receives)
			mkc_unregister(&port->handler);
		port_free(port);
	}
	return fd;
}
EXPORT_SYMBOL_GPL(mkc_port_attach);
