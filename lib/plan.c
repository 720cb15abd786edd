// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Puts a kernel, an initrd and the machine description into an instance's
 * memory; see plan.h for the map.
 *
 * Everything is checked before anything is built.  The e820 table is made
 * first and the EFI memory map from it, because kernels that find both expect
 * them to agree.
 */
#include "plan.h"

#include <multikernel/wire.h>

#include "acpi.h"
#include "bootparams.h"
#include "cmdline.h"
#include "efi.h"
#include "pagetable.h"
#include "setup_header.h"
#include "writer.h"

#define PAGE	       4096ULL
#define MEMORY_ALIGN   (2ULL << 20)
#define PHYSICAL_LIMIT (1ULL << 52)

#define AT_BOOTPARAMS  0x000000
#define AT_CMDLINE     0x001000
#define AT_ACPI	       0x002000
#define ACPI_ROOM      0x006000
#define AT_HANDOFF     0x008000
#define AT_TABLES      0x010000
#define TABLES_ROOM    0x030000
#define AT_EFI	       0x040000
#define EFI_ROOM       0x010000
#define AT_CHANNEL     0x050000
#define CHANNEL_ROOM   0x0b0000
#define AT_RAM	       MK_PLAN_DESCRIPTION

_Static_assert(AT_EFI + EFI_ROOM <= AT_CHANNEL &&
		       AT_CHANNEL + CHANNEL_ROOM <= AT_RAM,
	       "the channel's place is taken");
_Static_assert(CHANNEL_ROOM >= MKW_CHANNEL_BYTES,
	       "the channel does not fit into its place");

/*
 * A kernel reserves the first 64 KiB of the machine for firmware that scribbles
 * (arch/x86/kernel/setup.c:early_reserve_memory, 6.1 to 7.2), then needs room
 * below 640 KiB for its real-mode code (realmode/init.c:reserve_real_mode).
 * 28 KiB were seen to suffice for 6.1, 6.12 and 7.2.
 */
#define LOW_FIRST 0x10000ULL
#define LOW_LIMIT 0xa0000ULL
#define LOW_LEAST (28ULL << 10)

/* Of the dummy IOAPIC's page: its window register, read as version 0x20. */
#define IOAPIC_WINDOW 0x10
#define IOAPIC_ANSWER 0x0e170020U

/* All that is built, in the order in which it lies in the caller's buffer. */
struct pieces {
	uint8_t *bootparams, *cmdline, *acpi, *tables, *efi, *ioapic;
	size_t tables_bytes;
};

struct job {
	struct mk_plan *plan;
	const struct mk_plan_input *in;
	const struct mk_machine *m;
	struct mk_error *err;
	struct pieces p;
	uint64_t load, initrd; /* physical */
	uint64_t rsdp;
	size_t acpi_length, cmdline_length;
	struct mk_efi efi;
};

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static int bad_call(struct job *j, const char *text)
{
	return mk_fail(j->err, MK_E_CALL, "plan: %s", text);
}

static int check_machine(struct job *j)
{
	const struct mk_machine *m = j->m;
	uint64_t low = m->low_base, end = m->low_base + m->low_bytes;
	unsigned int i;

	if (!m->memory_base || !m->memory_bytes ||
	    (m->memory_base | m->memory_bytes) & (MEMORY_ALIGN - 1) ||
	    m->memory_base >= PHYSICAL_LIMIT ||
	    m->memory_bytes > PHYSICAL_LIMIT - m->memory_base)
		return bad_call(j, "bad memory");
	if ((m->low_base | m->low_bytes) & (PAGE - 1) ||
	    m->low_bytes > LOW_LIMIT || m->low_base > LOW_LIMIT ||
	    end > LOW_LIMIT)
		return bad_call(j, "bad low window");
	if (low < LOW_FIRST)
		low = LOW_FIRST;
	if (!m->x2apic)
		end -= end ? PAGE : 0;
	if (end < low || end - low < LOW_LEAST)
		return mk_fail(j->err, MK_E_MEMORY,
			       "the low window is too small: a kernel needs "
			       "%llu KiB of it above address 0x%llx",
			       LOW_LEAST >> 10, LOW_FIRST);
	if (!m->nr_cpus || m->nr_cpus > MK_PLAN_CPUS || !m->apic_ids)
		return bad_call(j, "bad list of CPUs");
	for (i = 0; i < m->nr_cpus; i++)
		if (!m->x2apic && m->apic_ids[i] > 0xfe)
			return mk_fail(j->err, MK_E_SUPPORT,
				       "APIC id %u cannot be handed over in "
				       "xAPIC mode",
				       m->apic_ids[i]);
	return 0;
}

