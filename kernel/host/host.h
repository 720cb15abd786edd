/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host module: its one object, and its prototypes grouped by file.
 *
 * Locks, outermost first:
 *   mkh_change_lock   creating and deleting instances, one at a time
 *   instance->lock    what an instance does: load, start, kill
 *   (boot.c)          one CPU in the trampoline at a time
 *   mkh_lock          the list of instances and the ledger; never held long
 *   instance->state_lock   a spinlock: state, counters, what INFO shows
 *   (event.c)         a spinlock: the events
 * mkh_memory_srcu keeps the memory from going away while it is copied, or put
 * into somebody's page tables; user memory is never touched inside.
 *
 * CPU hotplug callbacks take none of them: they run below cpus_write_lock(),
 * which remove_cpu() takes while mkh_change_lock is held.
 */
#ifndef MKH_HOST_H
#define MKH_HOST_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/multikernel.h>
#include <multikernel/wire.h>

#include "ledger.h"

#define MKH_INSTANCES_MAX 256

struct mkc_peer;

struct mkh_cpu {
	u32 cpu; /* logical number */
	u32 apic;
	bool lost; /* did not acknowledge */
	u32 asked; /* for a report: the last number; 0 = not in this life */
	unsigned long asked_at; /* jiffies */
};

/* A contiguous piece of physical memory that the host does not use. */
struct mkh_memory {
	u64 base;
	u64 bytes;
	u8 *view; /* the host's own mapping: writable, not executable */
	struct resource *reserved; /* set aside at boot; else struct pages */
};

struct mkh_segment {
	u64 address;
	u64 bytes; /* in memory */
	size_t length; /* of data, <= bytes */
	void *data; /* vmalloc'ed, or NULL when length is 0 */
};

/* What LOAD handed over; kept, so that every start begins from a clean copy. */
struct mkh_image {
	struct mkh_segment *segments;
	unsigned int nr_segments;
	u64 entry, argument, page_table;
	u64 handoff;
	u64 channel_base, channel_bytes;
	u64 loaded_bytes, kept_bytes;
	bool la57;
	char label[MK_LABEL_BYTES];
	struct mkh_instance *stores[MK_STORES_MAX]; /* each holds a use of it */
	unsigned int nr_stores;
	bool started; /* a CPU has seen it */
};

/* What is known of a spawn's agent; of the life under way, or the last. */
struct mkh_agent {
	u64 offered; /* features */
	u64 accepted; /* of those, as it said at its hello */
	u64 memory, boot_ns; /* as it said at its hello */
	char release[MKW_RELEASE_BYTES];
	u32 heartbeat; /* as last seen */
	u32 ending; /* likewise: MKW_ENDING_... */
	u64 beat_ns, ending_ns; /* when they were seen to change; 0 = never */
	u64 hello_ns; /* when it said hello; 0 = not yet */
};

struct mkh_instance {
	struct list_head link; /* mkh_lock */
	unsigned int users; /* of a store: images that name it; mkh_lock */
	struct kref ref;
	u32 id; /* constant, like all up to the lock */
	char name[MK_NAME_BYTES];
	unsigned int nr_cpus; /* 0: a store */
	struct mkh_cpu *cpus; /* [0] is the boot CPU */
	struct mkh_memory memory;
	u64 low_base, low_bytes;
	struct mkc_peer *peer; /* its end of the channel; state_lock */
	struct work_struct flood_work; /* holds a reference while queued */
	u32 flood_generation; /* the life that it is about */

	struct mutex lock; /* never held while user memory is touched */
	struct mkh_image image; /* lock; segments NULL = nothing loaded */
	bool dirty; /* memory may not be all zero; never cleared */
	struct delayed_work monitor; /* holds a reference while queued */

	struct address_space mapping; /* all user mappings of the memory */
	bool gone; /* deleted; set once, then synchronize_srcu() */
	u64 channel_handoff; /* of the channel that is open; constant then */
	atomic_t bindings; /* open ones, of whatever life */
	bool hurried; /* the monitor was told that the end is near */
	u64 reports_base; /* the channel that has them, or 0; of this life */
	u32 report_number; /* of the last request; lock */

	spinlock_t state_lock;
	u32 state, cause, generation, progress;
	u64 since_ns, started_ns, events;
	u32 shown_segments; /* copies of image fields for INFO */
	u64 shown_entry, shown_handoff, shown_loaded, shown_kept;
	char shown_label[MK_LABEL_BYTES];
	struct mkh_agent agent;
	wait_queue_head_t wait;
};

