// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of the agent and the channel: where they lie in an
 * instance's memory, the agent's hello, what it says of itself.
 */
#include "host.h"

#include <linux/module.h>

#include "../channel/peer.h"

static bool flood_stop = true;
module_param(flood_stop, bool, 0644);
MODULE_PARM_DESC(flood_stop,
		 "end a spawn that rings on when its doorbell is withdrawn");

/* Test builds only: offer something else, for the rules about that. */
#ifdef MKH_SELFTEST
static ushort handoff_revision = MKW_HANDOFF_REVISION;
module_param(handoff_revision, ushort, 0600);
static ulong handoff_features = MKW_FEATURES_ALL;
module_param(handoff_features, ulong, 0600);
#else
#define handoff_revision MKW_HANDOFF_REVISION
#define handoff_features MKW_FEATURES_ALL
#endif

/* How long a panic may take to come to its end, before it counts as one. */
#define PANIC_PATIENCE_NS (10ULL * NSEC_PER_SEC)

static struct mkw_handoff *handoff_at(const struct mkh_instance *inst,
				      u64 address)
{
	return (void *)(inst->memory.view + (address - inst->memory.base));
}

/* --- what the channel asks of us --------------------------------------------- */

/*
 * The channel is open, so the memory is there.  Once the spawn has said that
 * it ends, the monitor looks more often.
 */
static void attention(struct mkc_peer *peer)
{
	struct mkh_instance *inst = peer->owner;
	const struct mkw_handoff *page =
		handoff_at(inst, inst->channel_handoff);

	if (READ_ONCE(inst->hurried) ||
	    (!READ_ONCE(page->ending) && !READ_ONCE(page->reset)))
		return;
	WRITE_ONCE(inst->hurried, true);
	mkh_monitor_hurry(inst);
}

static bool may_ring(struct mkc_peer *peer, u32 apic)
{
	struct mkh_instance *inst = peer->owner;
	unsigned int i;

	for (i = 0; i < inst->nr_cpus; i++)
		if (inst->cpus[i].apic == apic)
			return true;
	return false;
}

static void flood_work(struct work_struct *work)
{
	struct mkh_instance *inst =
		container_of(work, struct mkh_instance, flood_work);

	mutex_lock(&inst->lock);
	if (inst->state == MK_STATE_RUNNING &&
	    inst->generation == READ_ONCE(inst->flood_generation)) {
		pr_warn("%s rings on though its doorbell is withdrawn: ended\n",
			inst->name);
		mkh_instance_end(inst, MK_STATE_CRASHED, MK_CAUSE_FLOOD);
	}
	mutex_unlock(&inst->lock);
	mkh_instance_put(inst);
}

/* Hard interrupt context; the channel is open, so this life is under way. */
static void flood(struct mkc_peer *peer)
{
	struct mkh_instance *inst = peer->owner;

	if (!READ_ONCE(flood_stop))
		return;
	WRITE_ONCE(inst->flood_generation, READ_ONCE(inst->generation));
	mkh_instance_get(inst);
	/* The peer keeps a reference: this is never the last one. */
	if (!mkh_monitor_queue(&inst->flood_work))
		mkh_instance_put(inst);
}

static void released(struct mkc_peer *peer)
{
	mkh_instance_put(peer->owner);
}

static const struct mkc_peer_ops ops = {
	.owner = THIS_MODULE,
	.attention = attention,
	.may_ring = may_ring,
	.flood = flood,
	.release = released,
};

/* --- the life of an instance ------------------------------------------------- */

int mkh_channel_create(struct mkh_instance *inst)
{
	struct mkc_peer *peer;

	INIT_WORK(&inst->flood_work, flood_work);
	peer = mkc_peer_create(inst->id, inst->name, &ops, inst);
	if (IS_ERR(peer))
		return PTR_ERR(peer);
	mkh_instance_get(inst); /* the peer's */
	inst->peer = peer;
	return 0;
}

