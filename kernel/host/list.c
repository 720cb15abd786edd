// SPDX-License-Identifier: GPL-2.0-only
/* The list of instances: references, finding, enumeration. */
#include "host.h"

#include <linux/module.h>
#include <linux/slab.h>

static LIST_HEAD(instances); /* mkh_lock; by ascending id */
static unsigned int nr_instances; /* written under mkh_lock */

void mkh_instance_get(struct mkh_instance *inst)
{
	kref_get(&inst->ref);
}

static void release(struct kref *ref)
{
	struct mkh_instance *inst = container_of(ref, struct mkh_instance, ref);

	kfree(inst->cpus);
	kfree(inst);
	module_put(THIS_MODULE);
}

void mkh_instance_put(struct mkh_instance *inst)
{
	kref_put(&inst->ref, release);
}

struct mkh_instance *mkh_instance_find(const char *name)
{
	struct mkh_instance *inst, *found = NULL;

	mutex_lock(&mkh_lock);
	list_for_each_entry(inst, &instances, link) {
		if (!strncmp(inst->name, name, MK_NAME_BYTES)) {
			mkh_instance_get(inst);
			found = inst;
			break;
		}
	}
	mutex_unlock(&mkh_lock);
	return found;
}

struct mkh_instance *mkh_instance_next(u32 id)
{
	struct mkh_instance *inst, *found = NULL;

	mutex_lock(&mkh_lock);
	list_for_each_entry(inst, &instances, link) {
		if (inst->id > id) {
			mkh_instance_get(inst);
			found = inst;
			break;
		}
	}
	mutex_unlock(&mkh_lock);
	return found;
}

int mkh_instance_use(u32 id, struct mkh_instance **store)
{
	struct mkh_instance *inst;
	int err = -ENOENT;

	mutex_lock(&mkh_lock);
	list_for_each_entry(inst, &instances, link) {
		if (inst->id != id)
			continue;
		err = inst->nr_cpus ? -EINVAL : 0;
		if (!err) {
			inst->users++;
			mkh_instance_get(inst);
			*store = inst;
		}
		break;
	}
	mutex_unlock(&mkh_lock);
	return err;
}

void mkh_instance_unuse(struct mkh_instance *store)
{
	mutex_lock(&mkh_lock);
	store->users--;
	mutex_unlock(&mkh_lock);
	mkh_instance_put(store);
}

unsigned int mkh_instance_count(void)
{
	return READ_ONCE(nr_instances);
}

void mkh_instance_enlist(struct mkh_instance *inst)
{
	mkh_instance_get(inst); /* the list's */
	mutex_lock(&mkh_lock);
	list_add_tail(&inst->link, &instances);
	nr_instances++;
	mutex_unlock(&mkh_lock);
}

int mkh_instance_strike(struct mkh_instance *inst)
{
	int err = 0;

	mutex_lock(&mkh_lock);
	if (inst->users) {
		err = -EBUSY;
	} else {
		list_del_init(&inst->link);
		nr_instances--;
	}
	mutex_unlock(&mkh_lock);
	return err;
}
