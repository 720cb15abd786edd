// SPDX-License-Identifier: GPL-2.0-only
/* The life of an instance: created, loaded, running, stopped, deleted. */
#include "host.h"

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

static u32 last_id; /* mkh_change_lock */

/* --- what INFO shows ------------------------------------------------------ */

static void tell(struct mkh_instance *inst, u32 kind, u32 cpu)
{
	struct mk_event event = { .kind = kind, .id = inst->id, .cpu = cpu };

	spin_lock(&inst->state_lock);
	event.state = inst->state;
	event.cause = inst->cause;
	event.generation = inst->generation;
	spin_unlock(&inst->state_lock);
	memcpy(event.name, inst->name, sizeof(event.name));
	if (kind == MK_EVENT_STATE && event.state == MK_STATE_CRASHED)
		mkh_channel_panic_text(inst, event.text, sizeof(event.text));
	mkh_event_add(&event);
}

/* inst->lock is held, or nobody else knows it yet. */
static void set_state(struct mkh_instance *inst, u32 state, u32 cause)
{
	spin_lock(&inst->state_lock);
	atomic_add((state == MK_STATE_RUNNING) -
			   (inst->state == MK_STATE_RUNNING),
		   &mkh_running);
	inst->state = state;
	inst->cause = cause;
	inst->since_ns = ktime_get_boottime_ns();
	inst->events++;
	inst->shown_segments = inst->image.nr_segments;
	inst->shown_entry = inst->image.entry;
	inst->shown_handoff = inst->image.handoff;
	inst->shown_loaded = inst->image.loaded_bytes;
	inst->shown_kept = inst->image.kept_bytes;
	memcpy(inst->shown_label, inst->image.label, MK_LABEL_BYTES);
	spin_unlock(&inst->state_lock);
	/* The first is told when it can be found. */
	if (inst->events > 1)
		tell(inst, MK_EVENT_STATE, 0);
	wake_up_all(&inst->wait);
}

void mkh_instance_info(struct mkh_instance *inst, struct mk_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = inst->id;
	info->nr_cpus = inst->nr_cpus;
	info->memory_base = inst->memory.base;
	info->low_base = inst->low_base;
	info->low_bytes = inst->low_bytes;
	info->host_bytes = sizeof(*inst) + inst->nr_cpus * sizeof(*inst->cpus) +
			   mkh_channel_bytes(inst);
	memcpy(info->name, inst->name, sizeof(info->name));
	info->users = READ_ONCE(inst->users);
	spin_lock(&inst->state_lock);
	info->memory_bytes = inst->memory.bytes;
	info->state = inst->state;
	info->cause = inst->cause;
	info->generation = inst->generation;
	info->progress = inst->progress;
	info->since_ns = inst->since_ns;
	info->started_ns = inst->started_ns;
	info->events = inst->events;
	info->nr_segments = inst->shown_segments;
	info->handoff = inst->shown_handoff;
	info->loaded_bytes = inst->shown_loaded;
	info->kept_bytes = inst->shown_kept;
	memcpy(info->label, inst->shown_label, sizeof(info->label));
	spin_unlock(&inst->state_lock);
}

/* --- the ledger's side of an instance ------------------------------------- */

static u16 memory_kind(const struct mkh_instance *inst)
{
	return inst->memory.reserved ? MK_LEDGER_RESERVED : MK_LEDGER_MEMORY;
}

static void ledger_move_all(struct mkh_instance *inst, u32 owner)
{
	unsigned int i;

	mutex_lock(&mkh_lock);
	for (i = 0; i < inst->nr_cpus; i++)
		mkh_ledger_move(&mkh_ledger, MK_LEDGER_CPU, inst->cpus[i].cpu,
				1, owner);
	mkh_ledger_move(&mkh_ledger, memory_kind(inst), inst->memory.base,
			inst->memory.bytes, owner);
	mkh_ledger_move(&mkh_ledger, MK_LEDGER_LOW, inst->low_base,
			inst->low_bytes, owner);
	mutex_unlock(&mkh_lock);
}

