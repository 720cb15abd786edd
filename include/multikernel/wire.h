/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The hand-off page: what a host and a spawn both read and write besides the
 * rings of the channel (kernel/channel/ring.h), and the messages of the agent.
 *
 * It lies in the instance's memory (reserved in the spawn's e820 map) and is
 * the _CRS of the ACPI device MKRN0001.  The host module fills it before each
 * start; from then on every field has exactly one writer, named beside it.
 * The host treats what a spawn writes as advice from a stranger: read once,
 * bounded, never a pointer to follow.
 *
 * All fields are little-endian and naturally aligned; the page is write-back
 * memory on both sides, coherent because both kernels run on one machine.
 */
#ifndef MULTIKERNEL_WIRE_H
#define MULTIKERNEL_WIRE_H

#include <linux/types.h>

#define MKW_HANDOFF_MAGIC    0x31304b4d /* "MK01" */
#define MKW_HANDOFF_REVISION 2 /* +1 on any change of layout or meaning */
#define MKW_HANDOFF_BYTES    4096
#define MKW_NAME_BYTES	     32
#define MKW_PANIC_BYTES	     256
#define MKW_APIC_IDS	     8192 /* ids that mkw_handoff.cpus can name */

/*
 * Magic, revision and the agent's word keep their places in every revision: a
 * spawn that refuses a revision says so there.
 */

/* mkw_handoff.features: what the host offers; features_accepted is a subset. */
#define MKW_FEATURE_CHANNEL (1ULL << 0) /* the rings at channel_base */
#define MKW_FEATURE_REQUEST (1ULL << 1) /* the request word is looked at */
#define MKW_FEATURE_CPUS    (1ULL << 2) /* cpus[] names the instance's CPUs */
#define MKW_FEATURE_LINES   (1ULL << 3) /* struct mkw_lines behind the rings */
#define MKW_FEATURE_REPORTS (1ULL << 4) /* struct mkw_report behind the lines */
#define MKW_FEATURES_ALL                                                \
	(MKW_FEATURE_CHANNEL | MKW_FEATURE_REQUEST | MKW_FEATURE_CPUS | \
	 MKW_FEATURE_LINES | MKW_FEATURE_REPORTS)

/*
 * A doorbell as one word, so that it is read and replaced at once: 0 is "do
 * not ring", else the vector and the physical APIC id of a fixed interrupt.
 */
#define MKW_DOORBELL(apic, vector) ((__u64)(vector) << 32 | (__u32)(apic))
#define MKW_DOORBELL_APIC(word)	   ((__u32)(word))
#define MKW_DOORBELL_VECTOR(word)  ((__u32)((word) >> 32))

/* mkw_handoff.request */
#define MKW_REQUEST_NONE     0
#define MKW_REQUEST_POWEROFF 1 /* end in an orderly way */

/* mkw_handoff.agent: MKW_AGENT(state, revision that the agent speaks) */
#define MKW_AGENT(state, revision) ((__u32)(revision) << 16 | (state))
#define MKW_AGENT_STATE(word)	   ((word)&0xffff)
#define MKW_AGENT_REVISION(word)   ((word) >> 16)
#define MKW_AGENT_NONE		   0 /* none loaded, or it left */
#define MKW_AGENT_READY		   1
#define MKW_AGENT_REFUSED_REVISION 2 /* it speaks another revision */

/* mkw_handoff.ending: what the agent saw begin; the reset word ends it. */
#define MKW_ENDING_NONE	    0
#define MKW_ENDING_POWEROFF 1
#define MKW_ENDING_REBOOT   2
#define MKW_ENDING_PANIC    3 /* panic_text is filled in */

/*
 * mkw_handoff.reset: written once by the EFI runtime stub when the spawn's
 * kernel calls ResetSystem (UEFI 2.10, section 8.5.1), as 1 + EFI_RESET_TYPE.
 *
 * With the command line that the library builds (reboot=efi,panic_warm) a
 * stock kernel asks for a warm reset after a panic and for a cold one
 * otherwise (kernel/panic.c:panic, drivers/firmware/efi/reboot.c:efi_reboot,
 * the same in 6.1, 6.12 and 7.2).
 */
#define MKW_RESET_NONE	   0
#define MKW_RESET_COLD	   1 /* reboot */
#define MKW_RESET_WARM	   2 /* panic */
#define MKW_RESET_SHUTDOWN 3 /* power off */
#define MKW_RESET_PLATFORM 4 /* reboot, platform specific */

