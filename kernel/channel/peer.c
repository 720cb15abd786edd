// SPDX-License-Identifier: GPL-2.0-only
/* The kernels at the other end: who there is, and whether they can be told. */
#include "peer.h"

#include <linux/module.h>
#include <linux/slab.h>

static DEFINE_MUTEX(up_lock); /* who is up, and telling of it */
static DEFINE_MUTEX(peers_lock); /* inside of it */
static LIST_HEAD(peers); /* peers_lock */
static BLOCKING_NOTIFIER_HEAD(chain);

static struct mkc_channel *locked_channel(struct mkc_peer *peer)
{
	return rcu_dereference_protected(peer->channel,
					 lockdep_is_held(&peer->bell.lock));
}

static bool rung(struct mkc_doorbell *bell)
{
	struct mkc_peer *peer = container_of(bell, struct mkc_peer, bell);
	struct mkc_channel *ch;

	raw_spin_lock(&bell->lock);
	ch = locked_channel(peer);
	if (ch)
		mkc_channel_rung(ch);
	raw_spin_unlock(&bell->lock);
	return false;
}

struct mkc_peer *mkc_peer_create(u32 id, const char *name,
				 const struct mkc_peer_ops *ops, void *owner)
{
	struct mkc_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);
	int err;

	if (!peer)
		return ERR_PTR(-ENOMEM);
	kref_init(&peer->ref);
	peer->release = ops->release;
	peer->module = ops->owner;
	__module_get(peer->module);
	peer->id = id;
	strscpy(peer->name, name, sizeof(peer->name));
	peer->ops = ops;
	peer->owner = owner;
	init_waitqueue_head(&peer->wait);
	mutex_init(&peer->lines_lock);
	INIT_LIST_HEAD(&peer->lines);
	spin_lock_init(&peer->last_lock);
	snprintf(peer->bell.name, sizeof(peer->bell.name), "multikernel-%s",
		 peer->name);
	peer->bell.rung = rung;
	err = mkc_doorbell_request(&peer->bell);
	if (err) {
		module_put(peer->module);
		kfree(peer);
		return ERR_PTR(err);
	}
	mutex_lock(&peers_lock);
	list_add_tail(&peer->link, &peers);
	mutex_unlock(&peers_lock);
	return peer;
}
EXPORT_SYMBOL_GPL(mkc_peer_create);

void mkc_peer_destroy(struct mkc_peer *peer)
{
	mutex_lock(&peers_lock);
	list_del(&peer->link);
	mutex_unlock(&peers_lock);
	mkc_doorbell_free(&peer->bell);
	WRITE_ONCE(peer->gone, true);
	wake_up_all(&peer->wait);
	mkc_peer_put(peer);
}
EXPORT_SYMBOL_GPL(mkc_peer_destroy);

static void release(struct kref *ref)
{
	struct mkc_peer *peer = container_of(ref, struct mkc_peer, ref);

	/* An owner without a module of its own has nothing to release. */
	if (peer->release)
		peer->release(peer);
	module_put(peer->module);
	kfree(peer);
}

struct mkc_peer *mkc_peer_get(struct mkc_peer *peer)
{
	kref_get(&peer->ref);
	return peer;
}
EXPORT_SYMBOL_GPL(mkc_peer_get);

void mkc_peer_put(struct mkc_peer *peer)
{
	kref_put(&peer->ref, release);
}
EXPORT_SYMBOL_GPL(mkc_peer_put);

struct mkc_peer *mkc_peer_find(u32 id)
{
	struct mkc_peer *peer, *found = NULL;

	mutex_lock(&peers_lock);
	list_for_each_entry(peer, &peers, link) {
		if (peer->id == id) {
			found = mkc_peer_get(peer);
			break;
		}
	}
	mutex_unlock(&peers_lock);
	return found;
}
EXPORT_SYMBOL_GPL(mkc_peer_find);

u32 mkc_peer_id(const struct mkc_peer *peer)
{
	return peer->id;
}
EXPORT_SYMBOL_GPL(mkc_peer_id);

const char *mkc_peer_name(const struct mkc_peer *peer)
{
	return peer->name;
}
EXPORT_SYMBOL_GPL(mkc_peer_name);

bool mkc_peer_is_up(const struct mkc_peer *peer)
{
	return READ_ONCE(peer->up);
}
EXPORT_SYMBOL_GPL(mkc_peer_is_up);

struct mkc_channel *mkc_peer_channel(struct mkc_peer *peer)
{
	struct mkc_channel *ch;
	unsigned long flags;

	raw_spin_lock_irqsave(&peer->bell.lock, flags);
	ch = locked_channel(peer);
	if (ch)
		kref_get(&ch->ref);
	raw_spin_unlock_irqrestore(&peer->bell.lock, flags);
	return ch;
}

static void reset_calls(struct mkc_peer *peer)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);

	if (!ch)
		return;
	mkc_channel_reset_calls(ch);
	mkc_channel_put(ch);
}

static void tell(struct mkc_peer *peer, unsigned long event)
{
	WRITE_ONCE(peer->up, event == MKC_PEER_UP);
	wake_up_all(&peer->wait);
	if (event == MKC_PEER_DOWN) {
		/* Pairs with call_on(): it sees that, or we see its call. */
		smp_mb();
		reset_calls(peer);
	}
	blocking_notifier_call_chain(&chain, event, peer);
}

void mkc_peer_up(struct mkc_peer *peer, u32 generation)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);

	if (!ch)
		return;
	mutex_lock(&up_lock);
	/* A hello may be handled while its life ends, or after. */
	if (ch->generation == generation && !READ_ONCE(ch->closed) && !peer->up)
		tell(peer, MKC_PEER_UP);
	mutex_unlock(&up_lock);
	mkc_channel_put(ch);
}
EXPORT_SYMBOL_GPL(mkc_peer_up);

void mkc_peer_down(struct mkc_peer *peer)
{
	/* Before the lock: a notifier of its holder may wait in a call. */
	reset_calls(peer);
	mutex_lock(&up_lock);
	if (peer->up)
		tell(peer, MKC_PEER_DOWN);
	mutex_unlock(&up_lock);
}
EXPORT_SYMBOL_GPL(mkc_peer_down);

int mkc_register_notifier(struct notifier_block *nb)
{
	struct mkc_peer *peer;
	int err;

	mutex_lock(&up_lock);
	err = blocking_notifier_chain_register(&chain, nb);
	if (!err) {
		mutex_lock(&peers_lock);
		list_for_each_entry(peer, &peers, link)
			if (peer->up)
				nb->notifier_call(nb, MKC_PEER_UP, peer);
		mutex_unlock(&peers_lock);
	}
	mutex_unlock(&up_lock);
	return err;
}
EXPORT_SYMBOL_GPL(mkc_register_notifier);

int mkc_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&chain, nb);
}
EXPORT_SYMBOL_GPL(mkc_unregister_notifier);
