// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Builds the EFI runtime of a spawn; see efi.h.
 *
 * The first page is code, everything after it data, because a kernel maps
 * whole pages.  Section numbers are those of UEFI 2.10.
 */
#include "efi.h"

#include <stdbool.h>

#include "writer.h"

/* efi_stub.S: the code, and what is where in it. */
struct stub_layout {
	uint32_t success, reset, word, length;
};

extern const uint8_t mk_efi_stub[];
extern const struct stub_layout mk_efi_stub_layout;

#define REVISION		(2U << 16 | 80) /* 2.8: the first with RT_PROPERTIES */
#define HEADER_BYTES		24 /* 4.2, EFI_TABLE_HEADER */
#define HEADER_CRC		16
#define SYSTEM_BYTES		120 /* 4.3, EFI_SYSTEM_TABLE */
#define RUNTIME_BYTES		136 /* 4.5, EFI_RUNTIME_SERVICES */
#define RUNTIME_SERVICES	14
#define SERVICE_SET_VIRTUAL_MAP 4
#define SERVICE_RESET_SYSTEM	10

#define SYSTEM_SIGNATURE	0x5453595320494249ULL /* "IBI SYST" */
#define RUNTIME_SIGNATURE	0x56524553544e5552ULL /* "RUNTSERV" */

/* 4.6, EFI_RT_PROPERTIES_TABLE. */
#define RT_SUPPORTED_SET_VIRTUAL_MAP 0x0100
#define RT_SUPPORTED_RESET_SYSTEM    0x0400

/* 7.2.3, attributes of memory. */
#define MEMORY_WB      0x8ULL
#define MEMORY_XP      0x4000ULL
#define MEMORY_RO      0x20000ULL
#define MEMORY_RUNTIME (1ULL << 63)

#define CONFIG_TABLES  3

/* 4.6, in the order of their bytes in memory. */
static const uint8_t acpi_20_guid[16] = {
	0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
	0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81,
};
static const uint8_t rt_properties_guid[16] = {
	0x8a, 0x91, 0x66, 0xeb, 0xef, 0x7e, 0x2a, 0x40,
	0x84, 0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9,
};
static const uint8_t memory_attributes_guid[16] = {
	0x1d, 0x91, 0xfa, 0xdc, 0xeb, 0x26, 0x9f, 0x46,
	0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46, 0x12, 0x20,
};

