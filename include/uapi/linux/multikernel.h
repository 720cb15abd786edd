/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * /dev/multikernel: run several kernels side by side on one machine.
 *
 * Objects
 * =======
 *
 * The *machine*: what you get by opening /dev/multikernel.  It creates, finds
 * and enumerates instances and reports the ledger.
 *
 * An *instance*: a named set of CPUs, a contiguous piece of memory and a low
 * window below 1 MiB, and the kernel (the *spawn*) that runs on them.  It is a
 * file descriptor, returned by MK_IOC_CREATE and MK_IOC_OPEN.  Closing the
 * descriptor does not stop the instance: its life is in the module, so it
 * survives every tool.  After MK_IOC_DELETE all descriptors of the instance
 * answer ENODEV, poll() reports EPOLLHUP, and mappings fault (SIGBUS); what its
 * ports do then stands with MK_IOC_ATTACH.
 *
 * Who may
 * =======
 *
 * Opening needs CAP_SYS_BOOT and is refused (EPERM) when the host kernel is
 * locked down against kexec_load(2).  Whoever holds a descriptor may use it.
 *
 * Life of an instance
 * ===================
 *
 *             CREATE          LOAD            START
 *   (nothing) ------> CREATED -----> LOADED --------> RUNNING
 *                        ^  UNLOAD     ^                |
 *                        +-------------+   power off    +--> STOPPED
 *                        |                 reboot, KILL |
 *                        |                 panic        +--> CRASHED
 *                        +---- UNLOAD ------------------------+
 *
 * START is also possible from STOPPED and CRASHED: the loaded segments are
 * kept by the module and placed again on wiped memory.  LOAD is possible from
 * every state but RUNNING and replaces what was loaded.  DELETE is refused
 * while RUNNING unless MK_DELETE_F_FORCE, which kills first.
 *
 * Memory is wiped when it comes from the host, before every start, and before
 * it goes back.  STOPPED and CRASHED keep it as the spawn left it, for reading:
 * what was read in one of them is good if INFO tells the same state and
 * generation afterwards.  A start under way is LOADED, from before the wipe on,
 * without an event of its own.
 *
 * Conventions
 * ===========
 *
 * Addresses and sizes are physical and in bytes; CPUs are the host's logical
 * numbers.  Every structure has a flags word and reserved words; an unknown
 * flag or a reserved word that is not zero gives EINVAL and changes nothing.
 * A structure never changes size: an outgrown one gets a new command number.
 * An unknown command gives ENOTTY.  Errors common to all commands: EFAULT (a
 * pointer), EINTR (a fatal signal while waiting for another command; nothing
 * was changed), ENODEV (the instance is deleted), ENOMEM (the host itself is
 * short), ESHUTDOWN (CREATE and START: the host shuts down).
 */
#ifndef _UAPI_LINUX_MULTIKERNEL_H
#define _UAPI_LINUX_MULTIKERNEL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MK_IOC_TYPE	 0xBD
#define MK_ABI		 1 /* the tool refuses a module of another */

#define MK_NAME_BYTES	 32 /* with the NUL: 31 characters at most */
#define MK_LABEL_BYTES	 128
#define MK_CPUS_MAX	 4096
#define MK_SEGMENTS_MAX	 64
#define MK_STORES_MAX	 16
#define MK_MEMORY_ALIGN	 (2ULL << 20) /* memory: multiple and alignment */
#define MK_LOW_ALIGN	 4096
#define MK_LOW_BYTES_MAX (128ULL << 10)

enum mk_state {
	MK_STATE_CREATED = 1,
	MK_STATE_LOADED = 2,
	MK_STATE_RUNNING = 3,
	MK_STATE_STOPPED = 4,
	MK_STATE_CRASHED = 5,
};

/* Why an instance left RUNNING. */
enum mk_cause {
	MK_CAUSE_NONE = 0,
	MK_CAUSE_POWEROFF = 1,
	MK_CAUSE_REBOOT = 2,
	MK_CAUSE_PANIC = 3,
	MK_CAUSE_KILLED = 4,
	MK_CAUSE_HOST = 5, /* the host shuts down */
	MK_CAUSE_NO_START = 6, /* its boot CPU never reached the image */
	MK_CAUSE_FLOOD = 7, /* it would not stop ringing our doorbell */
	MK_CAUSE_HUNG = 8, /* who watched it gave it up: MK_KILL_F_HUNG */
};