/*
 * mkw_handoff.sleep: the ACPI SLEEP_CONTROL_REG and SLEEP_STATUS_REG at once
 * (ACPI 6.5, section 4.8.3.7).  They must share one byte: in a byte of its
 * own the kernel's clearing write of WAK_STS would satisfy its own wait.
 */
#define MKW_SLEEP_WAK_STS    0x80
#define MKW_SLEEP_ENABLE     0x20
#define MKW_SLEEP_TYPE(byte) (((byte) >> 2) & 7)
#define MKW_SLEEP_TYPE_S3    3
#define MKW_SLEEP_TYPE_S5    5

struct mkw_handoff {
	/* 0x000: the host's half, constant but where it says otherwise */
	__le32 magic; /* host; written last, so a half-filled page has none */
	__le16 revision; /* host; the spawn refuses any other */
	__le16 reserved0; /* zero */
	__le64 features; /* host; what it offers; unknown bits are ignored */
	__le32 generation; /* host; +1 at each start of this instance */
	__le32 instance; /* host; id, for messages to people */
	__le64 memory_base; /* host; physical address of the instance's memory */
	__le64 memory_bytes; /* host */
	__le64 low_base; /* host; physical address of the low window */
	__le64 low_bytes; /* host */
	__le64 channel_base; /* host; physical address of the rings; 0 = none */
	__le64 channel_bytes; /* host */
	__le64 host_doorbell; /* host; changes while the spawn runs */
	__u8 name[MKW_NAME_BYTES]; /* host; NUL-terminated */
	__le32 request; /* host; MKW_REQUEST_..., while the spawn runs */
	__u8 reserved1[0x80 - 0x74]; /* zero */
	__u8 cpus[MKW_APIC_IDS / 8]; /* host; bit n: APIC id n is its own */
	__u8 reserved2[0x800 - 0x480]; /* zero */

	/* 0x800: the spawn's half; the host clears it before each start */
	__u8 sleep; /* spawn (ACPI); MKW_SLEEP_... */
	__u8 reserved3[3]; /* zero */
	__le32 reset; /* spawn (EFI stub, agent); MKW_RESET_... */
	__le64 features_accepted; /* spawn; subset of features */
	__le64 spawn_doorbell; /* spawn; changes while it runs */
	__le32 agent; /* spawn; MKW_AGENT(...) */
	__le32 heartbeat; /* spawn; +1 every second, wraps */
	__le32 cpus_online; /* spawn; how many */
	__le32 load[3]; /* spawn; 1, 5, 15 minutes, in 1/2048 */
	__le64 memory_free; /* spawn; bytes */
	__le32 ending; /* spawn; MKW_ENDING_... */
	__u8 reserved4[4]; /* zero */
	__u8 panic_text[MKW_PANIC_BYTES]; /* spawn; NUL-terminated */
	__u8 reserved5[0x800 - 0x140]; /* zero */
};

/* Offsets that ACPI tables and the EFI stub are built with. */
#define MKW_HANDOFF_SLEEP 0x800
#define MKW_HANDOFF_RESET 0x804

