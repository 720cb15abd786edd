/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/multikernel as functions: the only file that knows the descriptors.
 *
 * Each function is one command of include/uapi/linux/multikernel.h, which
 * says what it does and when it fails; here an errno becomes a sentence.
 * MK_E_NOTFOUND: no such instance, or it is deleted by now.  MK_E_REFUSED: the
 * module said no; sys_errno is kept.  MK_E_SYSTEM: something else failed.
 * Descriptors are close-on-exec.  Nothing here blocks but what the manual in
 * the UAPI header says blocks; only a fatal signal interrupts those.
 */
#ifndef MK_DEVICE_H
#define MK_DEVICE_H

#include <linux/multikernel.h>

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

#define MK_DEVICE_PATH "/dev/multikernel"

/* The machine.  Valid between a successful open and close. */
struct mk_device {
	int fd;
	struct mk_query about; /* as it was when opened */
};

/* One instance.  Valid between a successful open or create, and close. */
struct mk_instance {
	int fd;
};

/*
 * Open @path (NULL: MK_DEVICE_PATH) and check that the module speaks MK_ABI.
 * Errors: MK_E_SYSTEM with a remedy in the text (module not loaded, not root,
 * locked down), MK_E_SUPPORT (another ABI: both are named).
 */
int mk_device_open(struct mk_device *dev, const char *path,
		   struct mk_error *err);
void mk_device_close(struct mk_device *dev);

int mk_device_query(struct mk_device *dev, struct mk_query *query,
		    struct mk_error *err);

/* The instance after @id (0: the first); MK_E_NOTFOUND after the last. */
int mk_device_next(struct mk_device *dev, uint32_t id, struct mk_info *info,
		   struct mk_error *err);

/* Entry @index of the ledger; MK_E_NOTFOUND after the last. */
int mk_device_ledger(struct mk_device *dev, uint32_t index,
		     struct mk_ledger *entry, struct mk_error *err);

/*
 * The event after @event->seq, which the caller sets (0: the first that is
 * kept); other fields in are 0.  MK_E_NOTFOUND: there is none yet; poll(2) on
 * @dev->fd then reports POLLIN when there is.
 */
int mk_device_event(struct mk_device *dev, struct mk_event *event,
		    struct mk_error *err);

/*
 * Take CPUs and memory; @create is the UAPI's, filled by the caller, and its
 * out fields are valid afterwards, also after MK_E_REFUSED.
 */
int mk_instance_create(struct mk_device *dev, struct mk_instance *inst,
		       struct mk_create *create, struct mk_error *err);
int mk_instance_open(struct mk_device *dev, struct mk_instance *inst,
		     const char *name, struct mk_error *err);
void mk_instance_close(struct mk_instance *inst);

/* Also marks the state as seen: see mk_instance_wait(). */
int mk_instance_info(struct mk_instance *inst, struct mk_info *info,
		     struct mk_error *err);

/* Fill at most @room entries; *@nr is how many CPUs the instance has. */
int mk_instance_cpus(struct mk_instance *inst, struct mk_cpu *cpus,
		     unsigned int room, unsigned int *nr, struct mk_error *err);

int mk_instance_load(struct mk_instance *inst, const struct mk_load *load,
		     struct mk_error *err);
int mk_instance_start(struct mk_instance *inst, struct mk_error *err);
int mk_instance_kill(struct mk_instance *inst, struct mk_error *err);
/* Give it up as hung: its CPUs are asked for reports, and it has crashed. */
int mk_instance_kill_hung(struct mk_instance *inst, struct mk_error *err);
int mk_instance_unload(struct mk_instance *inst, struct mk_error *err);

/*
 * What is known of its agent and its channel.  All but the counters is the
 * word of the spawn; the texts end with a NUL.  MK_E_SUPPORT: the module is
 * too old to know.
 */
int mk_instance_channel(struct mk_instance *inst, struct mk_channel *channel,
			struct mk_error *err);