/* Why a command was refused, for errors that name their culprit. */
enum mk_reason {
	MK_REASON_NONE = 0,
	MK_REASON_FLAGS = 1, /* unknown flag or reserved word not zero */
	MK_REASON_NAME = 2, /* empty, too long, or odd characters */
	MK_REASON_NAME_TAKEN = 3,
	MK_REASON_CPU_NONE = 4, /* empty list, or too long */
	MK_REASON_CPU_UNKNOWN = 5, /* no such CPU, or not present */
	MK_REASON_CPU_OFFLINE = 6,
	MK_REASON_CPU_BOOT = 7, /* the machine's boot CPU stays */
	MK_REASON_CPU_LENT = 8, /* belongs to another instance */
	MK_REASON_CPU_LOST = 9, /* quarantined */
	MK_REASON_CPU_TWICE = 10,
	MK_REASON_CPU_SIBLING = 11, /* its core would be split */
	MK_REASON_CPU_STUCK = 12, /* the host kernel would not let it go */
	MK_REASON_CPU_SILENT = 13, /* did not park: now lost */
	MK_REASON_MEMORY_SIZE = 14, /* zero or not a multiple */
	MK_REASON_MEMORY_NONE = 15, /* no contiguous piece of this size */
	MK_REASON_MEMORY_PLACE = 16, /* the address asked for is not usable */
	MK_REASON_LOW_SIZE = 17,
	MK_REASON_LOW_NONE = 18, /* no low window left */
	MK_REASON_TOO_MANY = 19, /* instances, or entries in the ledger */
	MK_REASON_CPU_LAST = 20, /* not given: the boot CPU always stays */
	MK_REASON_NO_MEMORY = 21, /* the host is short of memory for itself */
	MK_REASON_NO_VECTOR = 22, /* no interrupt left for its doorbell */
};

/*
 * MK_IOC_QUERY, machine: what module is this, on what machine?
 * Errors: EINVAL.
 */
struct mk_query {
	__u32 flags; /* in: 0 */
	__u32 abi; /* out: MK_ABI */
	__u64 features; /* out: MK_FEATURE_... */
	__u32 instances; /* out: how many there are */
	__u32 lost_cpus; /* out: CPUs that did not acknowledge */
	__u32 boot_cpu; /* out: logical number of the machine's boot CPU */
	__u32 boot_apic; /* out: its APIC id, for the spawns' MADT */
	__u32 tsc_khz; /* out: 0 when not known */
	__u32 low_free; /* out: bytes below 1 MiB not lent yet */
	__u64 host_bytes; /* out: host memory the module uses for itself */
	char version[32]; /* out: of the module, for people */
	__u64 reserved[4]; /* in: 0 */
};

#define MK_FEATURE_X2APIC (1ULL << 0) /* CPUs are handed over in x2APIC mode */
#define MK_FEATURE_LA57	  (1ULL << 1) /* 5-level page tables can be entered */

/*
 * MK_IOC_CREATE, machine: take CPUs and memory from the host.
 * Returns the instance's descriptor (close-on-exec).
 *
 * What can be known without taking it (names, CPUs, cores, how much memory is
 * available) is checked before anything is taken; what only taking can show
 * (a CPU that the kernel will not let go, contiguous memory, a low window) is
 * undone in exact reverse.  A failure says why in @reason and @reason_cpu,
 * which are written on failure too; 0 there means that the error says all.
 * Takes about 0.1 s a CPU and up to seconds for the memory; a fatal signal is
 * honoured between steps and undoes the same way.
 *
 * A place given with MK_CREATE_F_FIXED that the host kernel has as reserved is
 * believed to be RAM: the caller has looked at /sys/firmware/memmap.
 *
 * Errors: EINVAL (malformed), EEXIST (name taken), ENXIO (CPU unknown or
 * offline), EPERM (boot CPU), EBUSY (CPU lent, lost, stuck, half a core),
 * ENOMEM (memory, low window or interrupt vector), ETIMEDOUT (a CPU did not
 * park: it is lost and reported by MK_IOC_LEDGER), ENOSPC (too many instances,
 * or the ledger is full), EMFILE and ENFILE (no descriptor left), EINTR,
 * ESHUTDOWN.
 */
