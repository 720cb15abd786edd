// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: a virtqueue's line joined to two eventfds (MK_IOC_BIND), so that
 * whoever serves the queue is woken by the spawn itself and wakes it, with no
 * program between them.  What KVM calls irqfd and ioeventfd (virt/kvm/eventfd.c).
 */
#include "host.h"

#include <linux/anon_inodes.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "../channel/peer.h"

struct binding {
	struct mkh_instance *inst; /* holds a reference */
	struct mkc_line line;
	struct eventfd_ctx *kick; /* signalled when the spawn rings */
	struct eventfd_ctx *call; /* when it is signalled we ring the spawn */
	wait_queue_entry_t wait; /* on @call */
	poll_table table;
	bool waits;
};

static void kicked(struct mkc_line *line)
{
	struct binding *b = container_of(line, struct binding, line);

	compat_eventfd_signal(b->kick);
}

/* The eventfd's lock is held, with interrupts off. */
static int called(wait_queue_entry_t *wait, unsigned int mode, int sync,
		  void *key)
{
	struct binding *b = container_of(wait, struct binding, wait);
	u64 count;

	if (key_to_poll(key) & EPOLLIN) {
		eventfd_ctx_do_read(b->call, &count);
		mkc_line_ring(&b->line);
	}
	return 0;
}

static void wait_on(struct file *file, wait_queue_head_t *head,
		    poll_table *table)
{
	struct binding *b = container_of(table, struct binding, table);

	/* It answers with one queue; were there more, the first is it. */
	if (b->waits)
		return;
	b->waits = true;
	add_wait_queue(head, &b->wait);
}

/* First nobody rings by us any more, then nobody is signalled by us. */
static void unjoin(struct binding *b)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(b->call, &b->wait, &count);
	eventfd_ctx_put(b->call);
	mkc_line_close(&b->line);
	eventfd_ctx_put(b->kick);
}

static int binding_release(struct inode *inode, struct file *file)
{
	struct binding *b = file->private_data;

	unjoin(b);
	atomic_dec(&b->inst->bindings);
	mkh_instance_put(b->inst);
	kfree(b);
	return 0;
}

static __poll_t binding_poll(struct file *file, poll_table *table)
{
	struct binding *b = file->private_data;

	poll_wait(file, &b->inst->wait, table);
	return mkc_line_is_over(&b->line) ? EPOLLHUP : 0;
}

static const struct file_operations binding_fops = {
	.owner = THIS_MODULE,
	.release = binding_release,
	.poll = binding_poll,
	.llseek = noop_llseek,
};

/* The line is open: listen to @call as well. */
static int listen(struct binding *b, int call)
{
	struct file *file = fget(call);

	if (!file)
		return -EBADF;
	b->call = eventfd_ctx_fileget(file);
	if (IS_ERR(b->call)) {
		fput(file);
		return PTR_ERR(b->call);
	}
	init_waitqueue_func_entry(&b->wait, called);
	init_poll_funcptr(&b->table, wait_on);
	vfs_poll(file, &b->table);
	fput(file); /* the context stays, and with it the queue */
	if (!b->waits) {
		eventfd_ctx_put(b->call);
		return -EINVAL;
	}
	return 0;
}

static int join(struct binding *b, struct mkc_peer *peer,
		const struct mk_bind *arg)
{
	int err;

	b->kick = eventfd_ctx_fdget(arg->kick);
	if (IS_ERR(b->kick))
		return PTR_ERR(b->kick);
	err = mkc_line_open(&b->line, peer);
	if (err)
		goto kick;
	err = listen(b, arg->call);
	if (err)
		goto line;
	/* What was done while nobody was joined: once each. */
	mkc_line_ring(&b->line);
	kicked(&b->line);
	return 0;

line:
	mkc_line_close(&b->line);
kick:
	eventfd_ctx_put(b->kick);
	return err;
}

static int bind(struct mkh_instance *inst, struct mkc_peer *peer,
		const struct mk_bind *arg)
{
	struct binding *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	int fd, err;

	if (!b)
		return -ENOMEM;
	b->line.index = MKW_LINE(arg->device, arg->queue);
	b->line.generation = arg->generation;
	b->line.rung = kicked;
	b->line.limited = true;
	mkh_instance_get(inst);
	b->inst = inst;
	atomic_inc(&inst->bindings);
	err = join(b, peer, arg);
	if (err)
		goto free;
	fd = anon_inode_getfd("[multikernel-binding]", &binding_fops, b,
			      O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	err = fd;
	unjoin(b);
free:
	atomic_dec(&inst->bindings);
	mkh_instance_put(inst);
	kfree(b);
	return err;
}

int mkh_bind(struct mkh_instance *inst, const struct mk_bind *arg)
{
	struct mkc_peer *peer;
	int ret;

	BUILD_BUG_ON(MK_DEVICES != MKW_LINES_DEVICES ||
		     MK_QUEUES != MKW_LINES_QUEUES);
	if (arg->device >= MK_DEVICES || arg->queue >= MK_QUEUES ||
	    !arg->generation)
		return -EINVAL;
	peer = mkh_channel_peer(inst);
	if (!peer)
		return -ENODEV;
	ret = mkc_peer_is_up(peer) &&
			      mkh_channel_accepted(inst, MKW_FEATURE_LINES)
		      ? bind(inst, peer, arg)
		      : -ENOTCONN;
	mkc_peer_put(peer);
	return ret;
}