static bool apart(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length)
{
	return a + a_length <= b || b + b_length <= a;
}

/*
 * Persistent memory of the spawn is memory of the machine that nothing else of
 * the plan may be in.
 */
static int check_pmem(struct job *j)
{
	const struct mk_plan_pmem *p = j->in->pmem;
	const struct mk_machine *m = j->m;
	unsigned int i, k, nr = j->in->nr_pmem;

	if (nr > MK_PLAN_PMEM || (nr && !p))
		return bad_call(j, "a bad list of persistent memory");
	for (i = 0; i < nr; i++) {
		if (!p[i].address || !p[i].length ||
		    (p[i].address | p[i].length) & (MEMORY_ALIGN - 1) ||
		    p[i].address >= PHYSICAL_LIMIT ||
		    p[i].length > PHYSICAL_LIMIT - p[i].address)
			return bad_call(j, "bad persistent memory");
		if (!apart(p[i].address, p[i].length, m->memory_base,
			   m->memory_bytes))
			return bad_call(j, "persistent memory inside of the "
					   "instance's memory");
		for (k = 0; k < i; k++)
			if (!apart(p[i].address, p[i].length, p[k].address,
				   p[k].length))
				return bad_call(j, "ranges of persistent "
						   "memory overlap");
	}
	return 0;
}

static int check_image(struct job *j)
{
	const struct mk_image *image = j->in->image;
	const struct mk_image_part *a, *b;
	unsigned int i, k;

	if (!image || !image->nr_parts || image->nr_parts > MK_IMAGE_PARTS ||
	    image->setup_header_length > MK_SETUP_HEADER_MAX)
		return bad_call(j, "no image");
	if (image->alignment < MEMORY_ALIGN ||
	    image->alignment & (image->alignment - 1) || !image->span ||
	    image->entry >= image->span)
		return bad_call(j, "an image that was not parsed");
	for (i = 0; i < image->nr_parts; i++) {
		a = &image->parts[i];
		if (!a->memory || a->length > a->memory ||
		    (a->length && !a->bytes) || a->offset & (PAGE - 1) ||
		    a->offset > image->span ||
		    a->memory > image->span - a->offset)
			return bad_call(j, "a bad part of the image");
		for (k = 0; k < i; k++) {
			b = &image->parts[k];
			if (a->offset < align_up(b->offset + b->memory, PAGE) &&
			    b->offset < align_up(a->offset + a->memory, PAGE))
				return bad_call(j,
						"parts of the image overlap");
		}
	}
	if (j->in->initrd_length && !j->in->initrd)
		return bad_call(j, "no initrd");
	return 0;
}

/* The least offset at which a kernel may be put, before its alignment. */
static uint64_t least_offset(const struct mk_image *image)
{
	return image->preferred > AT_RAM ? image->preferred : AT_RAM;
}

uint64_t mk_plan_least_memory(const struct mk_image *image,
			      size_t initrd_length)
{
	/* How far apart aligned places are, seen from a 2 MiB boundary. */
	uint64_t slack = image->alignment > MEMORY_ALIGN
				 ? image->alignment - MEMORY_ALIGN
				 : 0;
	uint64_t offset = least_offset(image), span = image->span;
	uint64_t initrd = initrd_length;

	if (slack > PHYSICAL_LIMIT || offset > PHYSICAL_LIMIT ||
	    span > PHYSICAL_LIMIT || initrd > PHYSICAL_LIMIT)
		return UINT64_MAX & ~(MEMORY_ALIGN - 1);
	return align_up(align_up(offset, MEMORY_ALIGN) + slack +
				align_up(span, PAGE) + align_up(initrd, PAGE),
			MEMORY_ALIGN);
}

static int too_small(struct job *j)
{
	return mk_fail(j->err, MK_E_MEMORY,
		       "%llu MiB of memory is too small for this kernel and "
		       "initrd: at least %llu MiB are needed",
		       (unsigned long long)j->m->memory_bytes >> 20,
		       (unsigned long long)mk_plan_least_memory(
			       j->in->image, j->in->initrd_length) >>
			       20);
}