struct mk_create {
	__u32 flags; /* in: MK_CREATE_F_... */
	__u32 nr_cpus; /* in */
	__u64 cpus; /* in: pointer to __u32[nr_cpus], host's logical numbers */
	__u64 memory_bytes; /* in: multiple of MK_MEMORY_ALIGN */
	__u64 memory_base; /* in: with MK_CREATE_F_FIXED, else 0 */
	__u32 low_bytes; /* in: low window, multiple of MK_LOW_ALIGN */
	__u32 node; /* in: with MK_CREATE_F_NODE, else 0 */
	char name[MK_NAME_BYTES]; /* in: [A-Za-z0-9][A-Za-z0-9._-]* */
	__u32 id; /* out: 1.. */
	__u32 reason; /* out: enum mk_reason */
	__u32 reason_cpu; /* out: the CPU it is about */
	__u32 reserved0; /* in: 0 */
	__u64 reserved[4]; /* in: 0 */
};

/* Take some threads of a core and leave the others to the host. */
#define MK_CREATE_F_SPLIT_CORES (1U << 0)
/*
 * Use memory at memory_base: either ordinary memory of the host, which is
 * evacuated, or a range set aside at boot (memmap=512M$0x40000000).
 */
#define MK_CREATE_F_FIXED (1U << 1)
/* Take the memory from one NUMA node. */
#define MK_CREATE_F_NODE (1U << 2)
/*
 * A *store*: memory only, no CPUs (nr_cpus 0), no low window (low_bytes 0).
 * Instances whose image names it (struct mk_load) may use its memory, several
 * at once; it outlives them.  A store can be read, written, mapped (also by
 * MK_IOC_MEMORY), looked at and deleted (EBUSY while an image names it); any
 * other command gives EOPNOTSUPP, and its state is CREATED.
 */
#define MK_CREATE_F_STORE (1U << 3)
#define __MK_CREATE_F_ALL                                                 \
	(MK_CREATE_F_SPLIT_CORES | MK_CREATE_F_FIXED | MK_CREATE_F_NODE | \
	 MK_CREATE_F_STORE)

/*
 * MK_IOC_OPEN, machine: another descriptor of an existing instance.
 * Errors: EINVAL, ENOENT.
 */
struct mk_open {
	__u32 flags; /* in: 0 */
	__u32 reserved0; /* in: 0 */
	char name[MK_NAME_BYTES]; /* in */
	__u64 reserved[2]; /* in: 0 */
};

/*
 * MK_IOC_INFO, instance; MK_IOC_NEXT, machine: what is there.
 *
 * MK_IOC_NEXT takes in @id the last id seen (0 at first) and answers for the
 * instance with the next higher one; ENOENT ends the enumeration.
 * MK_IOC_INFO also marks the state as seen: poll() then waits for the next
 * change.  Errors: EINVAL; NEXT: ENOENT.
 */
struct mk_info {
	__u32 flags; /* in: 0 */
	__u32 id; /* in for NEXT; out */
	__u32 state; /* out: enum mk_state */
	__u32 cause; /* out: enum mk_cause, of the last end */
	__u32 generation; /* out: starts so far, also those that failed */
	__u32 nr_cpus; /* out */
	__u64 memory_base; /* out */
	__u64 memory_bytes; /* out */
	__u64 low_base; /* out */
	__u64 low_bytes; /* out */
	__u32 nr_segments; /* out: of the loaded image */
	__u32 progress; /* out: MK_PROGRESS_..., how far the boot CPU came */
	__u64 handoff; /* out: physical address of the hand-off page, or 0 */
	__u64 loaded_bytes; /* out: bytes of the instance that the image fills */
	__u64 kept_bytes; /* out: host memory that keeps the loaded image */
	__u64 host_bytes; /* out: host memory used for it besides kept_bytes */
	__u64 since_ns; /* out: CLOCK_BOOTTIME of the last change of state */
	__u64 started_ns; /* out: CLOCK_BOOTTIME of the last start, or 0 */
	__u64 events; /* out: changes of state so far */
	char name[MK_NAME_BYTES]; /* out */
	char label[MK_LABEL_BYTES]; /* out: as given to LOAD */
	__u32 users; /* out: of a store: images that name it */
	__u32 reserved1; /* in: 0; out: 0 */
	__u64 reserved[7]; /* in: 0; out: 0 */
};

/* How far the boot CPU came between the first SIPI and the spawn's entry. */
#define MK_PROGRESS_NONE      0
#define MK_PROGRESS_PROTECTED 2
#define MK_PROGRESS_LONG      3
#define MK_PROGRESS_ENTERED   4 /* about to jump to the spawn's entry */

