// SPDX-License-Identifier: GPL-2.0-only
/*
 * A spawn that means harm to the channel, for tests.  Loaded in the spawn:
 *
 *   what=scribble  wild values into every word of the spawn's half of the
 *                  hand-off page (but the two that end it), of the channel's
 *                  indices and of the rings, again and again
 *   what=words     each word of the channel's page once, one wild value after
 *                  the other
 *   what=flood     ring the host's doorbell as fast as it goes, wherever it
 *                  was once published
 *   what=buggy     the same, but looking where it may each time
 *   what=spin      the same without ringing, to compare with
 *   what=lockup    all CPUs with interrupts off, for ever
 *   what=hello     hellos that make no sense, then silence
 *   what=stale     as many messages of another generation as it can publish
 *   what=lines     wild values into the words by which the host rings lines
 *   what=lineflood ring the first line of the host as what=flood does
 *   what=header    one message whose header makes no sense
 *   ms=N           for how long (0 = for ever); after_ms=N: not at once
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/random.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include <multikernel/wire.h>

#include "channel/icr.h"
#include "channel/peer.h"

static char *what = "";
module_param(what, charp, 0400);
static unsigned int ms = 1000, after_ms;
module_param(ms, uint, 0400);
module_param(after_ms, uint, 0400);

static struct mkw_handoff *page;
static u8 *channel;
static struct task_struct *thread;

static const u32 wild[] = { 0,		1,	    7,	       8,
			    0x17,	0x18,	    0x3fff8,   0x40000,
			    0x40008,	0x7fffffff, ~0U,       0x80000000,
			    0xfffffff8, 0xfffc0000, 0x12345678 };

static u32 some(void)
{
	u32 r = get_random_u32();

	return r & 1 ? r >> 1 : wild[(r >> 1) % ARRAY_SIZE(wild)];
}

static void scribble_once(void)
{
	u32 *words = (u32 *)page, *index = (u32 *)channel;
	unsigned int i;

	/* Beyond sleep and reset: those two are how a spawn ends itself. */
	for (i = (MKW_HANDOFF_RESET + 4) / 4; i < MKW_HANDOFF_BYTES / 4; i++)
		WRITE_ONCE(words[i], some());
	for (i = 0x800 / 4; i < 0x880 / 4; i++)
		WRITE_ONCE(index[i], some());
	for (i = 0; i < 64; i++)
		WRITE_ONCE(*(u32 *)(channel + MKW_CHANNEL_TO_HOST +
				    (get_random_u32() & (MKW_RING_BYTES - 4))),
			   some());
}

static void words_once(void)
{
	u32 *index = (u32 *)(channel + 0x800), old;
	unsigned int i, k;

	for (i = 0; i < 0x80 / 4; i++) {
		for (k = 0; k < ARRAY_SIZE(wild); k++) {
			old = READ_ONCE(index[i]);
			WRITE_ONCE(index[i], wild[k]);
			usleep_range(500, 600);
			WRITE_ONCE(index[i], old);
		}
	}
}

static void flood_once(bool looks)
{
	static u64 word;
	u64 now = le64_to_cpu(READ_ONCE(page->host_doorbell));

	if (looks || !word)
		word = now;
	if (word)
		mkc_icr_write(APIC_DM_FIXED | MKW_DOORBELL_VECTOR(word),
			      MKW_DOORBELL_APIC(word));
}

static struct mkw_lines *lines(void)
{
	return (void *)(channel + MKW_CHANNEL_LINES);
}

static void lines_once(void)
{
	unsigned int i = get_random_u32() % MKW_LINES;
	u64 word = MKW_DOORBELL(some(), some() & 0x1ff);

	if (get_random_u32() & 1)
		i = 0; /* the one that is in use */
	WRITE_ONCE(lines()->to_spawn[i], cpu_to_le64(word));
}

static void lineflood_once(void)
{
	static u64 word;

	if (!word)
		word = le64_to_cpu(READ_ONCE(lines()->to_host[0]));
	if (word)
		mkc_icr_write(APIC_DM_FIXED | MKW_DOORBELL_VECTOR(word),
			      MKW_DOORBELL_APIC(word));
}