static int ledger_enter(u16 kind, u64 start, u64 length)
{
	int err;

	mutex_lock(&mkh_lock);
	err = mkh_ledger_enter(&mkh_ledger, kind, start, length,
			       MK_OWNER_TRANSIT);
	mutex_unlock(&mkh_lock);
	return err;
}

static void ledger_drop(u16 kind, u64 start, u64 length)
{
	mutex_lock(&mkh_lock);
	WARN_ON(mkh_ledger_drop(&mkh_ledger, kind, start, length));
	mutex_unlock(&mkh_lock);
}

/*
 * Nobody's until the machine restarts.  The module stays with it: a fresh one
 * would know nothing of it, and hand it out.
 */
static void ledger_lose(u16 kind, u64 start, u64 length)
{
	mutex_lock(&mkh_lock);
	if (!mkh_ledger_count(&mkh_ledger, 0, MK_OWNER_LOST))
		__module_get(THIS_MODULE);
	mkh_ledger_move(&mkh_ledger, kind, start, length, MK_OWNER_LOST);
	mutex_unlock(&mkh_lock);
}

/* --- parts of an instance: take and give, in this order and its reverse --- */

static void lose_cpu(struct mkh_instance *inst, struct mkh_cpu *cpu)
{
	cpu->lost = true;
	atomic_inc(&mkh_lost);
	ledger_lose(MK_LEDGER_CPU, cpu->cpu, 1);
	pr_err("CPU %u did not acknowledge: lost until the next boot\n",
	       cpu->cpu);
	tell(inst, MK_EVENT_CPU_LOST, cpu->cpu);
}

static unsigned int nr_lost(const struct mkh_instance *inst)
{
	unsigned int i, n = 0;

	for (i = 0; i < inst->nr_cpus; i++)
		n += inst->cpus[i].lost;
	return n;
}

static int take_low(struct mkh_instance *inst, struct mk_create *arg)
{
	int err;

	inst->low_base = mkh_low_take(arg->low_bytes);
	if (!inst->low_base) {
		arg->reason = MK_REASON_LOW_NONE;
		return -ENOMEM;
	}
	inst->low_bytes = arg->low_bytes;
	err = ledger_enter(MK_LEDGER_LOW, inst->low_base, inst->low_bytes);
	if (err) {
		arg->reason = MK_REASON_TOO_MANY;
		mkh_low_give(inst->low_base, inst->low_bytes);
	}
	return err;
}

static void give_low(struct mkh_instance *inst)
{
	if (!inst->low_bytes)
		return;
	/* Lost CPUs may still run there: leave it as it is. */
	if (nr_lost(inst)) {
		ledger_lose(MK_LEDGER_LOW, inst->low_base, inst->low_bytes);
		return;
	}
	mkh_low_give(inst->low_base, inst->low_bytes);
	ledger_drop(MK_LEDGER_LOW, inst->low_base, inst->low_bytes);
}

static int take_memory(struct mkh_instance *inst, struct mk_create *arg)
{
	int node = arg->flags & MK_CREATE_F_NODE ? arg->node : NUMA_NO_NODE;
	int err;

	if (arg->flags & MK_CREATE_F_FIXED)
		err = mkh_memory_take_at(&inst->memory, arg->memory_base,
					 arg->memory_bytes);
	else
		err = mkh_memory_take(&inst->memory, arg->memory_bytes, node);
	if (err) {
		arg->reason = arg->flags & MK_CREATE_F_FIXED
				      ? MK_REASON_MEMORY_PLACE
				      : MK_REASON_MEMORY_NONE;
		return err == -EINTR ? err : -ENOMEM;
	}
	err = ledger_enter(memory_kind(inst), inst->memory.base,
			   inst->memory.bytes);
	if (err) {
		arg->reason = MK_REASON_TOO_MANY;
		mkh_memory_give(&inst->memory);
	}
	return err;
}