/* Kernel low, initrd at the top. */
static int place(struct job *j)
{
	const struct mk_image *image = j->in->image;
	const struct mk_machine *m = j->m;
	uint64_t top = m->memory_base + m->memory_bytes;
	uint64_t least = mk_plan_least_memory(image, j->in->initrd_length);
	uint64_t initrd = j->in->initrd_length, xload;
	const uint8_t *header = image->setup_header;

	if (least > PHYSICAL_LIMIT || image->alignment > m->memory_bytes ||
	    least_offset(image) > m->memory_bytes)
		return too_small(j);
	initrd = align_up(initrd, PAGE);
	j->load = align_up(m->memory_base + least_offset(image),
			   image->alignment);
	if (j->load >= top || initrd >= top - j->load ||
	    align_up(image->span, PAGE) > top - j->load - initrd)
		return too_small(j);
	j->initrd = initrd ? top - initrd : 0;

	xload = image->setup_header_length >=
				MK_HDR_XLOADFLAGS + 2 - MK_HDR_START
			? header[MK_HDR_XLOADFLAGS - MK_HDR_START]
			: MK_XLF_ABOVE_4G;
	if (top > 1ULL << 32 && !(xload & MK_XLF_ABOVE_4G))
		return mk_fail(j->err, MK_E_SUPPORT,
			       "this kernel cannot be loaded above 4 GiB, and "
			       "the memory reaches above it");
	return 0;
}

static void add_e820(struct mk_plan *plan, uint64_t address, uint64_t length,
		     uint32_t type)
{
	plan->e820[plan->nr_e820++] = (struct mk_e820){ address, length, type };
}

/* Put an entry where it belongs. */
static void insert_e820(struct mk_plan *plan, uint64_t address, uint64_t length,
			uint32_t type)
{
	unsigned int i = plan->nr_e820++;

	for (; i && plan->e820[i - 1].address > address; i--)
		plan->e820[i] = plan->e820[i - 1];
	plan->e820[i] = (struct mk_e820){ address, length, type };
}

/*
 * Ascending.  What is not listed is not there for the spawn.
 *
 * Neighbours of type 12 stay apart: kernels do not merge them either
 * (arch/x86/kernel/e820.c:e820_nomerge), so each becomes a device of its own.
 */
static void make_e820(struct job *j)
{
	const struct mk_machine *m = j->m;
	uint64_t base = m->memory_base;
	uint64_t ram = m->low_bytes - (m->x2apic ? 0 : PAGE);
	struct mk_plan *p = j->plan;
	unsigned int i;

	add_e820(p, m->low_base, ram, MK_E820_RAM);
	if (!m->x2apic)
		add_e820(p, m->low_base + ram, PAGE, MK_E820_RESERVED);
	add_e820(p, base + AT_ACPI, ACPI_ROOM, MK_E820_ACPI);
	add_e820(p, base + AT_HANDOFF, MKW_HANDOFF_BYTES, MK_E820_RESERVED);
	add_e820(p, base + AT_EFI, EFI_ROOM, MK_E820_RESERVED);
	add_e820(p, base + AT_CHANNEL, CHANNEL_ROOM, MK_E820_RESERVED);
	add_e820(p, base + AT_RAM, m->memory_bytes - AT_RAM, MK_E820_RAM);
	for (i = 0; i < j->in->nr_pmem; i++)
		insert_e820(p, j->in->pmem[i].address, j->in->pmem[i].length,
			    MK_E820_PMEM);
}

static int build_acpi(struct job *j)
{
	const struct mk_machine *m = j->m;
	uint64_t base = m->memory_base;
	struct mk_acpi_cpus cpus = {
		.apic_ids = m->apic_ids,
		.nr = m->nr_cpus,
		.real_bsp = m->boot_apic_id,
		.x2apic = m->x2apic,
	};
	struct mk_acpi acpi;
	int ret;

	if (!m->x2apic)
		cpus.ioapic = (uint32_t)(m->low_base + m->low_bytes - PAGE);
	ret = mk_acpi_begin(&acpi, j->p.acpi, ACPI_ROOM, base + AT_ACPI,
			    j->err);
	if (!ret)
		ret = mk_acpi_dsdt(&acpi, base + AT_HANDOFF, j->err);
	if (!ret)
		ret = mk_acpi_fadt(&acpi, base + AT_HANDOFF, j->err);
	if (!ret)
		ret = mk_acpi_madt(&acpi, &cpus, j->err);
	if (ret == MK_E_NOSPACE)
		return mk_fail(j->err, MK_E_SUPPORT,
			       "%u CPUs are more than the ACPI tables of an "
			       "instance have room for",
			       m->nr_cpus);
	if (!ret)
		ret = mk_acpi_finish(&acpi, &j->rsdp, &j->acpi_length, j->err);
	return ret;
}

