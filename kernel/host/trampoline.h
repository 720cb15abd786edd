/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What trampoline.S and boot.c agree on: the words in the low page, and the
 * order that says what the next CPU to arrive shall do.
 */
#ifndef MKH_TRAMPOLINE_H
#define MKH_TRAMPOLINE_H

/* Offsets in the low page of what boot.c sets. */
#define MKH_TRAMP_GDTR	   16 /* u16 limit, u32 base */
#define MKH_TRAMP_VECTOR32 24 /* u32 offset, u16 selector */
#define MKH_TRAMP_VECTOR64 32 /* u32 offset, u16 selector */
#define MKH_TRAMP_ORDER	   40 /* u32 physical address of the order */
#define MKH_TRAMP_ROOT4	   44 /* u32 CR3 for 4-level paging */
#define MKH_TRAMP_ROOT5	   48 /* u32 CR3 for 5-level paging */
#define MKH_TRAMP_GDT	   56 /* 4 descriptors */
#define MKH_TRAMP_CODE	   88

/* Offsets in struct mkh_order. */
#define MKH_ORDER_APIC	     0
#define MKH_ORDER_COMMAND    4
#define MKH_ORDER_PROGRESS   8
#define MKH_ORDER_FLAGS	     12
#define MKH_ORDER_PAGE_TABLE 16
#define MKH_ORDER_ENTRY	     24
#define MKH_ORDER_ARGUMENT   32

#define MKH_COMMAND_NONE     0
#define MKH_COMMAND_PARK     1
#define MKH_COMMAND_ENTER    2

#define MKH_ORDER_F_LA57     1

/* Besides the MK_PROGRESS_... of the user interface. */
#define MKH_PROGRESS_PARKED 0x100

#ifndef __ASSEMBLY__
#include <linux/build_bug.h>
#include <linux/types.h>

/* Written by the host before each SIPI; @progress by the CPU that answers. */
struct mkh_order {
	u32 apic; /* the CPU meant; any other halts */
	u32 command;
	u32 progress;
	u32 flags;
	u64 page_table; /* CR3 at the entry */
	u64 entry; /* RIP at the entry */
	u64 argument; /* RSI at the entry */
};

static_assert(offsetof(struct mkh_order, apic) == MKH_ORDER_APIC);
static_assert(offsetof(struct mkh_order, command) == MKH_ORDER_COMMAND);
static_assert(offsetof(struct mkh_order, progress) == MKH_ORDER_PROGRESS);
static_assert(offsetof(struct mkh_order, flags) == MKH_ORDER_FLAGS);
static_assert(offsetof(struct mkh_order, page_table) == MKH_ORDER_PAGE_TABLE);
static_assert(offsetof(struct mkh_order, entry) == MKH_ORDER_ENTRY);
static_assert(offsetof(struct mkh_order, argument) == MKH_ORDER_ARGUMENT);

extern const u8 mkh_trampoline[], mkh_trampoline_32[], mkh_trampoline_64[],
	mkh_trampoline_end[];
#endif

#endif /* MKH_TRAMPOLINE_H */
