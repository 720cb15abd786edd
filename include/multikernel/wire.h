/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The hand-off page: the one page that a host and a spawn both read and write.
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
#define MKW_HANDOFF_REVISION 1 /* +1 on any change of layout or meaning */
#define MKW_HANDOFF_BYTES    4096
#define MKW_NAME_BYTES	     32

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
	/* 0x000: the host's half, constant while the spawn runs */
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
	__le32 host_doorbell_apic; /* host; physical APIC id */
	__le32 host_doorbell_vector; /* host; 0 = none */
	__u8 name[MKW_NAME_BYTES]; /* host; NUL-terminated */
	__u8 reserved1[0x800 - 0x70]; /* zero */

	/* 0x800: the spawn's half; the host clears it before each start */
	__u8 sleep; /* spawn (ACPI); MKW_SLEEP_... */
	__u8 reserved2[3]; /* zero */
	__le32 reset; /* spawn (EFI stub); MKW_RESET_... */
	__le64 features_accepted; /* spawn; subset of features */
	__le32 spawn_doorbell_apic; /* spawn; physical APIC id */
	__le32 spawn_doorbell_vector; /* spawn; 0 = none */
	__u8 reserved3[0x800 - 0x18]; /* zero */
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
MKW_AT(mkw_handoff, host_doorbell_apic, 0x048);
MKW_AT(mkw_handoff, host_doorbell_vector, 0x04c);
MKW_AT(mkw_handoff, name, 0x050);
MKW_AT(mkw_handoff, reserved1, 0x070);
MKW_AT(mkw_handoff, sleep, MKW_HANDOFF_SLEEP);
MKW_AT(mkw_handoff, reset, MKW_HANDOFF_RESET);
MKW_AT(mkw_handoff, features_accepted, 0x808);
MKW_AT(mkw_handoff, spawn_doorbell_apic, 0x810);
MKW_AT(mkw_handoff, spawn_doorbell_vector, 0x814);
MKW_AT(mkw_handoff, reserved3, 0x818);
MKW_SIZE(mkw_handoff, MKW_HANDOFF_BYTES);

#endif /* MULTIKERNEL_WIRE_H */