static void hello_once(void)
{
	struct mkc_peer *host = mkc_peer_find(0);
	struct mkw_hello h = { .generation = page->generation };

	if (!host)
		return;
	/* Too short, too long, another life, more than was offered. */
	mkc_send_internal(host, MKW_TYPE_HELLO, &h, 3, 100);
	mkc_send_internal(host, MKW_TYPE_HELLO, page, 4096, 100);
	h.generation = cpu_to_le32(le32_to_cpu(page->generation) + 1);
	mkc_send_internal(host, MKW_TYPE_HELLO, &h, sizeof(h), 100);
	h.generation = page->generation;
	h.features = cpu_to_le64(1ULL << 63);
	{
		struct mkc_call call = { .peer = host,
					 .type = MKW_TYPE_HELLO,
					 .bytes = &h,
					 .length = sizeof(h),
					 .timeout_ms = 2000 };
		enum mkc_outcome outcome = mkc_call_internal(&call);

		pr_info("hello: outcome %d error %d\n", outcome, call.error);
	}
	mkc_peer_put(host);
}

/* The ring full of them first; then tail runs before the host's head. */
static void stale_once(void)
{
	struct mkw_channel *words = (void *)channel;
	static bool filled;
	u32 head, i;

	for (i = 0; !filled && i < MKW_RING_BYTES / sizeof(u64); i++)
		((u64 *)(channel + MKW_CHANNEL_TO_HOST))[i] = 0;
	filled = true;
	/* All zero: no payload, type 0, generation 0, which never is. */
	head = le32_to_cpu(READ_ONCE(words->to_host_consumer.head));
	WRITE_ONCE(words->to_host_producer.tail,
		   cpu_to_le32(head + 24 * 10000));
	flood_once(true);
	udelay(50);
}

/* A header of a message that is longer than all that is published. */
static void header_once(void)
{
	struct mkw_channel *words = (void *)channel;
	u32 tail = le32_to_cpu(words->to_host_producer.tail);
	struct mkw_message m = { .length = cpu_to_le32(0xfff0),
				 .type = cpu_to_le16(0x1f01) };
	unsigned int i;

	for (i = 0; i < sizeof(m); i++)
		channel[MKW_CHANNEL_TO_HOST +
			((tail + i) & (MKW_RING_BYTES - 1))] = ((u8 *)&m)[i];
	smp_wmb();
	WRITE_ONCE(words->to_host_producer.tail, cpu_to_le32(tail + sizeof(m)));
	flood_once(true);
}

static void lockup(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static int work(void *unused)
{
	u64 end;

	msleep(after_ms);
	end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
	pr_info("%s begins\n", what);
	if (!strcmp(what, "words"))
		words_once();
	else if (!strcmp(what, "hello"))
		hello_once();
	else if (!strcmp(what, "lockup"))
		on_each_cpu(lockup, NULL, 0);
	else if (!strcmp(what, "header"))
		header_once();
	else
		while (!kthread_should_stop() &&
		       (!ms || ktime_get_ns() < end)) {
			if (!strcmp(what, "scribble"))
				scribble_once();
			else if (!strcmp(what, "stale"))
				stale_once();
			else if (!strcmp(what, "lines"))
				lines_once();
			else if (!strcmp(what, "lineflood"))
				lineflood_once();
			else if (strcmp(what, "spin"))
				flood_once(!strcmp(what, "buggy"));
			cond_resched();
		}
	pr_info("%s is over\n", what);
	while (!kthread_should_stop())
		msleep(50);
	return 0;
}

static int __init hostile_init(void)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL,
						     "MKRN0001:00");
	struct resource *res;

	if (!dev)
		return -ENODEV;
	res = platform_get_resource(to_platform_device(dev), IORESOURCE_MEM, 0);
	if (res)
		page = memremap(res->start, MKW_HANDOFF_BYTES, MEMREMAP_WB);
	put_device(dev);
	if (!page)
		return -ENODEV;
	channel = memremap(le64_to_cpu(page->channel_base),
			   MKW_CHANNEL_BYTES + sizeof(struct mkw_lines),
			   MEMREMAP_WB);
	if (!channel) {
		memunmap(page);
		return -ENOMEM;
	}
	thread = kthread_run(work, NULL, "mkt_hostile");
	if (IS_ERR(thread)) {
		memunmap(channel);
		memunmap(page);
		return PTR_ERR(thread);
	}
	return 0;
}

static void __exit hostile_exit(void)
{
	kthread_stop(thread);
	memunmap(channel);
	memunmap(page);
}

module_init(hostile_init);
module_exit(hostile_exit);

MODULE_DESCRIPTION("A spawn that means harm, for tests");
MODULE_LICENSE("GPL");