void mkh_channel_destroy(struct mkh_instance *inst)
{
	struct mkc_peer *peer = inst->peer;

	spin_lock(&inst->state_lock);
	inst->peer = NULL;
	spin_unlock(&inst->state_lock);
	if (peer) /* a store has none */
		mkc_peer_destroy(peer);
}

struct mkc_peer *mkh_channel_peer(struct mkh_instance *inst)
{
	struct mkc_peer *peer;

	spin_lock(&inst->state_lock);
	peer = inst->peer;
	if (peer)
		mkc_peer_get(peer);
	spin_unlock(&inst->state_lock);
	return peer;
}

u64 mkh_channel_bytes(struct mkh_instance *inst)
{
	struct mkc_peer *peer = mkh_channel_peer(inst);
	u64 bytes = 0;

	if (peer) {
		bytes = mkc_peer_bytes(peer);
		mkc_peer_put(peer);
	}
	return bytes;
}

static bool has_channel(const struct mkh_image *image)
{
	return image->channel_base && image->channel_bytes >= MKW_CHANNEL_BYTES;
}

static bool has_lines(const struct mkh_image *image)
{
	return image->channel_bytes - MKW_CHANNEL_LINES >=
	       sizeof(struct mkw_lines);
}

void mkh_channel_fill(struct mkh_instance *inst, struct mkw_handoff *page)
{
	u64 features = handoff_features;
	unsigned int i;
	u32 apic;

	if (!has_channel(&inst->image))
		features &= ~(MKW_FEATURE_CHANNEL | MKW_FEATURE_LINES);
	else if (!has_lines(&inst->image))
		features &= ~MKW_FEATURE_LINES;
	if (!mkh_report_feature(&inst->image))
		features &= ~MKW_FEATURE_REPORTS;
	for (i = 0; i < inst->nr_cpus; i++) {
		apic = inst->cpus[i].apic;
		if (apic < MKW_APIC_IDS)
			page->cpus[apic / 8] |= 1 << apic % 8;
		else /* not all of them can be named */
			features &= ~MKW_FEATURE_CPUS;
	}
	page->features = cpu_to_le64(features);
	page->revision = cpu_to_le16(handoff_revision);
	spin_lock(&inst->state_lock);
	memset(&inst->agent, 0, sizeof(inst->agent));
	inst->agent.offered = features;
	spin_unlock(&inst->state_lock);
}

int mkh_channel_open(struct mkh_instance *inst)
{
	const struct mkh_image *image = &inst->image;
	struct mkw_handoff *page = handoff_at(inst, image->handoff);
	struct mkw_channel *words;
	struct mkw_lines *lines;
	u8 *base;

	WRITE_ONCE(inst->hurried, false);
	WRITE_ONCE(inst->channel_handoff, image->handoff);
	if (!has_channel(image))
		return 0;
	base = inst->memory.view + (image->channel_base - inst->memory.base);
	words = (struct mkw_channel *)base;
	lines = has_lines(image)
			? (struct mkw_lines *)(base + MKW_CHANNEL_LINES)
			: NULL;
	return mkc_peer_open(inst->peer,
			     &(struct mkc_layout){
				     .tx_data = base + MKW_CHANNEL_TO_SPAWN,
				     .rx_data = base + MKW_CHANNEL_TO_HOST,
				     .tx_own = &words->to_spawn_producer,
				     .tx_peer = &words->to_spawn_consumer,
				     .rx_own = &words->to_host_consumer,
				     .rx_peer = &words->to_host_producer,
				     .own_bell = &page->host_doorbell,
				     .peer_bell = &page->spawn_doorbell,
				     .own_lines = lines ? lines->to_host : NULL,
				     .peer_lines = lines ? lines->to_spawn
							 : NULL,
				     .generation = inst->generation,
			     });
}

void mkh_channel_close(struct mkh_instance *inst)
{
	mkc_peer_close(inst->peer);
}

/* --- the agent ---------------------------------------------------------------- */

