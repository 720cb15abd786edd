/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the fields of the x86 setup header are.
 *
 * Offsets count from the start of the file and of boot_params alike
 * (Documentation/arch/x86/boot.rst, 7.2; struct setup_header in
 * arch/x86/include/uapi/asm/bootparam.h).  All little-endian.  Internal to
 * the library.
 */
#ifndef MK_SETUP_HEADER_H
#define MK_SETUP_HEADER_H

#define MK_HDR_START	      0x1f1 /* the header's first byte: setup_sects */
#define MK_HDR_SETUP_SECTS    0x1f1 /* u8, 512 bytes each; 0 means 4 */
#define MK_HDR_SYSSIZE	      0x1f4 /* u32, 16 bytes each */
#define MK_HDR_BOOT_FLAG      0x1fe /* u16, 0xaa55 */
#define MK_HDR_JUMP	      0x200 /* u8 0xeb, u8 header bytes after 0x202 */
#define MK_HDR_MAGIC	      0x202 /* u32, "HdrS" */
#define MK_HDR_VERSION	      0x206 /* u16, 0x020f is 2.15 */
#define MK_HDR_KERNEL_VERSION 0x20e /* u16, of a text, from 0x200 */
#define MK_HDR_LOADFLAGS      0x211 /* u8 */
#define MK_HDR_RAMDISK_MAX    0x22c /* u32 */
#define MK_HDR_ALIGNMENT      0x230 /* u32, bytes */
#define MK_HDR_RELOCATABLE    0x234 /* u8 */
#define MK_HDR_MIN_ALIGNMENT  0x235 /* u8, a power of two */
#define MK_HDR_XLOADFLAGS     0x236 /* u16 */
#define MK_HDR_CMDLINE_SIZE   0x238 /* u32, without the final NUL */
#define MK_HDR_PAYLOAD_OFFSET 0x248 /* u32, from the protected-mode part */
#define MK_HDR_PAYLOAD_LENGTH 0x24c /* u32 */
#define MK_HDR_PREF_ADDRESS   0x258 /* u64, physical */
#define MK_HDR_INIT_SIZE      0x260 /* u32 */
#define MK_HDR_KERNEL_INFO    0x268 /* u32, 2.15; from protected-mode part */

#define MK_HDR_END_2_12	      0x268 /* where a header of 2.12 ends */
#define MK_HDR_END_2_15	      0x26c /* and one of 2.15 */

#define MK_BOOT_FLAG	      0xaa55
#define MK_HDRS		      0x53726448 /* "HdrS" */
#define MK_KERNEL_INFO	      0x506f544c /* "LToP" */

#define MK_LOADED_HIGH	      0x01 /* loadflags */
#define MK_KASLR_FLAG	      0x02 /* the decompressor's word to the kernel */

#define MK_XLF_KERNEL_64      0x01 /* xloadflags: has the 64-bit entry */
#define MK_XLF_ABOVE_4G	      0x02
#define MK_XLF_5LEVEL	      0x20 /* knows 5-level paging */
#define MK_XLF_5LEVEL_ENABLED 0x40 /* and was built with it */

#endif /* MK_SETUP_HEADER_H */