static void give_memory(struct mkh_instance *inst)
{
	u64 base = inst->memory.base, bytes = inst->memory.bytes;
	u16 kind = memory_kind(inst);

	if (nr_lost(inst)) {
		ledger_lose(kind, base, bytes);
		return;
	}
	mkh_memory_give(&inst->memory);
	ledger_drop(kind, base, bytes);
}

static void give_cpus(struct mkh_instance *inst, unsigned int nr)
{
	while (nr--) {
		mkh_cpu_give(inst->cpus[nr].cpu);
		ledger_drop(MK_LEDGER_CPU, inst->cpus[nr].cpu, 1);
	}
}

/*
 * A CPU that may still run the spawn takes the others for its own: it could
 * stop or restart them under the host.  They stay parked.
 */
static void lose_cpus(struct mkh_instance *inst)
{
	unsigned int i;

	for (i = 0; i < inst->nr_cpus; i++)
		if (!inst->cpus[i].lost)
			ledger_lose(MK_LEDGER_CPU, inst->cpus[i].cpu, 1);
}

static int take_cpu(struct mkh_instance *inst, struct mkh_cpu *cpu,
		    struct mk_create *arg)
{
	int err = ledger_enter(MK_LEDGER_CPU, cpu->cpu, 1);

	if (err) {
		arg->reason = MK_REASON_TOO_MANY;
		return err;
	}
	arg->reason_cpu = cpu->cpu;
	err = mkh_cpu_take(cpu->cpu);
	if (err) {
		ledger_drop(MK_LEDGER_CPU, cpu->cpu, 1);
		arg->reason = MK_REASON_CPU_STUCK;
		return -EBUSY;
	}
	/* From the host's own idle loop into the state we know. */
	err = mkh_boot_park(cpu->apic);
	if (err) {
		lose_cpu(inst, cpu);
		arg->reason = MK_REASON_CPU_SILENT;
	}
	return err;
}

static int take_cpus(struct mkh_instance *inst, struct mk_create *arg)
{
	unsigned int i;
	int err;

	for (i = 0; i < inst->nr_cpus; i++) {
		err = fatal_signal_pending(current)
			      ? -EINTR
			      : take_cpu(inst, &inst->cpus[i], arg);
		if (err) {
			give_cpus(inst, i);
			return err;
		}
	}
	return 0;
}

/* --- create ---------------------------------------------------------------- */

static struct mkh_instance *instance_alloc(const struct mk_create *arg,
					   const u32 *cpus)
{
	struct mkh_instance *inst = kzalloc(sizeof(*inst), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!inst)
		return NULL;
	inst->cpus =
		kcalloc(arg->nr_cpus, sizeof(*inst->cpus), GFP_KERNEL_ACCOUNT);
	if (!inst->cpus) {
		kfree(inst);
		return NULL;
	}
	for (i = 0; i < arg->nr_cpus; i++) {
		inst->cpus[i].cpu = cpus[i];
		inst->cpus[i].apic = cpu_physical_id(cpus[i]);
	}
	inst->nr_cpus = arg->nr_cpus;
	memcpy(inst->name, arg->name, sizeof(inst->name));
	INIT_LIST_HEAD(&inst->link);
	kref_init(&inst->ref);
	mutex_init(&inst->lock);
	address_space_init_once(&inst->mapping);
	inst->mapping.a_ops = &empty_aops;
	spin_lock_init(&inst->state_lock);
	init_waitqueue_head(&inst->wait);
	mkh_monitor_setup(inst);
	__module_get(THIS_MODULE);
	return inst;
}

static int check_create(struct mk_create *arg, const u32 *cpus)
{
	struct mkh_instance *other = mkh_instance_find(arg->name);

	if (READ_ONCE(mkh_closing)) {
		if (other)
			mkh_instance_put(other);
		return -ESHUTDOWN;
	}
	if (other) {
		mkh_instance_put(other);
		arg->reason = MK_REASON_NAME_TAKEN;
		return -EEXIST;
	}
	if (mkh_instance_count() >= MKH_INSTANCES_MAX) {
		arg->reason = MK_REASON_TOO_MANY;
		return -ENOSPC;
	}
	if (arg->flags & MK_CREATE_F_STORE)
		return 0;
	return mkh_cpu_check(cpus, arg->nr_cpus,
			     arg->flags & MK_CREATE_F_SPLIT_CORES, &arg->reason,
			     &arg->reason_cpu);
}

