/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dump of another kernel's memory, as crash, drgn and gdb read it.
 *
 * Two forms with the same content:
 *   - an ELF core, as /proc/vmcore (Linux kernel/crash_core.c,
 *     fs/proc/vmcore.c): notes, then the memory as it is, in one piece.  Two
 *     PT_LOADs share its bytes: the kernel's image first, at its linked
 *     addresses, and all memory, at page_offset_base + physical.
 *   - the form that makedumpfile calls kdump-compressed (its file IMPLEMENTATION;
 *     header version 6): page by page, each compressed by zlib or as it is.
 *     Only where the library was built with zlib.
 *
 * Notes: an NT_PRSTATUS for each CPU, in the order of the kernel's own numbers,
 * zero where nothing is known; and the text of VMCOREINFO.  Readers take the
 * n-th note for the n-th CPU that was online, so the caller leaves out those
 * that were not.  Without VMCOREINFO (a kernel in its first moments, or none)
 * there is no image, p_vaddr of the memory is its physical address, and only
 * what reads raw memory has a use for it.
 *
 * The memory is copied a piece at a time with mk_memory_read(), and what is
 * checked or written is the copy.  It may change meanwhile: nothing of it is
 * believed but what is noted above, which lands in the file as bytes and
 * numbers.  Nothing is printed, nothing opened: the caller's functions write.
 */
#ifndef MK_VMCORE_H
#define MK_VMCORE_H

#include <stdbool.h>

#include "error.h"
#include "memory.h"
#include "vmcoreinfo.h"

#define MK_VMCORE_CPUS	    4096
#define MK_VMCORE_REGISTERS 27 /* struct user_regs_struct */

struct mk_vmcore_cpu {
	bool known; /* else all is zero in the file */
	uint32_t pid; /* of the task that it ran */
	uint64_t registers[MK_VMCORE_REGISTERS];
};

/* What is dumped; filled by the caller, kept until the end. */
struct mk_vmcore {
	const struct mk_memory *memory; /* base and size: multiples of 4096 */
	const struct mk_vmcoreinfo *info; /* NULL: none was found */
	uint64_t page_offset; /* page_offset_base, or 0: not known */
	uint64_t text_bytes; /* of the image from _stext; 0 = no PT_LOAD */
	const struct mk_vmcore_cpu *cpus; /* in the kernel's own order */
	unsigned int nr_cpus; /* 1..MK_VMCORE_CPUS */
};

/*
 * Fill in @info's consequences, page_offset and text_bytes, from the page
 * tables that it leads to.  The rest of @core is in place.
 * MK_E_INPUT, MK_E_NOTFOUND: they lead nowhere; what could not be found is 0,
 * and the dump can be written all the same.
 */
int mk_vmcore_place(struct mk_vmcore *core, struct mk_error *err);

/* Where the bytes go. */
struct mk_vmcore_sink {
	/*
	 * @size bytes to @offset of the file; offsets only grow, but that the
	 * headers of the compressed form come last.  What is left out is zero
	 * (a hole).  0, or a negative enum mk_code with @err filled, which ends
	 * the dump.
	 */
	int (*write)(void *context, uint64_t offset, const void *bytes,
		     size_t size, struct mk_error *err);
	/* May be NULL: so much of the memory is done.  Not 0 ends the dump. */
	int (*progress)(void *context, uint64_t done, uint64_t all,
			struct mk_error *err);
	void *context;
};

struct mk_vmcore_result {
	uint64_t file_bytes; /* how large the file is, holes included */
	uint64_t written_bytes; /* of them handed to the sink */
	uint64_t zero_pages;
};

/*
 * Both write the whole file.  MK_E_CALL: @core is not as described.  Other
 * errors: those of the sink and of @core->memory; the file is then useless.
 * MK_E_SYSTEM: no memory.  mk_vmcore_compressed() without zlib: MK_E_SUPPORT.
 */
int mk_vmcore_elf(const struct mk_vmcore *core,
		  const struct mk_vmcore_sink *sink,
		  struct mk_vmcore_result *result, struct mk_error *err);
int mk_vmcore_compressed(const struct mk_vmcore *core,
			 const struct mk_vmcore_sink *sink,
			 struct mk_vmcore_result *result, struct mk_error *err);

/* Whether this library can compress. */
bool mk_vmcore_can_compress(void);

/*
 * For the two writers.  The notes as malloc'ed bytes; *@info_at is the offset
 * of VMCOREINFO's text in them, 0 if there is none.
 */
int mk_vmcore_notes(const struct mk_vmcore *core, uint8_t **notes,
		    size_t *length, size_t *info_at, struct mk_error *err);
bool mk_vmcore_zero(const uint8_t *bytes, size_t size);

#endif /* MK_VMCORE_H */
