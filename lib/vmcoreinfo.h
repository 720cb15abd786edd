/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel tells about itself for dump tools: VMCOREINFO, found by
 * scanning its memory and taken apart.
 *
 * The kernel keeps the text twice, each copy at the start of a page
 * (kernel/crash_core.c, from 6.12 kernel/vmcore_info.c:
 * crash_save_vmcoreinfo_init(), a subsys_initcall, so nothing is there in the
 * first moments of a boot):
 *   - the bare text, one zero-filled page, beginning with "OSRELEASE=";
 *   - an ELF note: namesz 11, descsz, type 0, "VMCOREINFO\0\0", the text.  It
 *     is filled last and written again at a panic with a CRASHTIME line more.
 * The text is lines of KEY=VALUE, at most 4096 bytes.
 *
 * Copies that are not this kernel's own (a dump file in its page cache, pages
 * of an earlier boot) look the same.  They are passed over when their
 * addresses do not lead into the memory at hand; who uses a candidate looks
 * closer (mk_log_open() follows it to the log) and asks for the next one.
 */
#ifndef MK_VMCOREINFO_H
#define MK_VMCOREINFO_H

#include "error.h"
#include "memory.h"

#define MK_VMCOREINFO_MAX 4096 /* VMCOREINFO_BYTES = PAGE_SIZE on x86 */

/* Candidates taken apart in one scan before the rest is not believed. */
#define MK_VMCOREINFO_TRIES 1024

/* The kernel's image is linked here: __START_KERNEL_map. */
#define MK_KERNEL_MAP 0xffffffff80000000ull

/*
 * The keys understood, named after the kernel's own symbols and structures.
 * SIZE_ is SIZE(struct), the others are OFFSET(struct.member) unless said.
 */
enum mk_vmcoreinfo_key {
	MK_VMC_PAGESIZE, /* PAGESIZE */
	MK_VMC_PHYS_BASE, /* NUMBER(), signed: physical minus linked address */
	MK_VMC_INIT_TOP_PGT, /* SYMBOL() */
	MK_VMC_SWAPPER_PG_DIR, /* SYMBOL(), the same table */
	MK_VMC_L5_ENABLED, /* NUMBER(pgtable_l5_enabled) */
	MK_VMC_KERNELOFFSET, /* KERNELOFFSET, of KASLR */
	MK_VMC_IMAGE_SIZE, /* NUMBER(KERNEL_IMAGE_SIZE) */
	MK_VMC_SME_MASK, /* NUMBER() */
	MK_VMC_STEXT, /* SYMBOL(_stext) */
	MK_VMC_PRB, /* SYMBOL(): where the pointer to the ring is */
	MK_VMC_CLEAR_SEQ, /* SYMBOL() */
	/* from here to MK_VMC_RING_LAST: all that the log reader needs */
	MK_VMC_RB_SIZE, /* SIZE(printk_ringbuffer) */
	MK_VMC_RB_DESC_RING,
	MK_VMC_RB_TEXT_DATA_RING,
	MK_VMC_DESC_RING_SIZE, /* SIZE(prb_desc_ring) */
	MK_VMC_DESC_RING_COUNT_BITS,
	MK_VMC_DESC_RING_DESCS,
	MK_VMC_DESC_RING_INFOS,
	MK_VMC_DESC_RING_HEAD_ID,
	MK_VMC_DESC_RING_TAIL_ID,
	MK_VMC_DESC_SIZE, /* SIZE(prb_desc) */
	MK_VMC_DESC_STATE_VAR,
	MK_VMC_DESC_TEXT_BLK_LPOS,
	MK_VMC_LPOS_SIZE, /* SIZE(prb_data_blk_lpos) */
	MK_VMC_LPOS_BEGIN,
	MK_VMC_LPOS_NEXT,
	MK_VMC_INFO_SIZE, /* SIZE(printk_info) */
	MK_VMC_INFO_SEQ,
	MK_VMC_INFO_TS_NSEC,
	MK_VMC_INFO_TEXT_LEN,
	MK_VMC_INFO_CALLER_ID,
	MK_VMC_DATA_RING_SIZE, /* SIZE(prb_data_ring) */
	MK_VMC_DATA_RING_SIZE_BITS,
	MK_VMC_DATA_RING_DATA,
	MK_VMC_ATOMIC_SIZE, /* SIZE(atomic_long_t) */
	MK_VMC_ATOMIC_COUNTER,
	MK_VMC_RING_LAST = MK_VMC_ATOMIC_COUNTER,
	/* told, not needed */
	MK_VMC_RB_FAIL,
	MK_VMC_INFO_DEV_INFO,
	MK_VMC_DEV_INFO_SIZE, /* SIZE(dev_printk_info) */
	MK_VMC_DEV_SUBSYSTEM,
	MK_VMC_DEV_DEVICE,
	MK_VMC_DEV_SUBSYSTEM_LENGTH, /* LENGTH(printk_info_subsystem) */
	MK_VMC_DEV_DEVICE_LENGTH, /* LENGTH(printk_info_device) */
	MK_VMC_DATA_RING_HEAD_LPOS,
	MK_VMC_DATA_RING_TAIL_LPOS,
	MK_VMC_INIT_UTS_NS, /* SYMBOL() */
	MK_VMC_UTS_NAME, /* OFFSET(uts_namespace.name): struct new_utsname */
	MK_VMC_COUNT
};