static void publish(struct mkh_instance *inst)
{
	/* Nothing is told of it before its creation. */
	mutex_lock(&inst->lock);
	ledger_move_all(inst, inst->id);
	set_state(inst, MK_STATE_CREATED, MK_CAUSE_NONE);
	mkh_instance_enlist(inst);
	tell(inst, MK_EVENT_CREATED, 0);
	mutex_unlock(&inst->lock);
}

static int create_store(struct mkh_instance *inst, struct mk_create *arg)
{
	int err = take_memory(inst, arg);

	if (err)
		return err;
	inst->id = ++last_id;
	publish(inst);
	return 0;
}

static int create_locked(struct mk_create *arg, const u32 *cpus,
			 struct mkh_instance **instance)
{
	struct mkh_instance *inst;
	int err = check_create(arg, cpus);

	if (err)
		return err;
	inst = instance_alloc(arg, cpus);
	if (!inst) {
		arg->reason = MK_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	*instance = inst;
	if (arg->flags & MK_CREATE_F_STORE) {
		err = create_store(inst, arg);
		if (err)
			goto put;
		return 0;
	}
	err = take_low(inst, arg);
	if (err)
		goto put;
	/*
	 * CPUs before memory: evacuating memory keeps every CPU's kworkers
	 * busy, and a CPU is best unplugged when it has nothing to do.
	 */
	err = take_cpus(inst, arg);
	if (err)
		goto low;
	err = take_memory(inst, arg);
	if (err)
		goto cpus;

	inst->id = ++last_id;
	err = mkh_channel_create(inst);
	if (err) {
		arg->reason = MK_REASON_NO_VECTOR;
		err = -ENOMEM;
		goto memory;
	}
	publish(inst);
	return 0;

memory:
	mkh_memory_give(&inst->memory);
	ledger_drop(memory_kind(inst), inst->memory.base, arg->memory_bytes);
cpus:
	give_cpus(inst, inst->nr_cpus);
low:
	mkh_low_give(inst->low_base, inst->low_bytes);
	ledger_drop(MK_LEDGER_LOW, inst->low_base, inst->low_bytes);
put:
	mkh_instance_put(inst);
	return err;
}

int mkh_instance_create(struct mk_create *arg, const u32 *cpus,
			struct mkh_instance **instance)
{
	int err = mutex_lock_killable(&mkh_change_lock);

