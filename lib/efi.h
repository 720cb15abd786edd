/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The EFI runtime of a spawn: how its resets and power-offs reach the host.
 *
 * A kernel on a hardware-reduced ACPI machine resets through EFI when there is
 * one, and otherwise by ways that reset the whole machine (hazard H6).  So it
 * gets one: a system table, a runtime table, three small functions
 * (efi_stub.S), a memory map, and no boot services, as if it had been started
 * by kexec or by a boot loader that left them.
 *
 * What Linux makes of it, the same in 6.1, 6.12 and 7.2:
 *  - arch/x86/platform/efi/efi.c:__efi_enter_virtual_mode maps every runtime
 *    region 1:1 as well as at an address of its own, and calls
 *    SetVirtualAddressMap on the 1:1 map; efi_64.c:efi_set_virtual_address_map
 *    then reads the runtime table's address from the system table again.
 *  - Regions of runtime code are mapped executable, all others not; the memory
 *    attributes table makes the code read-only too (efi_64.c:
 *    efi_update_mem_attr).
 *  - The decompressor's KASLR looks for room in EfiConventionalMemory alone
 *    once there is an EFI (boot/compressed/kaslr.c:process_efi_entries), so
 *    the memory map describes RAM too, and agrees with e820.
 *  - With RT_PROPERTIES it never calls what is not there, apart from
 *    SetVariable once (quirks.c:efi_delete_dummy_variable, 6.1).
 */
#ifndef MK_EFI_H
#define MK_EFI_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MK_EFI_PAGE	  4096
#define MK_EFI_DESCRIPTOR 48 /* bytes of a memory map entry */

/* EFI_MEMORY_TYPE (UEFI 2.10, table 7.1), those that occur. */
enum mk_efi_type {
	MK_EFI_RESERVED = 0,
	MK_EFI_RUNTIME_CODE = 5,
	MK_EFI_RUNTIME_DATA = 6,
	MK_EFI_CONVENTIONAL = 7,
	MK_EFI_ACPI_RECLAIM = 9,
};

/* A piece of memory that is not the runtime itself. */
struct mk_efi_memory {
	uint64_t address; /* page aligned */
	uint64_t length; /* multiple of the page size, > 0 */
	enum mk_efi_type type;
};

struct mk_efi_input {
	uint64_t base; /* where the buffer will lie, page aligned */
	uint64_t length; /* of the room there: code page and data */
	uint64_t reset_word; /* of the hand-off page; 4-byte aligned */
	uint64_t rsdp; /* physical */
	/*
	 * The rest of the memory map; the runtime's two regions are put where
	 * they belong.  Ascending, without overlap.  The page of the reset
	 * word must be among them as runtime data.
	 */
	const struct mk_efi_memory *memory;
	unsigned int nr_memory;
};

/* What boot_params.efi_info is to say; all physical. */
struct mk_efi {
	uint64_t system_table;
	uint64_t memory_map;
	uint32_t memory_map_bytes;
	size_t used; /* bytes of the buffer that are not zero */
};

/*
 * Build the runtime into @buffer (@size >= @input->length is not needed: only
 * what is used must fit).  Errors: MK_E_CALL, MK_E_NOSPACE.
 */
int mk_efi_build(struct mk_efi *efi, const struct mk_efi_input *input,
		 void *buffer, size_t size, struct mk_error *err);

#endif /* MK_EFI_H */
