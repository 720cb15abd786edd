// SPDX-License-Identifier: GPL-2.0-only
/*
 * multikernel_spawn.ko: the agent.  Finds the hand-off page behind the ACPI
 * device MKRN0001, agrees with the host on features, and starts its parts.
 *
 * What is loaded into an unmodified kernel that was started by the host; it
 * does nothing anywhere else.
 */
#include "spawn.h"
#include "../../version.h"

#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "../channel/peer.h"

struct mks_agent mks_agent;

static void attention(struct mkc_peer *peer)
{
	mks_beat_look();
}

/* The host is trusted: it could do anything to us anyhow. */
static bool may_ring(struct mkc_peer *peer, u32 apic)
{
	return true;
}

static void flood(struct mkc_peer *peer)
{
}

static const struct mkc_peer_ops ops = {
	.attention = attention,
	.may_ring = may_ring,
	.flood = flood,
};

static void say_agent(unsigned int state)
{
	u32 word = MKW_AGENT(state, MKW_HANDOFF_REVISION);

	WRITE_ONCE(mks_agent.page->agent, cpu_to_le32(word));
}

struct mkc_peer *mks_host(void)
{
	return mks_agent.host ? mkc_peer_get(mks_agent.host) : NULL;
}
EXPORT_SYMBOL_GPL(mks_host);

/* --- parts, each with what undoes it ---------------------------------------- */

static void unmap_page(void *unused)
{
	memunmap(mks_agent.page);
}

static int map_page(struct platform_device *device)
{
	struct resource *res = platform_get_resource(device, IORESOURCE_MEM, 0);

	if (!res || resource_size(res) < MKW_HANDOFF_BYTES)
		return -ENODEV;
	mks_agent.page = memremap(res->start, MKW_HANDOFF_BYTES, MEMREMAP_WB);
	if (!mks_agent.page)
		return -ENOMEM;
	return devm_add_action_or_reset(&device->dev, unmap_page, NULL);
}

static int check_page(struct device *dev)
{
	const struct mkw_handoff *page = mks_agent.page;
	unsigned int revision;

	/* Pairs with the host's release: the rest is there, too. */
	if (le32_to_cpu(smp_load_acquire(&page->magic)) != MKW_HANDOFF_MAGIC) {
		dev_err(dev, "no hand-off page of multikernel\n");
		return -ENODEV;
	}
	revision = le16_to_cpu(page->revision);
	if (revision != MKW_HANDOFF_REVISION) {
		dev_err(dev,
			"the host's hand-off page is of revision %u, this agent knows %u: not used\n",
			revision, MKW_HANDOFF_REVISION);
		say_agent(MKW_AGENT_REFUSED_REVISION);
		return -EPROTONOSUPPORT;
	}
	mks_agent.features = le64_to_cpu(page->features) & MKW_FEATURES_ALL;
	return 0;
}

static void unmap_channel(void *unused)
{
	memunmap(mks_agent.channel);
}

static int map_channel(struct device *dev)
{
	const struct mkw_handoff *page = mks_agent.page;
	u64 base = le64_to_cpu(page->channel_base);
	u64 bytes = le64_to_cpu(page->channel_bytes);
	u64 start = le64_to_cpu(page->memory_base);
	u64 memory = le64_to_cpu(page->memory_bytes);
	u64 room;

	mks_agent.channel = NULL;
	if (!(mks_agent.features & MKW_FEATURE_CHANNEL)) {
		mks_agent.features &= ~MKW_FEATURE_REPORTS;
		return 0;
	}
	room = MKW_CHANNEL_BYTES;
	if (mks_agent.features & MKW_FEATURE_LINES)
		room += sizeof(struct mkw_lines);
	/* They lie behind the lines, whether those are offered or not. */
	if (mks_agent.features & MKW_FEATURE_REPORTS)
		room = MKW_CHANNEL_REPORTS +
		       MKW_REPORTS * sizeof(struct mkw_report);
	if (!PAGE_ALIGNED(base) || bytes < room || base < start ||
	    base - start > memory || bytes > memory - (base - start)) {
		dev_err(dev, "the channel lies outside of our memory\n");
		return -EINVAL;
	}
	mks_agent.channel = memremap(base, room, MEMREMAP_WB);
	if (!mks_agent.channel)
		return -ENOMEM;
	return devm_add_action_or_reset(dev, unmap_channel, NULL);
}

