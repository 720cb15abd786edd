// SPDX-License-Identifier: GPL-2.0-only
/* Who owns a type of message. */
#include "peer.h"

#include <linux/module.h>

static DEFINE_SPINLOCK(handlers_lock);
static LIST_HEAD(handlers); /* handlers_lock */

/* NULL stands for any peer, so it meets every other. */
static bool meet(const struct mkc_peer *a, const struct mkc_peer *b)
{
	return !a || !b || a == b;
}

int mkc_register_internal(struct mkc_handler *handler)
{
	struct mkc_handler *other;
	int err = 0;

	refcount_set(&handler->users, 1);
	init_completion(&handler->idle);
	spin_lock(&handlers_lock);
	list_for_each_entry(other, &handlers, link)
		if (other->type == handler->type &&
		    meet(other->peer, handler->peer))
			err = -EBUSY;
	if (!err)
		list_add(&handler->link, &handlers);
	spin_unlock(&handlers_lock);
	return err;
}
EXPORT_SYMBOL_GPL(mkc_register_internal);

int mkc_register(struct mkc_handler *handler)
{
	if (handler->type < MKW_TYPE_MODULE || !handler->handle)
		return -EINVAL;
	return mkc_register_internal(handler);
}
EXPORT_SYMBOL_GPL(mkc_register);

void mkc_unregister(struct mkc_handler *handler)
{
	spin_lock(&handlers_lock);
	list_del(&handler->link);
	spin_unlock(&handlers_lock);
	mkc_handler_put(handler);
	wait_for_completion(&handler->idle);
}
EXPORT_SYMBOL_GPL(mkc_unregister);

struct mkc_handler *mkc_handler_find(struct mkc_peer *peer, u16 type)
{
	struct mkc_handler *handler, *found = NULL;

	spin_lock(&handlers_lock);
	list_for_each_entry(handler, &handlers, link) {
		if (handler->type == type && meet(handler->peer, peer)) {
			refcount_inc(&handler->users);
			found = handler;
			break;
		}
	}
	spin_unlock(&handlers_lock);
	return found;
}

void mkc_handler_put(struct mkc_handler *handler)
{
	if (refcount_dec_and_test(&handler->users))
		complete_all(&handler->idle);
}