static int hello(struct mkc_incoming *message, void *context)
{
	struct mkh_instance *inst = message->peer->owner;
	struct mkw_hello h;
	u64 features;

	if (message->peer->ops != &ops || !message->wants_reply ||
	    message->length != sizeof(h))
		return -EINVAL;
	memcpy(&h, message->bytes, sizeof(h));
	features = le64_to_cpu(h.features);
	spin_lock(&inst->state_lock);
	if (le32_to_cpu(h.generation) != inst->generation ||
	    features & ~inst->agent.offered) {
		spin_unlock(&inst->state_lock);
		pr_warn_ratelimited("%s: its agent's hello makes no sense\n",
				    inst->name);
		return -EINVAL;
	}
	inst->agent.accepted = features;
	inst->agent.memory = le64_to_cpu(h.memory);
	inst->agent.boot_ns = le64_to_cpu(h.boot_ns);
	inst->agent.hello_ns = ktime_get_boottime_ns();
	memcpy(inst->agent.release, h.release, sizeof(inst->agent.release) - 1);
	spin_unlock(&inst->state_lock);
	/* A second one: the agent was loaded again, without a bye. */
	mkc_peer_down(message->peer);
	mkc_peer_up(message->peer, le32_to_cpu(h.generation));
	return 0;
}

static int bye(struct mkc_incoming *message, void *context)
{
	mkc_peer_down(message->peer);
	return 0;
}

static struct mkc_handler handlers[] = {
	{ .type = MKW_TYPE_HELLO, .handle = hello },
	{ .type = MKW_TYPE_BYE, .handle = bye },
};

int mkh_channel_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		err = mkc_register_internal(&handlers[i]);
		if (err) {
			while (i--)
				mkc_unregister(&handlers[i]);
			return err;
		}
	}
	return 0;
}

void mkh_channel_exit(void)
{
	size_t i = ARRAY_SIZE(handlers);

	while (i--)
		mkc_unregister(&handlers[i]);
}

void mkh_channel_look(struct mkh_instance *inst)
{
	struct mkw_handoff *page = handoff_at(inst, inst->image.handoff);
	u32 beat = le32_to_cpu(READ_ONCE(page->heartbeat));
	u32 ending = le32_to_cpu(READ_ONCE(page->ending));

	/* It left, and its bye found no room. */
	if (MKW_AGENT_STATE(le32_to_cpu(READ_ONCE(page->agent))) !=
	    MKW_AGENT_READY)
		mkc_peer_down(inst->peer);
	spin_lock(&inst->state_lock);
	if (beat != inst->agent.heartbeat) {
		inst->agent.heartbeat = beat;
		inst->agent.beat_ns = ktime_get_boottime_ns();
	}
	if (ending != inst->agent.ending) {
		inst->agent.ending = ending;
		inst->agent.ending_ns = ktime_get_boottime_ns();
	}
	spin_unlock(&inst->state_lock);
}

bool mkh_channel_panicked(struct mkh_instance *inst)
{
	return inst->agent.ending == MKW_ENDING_PANIC &&
	       ktime_get_boottime_ns() - inst->agent.ending_ns >
		       PANIC_PATIENCE_NS;
}

bool mkh_channel_ending(struct mkh_instance *inst)
{
	return inst->agent.ending;
}

int mkh_channel_stop(struct mkh_instance *inst)
{
	struct mkw_handoff *page = handoff_at(inst, inst->image.handoff);

	if (inst->state != MK_STATE_RUNNING)
		return -EALREADY;
	if (MKW_AGENT_STATE(le32_to_cpu(READ_ONCE(page->agent))) !=
		    MKW_AGENT_READY ||
	    !(le64_to_cpu(READ_ONCE(page->features_accepted)) &
	      MKW_FEATURE_REQUEST))
		return -ENOTCONN;
	/* Read by the agent when we ring, and with each of its beats. */
	WRITE_ONCE(page->request, cpu_to_le32(MKW_REQUEST_POWEROFF));
	mkc_peer_ring(inst->peer);
	return 0;
}