static void close_channel(void *unused)
{
	struct mkc_peer *host = mks_agent.host;

	mkc_send_internal(host, MKW_TYPE_BYE, NULL, 0, 100);
	mkc_peer_close(host);
	mks_agent.host = NULL;
	mkc_peer_destroy(host);
}

static int open_channel(struct device *dev)
{
	struct mkw_handoff *page = mks_agent.page;
	u8 *base = mks_agent.channel;
	struct mkw_channel *words = (void *)base;
	struct mkw_lines *lines = NULL;
	struct mkc_peer *host;
	int err;

	mks_agent.host = NULL;
	if (!base)
		return 0;
	host = mkc_peer_create(0, "host", &ops, NULL);
	if (IS_ERR(host))
		return PTR_ERR(host);
	if (mks_agent.features & MKW_FEATURE_LINES)
		lines = (void *)(base + MKW_CHANNEL_LINES);
	/* Parts that the receiver's thread calls look at it. */
	mks_agent.host = host;
	err = mkc_peer_open(host,
			    &(struct mkc_layout){
				    .tx_data = base + MKW_CHANNEL_TO_HOST,
				    .rx_data = base + MKW_CHANNEL_TO_SPAWN,
				    .tx_own = &words->to_host_producer,
				    .tx_peer = &words->to_host_consumer,
				    .rx_own = &words->to_spawn_consumer,
				    .rx_peer = &words->to_spawn_producer,
				    .own_bell = &page->spawn_doorbell,
				    .peer_bell = &page->host_doorbell,
				    .own_lines = lines ? lines->to_spawn : NULL,
				    .peer_lines = lines ? lines->to_host : NULL,
				    .generation = le32_to_cpu(page->generation),
			    });
	if (err) {
		mks_agent.host = NULL;
		mkc_peer_destroy(host);
		return err;
	}
	return devm_add_action_or_reset(dev, close_channel, NULL);
}

static void stop_parts(void *unused)
{
	mks_beat_stop();
	mks_report_stop();
	mks_device_stop();
	mks_cpus_stop();
	mks_ending_stop();
	say_agent(MKW_AGENT_NONE);
	WRITE_ONCE(mks_agent.page->features_accepted, 0);
}

static int start_parts(struct device *dev)
{
	int err;

	WRITE_ONCE(mks_agent.page->features_accepted,
		   cpu_to_le64(mks_agent.features));
	err = mks_ending_start();
	if (err)
		return err;
	err = mks_cpus_start();
	if (err)
		goto ending;
	err = mks_device_start();
	if (err)
		goto cpus;
	err = mks_report_start();
	if (err)
		goto device;
	say_agent(MKW_AGENT_READY);
	mks_beat_start();
	return devm_add_action_or_reset(dev, stop_parts, NULL);

device:
	mks_device_stop();
cpus:
	mks_cpus_stop();
ending:
	mks_ending_stop();
	return err;
}

static int probe(struct platform_device *device)
{
	int err;

	err = map_page(device);
	if (!err)
		err = check_page(&device->dev);
	if (!err)
		err = map_channel(&device->dev);
	if (!err)
		err = open_channel(&device->dev);
	if (!err)
		err = start_parts(&device->dev);
	if (err)
		return err;
	mks_pmem_enter();
	dev_info(&device->dev, "agent of instance %.*s, generation %u\n",
		 MKW_NAME_BYTES - 1, mks_agent.page->name,
		 le32_to_cpu(mks_agent.page->generation));
	return 0;
}

static const struct acpi_device_id ids[] = { { "MKRN0001", 0 }, {} };
MODULE_DEVICE_TABLE(acpi, ids);

static struct platform_driver agent = {
	.probe = probe,
	.driver = {
		.name = "multikernel_spawn",
		.acpi_match_table = ids,
		.suppress_bind_attrs = true, /* only unloading ends it */
	},
};
module_platform_driver(agent);

MODULE_DESCRIPTION("The agent of a kernel that runs beside another one");
MODULE_LICENSE("GPL");
MODULE_VERSION(MK_VERSION);