struct mk_vmcoreinfo {
	char release[65]; /* OSRELEASE, printable; "" when not told */
	char build_id[65]; /* BUILD-ID, lower-case hex; "" when not told */
	uint64_t have; /* bit k: value[k] was told */
	uint64_t value[MK_VMC_COUNT]; /* by enum mk_vmcoreinfo_key */
	/*
	 * Where it was found: the hint for mk_vmcoreinfo_at().  0 after
	 * mk_vmcoreinfo_parse().
	 */
	uint64_t address; /* physical, of the page */
	uint32_t length; /* of @text, without the final NUL */
	char text[MK_VMCOREINFO_MAX + 1]; /* as it was, unknown keys too */
};

static inline bool mk_vmcoreinfo_has(const struct mk_vmcoreinfo *info,
				     enum mk_vmcoreinfo_key key)
{
	return info->have >> key & 1;
}

/* Physical address of something in the kernel's image; wraps on nonsense. */
static inline uint64_t mk_vmcoreinfo_phys(const struct mk_vmcoreinfo *info,
					  uint64_t address)
{
	return address - MK_KERNEL_MAP + info->value[MK_VMC_PHYS_BASE];
}

/* "OFFSET(prb_desc.state_var)" for a key, for messages; never NULL. */
const char *mk_vmcoreinfo_name(enum mk_vmcoreinfo_key key);

/*
 * Take @length bytes of text apart (a NUL ends it earlier).  Unknown keys and
 * lines without "=" are ignored, and so is a last line without newline: the
 * kernel cuts what does not fit.  A key told twice must say the same twice.
 * MK_E_INPUT: a known key with a value that is no number, contradicting
 * lines, or text longer than MK_VMCOREINFO_MAX.
 */
int mk_vmcoreinfo_parse(struct mk_vmcoreinfo *info, const char *text,
			size_t length, struct mk_error *err);

/*
 * The one at physical @address, if it is there and plausible: the kernel's
 * page tables and the pointer to its log lie inside @memory.
 * MK_E_NOTFOUND when not.
 */
int mk_vmcoreinfo_at(struct mk_vmcoreinfo *info, const struct mk_memory *memory,
		     uint64_t address, struct mk_error *err);

/*
 * The first plausible one at or after physical address *@position (0 = from
 * the start); *@position is moved behind it, so that a loop visits all.
 * Reads 8 bytes a page.  MK_E_NOTFOUND when there is none (any more).
 */
int mk_vmcoreinfo_find(struct mk_vmcoreinfo *info,
		       const struct mk_memory *memory, uint64_t *position,
		       struct mk_error *err);

#endif /* MK_VMCOREINFO_H */
