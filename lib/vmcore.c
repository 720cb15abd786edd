// SPDX-License-Identifier: LGPL-2.1-or-later
/* A dump of another kernel's memory as an ELF core; the notes of both forms. */
#include "vmcore.h"

#include <elf.h>
#include <stdlib.h>
#include <sys/procfs.h>

#include "directmap.h"

#define PAGE 4096u
#define STEP (256u << 10)

_Static_assert(sizeof(struct elf_prstatus) == 336, "as the kernel has it");
_Static_assert(sizeof(elf_gregset_t) == MK_VMCORE_REGISTERS * sizeof(uint64_t),
	       "struct user_regs_struct");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "structures of <elf.h> are written as they are");

static uint64_t text_phys(const struct mk_vmcore *core)
{
	return mk_vmcoreinfo_phys(core->info, core->info->value[MK_VMC_STEXT] &
						      ~(PAGE - 1ull));
}

int mk_vmcore_place(struct mk_vmcore *core, struct mk_error *err)
{
	struct mk_pagewalk walk;
	int code;

	core->page_offset = 0;
	core->text_bytes = 0;
	if (!core->info)
		return mk_fail(err, MK_E_CALL, "there is no VMCOREINFO");
	code = mk_pagewalk_open(&walk, core->memory, core->info, err);
	if (!code)
		code = mk_directmap_find(&walk, &core->page_offset, err);
	if (code)
		return code;
	if (!mk_vmcoreinfo_has(core->info, MK_VMC_STEXT) ||
	    core->info->value[MK_VMC_STEXT] < MK_KERNEL_MAP)
		return mk_fail(err, MK_E_INPUT,
			       "the kernel does not tell where its image is");
	return mk_directmap_image(&walk, core->info->value[MK_VMC_STEXT],
				  &core->text_bytes, err);
}

/* ---- notes ---- */

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static size_t note_bytes(const char *name, size_t size)
{
	return sizeof(Elf64_Nhdr) + padded(strlen(name) + 1) + padded(size);
}

/* The note's content goes where this returns; @at is moved behind it. */
static uint8_t *begin_note(uint8_t **at, const char *name, uint32_t type,
			   size_t size)
{
	Elf64_Nhdr header = { .n_namesz = (uint32_t)strlen(name) + 1,
			      .n_descsz = (uint32_t)size,
			      .n_type = type };
	uint8_t *content;

	memcpy(*at, &header, sizeof(header));
	memcpy(*at + sizeof(header), name, strlen(name) + 1);
	content = *at + sizeof(header) + padded(header.n_namesz);
	*at = content + padded(size);
	return content;
}

static void note_cpu(uint8_t **at, const struct mk_vmcore_cpu *cpu)
{
	struct elf_prstatus status;

	memset(&status, 0, sizeof(status));
	if (cpu->known) {
		status.pr_pid = (int)cpu->pid;
		memcpy(status.pr_reg, cpu->registers, sizeof(status.pr_reg));
	}
	memcpy(begin_note(at, "CORE", NT_PRSTATUS, sizeof(status)), &status,
	       sizeof(status));
}

static int check(const struct mk_vmcore *core, struct mk_error *err)
{
	const struct mk_memory *memory = core->memory;

	if (!core->cpus || !core->nr_cpus || core->nr_cpus > MK_VMCORE_CPUS ||
	    !memory || !memory->size || memory->base % PAGE ||
	    memory->size % PAGE || memory->base + memory->size < memory->base)
		return mk_fail(err, MK_E_CALL,
			       "what shall be dumped is not described");
	if (core->info && core->text_bytes &&
	    !mk_memory_holds(memory, text_phys(core), core->text_bytes))
		return mk_fail(err, MK_E_CALL,
			       "the image does not lie in the memory");
	return 0;
}

int mk_vmcore_notes(const struct mk_vmcore *core, uint8_t **notes,
		    size_t *length, size_t *info_at, struct mk_error *err)
{
	uint8_t *at, *text;
	unsigned int i;
	int code;

	code = check(core, err);
	if (code)
		return code;
	*length =
		core->nr_cpus * note_bytes("CORE", sizeof(struct elf_prstatus));
	if (core->info)
		*length += note_bytes("VMCOREINFO", core->info->length);
	*info_at = 0;
	*notes = at = calloc(1, *length);
	if (!at)
		return mk_fail_errno(err, MK_E_SYSTEM, "no memory for notes");
	for (i = 0; i < core->nr_cpus; i++)
		note_cpu(&at, &core->cpus[i]);
	if (core->info) {
		text = begin_note(&at, "VMCOREINFO", 0, core->info->length);
		memcpy(text, core->info->text, core->info->length);
		*info_at = (size_t)(text - *notes);
	}
	return 0;
}