/*
 * MK_IOC_CPUS, instance: its CPUs, in the order given to CREATE (the first is
 * the boot CPU).  Fills at most @nr entries and sets @nr to how many there
 * are.  Errors: EINVAL.
 */
struct mk_cpus {
	__u32 flags; /* in: 0 */
	__u32 nr; /* in: room; out: CPUs */
	__u64 cpus; /* in: pointer to struct mk_cpu[nr] */
	__u64 reserved[2]; /* in: 0 */
};

struct mk_cpu {
	__u32 cpu; /* out: logical number */
	__u32 apic; /* out: APIC id, for the description */
	__u32 lost; /* out: 1 if it did not acknowledge */
	__u32 reserved; /* out: 0 */
};

/*
 * MK_IOC_LOAD, instance: hand over the image, as segments like kexec_load's.
 *
 * The module copies them at once (the buffers may be freed), after checking
 * that each lies inside the instance's memory or its low window, page aligned
 * at its start, without overlap; that @entry, @argument and @page_table lie in
 * the memory; that the hand-off page lies in it and in no segment.
 *
 * The image may name stores, whose memory its description tells the spawn of:
 * they cannot be deleted as long as the image is loaded.  If a CPU of the
 * instance is lost they can never be.
 *
 * Errors: EINVAL (also a store that is none), ENOENT (no such store), E2BIG
 * (too many segments or stores), ERANGE (a segment, or one of
 * the addresses, outside), EEXIST (two overlap), EBUSY (running), ENOMEM.
 */
struct mk_segment {
	__u64 buffer; /* in: user pointer */
	__u64 buffer_bytes; /* in: <= memory_bytes */
	__u64 address; /* in: physical, page aligned */
	__u64 memory_bytes; /* in: > 0; what exceeds the buffer is zero */
};

struct mk_load {
	__u32 flags; /* in: MK_LOAD_F_... */
	__u32 nr_segments; /* in: 1..MK_SEGMENTS_MAX */
	__u64 segments; /* in: pointer to struct mk_segment[nr_segments] */
	__u64 entry; /* in: 64-bit entry, physical */
	__u64 argument; /* in: RSI at the entry: boot_params, physical */
	__u64 page_table; /* in: CR3 at the entry: must map entry 1:1 and the */
	/* first 2 MiB of the machine 1:1, executable */
	__u64 handoff; /* in: hand-off page, physical, page aligned */
	__u64 channel_base; /* in: reserved for the rings; 0 = none */
	__u64 channel_bytes; /* in */
	char label[MK_LABEL_BYTES]; /* in: for people, e.g. the release */
	__u64 stores; /* in: pointer to __u32[nr_stores], their ids */
	__u32 nr_stores; /* in: 0..MK_STORES_MAX */
	__u32 reserved0; /* in: 0 */
	__u64 reserved[2]; /* in: 0 */
};

/* page_table has five levels: enter with CR4.LA57 set (MK_FEATURE_LA57). */
#define MK_LOAD_F_LA57	(1U << 0)
#define __MK_LOAD_F_ALL (MK_LOAD_F_LA57)

/*
 * Commands without further arguments.  All are on an instance.
 *
 * MK_IOC_START: place the segments on wiped memory and start the boot CPU.
 *   Returns when the CPU is about to enter the image.  Errors: EINVAL, EBUSY
 *   (running, or a binding of the last life is still open), ENOEXEC (nothing
 *   loaded), EIO (the CPU never arrived; all CPUs
 *   were parked again: state STOPPED, cause NO_START), ETIMEDOUT (one did not
 *   even park: lost), EUCLEAN (the instance has a lost CPU), ESHUTDOWN.
 * MK_IOC_KILL: stop all CPUs by INIT into the parking stub and wait for each
 *   to acknowledge.  On an instance that does not run: EALREADY.  Errors:
 *   EINVAL, ETIMEDOUT (a CPU did not acknowledge: lost; the state is STOPPED,
 *   its memory is quarantined).
 * MK_IOC_UNLOAD: drop the image and wipe the spawn's memory (not if a CPU is
 *   lost, which may still use it); state CREATED.  Errors: EINVAL, EBUSY
 *   (running).
 * MK_IOC_DELETE: give everything back to the host.  Pages that somebody still
 *   holds (O_DIRECT, a registered buffer) go back with the last hold.  Errors:
 *   EINVAL, EBUSY (running and not forced), ETIMEDOUT (the instance has a lost
 *   CPU: it is gone, but its memory and all its CPUs stay quarantined).
 * MK_IOC_MEMORY: returns a descriptor (close-on-exec) of the instance's memory
 *   and of nothing else, for whoever serves a device of it.  read(2), write(2),
 *   lseek(2) and mmap(2) are as on an instance; it has no commands (ENOTTY);
 *   poll(2) reports EPOLLHUP when the instance is deleted.  Errors: EINVAL,
 *   EMFILE, ENFILE.
 */