	if (err)
		return err;
	err = create_locked(arg, cpus, instance);
	mutex_unlock(&mkh_change_lock);
	return err;
}

/* --- load, start, stop ----------------------------------------------------- */

/* A CPU that is lost may still use the stores: they are left in use for ever. */
static void abandon_stores(struct mkh_instance *inst, struct mkh_image *image)
{
	if (image->started && nr_lost(inst))
		image->nr_stores = 0;
}

static int lock_alive(struct mkh_instance *inst)
{
	int err = mutex_lock_killable(&inst->lock);

	if (err)
		return err;
	if (READ_ONCE(inst->gone)) {
		mutex_unlock(&inst->lock);
		return -ENODEV;
	}
	return 0;
}

int mkh_instance_load(struct mkh_instance *inst, const struct mk_load *arg)
{
	struct mkh_image image;
	int err;

	if (arg->flags & MK_LOAD_F_LA57 && !boot_cpu_has(X86_FEATURE_LA57))
		return -EINVAL;
	/* Not under the lock: a buffer may be slow, or never come. */
	err = mkh_image_copy(&image, arg, inst);
	if (err)
		return err;
	err = lock_alive(inst);
	if (err) {
		mkh_image_drop(&image);
		return err;
	}
	if (inst->state == MK_STATE_RUNNING) {
		err = -EBUSY;
	} else {
		swap(inst->image, image);
		set_state(inst, MK_STATE_LOADED, MK_CAUSE_NONE);
		abandon_stores(inst, &image);
	}
	mutex_unlock(&inst->lock);
	mkh_image_drop(&image);
	return err;
}

int mkh_instance_unload(struct mkh_instance *inst)
{
	int err = lock_alive(inst);

	if (err)
		return err;
	if (inst->state == MK_STATE_RUNNING) {
		err = -EBUSY;
		goto unlock;
	}
	abandon_stores(inst, &inst->image);
	mkh_image_drop(&inst->image);
	/* Before the wipe: see leave_last_life(). */
	set_state(inst, MK_STATE_CREATED, MK_CAUSE_NONE);
	/* What a lost CPU may still use is left alone. */
	if (READ_ONCE(inst->dirty) && !nr_lost(inst)) {
		mkh_memory_wipe(&inst->memory);
		mkh_low_wipe(inst->low_base, inst->low_bytes);
	}
unlock:
	mutex_unlock(&inst->lock);
	return err;
}

static void fill_handoff(struct mkh_instance *inst)
{
	const struct mkh_image *image = &inst->image;
	struct mkw_handoff *page;

	BUILD_BUG_ON(MKW_NAME_BYTES != MK_NAME_BYTES);
	page = (void *)(inst->memory.view +
			(image->handoff - inst->memory.base));
	page->generation = cpu_to_le32(inst->generation);
	page->instance = cpu_to_le32(inst->id);
	page->memory_base = cpu_to_le64(inst->memory.base);
	page->memory_bytes = cpu_to_le64(inst->memory.bytes);
	page->low_base = cpu_to_le64(inst->low_base);
	page->low_bytes = cpu_to_le64(inst->low_bytes);
	page->channel_base = cpu_to_le64(image->channel_base);
	page->channel_bytes = cpu_to_le64(image->channel_bytes);
	memcpy(page->name, inst->name, sizeof(page->name));
	mkh_channel_fill(inst, page);
	mkh_report_fill(inst);
	/* The spawn looks at the magic first: all the rest is there by then. */
	smp_store_release(&page->magic, cpu_to_le32(MKW_HANDOFF_MAGIC));
}

/*
 * The memory is about to be wiped: nobody may take what is half gone for the
 * log of the last life.  No event: the end of the start is one.
 */
static void leave_last_life(struct mkh_instance *inst)
{
	spin_lock(&inst->state_lock);
	inst->state = MK_STATE_LOADED;
	inst->cause = MK_CAUSE_NONE;
	inst->since_ns = ktime_get_boottime_ns();
	spin_unlock(&inst->state_lock);
}

static int start_locked(struct mkh_instance *inst)
{
	u32 progress;
	int err;

	/* Who serves its devices may still be writing for the last life. */
	if (inst->state == MK_STATE_RUNNING || atomic_read(&inst->bindings))
		return -EBUSY;
	if (READ_ONCE(mkh_closing))
		return -ESHUTDOWN;
	if (nr_lost(inst))
		return -EUCLEAN;
	if (!inst->image.segments)
		return -ENOEXEC;

	leave_last_life(inst);
	if (READ_ONCE(inst->dirty)) {
		mkh_memory_wipe(&inst->memory);
		mkh_low_wipe(inst->low_base, inst->low_bytes);
	}
	WRITE_ONCE(inst->dirty, true);
	spin_lock(&inst->state_lock);
	inst->generation++;
	inst->started_ns = ktime_get_boottime_ns();
	spin_unlock(&inst->state_lock);
	inst->image.started = true;
	mkh_image_place(&inst->image, inst);
	fill_handoff(inst);
	err = mkh_channel_open(inst);
	if (err)
		return err;

	err = mkh_boot_enter(inst->cpus[0].apic, &inst->image, &progress);
	spin_lock(&inst->state_lock);
	inst->progress = progress;
	spin_unlock(&inst->state_lock);
	if (err) {
		/* It may have come late, and started the others by now. */
		err = mkh_instance_end(inst, MK_STATE_STOPPED,
				       MK_CAUSE_NO_START);
		return err ?: -EIO;
	}
	set_state(inst, MK_STATE_RUNNING, MK_CAUSE_NONE);
	mkh_monitor_start(inst);
	return 0;
}

int mkh_instance_start(struct mkh_instance *inst)
{
	int err = lock_alive(inst);

	if (err)
		return err;
	err = start_locked(inst);
	mutex_unlock(&inst->lock);
	return err;
}

int mkh_instance_end(struct mkh_instance *inst, u32 state, u32 cause)
{
	unsigned int i;
	int err = 0;

	if (cause == MK_CAUSE_PANIC || cause == MK_CAUSE_HUNG)
		mkh_report_all(inst);
	/*
	 * First stop all of them: one that still ran could start another
	 * that has just parked.  Twice, because a SIPI of the spawn's own
	 * may have been on its way while the first INITs were sent.
	 */
	for (i = 0; i < 2 * inst->nr_cpus; i++)
		mkh_boot_stop(inst->cpus[i % inst->nr_cpus].apic);
	for (i = 0; i < inst->nr_cpus; i++) {
		if (inst->cpus[i].lost || !mkh_boot_park(inst->cpus[i].apic))
			continue;
		lose_cpu(inst, &inst->cpus[i]);
		err = -ETIMEDOUT;
	}
	mkh_channel_close(inst);
	set_state(inst, state, cause);
	return err;
}

int mkh_instance_kill(struct mkh_instance *inst, bool hung)
{
	int err = lock_alive(inst);

	if (err)
		return err;
	if (inst->state != MK_STATE_RUNNING)
		err = -EALREADY;
	else if (hung)
		err = mkh_instance_end(inst, MK_STATE_CRASHED, MK_CAUSE_HUNG);
	else
		err = mkh_instance_end(inst, MK_STATE_STOPPED, MK_CAUSE_KILLED);
	mutex_unlock(&inst->lock);
	return err;
}

int mkh_instance_stop(struct mkh_instance *inst)
{
	int err = lock_alive(inst);

	if (err)
		return err;
	err = mkh_channel_stop(inst);
	mutex_unlock(&inst->lock);
	return err;
}

/* --- delete ---------------------------------------------------------------- */

static int delete_locked(struct mkh_instance *inst, bool force)
{
	bool lost;

	if (inst->state == MK_STATE_RUNNING) {
		if (!force)
			return -EBUSY;
		mkh_instance_end(inst, MK_STATE_STOPPED, MK_CAUSE_KILLED);
	}
	/* From here on nobody can find it, map it or read it. */
	if (mkh_instance_strike(inst))
		return -EBUSY;
	WRITE_ONCE(inst->gone, true);
	synchronize_srcu(&mkh_memory_srcu);
	unmap_mapping_range(&inst->mapping, 0, 0, 1);
	wake_up_all(&inst->wait);

	lost = nr_lost(inst);
	tell(inst, MK_EVENT_DELETED, 0);
	ledger_move_all(inst, MK_OWNER_TRANSIT);
	abandon_stores(inst, &inst->image);
	mkh_image_drop(&inst->image);
	if (lost)
		lose_cpus(inst);
	else
		give_cpus(inst, inst->nr_cpus);
	give_memory(inst);
	give_low(inst);
	mkh_channel_destroy(inst);
	mkh_instance_put(inst); /* the list's */
	return lost ? -ETIMEDOUT : 0;
}

void mkh_instance_undo(struct mkh_instance *inst)
{
	mutex_lock(&mkh_change_lock);
	mutex_lock(&inst->lock);
	if (!inst->gone)
		delete_locked(inst, true);
	mutex_unlock(&inst->lock);
	mutex_unlock(&mkh_change_lock);
}

int mkh_instance_delete(struct mkh_instance *inst, bool force)
{
	int err = mutex_lock_killable(&mkh_change_lock);

	if (err)
		return err;
	err = lock_alive(inst);
	if (!err) {
		err = delete_locked(inst, force);
		mutex_unlock(&inst->lock);
	}
	mutex_unlock(&mkh_change_lock);
	return err;
}
