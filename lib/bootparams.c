// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Builds boot_params; see bootparams.h.
 */
#include "bootparams.h"

#include "setup_header.h"
#include "writer.h"

/* zero-page.rst */
#define BP_ACPI_RSDP	    0x070 /* u64 */
#define BP_EXT_RAMDISK	    0x0c0 /* u32, high half */
#define BP_EXT_RAMDISK_SIZE 0x0c4
#define BP_EXT_CMDLINE	    0x0c8
#define BP_EFI_INFO	    0x1c0 /* struct efi_info */
#define BP_E820_ENTRIES	    0x1e8 /* u8 */
#define BP_SECURE_BOOT	    0x1ec /* u8 */
#define BP_E820_TABLE	    0x2d0 /* 20 bytes each */

/* boot.rst */
#define HDR_VID_MODE	 0x1fa /* u16 */
#define HDR_REALMODE	 0x208 /* u32, realmode_swtch */
#define HDR_LOADER	 0x210 /* u8 */
#define HDR_RAMDISK	 0x218 /* u32 */
#define HDR_RAMDISK_SIZE 0x21c /* u32 */
#define HDR_CMDLINE	 0x228 /* u32 */
#define HDR_SUBARCH	 0x23c /* u32, then u64 of data */
#define HDR_SETUP_DATA	 0x250 /* u64 */

#define LOADER_UNDEFINED 0xff /* type_of_loader: has no number of its own */
#define VID_MODE_NORMAL	 0xffff
#define CAN_USE_HEAP	 0x80 /* loadflags */

/*
 * enum efi_secureboot_mode: "disabled".  0 would mean "not determined" and
 * send some kernels to ask EFI variables, which a spawn has not.
 */
#define SECURE_BOOT_DISABLED 2

/* The header as the file has it, less what a boot loader must decide. */
static void put_header(uint8_t *page, const struct mk_image *image)
{
	memcpy(page + MK_HDR_START, image->setup_header,
	       image->setup_header_length);
	mk_store(page + HDR_VID_MODE, VID_MODE_NORMAL, 2);
	mk_store(page + MK_HDR_BOOT_FLAG, MK_BOOT_FLAG, 2);
	mk_store(page + MK_HDR_MAGIC, MK_HDRS, 4);
	mk_store(page + HDR_REALMODE, 0, 4);
	page[HDR_LOADER] = LOADER_UNDEFINED;
	/*
	 * The decompressor sets KASLR_FLAG itself when it moves the kernel.  A
	 * kernel that is entered directly was not moved and must not hear so.
	 */
	page[MK_HDR_LOADFLAGS] |= MK_LOADED_HIGH;
	page[MK_HDR_LOADFLAGS] &= (uint8_t) ~(CAN_USE_HEAP | MK_KASLR_FLAG);
	mk_store(page + HDR_SUBARCH, 0, 4);
	mk_store(page + HDR_SUBARCH + 4, 0, 8);
	mk_store(page + HDR_SETUP_DATA, 0, 8);
}

/* struct efi_info (arch/x86/include/uapi/asm/bootparam.h). */
static void put_efi(uint8_t *info, const struct mk_efi *efi)
{
	memcpy(info, "EL64", 4);
	mk_store(info + 4, efi->system_table, 4);
	mk_store(info + 8, MK_EFI_DESCRIPTOR, 4);
	mk_store(info + 12, 1, 4); /* version of a descriptor */
	mk_store(info + 16, efi->memory_map, 4);
	mk_store(info + 20, efi->memory_map_bytes, 4);
	mk_store(info + 24, efi->system_table >> 32, 4);
	mk_store(info + 28, efi->memory_map >> 32, 4);
}

int mk_bootparams_build(const struct mk_bootparams *bp, void *buffer,
			size_t size, struct mk_error *err)
{
	uint8_t *page = buffer, *entry;
	unsigned int i;

	if (!buffer || !bp->image || !bp->efi || !bp->e820 || !bp->nr_e820 ||
	    bp->nr_e820 > MK_BOOTPARAMS_E820 ||
	    bp->image->setup_header_length > MK_SETUP_HEADER_MAX)
		return mk_fail(err, MK_E_CALL, "boot_params: a bad argument");
	if (size < MK_BOOTPARAMS_BYTES)
		return mk_fail(err, MK_E_NOSPACE,
			       "boot_params: the buffer is too small");

	memset(page, 0, MK_BOOTPARAMS_BYTES);
	put_header(page, bp->image);
	/*
	 * Without it a kernel looks for tables in the low MiB and finds those
	 * of the real machine (hazard H3).
	 */
	mk_store(page + BP_ACPI_RSDP, bp->rsdp, 8);
	mk_store(page + HDR_CMDLINE, bp->cmdline, 4);
	mk_store(page + BP_EXT_CMDLINE, bp->cmdline >> 32, 4);
	mk_store(page + HDR_RAMDISK, bp->initrd, 4);
	mk_store(page + BP_EXT_RAMDISK, bp->initrd >> 32, 4);
	mk_store(page + HDR_RAMDISK_SIZE, bp->initrd_bytes, 4);
	mk_store(page + BP_EXT_RAMDISK_SIZE, bp->initrd_bytes >> 32, 4);
	put_efi(page + BP_EFI_INFO, bp->efi);
	page[BP_SECURE_BOOT] = SECURE_BOOT_DISABLED;

	page[BP_E820_ENTRIES] = (uint8_t)bp->nr_e820;
	entry = page + BP_E820_TABLE;
	for (i = 0; i < bp->nr_e820; i++, entry += 20) {
		mk_store(entry, bp->e820[i].address, 8);
		mk_store(entry + 8, bp->e820[i].length, 8);
		mk_store(entry + 16, bp->e820[i].type, 4);
	}
	return 0;
}