struct mk_command {
	__u32 flags; /* in: MK_DELETE_F_... for DELETE, MK_KILL_F_... for KILL */
	__u32 reserved0; /* in: 0 */
	__u64 reserved[3]; /* in: 0 */
};

#define MK_DELETE_F_FORCE (1U << 0)
/*
 * It hangs, says the caller: its CPUs are asked for a last report
 * (MK_IOC_REPORT), and the state is CRASHED, cause HUNG.
 */
#define MK_KILL_F_HUNG (1U << 0)

/*
 * MK_IOC_LEDGER, machine: who owns what, one entry a call.
 * @index counts from 0; ENOENT ends.  What the host owns is not listed.
 */
struct mk_ledger {
	__u32 flags; /* in: 0 */
	__u32 index; /* in */
	__u32 kind; /* out: enum mk_ledger_kind */
	__u32 owner; /* out: instance id, or MK_OWNER_... */
	__u64 start; /* out: CPU number, or physical address */
	__u64 length; /* out: CPUs (1), or bytes */
	__u32 apic; /* out: of a CPU */
	__u32 reserved0; /* in: 0 */
	__u64 reserved[2]; /* in: 0 */
};

enum mk_ledger_kind {
	MK_LEDGER_CPU = 1,
	MK_LEDGER_MEMORY = 2, /* taken from the host's memory at run time */
	MK_LEDGER_RESERVED = 3, /* memory set aside at the host's boot */
	MK_LEDGER_LOW = 4,
};

#define MK_OWNER_TRANSIT 0xfffffffeU /* on its way between two owners */
/* Nobody's until the machine restarts; the module cannot be unloaded. */
#define MK_OWNER_LOST 0xffffffffU

/*
 * MK_IOC_EVENT, machine: what happened, one event a call.  Takes in @seq the
 * last one seen (0 at first) and answers with the next; ENOENT: there is none
 * yet, and poll(2) on this descriptor reports EPOLLIN once there is.  The last
 * MK_EVENTS of all instances are kept, as long as the module is loaded.
 * Numbers begin anew when the module is loaded: one that was never given is
 * refused.  Errors: EINVAL, ENOENT.
 */
#define MK_EVENTS	    512
#define MK_EVENT_TEXT_BYTES 128

enum mk_event_kind {
	MK_EVENT_CREATED = 1,
	MK_EVENT_STATE = 2, /* @state, @cause */
	MK_EVENT_DELETED = 3,
	MK_EVENT_CPU_LOST = 4, /* @cpu did not acknowledge: quarantined */
	MK_EVENT_KEXEC_REFUSED = 5, /* the host's, as spawns run; no instance */
};

struct mk_event {
	__u32 flags; /* in: 0 */
	__u32 kind; /* out: enum mk_event_kind */
	__u64 seq; /* in: the last one seen; out: 1.. */
	__u64 lost; /* out: how many between them are not kept any more */
	__u64 time_ns; /* out: CLOCK_BOOTTIME */
	__u64 real_ns; /* out: CLOCK_REALTIME */
	__u32 id; /* out: of the instance */
	__u32 state, cause; /* out: after the event */
	__u32 generation; /* out */
	__u32 cpu; /* out: logical number */
	__u32 reserved0; /* in: 0; out: 0 */
	char name[MK_NAME_BYTES]; /* out: of the instance */
	char text[MK_EVENT_TEXT_BYTES]; /* out: of a panic, by the spawn; or "" */
	__u64 reserved[4]; /* in: 0; out: 0 */
};

/*
 * The agent and the channel
 * =========================
 *
 * A spawn whose initramfs loaded multikernel_spawn.ko (the agent) beats once a
 * second, can be asked to power off, and has a channel: messages of a type and
 * up to MK_MESSAGE_MAX bytes, both ways (see multikernel/channel.h).
 *
 * MK_IOC_CHANNEL, instance: what is known of them.  Errors: EINVAL.
 *
 * Generation, offered features, the age of the heartbeat and the counters are
 * this kernel's; all else is the word of the spawn.  It is about the life under
 * way, or the last: before the first start all is zero.
 */