/* main.c */
extern struct mutex mkh_change_lock;
extern struct mutex mkh_lock;
extern struct mkh_ledger mkh_ledger; /* mkh_lock */
extern struct srcu_struct mkh_memory_srcu;
extern bool mkh_closing; /* the host shuts down: no start, no create */
extern atomic_t mkh_running; /* instances in state RUNNING */
extern atomic_t mkh_lost; /* CPUs: never less */

/* chardev.c: /dev/multikernel and the instance's descriptor */
struct mkh_file { /* a descriptor of an instance */
	struct mkh_instance *inst;
	u64 seen; /* events that the last INFO here showed */
};

int mkh_chardev_init(void);
void mkh_chardev_exit(void);

/* memory_file.c: read, write, seek and map an instance's memory */
ssize_t mkh_memory_read(struct file *file, char __user *buffer, size_t length,
			loff_t *offset);
ssize_t mkh_memory_write(struct file *file, const char __user *buffer,
			 size_t length, loff_t *offset);
loff_t mkh_memory_seek(struct file *file, loff_t offset, int whence);
int mkh_memory_map(struct file *file, struct vm_area_struct *vma);

/* list.c: which instances there are; what finds one takes a reference */
struct mkh_instance *mkh_instance_find(const char *name);
struct mkh_instance *mkh_instance_next(u32 id); /* lowest id above @id */
/* A use of the store @id: it stays until that is ended.  -ENOENT, -EINVAL. */
int mkh_instance_use(u32 id, struct mkh_instance **store);
void mkh_instance_unuse(struct mkh_instance *store);
void mkh_instance_get(struct mkh_instance *inst);
void mkh_instance_put(struct mkh_instance *inst);
unsigned int mkh_instance_count(void);
/* Can be found from now on.  The list has a reference of its own. */
void mkh_instance_enlist(struct mkh_instance *inst);
/*
 * Cannot be found any more; its reference is the caller's.  -EBUSY: an image
 * names the store.
 */
int mkh_instance_strike(struct mkh_instance *inst);

/* instance.c: the life cycle */
int mkh_instance_create(struct mk_create *arg, const u32 *cpus,
			struct mkh_instance **instance);
int mkh_instance_load(struct mkh_instance *inst, const struct mk_load *arg);
int mkh_instance_start(struct mkh_instance *inst);
int mkh_instance_kill(struct mkh_instance *inst, bool hung);
int mkh_instance_unload(struct mkh_instance *inst);
int mkh_instance_delete(struct mkh_instance *inst, bool force);
/* Delete by force what nobody has seen yet; not interruptible. */
void mkh_instance_undo(struct mkh_instance *inst);
int mkh_instance_stop(struct mkh_instance *inst);
void mkh_instance_info(struct mkh_instance *inst, struct mk_info *info);
/* Stop a running instance whose end has a @cause; inst->lock is held. */
int mkh_instance_end(struct mkh_instance *inst, u32 state, u32 cause);

/* monitor.c: notice that a spawn ended; the host's own end and sleep */
int mkh_monitor_init(void);
void mkh_monitor_exit(void);
void mkh_monitor_setup(struct mkh_instance *inst);
void mkh_monitor_start(struct mkh_instance *inst);
/* On the workqueue that is drained before the module goes.  Any context. */
bool mkh_monitor_queue(struct work_struct *work);
/* Look at once.  Any process context. */
void mkh_monitor_hurry(struct mkh_instance *inst);

/* channel.c: the agent and the channel, the host's side; inst->lock is held */
int mkh_channel_init(void);
void mkh_channel_exit(void);
int mkh_channel_create(struct mkh_instance *inst); /* needs its id and name */
void mkh_channel_destroy(struct mkh_instance *inst);
/* Features and CPUs, into a page that is zero otherwise. */
void mkh_channel_fill(struct mkh_instance *inst, struct mkw_handoff *page);
int mkh_channel_open(struct mkh_instance *inst); /* before its CPU starts */
void mkh_channel_close(struct mkh_instance *inst); /* after its CPUs stopped */
void mkh_channel_look(struct mkh_instance *inst); /* does the agent beat? */
bool mkh_channel_ending(struct mkh_instance *inst);
bool mkh_channel_panicked(struct mkh_instance *inst); /* and got stuck */
int mkh_channel_stop(struct mkh_instance *inst);
/* With a reference; NULL once it is deleted.  inst->lock is not needed. */
struct mkc_peer *mkh_channel_peer(struct mkh_instance *inst);
/* Host memory that it takes.  inst->lock is not needed. */
u64 mkh_channel_bytes(struct mkh_instance *inst);
/* Did its agent accept it?  inst->lock is not needed. */
bool mkh_channel_accepted(struct mkh_instance *inst, u64 feature);
/* inst->lock is not needed. */
int mkh_channel_info(struct mkh_instance *inst, struct mk_channel *info);