/*
 * Where a CPU of it is; the caller fills in flags, index and timeout_ms.
 * MK_E_REFUSED: it cannot be asked.  MK_E_UNKNOWN: it did not answer in time,
 * and what is in @report is from before, if report->status says so.
 */
int mk_instance_report(struct mk_instance *inst, struct mk_report *report,
		       struct mk_error *err);

/*
 * Ask the spawn to power off; returns at once.  MK_E_STATE: it does not run.
 * MK_E_REFUSED with ENOTCONN in sys_errno: no agent listens.
 */
int mk_instance_stop(struct mk_instance *inst, struct mk_error *err);

/*
 * A request and its reply; the caller fills in bytes and timeout_ms.  0 says
 * that it was tried: how it went is in @ping->outcome.
 */
int mk_instance_ping(struct mk_instance *inst, struct mk_ping *ping,
		     struct mk_error *err);

/*
 * A port for messages of one type, as a descriptor for lib/port.h; the caller
 * fills in @attach.  Close it with close(2).  Returns the descriptor or a
 * negative code.
 */
int mk_instance_attach(struct mk_instance *inst, const struct mk_attach *attach,
		       struct mk_error *err);

/* @flags: 0 or MK_DELETE_F_FORCE. */
int mk_instance_delete(struct mk_instance *inst, uint32_t flags,
		       struct mk_error *err);

/*
 * Wait until the state changes after the last mk_instance_info() of @inst.
 * @timeout_ms: negative = for ever.  @signals (may be NULL) is the
 * signal mask while waiting, as in ppoll(2).  Returns 1 after a change, 0 when
 * the time is over or a signal came, MK_E_NOTFOUND when the instance is
 * deleted.
 */
int mk_instance_wait(struct mk_instance *inst, int timeout_ms,
		     const sigset_t *signals, struct mk_error *err);

/*
 * Read the instance's memory at @offset from its start.  Returns the bytes
 * read (0 past the end), or a negative code.
 */
ssize_t mk_instance_read(struct mk_instance *inst, uint64_t offset,
			 void *buffer, size_t size, struct mk_error *err);

/* Write there; returns the bytes written, or a negative code. */
ssize_t mk_instance_write(struct mk_instance *inst, uint64_t offset,
			  const void *buffer, size_t size,
			  struct mk_error *err);

/*
 * Map @bytes of the instance's memory from its start, read-only.  The spawn
 * may change it at any time.  Unmap with munmap(2).  Errors: MK_E_SYSTEM,
 * also when the memory has no pages that can be mapped: read it then.
 */
int mk_instance_map(struct mk_instance *inst, uint64_t bytes,
		    const void **memory, struct mk_error *err);

/*
 * The same to write into, for whoever serves its devices.  After the instance
 * is deleted an access raises SIGBUS.
 */
int mk_instance_map_writable(struct mk_instance *inst, uint64_t bytes,
			     void **memory, struct mk_error *err);

/*
 * A descriptor of its memory alone, to give away: who holds it can do nothing
 * else with the instance.  Close it with close(2).  Returns the descriptor or a
 * negative code; MK_E_SUPPORT: the module is too old.
 */
int mk_instance_memory(struct mk_instance *inst, struct mk_error *err);

/*
 * Join a virtqueue's doorbells to the eventfds @kick and @call, until the
 * descriptor that is returned gets closed.  @generation: of the life that is
 * meant, as in mk_info.  MK_E_REFUSED with sys_errno: ENOTCONN (that life is
 * over, or the spawn has no agent that knows devices), EBUSY
 * (another process serves it), ENOSPC (no interrupt vector is left).
 */
int mk_instance_bind(struct mk_instance *inst, uint32_t generation,
		     unsigned int device, unsigned int queue, int kick,
		     int call, struct mk_error *err);

#endif /* MK_DEVICE_H */