#define MK_MESSAGE_MAX	 65536
#define MK_RELEASE_BYTES 128
#define MK_PANIC_BYTES	 256

enum mk_agent {
	MK_AGENT_NONE = 0, /* none loaded, or it left */
	MK_AGENT_READY = 1, /* beats, but the channel is not up */
	MK_AGENT_REFUSED = 2, /* it speaks another revision, see below */
	MK_AGENT_UP = 3, /* said hello: messages go both ways */
	MK_AGENT_BROKEN = 4, /* it wrote what makes no sense into a ring */
};

struct mk_channel_counters {
	__u64 sent, sent_bytes; /* messages to the spawn, their payload */
	__u64 received, received_bytes;
	__u64 doorbells_rung; /* by us, in the spawn */
	__u64 doorbells_suppressed; /* not needed: it was awake */
	__u64 doorbells_received;
	__u64 doorbells_spurious; /* nobody had asked for them */
	__u64 doorbells_masked; /* how often ours was withdrawn for a while */
	__u64 full_waits; /* senders that waited for room */
	__u64 unowned; /* messages of a type that nobody here has */
	__u64 stale; /* of another generation */
	__u64 late; /* replies whose call was over */
	__u64 refused; /* sends that their handler did not want, odd flags */
	__u64 reserved[2];
};

struct mk_channel {
	__u32 flags; /* in: 0 */
	__u32 agent; /* out: enum mk_agent */
	__u32 agent_revision; /* out: of the hand-off page, as it speaks it */
	__u32 generation; /* out: of the life that this is about */
	__u64 features_offered, features_accepted; /* out */
	__u32 heartbeat; /* out: beats so far, wraps */
	__u32 heartbeat_age_ms; /* out: since the last; ~0 = none yet */
	__u32 cpus_online; /* out */
	__u32 load[3]; /* out: 1, 5, 15 minutes, in 1/2048 */
	__u64 memory; /* out: bytes of RAM, as its kernel counts */
	__u64 memory_free; /* out */
	/*
	 * out: how old its kernel was when it said hello, on the clock of its
	 * log: the time t there is hello_ns - boot_ns + t of CLOCK_BOOTTIME.
	 */
	__u64 boot_ns;
	char release[MK_RELEASE_BYTES]; /* out: of its kernel */
	char panic_text[MK_PANIC_BYTES]; /* out: "" if it did not panic */
	struct mk_channel_counters counters; /* out */
	__u64 hello_ns; /* in: 0; out: CLOCK_BOOTTIME of its hello, or 0 */
	__u64 reserved[7]; /* in: 0; out: 0 */
};

/*
 * MK_IOC_REPORT, instance: where one of its CPUs is.
 *
 * With MK_REPORT_F_ASK the CPU is asked by an NMI, which the agent answers
 * even if the CPU loops with interrupts off, and the call waits for it up to
 * @timeout_ms.  Without, or when it does not answer: what it said last in this
 * life, if it did (@status).  A panic and MK_KILL_F_HUNG ask by themselves.
 * All but @status is the word of the spawn; texts end with a NUL.
 *
 * Errors: EINVAL (also no such CPU), ENOTCONN (ASK: it does not run, or no
 * agent answers for this CPU), ETIMEDOUT (ASK: no answer; the structure is
 * filled in all the same).
 */
#define MK_REGISTERS   27
#define MK_TRACE_BYTES 1152

enum mk_report_status {
	MK_REPORT_NONE = 0, /* nothing is known */
	MK_REPORT_NOW = 1, /* it has answered this very call */
	MK_REPORT_BEFORE = 2, /* from an earlier moment of this life */
};

struct mk_report {
	__u32 flags; /* in: MK_REPORT_F_... */
	__u32 index; /* in: which, as in MK_IOC_CPUS */
	__u32 timeout_ms; /* in: <= 10000 */
	__u32 status; /* out: enum mk_report_status */
	__u32 spawn_cpu; /* out: its number in the spawn */
	__u32 pid; /* out: of the task that it ran */
	char task[16]; /* out */
	__u64 time_ns; /* out: on the clock of its log */
	__u64 registers[MK_REGISTERS]; /* out: as struct user_regs_struct */
	/* out: lines "symbol+0x1/0x2 [module]", innermost first */
	char trace[MK_TRACE_BYTES];
	__u64 reserved[4]; /* in: 0; out: 0 */
};