/*
 * Persistent memory is EFI's reserved, not EFI's persistent memory.  Kernels 6.1
 * to 7.2 take none of it from the EFI map (arch/x86/platform/efi/efi.c:
 * do_add_efi_memmap wants an option for that), and where they would, the latter
 * becomes e820's type 7 (ibid.), which wants an ACPI NFIT beside it; what
 * drivers/nvdimm/e820.c looks for is IORES_DESC_PERSISTENT_MEMORY_LEGACY, which
 * is type 12 alone (e820.c:e820_type_to_iores_desc).
 */
static int build_efi(struct job *j)
{
	uint64_t base = j->m->memory_base;
	struct mk_efi_memory
		memory[sizeof(j->plan->e820) / sizeof(j->plan->e820[0])];
	struct mk_efi_input in = {
		.base = base + AT_EFI,
		.length = EFI_ROOM,
		.reset_word = base + AT_HANDOFF + MKW_HANDOFF_RESET,
		.rsdp = j->rsdp,
		.memory = memory,
	};
	unsigned int i;

	for (i = 0; i < j->plan->nr_e820; i++) {
		const struct mk_e820 *e = &j->plan->e820[i];
		struct mk_efi_memory *to = &memory[in.nr_memory];

		if (e->address == in.base)
			continue;
		to->address = e->address;
		to->length = e->length;
		to->type = e->type == MK_E820_RAM    ? MK_EFI_CONVENTIONAL
			   : e->type == MK_E820_ACPI ? MK_EFI_ACPI_RECLAIM
						     : MK_EFI_RESERVED;
		if (e->address == base + AT_HANDOFF)
			to->type = MK_EFI_RUNTIME_DATA;
		in.nr_memory++;
	}
	return mk_efi_build(&j->efi, &in, j->p.efi, EFI_ROOM, j->err);
}

static int build_bootparams(struct job *j)
{
	struct mk_bootparams bp = {
		.image = j->in->image,
		.rsdp = j->rsdp,
		.cmdline = j->m->memory_base + AT_CMDLINE,
		.initrd = j->initrd,
		.initrd_bytes = j->in->initrd_length,
		.efi = &j->efi,
		.e820 = j->plan->e820,
		.nr_e820 = j->plan->nr_e820,
	};

	return mk_bootparams_build(&bp, j->p.bootparams, PAGE, j->err);
}

static int build_cmdline(struct job *j)
{
	const struct mk_image *image = j->in->image;
	const uint8_t *size =
		image->setup_header + (MK_HDR_CMDLINE_SIZE - MK_HDR_START);
	struct mk_cmdline in = {
		.x2apic = j->m->x2apic,
		.fixed = !image->kaslr,
		.la57 = j->plan->la57,
		.tsc_khz = j->m->tsc_khz,
		.user = j->in->cmdline,
		.allow_hazards = j->in->allow_hazards,
		.agent = j->in->agent,
	};

	if (image->setup_header_length >=
	    MK_HDR_CMDLINE_SIZE + 4 - MK_HDR_START)
		in.limit = size[0] | (size_t)size[1] << 8 |
			   (size_t)size[2] << 16 | (size_t)size[3] << 24;
	return mk_cmdline_build(&in, (char *)j->p.cmdline, PAGE,
				&j->cmdline_length, j->err);
}

static void add_segment(struct job *j, const char *what, const void *bytes,
			uint64_t length, uint64_t address, uint64_t memory)
{
	j->plan->segments[j->plan->nr_segments++] = (struct mk_plan_segment){
		.what = what,
		.bytes = bytes,
		.length = length,
		.address = address,
		.memory = align_up(memory, PAGE),
	};
}