void mkh_channel_panic_text(struct mkh_instance *inst, char *text, size_t size)
{
	const struct mkw_handoff *page;

	text[0] = '\0';
	if (!inst->channel_handoff)
		return;
	page = handoff_at(inst, inst->channel_handoff);
	memcpy(text, page->panic_text, min_t(size_t, size, MKW_PANIC_BYTES));
	text[size - 1] = '\0';
}

bool mkh_channel_accepted(struct mkh_instance *inst, u64 feature)
{
	bool accepted;

	spin_lock(&inst->state_lock);
	accepted = inst->agent.accepted & feature;
	spin_unlock(&inst->state_lock);
	return accepted;
}

/* --- what INFO shows ----------------------------------------------------------- */

static u32 agent_state(const struct mkc_peer *peer, u32 word, bool running,
		       bool broken)
{
	switch (MKW_AGENT_STATE(word)) {
	case MKW_AGENT_READY:
		return broken		      ? MK_AGENT_BROKEN
		       : mkc_peer_is_up(peer) ? MK_AGENT_UP
		       : running	      ? MK_AGENT_READY
					      : MK_AGENT_NONE;
	case MKW_AGENT_REFUSED_REVISION:
		return MK_AGENT_REFUSED;
	default:
		return MK_AGENT_NONE;
	}
}

/* Copied once, then made a string: it is a stranger's. */
static void read_page(const struct mkw_handoff *page, struct mk_channel *info,
		      u32 *agent)
{
	unsigned int i;

	*agent = le32_to_cpu(READ_ONCE(page->agent));
	info->agent_revision = MKW_AGENT_REVISION(*agent);
	info->features_accepted =
		le64_to_cpu(READ_ONCE(page->features_accepted));
	info->cpus_online = le32_to_cpu(READ_ONCE(page->cpus_online));
	for (i = 0; i < 3; i++)
		info->load[i] = le32_to_cpu(READ_ONCE(page->load[i]));
	info->memory_free = le64_to_cpu(READ_ONCE(page->memory_free));
	memcpy(info->panic_text, page->panic_text, sizeof(info->panic_text));
	info->panic_text[sizeof(info->panic_text) - 1] = '\0';
}

int mkh_channel_info(struct mkh_instance *inst, struct mk_channel *info)
{
	struct mkc_peer *peer = mkh_channel_peer(inst);
	u64 handoff, beat_ns;
	bool running, broken;
	u32 agent = 0;
	int srcu;

	BUILD_BUG_ON(MK_RELEASE_BYTES != MKW_RELEASE_BYTES ||
		     MK_PANIC_BYTES != MKW_PANIC_BYTES ||
		     MK_MESSAGE_MAX != MKW_MESSAGE_MAX ||
		     MK_TYPE_FIRST != MKW_TYPE_PROGRAM);
	if (!peer)
		return -ENODEV;
	memset(info, 0, sizeof(*info));
	broken = mkc_peer_counters(peer, &info->counters);
	spin_lock(&inst->state_lock);
	info->generation = inst->generation;
	running = inst->state == MK_STATE_RUNNING;
	/* That of the last life, whatever was loaded since. */
	handoff = inst->generation ? READ_ONCE(inst->channel_handoff) : 0;
	info->features_offered = inst->agent.offered;
	info->heartbeat = inst->agent.heartbeat;
	info->memory = inst->agent.memory;
	info->boot_ns = inst->agent.boot_ns;
	info->hello_ns = inst->agent.hello_ns;
	memcpy(info->release, inst->agent.release, sizeof(info->release));
	beat_ns = inst->agent.beat_ns;
	spin_unlock(&inst->state_lock);
	info->heartbeat_age_ms = ~0U;
	if (beat_ns)
		info->heartbeat_age_ms =
			min_t(u64, ktime_get_boottime_ns() - beat_ns,
			      (u64)INT_MAX * NSEC_PER_MSEC) /
			NSEC_PER_MSEC;

	srcu = srcu_read_lock(&mkh_memory_srcu);
	if (handoff && !READ_ONCE(inst->gone))
		read_page(handoff_at(inst, handoff), info, &agent);
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	info->agent = agent_state(peer, agent, running, broken);
	mkc_peer_put(peer);
	return 0;
}