#define MK_REPORT_F_ASK	  (1U << 0)
#define __MK_REPORT_F_ALL (MK_REPORT_F_ASK)

/*
 * MK_IOC_STOP, instance: ask the agent to power the spawn off in an orderly
 * way.  Returns at once; the state tells when it has.  It may never: a kernel
 * that hangs does not listen.  Takes a struct mk_command.  Errors: EINVAL,
 * EALREADY (it does not run), ENOTCONN (no agent listens).
 *
 * MK_IOC_PING, instance: a request of @bytes bytes and its reply.
 * @outcome: 0 done, 1 failed, 2 unknown; @error is the errno behind the last
 * two, in which case the command still succeeds; ENOTCONN is one: nobody is
 * there.  Errors: EINVAL.
 */
struct mk_ping {
	__u32 flags; /* in: 0 */
	__u32 bytes; /* in: <= MK_MESSAGE_MAX */
	__u32 timeout_ms; /* in: <= 3600000; 0 = hardly any */
	__u32 outcome; /* out */
	__u32 error; /* out */
	__u32 reserved0; /* in: 0 */
	__u64 ns; /* out: there and back */
	__u64 cycles; /* out: the same, of the TSC */
	__u64 reserved[2]; /* in: 0 */
};

/*
 * MK_IOC_ATTACH: on an instance's descriptor, or in a spawn on
 * /dev/multikernel (its only command there): a *port*, a descriptor for
 * messages of one type to and from the peer.  The other end attaches to the
 * same type.  Ports stay through restarts of the spawn.
 *
 * write(2) sends one message and returns when the peer's port has it in its
 * queue; it waits while that queue is full.  Errors: EMSGSIZE; ENOTCONN (the
 * peer is not up) and ECONNREFUSED (nobody receives the type there): not
 * sent; ETIMEDOUT and ECONNRESET: unknown, it may have arrived; EAGAIN
 * (O_NONBLOCK, the queue is full; if the peer does not answer at all it still
 * waits up to 30 s); EINTR (a signal: unknown); EINVAL (an empty message);
 * EPROTO (the peer does not keep to the protocol); ENODEV (it is deleted, or in
 * the spawn the agent is unloaded).
 *
 * read(2) takes one message, in order, and is restarted after a signal; a
 * message longer than the buffer stays and gives EMSGSIZE.  Without
 * MK_ATTACH_F_RECEIVE: EBADF.  EAGAIN with O_NONBLOCK when there is none.  0
 * (end of file) when the instance is deleted, or in the spawn when the agent
 * is unloaded.
 *
 * poll(2): EPOLLIN when there is a message, EPOLLOUT while the peer is up,
 * EPOLLHUP when it will never be again.
 *
 * Errors of MK_IOC_ATTACH: EINVAL (also a type outside MK_TYPE_FIRST..LAST, or
 * more than MK_QUEUE_BYTES_MAX), EBUSY (another one receives the type already),
 * ENOMEM, EMFILE, ENFILE.
 */
#define MK_TYPE_FIRST	   0x8000
#define MK_TYPE_LAST	   0xffff

#define MK_QUEUE_BYTES_MAX (16U << 20)

struct mk_attach {
	__u32 flags; /* in: MK_ATTACH_F_... */
	__u32 type; /* in */
	/*
	 * in: of received messages kept, with RECEIVE; 0 = 1 MiB.  A single
	 * message is taken whatever its size.
	 */
	__u32 queue_bytes;
	__u32 reserved0; /* in: 0 */
	__u64 reserved[2]; /* in: 0 */
};

#define MK_ATTACH_F_RECEIVE  (1U << 0) /* own the type; else only send */
#define MK_ATTACH_F_NONBLOCK (1U << 1)
#define __MK_ATTACH_F_ALL    (MK_ATTACH_F_RECEIVE | MK_ATTACH_F_NONBLOCK)