static void add_segments(struct job *j)
{
	const struct mk_image *image = j->in->image;
	const struct mk_machine *m = j->m;
	uint64_t base = m->memory_base;
	unsigned int i;

	if (!m->x2apic)
		add_segment(j, "dummy IOAPIC", j->p.ioapic, PAGE,
			    m->low_base + m->low_bytes - PAGE, PAGE);
	add_segment(j, "boot parameters", j->p.bootparams, PAGE,
		    base + AT_BOOTPARAMS, PAGE);
	add_segment(j, "command line", j->p.cmdline, j->cmdline_length + 1,
		    base + AT_CMDLINE, PAGE);
	add_segment(j, "ACPI tables", j->p.acpi, j->acpi_length, base + AT_ACPI,
		    ACPI_ROOM);
	add_segment(j, "page tables", j->p.tables, j->p.tables_bytes,
		    base + AT_TABLES, j->p.tables_bytes);
	add_segment(j, "EFI runtime", j->p.efi, j->efi.used, base + AT_EFI,
		    EFI_ROOM);
	for (i = 0; i < image->nr_parts; i++)
		add_segment(j, "kernel", image->parts[i].bytes,
			    image->parts[i].length,
			    j->load + image->parts[i].offset,
			    image->parts[i].memory);
	if (j->initrd)
		add_segment(j, "initrd", j->in->initrd, j->in->initrd_length,
			    j->initrd, j->in->initrd_length);
}

static int carve(struct job *j, const struct mk_pagetable *pt, void *buffer,
		 size_t size)
{
	struct mk_writer w = mk_writer(buffer, size);

	j->p.tables_bytes = mk_pagetable_size(pt);
	if (!j->p.tables_bytes || j->p.tables_bytes > TABLES_ROOM)
		return mk_fail(j->err, MK_E_SUPPORT,
			       "memory at 0x%llx is out of reach of %s page "
			       "tables",
			       (unsigned long long)pt->memory_base,
			       pt->la57 ? "5-level" : "4-level");
	if (!buffer)
		w.over = true;
	j->p.bootparams = mk_writer_take(&w, PAGE);
	j->p.cmdline = mk_writer_take(&w, PAGE);
	j->p.acpi = mk_writer_take(&w, ACPI_ROOM);
	j->p.tables = mk_writer_take(&w, j->p.tables_bytes);
	j->p.efi = mk_writer_take(&w, EFI_ROOM);
	j->p.ioapic = mk_writer_take(&w, PAGE);
	if (w.over)
		return mk_fail(j->err, MK_E_NOSPACE,
			       "plan: the buffer is too small");
	mk_store(j->p.ioapic + IOAPIC_WINDOW, IOAPIC_ANSWER, 4);
	return 0;
}

int mk_plan_make(struct mk_plan *plan, const struct mk_plan_input *in,
		 void *buffer, size_t size, struct mk_error *err)
{
	struct job j = { .plan = plan, .in = in, .m = &in->machine, .err = err };
	uint64_t base = in->machine.memory_base;
	struct mk_pagetable pt;
	int ret;

	memset(plan, 0, sizeof(*plan));
	ret = check_machine(&j);
	if (!ret)
		ret = check_pmem(&j);
	if (!ret)
		ret = check_image(&j);
	if (!ret)
		ret = place(&j);
	if (ret)
		return ret;

	plan->la57 = j.m->la57 && in->image->la57 &&
		     !(in->cmdline && mk_cmdline_has(in->cmdline, "no5lvl"));
	pt = (struct mk_pagetable){ .memory_base = base,
				    .memory_bytes = j.m->memory_bytes,
				    .la57 = plan->la57,
				    .gbpages = j.m->gbpages };
	ret = carve(&j, &pt, buffer, size);
	if (ret)
		return ret;
	make_e820(&j);
	ret = build_cmdline(&j);
	if (!ret)
		ret = build_acpi(&j);
	if (!ret)
		ret = build_efi(&j);
	if (!ret)
		ret = build_bootparams(&j);
	if (!ret)
		ret = mk_pagetable_build(&pt, base + AT_TABLES, j.p.tables,
					 j.p.tables_bytes, err);
	if (ret)
		return ret;

	add_segments(&j);
	plan->entry = j.load + in->image->entry;
	plan->argument = base + AT_BOOTPARAMS;
	plan->page_table = base + AT_TABLES;
	plan->handoff = base + AT_HANDOFF;
	plan->channel_base = base + AT_CHANNEL;
	plan->channel_bytes = CHANNEL_ROOM;
	plan->cmdline = (const char *)j.p.cmdline;
	return 0;
}