/* 4.2: the CRC of a table is taken with the field itself zero. */
static void seal(uint8_t *table, size_t length)
{
	uint32_t crc = UINT32_MAX;
	size_t i;
	int bit;

	for (i = 0; i < length; i++) {
		crc ^= table[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	mk_store(table + HEADER_CRC, ~crc, 4);
}

static void table_header(struct mk_writer *w, uint64_t signature,
			 uint32_t length)
{
	mk_writer_u64(w, signature);
	mk_writer_u32(w, REVISION);
	mk_writer_u32(w, length);
	mk_writer_u64(w, 0); /* CRC, reserved */
}

static void put_code(struct mk_writer *w, uint64_t reset_word)
{
	size_t at = w->at;

	mk_writer_put(w, mk_efi_stub, mk_efi_stub_layout.length);
	if (!w->over)
		mk_store(w->bytes + at + mk_efi_stub_layout.word, reset_word,
			 8);
	mk_writer_align(w, MK_EFI_PAGE);
}

static void put_runtime_table(struct mk_writer *w, uint64_t code)
{
	size_t at = w->at;
	unsigned int i;
	uint64_t service;

	table_header(w, RUNTIME_SIGNATURE, RUNTIME_BYTES);
	for (i = 0; i < RUNTIME_SERVICES; i++) {
		service = code;
		if (i == SERVICE_SET_VIRTUAL_MAP)
			service += mk_efi_stub_layout.success;
		if (i == SERVICE_RESET_SYSTEM)
			service += mk_efi_stub_layout.reset;
		mk_writer_u64(w, service);
	}
	if (!w->over)
		seal(w->bytes + at, RUNTIME_BYTES);
}

static void put_system_table(struct mk_writer *w, uint64_t vendor,
			     uint64_t runtime, uint64_t config)
{
	size_t at = w->at;

	table_header(w, SYSTEM_SIGNATURE, SYSTEM_BYTES);
	mk_writer_u64(w, vendor);
	mk_writer_u32(w, 1); /* firmware revision */
	mk_writer_u32(w, 0);
	mk_writer_take(w, 6 * 8); /* consoles: none */
	mk_writer_u64(w, runtime);
	mk_writer_u64(w, 0); /* boot services: left */
	mk_writer_u64(w, CONFIG_TABLES);
	mk_writer_u64(w, config);
	if (!w->over)
		seal(w->bytes + at, SYSTEM_BYTES);
}

static void put_text(struct mk_writer *w, const char *text)
{
	do
		mk_writer_u16(w, (uint8_t)*text);
	while (*text++);
}

static void put_config(struct mk_writer *w, const uint8_t guid[16],
		       uint64_t address)
{
	mk_writer_put(w, guid, 16);
	mk_writer_u64(w, address);
}

/* 7.2.3, EFI_MEMORY_DESCRIPTOR, version 1. */
static void put_descriptor(struct mk_writer *w, enum mk_efi_type type,
			   uint64_t address, uint64_t length,
			   uint64_t attributes)
{
	mk_writer_u32(w, type);
	mk_writer_u32(w, 0);
	mk_writer_u64(w, address);
	mk_writer_u64(w, 0); /* virtual address: the kernel's to choose */
	mk_writer_u64(w, length / MK_EFI_PAGE);
	mk_writer_u64(w, attributes);
	mk_writer_u64(w, 0); /* beyond what version 1 defines */
}

static uint64_t attributes(enum mk_efi_type type)
{
	if (type == MK_EFI_RUNTIME_CODE || type == MK_EFI_RUNTIME_DATA)
		return MEMORY_WB | MEMORY_RUNTIME;
	return MEMORY_WB;
}

static void put_runtime(struct mk_writer *w, const struct mk_efi_input *in)
{
	put_descriptor(w, MK_EFI_RUNTIME_CODE, in->base, MK_EFI_PAGE,
		       attributes(MK_EFI_RUNTIME_CODE));
	put_descriptor(w, MK_EFI_RUNTIME_DATA, in->base + MK_EFI_PAGE,
		       in->length - MK_EFI_PAGE,
		       attributes(MK_EFI_RUNTIME_DATA));
}

static void put_memory_map(struct mk_writer *w, const struct mk_efi_input *in)
{
	bool done = false;
	unsigned int i;

	for (i = 0; i < in->nr_memory; i++) {
		const struct mk_efi_memory *m = &in->memory[i];

		if (!done && m->address > in->base) {
			put_runtime(w, in);
			done = true;
		}
		put_descriptor(w, m->type, m->address, m->length,
			       attributes(m->type));
	}
	if (!done)
		put_runtime(w, in);
}

/* 4.6, EFI_MEMORY_ATTRIBUTES_TABLE, version 1: code or data, never both. */
static void put_memory_attributes(struct mk_writer *w,
				  const struct mk_efi_input *in)
{
	unsigned int i, nr = 2;

	for (i = 0; i < in->nr_memory; i++)
		nr += in->memory[i].type == MK_EFI_RUNTIME_DATA;
	mk_writer_u32(w, 1);
	mk_writer_u32(w, nr);
	mk_writer_u32(w, MK_EFI_DESCRIPTOR);
	mk_writer_u32(w, 0);
	for (i = 0; i < in->nr_memory; i++)
		if (in->memory[i].type == MK_EFI_RUNTIME_DATA)
			put_descriptor(w, MK_EFI_RUNTIME_DATA,
				       in->memory[i].address,
				       in->memory[i].length,
				       MEMORY_RUNTIME | MEMORY_XP);
	put_descriptor(w, MK_EFI_RUNTIME_CODE, in->base, MK_EFI_PAGE,
		       MEMORY_RUNTIME | MEMORY_RO);
	put_descriptor(w, MK_EFI_RUNTIME_DATA, in->base + MK_EFI_PAGE,
		       in->length - MK_EFI_PAGE, MEMORY_RUNTIME | MEMORY_XP);
}

/* Page aligned, ascending, nothing over the runtime, reset word covered. */
static bool memory_is_sane(const struct mk_efi_input *in)
{
	uint64_t end = 0, word = in->reset_word;
	bool covered = false;
	unsigned int i;

	for (i = 0; i < in->nr_memory; i++) {
		const struct mk_efi_memory *m = &in->memory[i];

		if ((m->address | m->length) & (MK_EFI_PAGE - 1) ||
		    !m->length || m->length > UINT64_MAX - m->address ||
		    m->address < end || m->type == MK_EFI_RUNTIME_CODE)
			return false;
		end = m->address + m->length;
		if (m->address < in->base + in->length && in->base < end)
			return false;
		if (m->type == MK_EFI_RUNTIME_DATA && m->address <= word &&
		    word < end)
			covered = true;
	}
	return covered;
}

int mk_efi_build(struct mk_efi *efi, const struct mk_efi_input *in,
		 void *buffer, size_t size, struct mk_error *err)
{
	struct mk_writer w = mk_writer(buffer, size);
	uint64_t vendor, properties, memattr, config, runtime;

	if (!buffer || (in->base | in->length) & (MK_EFI_PAGE - 1) ||
	    in->length < 2 * MK_EFI_PAGE ||
	    in->length > UINT64_MAX - in->base || in->reset_word & 3 ||
	    (in->nr_memory && !in->memory))
		return mk_fail(err, MK_E_CALL, "EFI runtime: a bad argument");
	if (!memory_is_sane(in))
		return mk_fail(err, MK_E_CALL, "EFI runtime: a bad memory map");
	if (w.size > in->length)
		w.size = in->length;

	put_code(&w, in->reset_word);
	vendor = in->base + w.at;
	put_text(&w, "multikernel");
	mk_writer_align(&w, 8);
	properties = in->base + w.at;
	mk_writer_u16(&w, 1); /* version */
	mk_writer_u16(&w, 8); /* length */
	mk_writer_u32(&w,
		      RT_SUPPORTED_SET_VIRTUAL_MAP | RT_SUPPORTED_RESET_SYSTEM);
	memattr = in->base + w.at;
	put_memory_attributes(&w, in);
	config = in->base + w.at;
	put_config(&w, acpi_20_guid, in->rsdp);
	put_config(&w, memory_attributes_guid, memattr);
	put_config(&w, rt_properties_guid, properties);
	runtime = in->base + w.at;
	put_runtime_table(&w, in->base);
	efi->system_table = in->base + w.at;
	put_system_table(&w, vendor, runtime, config);
	mk_writer_align(&w, 16);
	efi->memory_map = in->base + w.at;
	put_memory_map(&w, in);
	efi->memory_map_bytes = (in->nr_memory + 2) * MK_EFI_DESCRIPTOR;
	efi->used = w.at;
	if (w.over)
		return mk_fail(err, MK_E_NOSPACE,
			       "EFI runtime: the buffer is too small");
	return 0;
}
