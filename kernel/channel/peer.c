// SPDX-License-Identifier: GPL-2.0-only
/* The kernels at the other end: who there is, and whether they can be told. */
#include "peer.h"

#include <linux/module.h>
#include <linux/slab.h>

static DEFINE_MUTEX(peers_lock);
static LIST_HEAD(peers); /* peers_lock */
static BLOCKING_NOTIFIER_HEAD(chain);

static void rung(struct mkc_doorbell *bell)
{
	struct mkc_peer *peer = container_of(bell, struct mkc_peer, bell);

	raw_spin_lock(&bell->lock);
	if (peer->channel)
		mkc_channel_rung(peer->channel);
	raw_spin_unlock(&bell->lock);
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
	peer->id = id;
	strscpy(peer->name, name, sizeof(peer->name));
	peer->ops = ops;
	peer->owner = owner;
	init_waitqueue_head(&peer->wait);
	spin_lock_init(&peer->last_lock);
	mutex_init(&peer->up_lock);
	snprintf(peer->bell.name, sizeof(peer->bell.name), "multikernel-%s",
		 peer->name);
	peer->bell.rung = rung;
	err = mkc_doorbell_request(&peer->bell);
	if (err) {
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

	/* The owner's module may be gone, if it has nothing to release. */
	if (peer->release)
		peer->release(peer);
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
	ch = peer->channel;
	if (ch)
		kref_get(&ch->ref);
	raw_spin_unlock_irqrestore(&peer->bell.lock, flags);
	return ch;
}

void mkc_peer_set_up(struct mkc_peer *peer, bool up)
{
	struct mkc_channel *ch = mkc_peer_channel(peer);

	mutex_lock(&peer->up_lock);
	/* A hello that is handled while the channel is closed comes too late. */
	if (up && (!ch || READ_ONCE(ch->closed)))
		goto unlock;
	if (peer->up == up)
		goto unlock;
	WRITE_ONCE(peer->up, up);
	wake_up_all(&peer->wait);
	if (!up && ch)
		mkc_channel_reset_calls(ch);
	blocking_notifier_call_chain(&chain, up ? MKC_PEER_UP : MKC_PEER_DOWN,
				     peer);
unlock:
	mutex_unlock(&peer->up_lock);
	if (ch)
		mkc_channel_put(ch);
}
EXPORT_SYMBOL_GPL(mkc_peer_set_up);

int mkc_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&chain, nb);
}
EXPORT_SYMBOL_GPL(mkc_register_notifier);

int mkc_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&chain, nb);
}
EXPORT_SYMBOL_GPL(mkc_unregister_notifier);
