// SPDX-License-Identifier: GPL-2.0-only
/*
 * multikernel_channel.ko: messages between two kernels, the same on both sides.
 *
 * It knows rings, doorbells, calls and handlers.  Where the memory lies and who
 * the peer is, the host's or the spawn's module tells it.
 */
#include "peer.h"
#include "../../version.h"

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>

unsigned int mkc_poll_us = 50;
module_param_named(poll_us, mkc_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us,
		 "look for messages so many microseconds before sleeping");

static int ping(struct mkc_incoming *message, void *context)
{
	if (!message->wants_reply)
		return 0;
	memcpy(message->reply, message->bytes, message->length);
	message->reply_length = message->length;
	return 0;
}

int mkc_ping(struct mkc_peer *peer, struct mk_ping *arg)
{
	struct mkc_call call = {
		.peer = peer,
		.type = MKW_TYPE_PING,
		.length = arg->bytes,
		.timeout_ms = arg->timeout_ms,
	};
	u64 ns, cycles;
	void *bytes;

	bytes = kvzalloc(arg->bytes ?: 1, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	call.bytes = bytes;
	ns = ktime_get_ns();
	cycles = rdtsc_ordered();
	if (mkc_peer_is_up(peer)) {
		arg->outcome = mkc_call_internal(&call);
	} else {
		arg->outcome = MKC_FAILED;
		call.error = -ENOTCONN;
	}
	arg->cycles = rdtsc_ordered() - cycles;
	arg->ns = ktime_get_ns() - ns;
	arg->error = -call.error;
	kvfree(bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(mkc_ping);

static struct mkc_handler ping_handler = {
	.type = MKW_TYPE_PING,
	.handle = ping,
};

static int __init channel_init(void)
{
	int err = mkc_doorbell_init();

	if (!err)
		mkc_register_internal(&ping_handler);
	return err;
}

/* Its users are gone, and with them all peers and threads. */
static void __exit channel_exit(void)
{
	mkc_unregister(&ping_handler);
	mkc_doorbell_exit();
}

module_init(channel_init);
module_exit(channel_exit);

MODULE_DESCRIPTION("Messages between kernels on one machine");
MODULE_LICENSE("GPL");
MODULE_VERSION(MK_VERSION);