bool mk_vmcore_zero(const uint8_t *bytes, size_t size)
{
	return !size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

/* ---- the ELF file ---- */

struct writer {
	const struct mk_vmcore *core;
	const struct mk_vmcore_sink *sink;
	struct mk_vmcore_result *result;
	struct mk_error *err;
};

static int put(struct writer *w, uint64_t offset, const void *bytes,
	       size_t size)
{
	w->result->written_bytes += size;
	return w->sink->write(w->sink->context, offset, bytes, size, w->err);
}

/* What is not zero of a piece, in as few writes as can be. */
static int put_pages(struct writer *w, uint64_t offset, const uint8_t *bytes,
		     size_t size)
{
	size_t from = 0, at;
	int code = 0;

	for (at = 0; at < size && !code; at += PAGE) {
		if (!mk_vmcore_zero(bytes + at, PAGE))
			continue;
		w->result->zero_pages++;
		if (at > from)
			code = put(w, offset + from, bytes + from, at - from);
		from = at + PAGE;
	}
	if (from < size && !code)
		code = put(w, offset + from, bytes + from, size - from);
	return code;
}

static int put_memory(struct writer *w, uint64_t offset, uint8_t *buffer)
{
	const struct mk_memory *memory = w->core->memory;
	uint64_t done = 0;
	size_t size;
	int code = 0;

	while (done < memory->size && !code) {
		size = memory->size - done < STEP
			       ? (size_t)(memory->size - done)
			       : STEP;
		code = mk_memory_read(memory, memory->base + done, buffer, size,
				      w->err);
		if (!code)
			code = put_pages(w, offset + done, buffer, size);
		done += size;
		if (!code && w->sink->progress)
			code = w->sink->progress(w->sink->context, done,
						 memory->size, w->err);
	}
	return code;
}

struct headers {
	Elf64_Ehdr file;
	Elf64_Phdr part[3]; /* notes, image, memory */
};

/* @data: offset of the memory's bytes in the file. */
static void fill_headers(struct headers *h, const struct mk_vmcore *core,
			 size_t notes, uint64_t data)
{
	const struct mk_memory *memory = core->memory;
	Elf64_Phdr *part = h->part;

	memcpy(h->file.e_ident, ELFMAG, SELFMAG);
	h->file.e_ident[EI_CLASS] = ELFCLASS64;
	h->file.e_ident[EI_DATA] = ELFDATA2LSB;
	h->file.e_ident[EI_VERSION] = EV_CURRENT;
	h->file.e_type = ET_CORE;
	h->file.e_machine = EM_X86_64;
	h->file.e_version = EV_CURRENT;
	h->file.e_phoff = sizeof(h->file);
	h->file.e_ehsize = sizeof(h->file);
	h->file.e_phentsize = sizeof(h->part[0]);

	*part++ = (Elf64_Phdr){ .p_type = PT_NOTE,
				.p_offset = sizeof(*h),
				.p_filesz = notes,
				.p_memsz = notes,
				.p_align = 4 };
	if (core->info && core->text_bytes)
		*part++ = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W | PF_X,
			.p_offset = data + text_phys(core) - memory->base,
			.p_vaddr = core->info->value[MK_VMC_STEXT] &
				   ~(PAGE - 1ull),
			.p_paddr = text_phys(core),
			.p_filesz = core->text_bytes,
			.p_memsz = core->text_bytes,
			.p_align = PAGE,
		};
	*part++ = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = data,
		.p_vaddr = memory->base + core->page_offset,
		.p_paddr = memory->base,
		.p_filesz = memory->size,
		.p_memsz = memory->size,
		.p_align = PAGE,
	};
	h->file.e_phnum = (uint16_t)(part - h->part);
}

int mk_vmcore_elf(const struct mk_vmcore *core,
		  const struct mk_vmcore_sink *sink,
		  struct mk_vmcore_result *result, struct mk_error *err)
{
	struct writer w = { core, sink, result, err };
	uint8_t *notes = NULL, *buffer;
	size_t length, info_at;
	struct headers h = { 0 };
	uint64_t data;
	int code;

	memset(result, 0, sizeof(*result));
	code = mk_vmcore_notes(core, &notes, &length, &info_at, err);
	if (code)
		return code;
	data = (sizeof(h) + length + PAGE - 1) / PAGE * PAGE;
	fill_headers(&h, core, length, data);
	buffer = malloc(STEP);
	if (!buffer)
		code = mk_fail_errno(err, MK_E_SYSTEM, "no memory to copy");
	if (!code)
		code = put(&w, 0, &h, sizeof(h));
	if (!code)
		code = put(&w, sizeof(h), notes, length);
	if (!code)
		code = put_memory(&w, data, buffer);
	result->file_bytes = data + core->memory->size;
	free(buffer);
	free(notes);
	return code;
}