/*
 * MK_IOC_BIND, instance: serve one virtqueue of the running spawn.
 *
 * Joins the line of that queue (multikernel/wire.h: struct mkw_lines) to two
 * eventfds, so that no program stands between them: when the spawn rings, @kick
 * is signalled; when somebody signals @call, the spawn is rung.  Whoever holds
 * the other ends (vhost, a vhost-user backend, a program) serves the queue.
 * When it is bound each is done once: what came before is not lost.
 *
 * Returns a descriptor (close-on-exec), the *binding*: closing it ends that.
 * poll(2): EPOLLHUP when this life of the spawn is over, after which neither
 * happens any more.  A spawn that rings far too often is not listened to but
 * polled for a while, at each tick; one that does not stop even then is ended
 * as CRASHED, cause FLOOD.
 *
 * As long as there are bindings of an earlier life, START is refused (EBUSY):
 * who serves the queues may still be writing into the memory.  Close them when
 * they have let go.  A process that is killed closes them, too: whoever starts
 * the instance again after that has to end what it left behind first.
 *
 * Errors: EINVAL (also a device or queue out of range, or a descriptor that is
 * no eventfd), EBADF, EBUSY (this queue is bound already), ENOTCONN (this life
 * is over, or its agent is not up or does not know lines), ENOSPC (no
 * interrupt vector left), ENOMEM, EMFILE, ENFILE.
 */
#define MK_DEVICES 64
#define MK_QUEUES  32

struct mk_bind {
	__u32 flags; /* in: 0 */
	__u32 device; /* in: < MK_DEVICES */
	__u32 queue; /* in: < MK_QUEUES */
	__s32 kick; /* in: eventfd */
	__s32 call; /* in: eventfd */
	__u32 generation; /* in: of the life that is meant (mk_info) */
	__u64 reserved[2]; /* in: 0 */
};

/*
 * read(2), write(2), pread(2), pwrite(2), lseek(2), mmap(2) on an instance:
 * its memory, from offset 0 = memory_base; SEEK_END is its size.  Reading
 * past the end gives 0 bytes, writing there ENOSPC.  mmap() maps real pages
 * where the memory has them, shared, never executable.
 *
 * poll(2): EPOLLIN | EPOLLPRI after a change of state that MK_IOC_INFO on this
 * descriptor has not shown yet, EPOLLHUP when the instance is deleted.
 */

#define MK_IOC_QUERY   _IOWR(MK_IOC_TYPE, 0x00, struct mk_query)
#define MK_IOC_CREATE  _IOWR(MK_IOC_TYPE, 0x01, struct mk_create)
#define MK_IOC_OPEN    _IOW(MK_IOC_TYPE, 0x02, struct mk_open)
#define MK_IOC_NEXT    _IOWR(MK_IOC_TYPE, 0x03, struct mk_info)
#define MK_IOC_LEDGER  _IOWR(MK_IOC_TYPE, 0x04, struct mk_ledger)

#define MK_IOC_EVENT   _IOWR(MK_IOC_TYPE, 0x05, struct mk_event)

#define MK_IOC_INFO    _IOWR(MK_IOC_TYPE, 0x40, struct mk_info)
#define MK_IOC_CPUS    _IOWR(MK_IOC_TYPE, 0x41, struct mk_cpus)
#define MK_IOC_LOAD    _IOW(MK_IOC_TYPE, 0x42, struct mk_load)
#define MK_IOC_START   _IOW(MK_IOC_TYPE, 0x43, struct mk_command)
#define MK_IOC_KILL    _IOW(MK_IOC_TYPE, 0x44, struct mk_command)
#define MK_IOC_UNLOAD  _IOW(MK_IOC_TYPE, 0x45, struct mk_command)
#define MK_IOC_DELETE  _IOW(MK_IOC_TYPE, 0x46, struct mk_command)
#define MK_IOC_CHANNEL _IOWR(MK_IOC_TYPE, 0x47, struct mk_channel)
#define MK_IOC_STOP    _IOW(MK_IOC_TYPE, 0x48, struct mk_command)
#define MK_IOC_PING    _IOWR(MK_IOC_TYPE, 0x49, struct mk_ping)
#define MK_IOC_ATTACH  _IOW(MK_IOC_TYPE, 0x4a, struct mk_attach)
#define MK_IOC_BIND    _IOW(MK_IOC_TYPE, 0x4b, struct mk_bind)
#define MK_IOC_REPORT  _IOWR(MK_IOC_TYPE, 0x4c, struct mk_report)
#define MK_IOC_MEMORY  _IOW(MK_IOC_TYPE, 0x4d, struct mk_command)

#endif /* _UAPI_LINUX_MULTIKERNEL_H */