/* Of the panic of the life that is ending; "" if there was none. */
void mkh_channel_panic_text(struct mkh_instance *inst, char *text, size_t size);

/* report.c: where the CPUs of a spawn are */
u64 mkh_report_feature(const struct mkh_image *image);
void mkh_report_fill(struct mkh_instance *inst); /* before its CPU starts */
/* Ask all that would answer, and wait a moment.  inst->lock is held. */
void mkh_report_all(struct mkh_instance *inst);
/* Flags and reserved words of @arg are checked.  Takes inst->lock. */
int mkh_report(struct mkh_instance *inst, struct mk_report *arg);

/* event.c: what happened to all instances.  Process context. */
int mkh_event_init(void);
void mkh_event_exit(void);
u64 mkh_event_bytes(void);
/* All but its number and times is filled in. */
void mkh_event_add(struct mk_event *event);
/* The one after @event->seq; *@seen is what poll() goes by.  -ENOENT, -EINVAL */
int mkh_event_next(struct mk_event *event, u64 *seen);
__poll_t mkh_event_poll(struct file *file, struct poll_table_struct *table,
			const u64 *seen);

/* kexec.c: the host's own kexec is refused while spawns run */
void mkh_kexec_init(void);
void mkh_kexec_exit(void);

/*
 * bind.c: virtqueues for eventfds; returns a descriptor.  @arg is copied, its
 * flags and reserved words are checked.
 */
int mkh_bind(struct mkh_instance *inst, const struct mk_bind *arg);

/* cpu.c: take CPUs from the host kernel and give them back */
int mkh_cpu_init(void);
void mkh_cpu_exit(void);
u32 mkh_cpu_boot_cpu(void);
int mkh_cpu_check(const u32 *cpus, unsigned int nr, bool split, u32 *reason,
		  u32 *culprit);
int mkh_cpu_take(u32 cpu);
void mkh_cpu_give(u32 cpu);

/* memory.c: contiguous memory at run time, or set aside at boot */
bool mkh_memory_enough(u64 bytes);
int mkh_memory_take(struct mkh_memory *memory, u64 bytes, int node);
int mkh_memory_take_at(struct mkh_memory *memory, u64 base, u64 bytes);
/* Pages that a user still holds go back with the last hold. */
void mkh_memory_give(struct mkh_memory *memory);
void mkh_memory_wipe(const struct mkh_memory *memory);

/* low.c: pages below 640 KiB that the host kernel does not use */
int mkh_low_init(void);
void mkh_low_exit(void);
u64 mkh_low_take(u64 bytes); /* physical address, wiped; 0 = none left */
void mkh_low_give(u64 base, u64 bytes);
void mkh_low_wipe(u64 base, u64 bytes);
u64 mkh_low_free_bytes(void);

/* image.c: copies of what LOAD handed over */
int mkh_image_copy(struct mkh_image *image, const struct mk_load *arg,
		   const struct mkh_instance *inst);
void mkh_image_place(const struct mkh_image *image,
		     const struct mkh_instance *inst);
void mkh_image_drop(struct mkh_image *image);

/* boot.c: INIT, SIPI and the trampoline */
int mkh_boot_init(void);
void mkh_boot_exit(void);
void mkh_boot_stop(u32 apic); /* INIT: nothing runs there until a SIPI */
int mkh_boot_park(u32 apic); /* INIT, SIPI, acknowledged; -ETIMEDOUT */
int mkh_boot_enter(u32 apic, const struct mkh_image *image, u32 *progress);
bool mkh_boot_x2apic(void);
u64 mkh_boot_host_bytes(void);

/* proc.c: /proc/multikernel */
int mkh_proc_init(void);
void mkh_proc_exit(void);

/* kernel/selftest/: run at load in builds with MK_SELFTEST=y */
#ifdef MKH_SELFTEST
bool mkh_low_selftest(void);
bool mkh_image_selftest(void);
bool mkh_boot_selftest(void);
#endif

#endif /* MKH_HOST_H */