#define MKW_AT(s, field, offset)                                        \
	_Static_assert(__builtin_offsetof(struct s, field) == (offset), \
		       #s "." #field " moved")
#define MKW_SIZE(s, bytes) \
	_Static_assert(sizeof(struct s) == (bytes), #s " changed size")

MKW_AT(mkw_handoff, magic, 0x000);
MKW_AT(mkw_handoff, revision, 0x004);
MKW_AT(mkw_handoff, features, 0x008);
MKW_AT(mkw_handoff, generation, 0x010);
MKW_AT(mkw_handoff, instance, 0x014);
MKW_AT(mkw_handoff, memory_base, 0x018);
MKW_AT(mkw_handoff, memory_bytes, 0x020);
MKW_AT(mkw_handoff, low_base, 0x028);
MKW_AT(mkw_handoff, low_bytes, 0x030);
MKW_AT(mkw_handoff, channel_base, 0x038);
MKW_AT(mkw_handoff, channel_bytes, 0x040);
MKW_AT(mkw_handoff, host_doorbell, 0x048);
MKW_AT(mkw_handoff, name, 0x050);
MKW_AT(mkw_handoff, request, 0x070);
MKW_AT(mkw_handoff, cpus, 0x080);
MKW_AT(mkw_handoff, reserved2, 0x480);
MKW_AT(mkw_handoff, sleep, MKW_HANDOFF_SLEEP);
MKW_AT(mkw_handoff, reset, MKW_HANDOFF_RESET);
MKW_AT(mkw_handoff, features_accepted, 0x808);
MKW_AT(mkw_handoff, spawn_doorbell, 0x810);
MKW_AT(mkw_handoff, agent, 0x818);
MKW_AT(mkw_handoff, heartbeat, 0x81c);
MKW_AT(mkw_handoff, cpus_online, 0x820);
MKW_AT(mkw_handoff, load, 0x824);
MKW_AT(mkw_handoff, memory_free, 0x830);
MKW_AT(mkw_handoff, ending, 0x838);
MKW_AT(mkw_handoff, panic_text, 0x840);
MKW_AT(mkw_handoff, reserved5, 0x940);
MKW_SIZE(mkw_handoff, MKW_HANDOFF_BYTES);

/* ---- the channel ---------------------------------------------------------
 *
 * At channel_base lies one page of indices; the two rings of bytes follow at
 * fixed offsets.  Index words are free-running byte counts, modulo 2^32; each
 * has one writer.  See kernel/channel/ring.h for what they mean.
 */
#define MKW_RING_BYTES	     (256U << 10) /* a power of two */
#define MKW_CHANNEL_TO_SPAWN 0x10000 /* offset of the ring that host fills */
#define MKW_CHANNEL_TO_HOST  (MKW_CHANNEL_TO_SPAWN + MKW_RING_BYTES)
#define MKW_CHANNEL_BYTES    (MKW_CHANNEL_TO_HOST + MKW_RING_BYTES)
#define MKW_CHANNEL_LINES    MKW_CHANNEL_BYTES /* offset of struct mkw_lines */

/* A ring's words that its producer writes; a cache line of their own. */
struct mkw_producer {
	__le32 tail; /* bytes published so far */
	__le32 room_event; /* ring me once head has passed this */
	__u8 reserved[56]; /* zero */
};

/* A ring's words that its consumer writes. */
struct mkw_consumer {
	__le32 head; /* bytes consumed so far */
	__le32 event; /* ring me once tail has passed this */
	__u8 reserved[56]; /* zero */
};

struct mkw_channel {
	/* 0x000: written by the host */
	struct mkw_producer to_spawn_producer;
	struct mkw_consumer to_host_consumer;
	__u8 reserved1[0x800 - 0x80]; /* zero */
	/* 0x800: written by the spawn */
	struct mkw_producer to_host_producer;
	struct mkw_consumer to_spawn_consumer;
	__u8 reserved2[0x800 - 0x80]; /* zero */
};

/*
 * Lines: doorbells for a purpose of their own, without a message.  Each word is
 * a doorbell (0 = not now) and has one writer: who is rung by it.  Devices use
 * them, line MKW_LINE(device, queue) for each virtqueue.
 */
#define MKW_LINES_DEVICES	64
#define MKW_LINES_QUEUES	32
#define MKW_LINES		(MKW_LINES_DEVICES * MKW_LINES_QUEUES)
#define MKW_LINE(device, queue) ((device)*MKW_LINES_QUEUES + (queue))

struct mkw_lines {
	__le64 to_host[MKW_LINES]; /* host; the spawn rings them */
	__le64 to_spawn[MKW_LINES]; /* spawn; the host rings them */
};

/*
 * Reports: where each CPU of the spawn is, for whoever debugs it.  The host
 * fills in @apic before the start.  To ask it writes a new number to @request
 * and sends that CPU an NMI, but only if the CPU has said that it is @ready: a
 * kernel that does not expect an NMI would look for its source at port 0x61.
 * The CPU copies the number to @answer when all else is written.  It works
 * while the CPU loops with interrupts off, and after a panic.
 *
 * The first MKW_REPORTS of the instance's CPUs have one, in the order in which
 * they were given to it.
 */
#define MKW_REPORTS	    64
#define MKW_REPORT_BYTES    1536
#define MKW_REGISTERS	    27
#define MKW_TRACE_BYTES	    1152
#define MKW_CHANNEL_REPORTS (MKW_CHANNEL_LINES + 0x8000)

struct mkw_report {
	__le32 apic; /* host; ~0 = nobody's */
	__le32 request; /* host; 0 = never asked */
	__u8 reserved0[56]; /* zero */
	__le32 ready; /* spawn; 1 while this CPU answers NMIs */
	__le32 answer; /* spawn; written last, see above */
	__le32 pid; /* spawn; of the task that it runs */
	__le32 cpu; /* spawn; the CPU's number there */
	__le64 time; /* spawn; nanoseconds of its sched_clock() */
	__u8 task[16]; /* spawn; the task's name, NUL-terminated */
	/* spawn; in the order of struct user_regs_struct, as in NT_PRSTATUS */
	__le64 registers[MKW_REGISTERS];
	/* spawn; lines "symbol+0x1/0x2 [module]\n", innermost first, a NUL */
	__u8 trace[MKW_TRACE_BYTES];
	__u8 reserved1[MKW_REPORT_BYTES - 0x140 - MKW_TRACE_BYTES]; /* zero */
};

/*
 * A message in a ring: this header, then @length bytes, then zeros up to a
 * multiple of MKW_MESSAGE_ALIGN.  Both may wrap around the ring's end.
 */
#define MKW_MESSAGE_ALIGN 8
#define MKW_MESSAGE_MAX	  65536 /* bytes of payload */

struct mkw_message {
	__le32 length; /* of the payload, <= MKW_MESSAGE_MAX */
	__le16 type; /* MKW_TYPE_...; of a reply: that of its request */
	__le16 flags; /* MKW_MESSAGE_F_... */
	__le32 generation; /* of the spawn's life: others are left aside */
	__le32 status; /* of a reply: 0, or an errno of Linux on x86 */
	__le64 token; /* of a request, and of its reply; else 0 */
};

#define MKW_MESSAGE_F_REQUEST 1 /* wants a reply with its token */
#define MKW_MESSAGE_F_REPLY   2
#define __MKW_MESSAGE_F_ALL   3

/*
 * Types.  Who registers a type first owns it in its kernel.
 *   0x0001..0x0fff  the channel's own, below
 *   0x1000..0x7fff  kernel modules
 *   0x8000..0xffff  programs (MK_IOC_ATTACH)
 */
#define MKW_TYPE_HELLO	 0x0001 /* spawn: request, struct mkw_hello */
#define MKW_TYPE_BYE	 0x0002 /* spawn: its agent leaves */
#define MKW_TYPE_PING	 0x0003 /* request; the reply has the same bytes */
#define MKW_TYPE_MODULE	 0x1000
#define MKW_TYPE_PROGRAM 0x8000
/* See multikernel/virtio_msg.h; a program on the host, a module in a spawn. */
#define MKW_TYPE_VIRTIO	  0xffff

#define MKW_RELEASE_BYTES 128

struct mkw_hello {
	__le32 generation; /* as found in the hand-off page */
	__le32 cpus; /* online at that moment */
	__le64 features; /* as in features_accepted */
	__le64 memory; /* bytes of RAM */
	__le64 boot_ns; /* since the kernel's start, on the clock of its log */
	__u8 release[MKW_RELEASE_BYTES]; /* NUL-terminated */
};

MKW_AT(mkw_producer, room_event, 0x04);
MKW_SIZE(mkw_producer, 64);
MKW_AT(mkw_consumer, event, 0x04);
MKW_SIZE(mkw_consumer, 64);
MKW_AT(mkw_channel, to_host_consumer, 0x040);
MKW_AT(mkw_channel, to_host_producer, 0x800);
MKW_AT(mkw_channel, to_spawn_consumer, 0x840);
MKW_SIZE(mkw_channel, 4096);
MKW_AT(mkw_lines, to_spawn, 0x4000);
MKW_SIZE(mkw_lines, MKW_CHANNEL_REPORTS - MKW_CHANNEL_LINES);
MKW_AT(mkw_report, ready, 0x40);
MKW_AT(mkw_report, time, 0x50);
MKW_AT(mkw_report, registers, 0x68);
MKW_AT(mkw_report, trace, 0x140);
MKW_SIZE(mkw_report, MKW_REPORT_BYTES);
MKW_AT(mkw_message, type, 0x04);
MKW_AT(mkw_message, flags, 0x06);
MKW_AT(mkw_message, generation, 0x08);
MKW_AT(mkw_message, status, 0x0c);
MKW_AT(mkw_message, token, 0x10);
MKW_SIZE(mkw_message, 24);
MKW_AT(mkw_hello, features, 0x08);
MKW_AT(mkw_hello, memory, 0x10);
MKW_AT(mkw_hello, boot_ns, 0x18);
MKW_AT(mkw_hello, release, 0x20);
MKW_SIZE(mkw_hello, 0x20 + MKW_RELEASE_BYTES);

#endif /* MULTIKERNEL_WIRE_H */
