// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * AML encoders; see aml.h.  Opcode values: ACPI 6.5, table 20.2.
 */
#include "aml.h"

#define ZERO_OP	       0x00
#define ONE_OP	       0x01
#define NAME_OP	       0x08
#define BYTE_PREFIX    0x0a
#define WORD_PREFIX    0x0b
#define DWORD_PREFIX   0x0c
#define STRING_PREFIX  0x0d
#define QWORD_PREFIX   0x0e
#define SCOPE_OP       0x10
#define BUFFER_OP      0x11
#define PACKAGE_OP     0x12
#define EXT_PREFIX     0x5b
#define DEVICE_OP      0x82 /* after EXT_PREFIX */
#define ROOT_CHAR      0x5c

#define PKG_LENGTH_MAX 4 /* bytes of the longest PkgLength */

void mk_aml_name(struct mk_aml *aml, const char name[4])
{
	mk_writer_u8(aml->writer, NAME_OP);
	mk_writer_put(aml->writer, name, 4);
}

void mk_aml_integer(struct mk_aml *aml, uint64_t value)
{
	if (value <= 1) {
		mk_writer_u8(aml->writer, value ? ONE_OP : ZERO_OP);
	} else if (value <= UINT8_MAX) {
		mk_writer_u8(aml->writer, BYTE_PREFIX);
		mk_writer_u8(aml->writer, (uint8_t)value);
	} else if (value <= UINT16_MAX) {
		mk_writer_u8(aml->writer, WORD_PREFIX);
		mk_writer_u16(aml->writer, (uint16_t)value);
	} else if (value <= UINT32_MAX) {
		mk_writer_u8(aml->writer, DWORD_PREFIX);
		mk_writer_u32(aml->writer, (uint32_t)value);
	} else {
		mk_writer_u8(aml->writer, QWORD_PREFIX);
		mk_writer_u64(aml->writer, value);
	}
}

void mk_aml_string(struct mk_aml *aml, const char *text)
{
	mk_writer_u8(aml->writer, STRING_PREFIX);
	mk_writer_put(aml->writer, text, strlen(text) + 1);
}

/* The body of a block begins here; a block too deep is a failed write. */
static void open_block(struct mk_aml *aml)
{
	if (aml->depth == MK_AML_DEPTH) {
		aml->writer->over = true;
		return;
	}
	aml->start[aml->depth++] = aml->writer->at;
}

void mk_aml_scope(struct mk_aml *aml, const char name[4])
{
	mk_writer_u8(aml->writer, SCOPE_OP);
	open_block(aml);
	mk_writer_put(aml->writer, name, 4);
}

void mk_aml_device(struct mk_aml *aml, const char name[4])
{
	mk_writer_u8(aml->writer, EXT_PREFIX);
	mk_writer_u8(aml->writer, DEVICE_OP);
	open_block(aml);
	mk_writer_put(aml->writer, name, 4);
}

void mk_aml_package(struct mk_aml *aml, uint8_t elements)
{
	mk_writer_u8(aml->writer, PACKAGE_OP);
	open_block(aml);
	mk_writer_u8(aml->writer, elements);
}

/*
 * PkgLength counts itself.  One byte holds up to 63; otherwise the first byte
 * says in its top bits how many follow and keeps the lowest four bits.
 */
static unsigned int pkg_length(uint8_t to[PKG_LENGTH_MAX], size_t body)
{
	size_t total = body + 1;
	unsigned int more;

	if (total <= 63) {
		to[0] = (uint8_t)total;
		return 1;
	}
	for (more = 1; more < 3; more++)
		if (body + 1 + more < (size_t)1 << (4 + 8 * more))
			break;
	total = body + 1 + more;
	to[0] = (uint8_t)(more << 6 | (total & 15));
	mk_store(to + 1, total >> 4, more);
	return 1 + more;
}

void mk_aml_end(struct mk_aml *aml)
{
	struct mk_writer *w = aml->writer;
	uint8_t length[PKG_LENGTH_MAX];
	size_t start, body;
	unsigned int n;

	if (!aml->depth) {
		w->over = true;
		return;
	}
	start = aml->start[--aml->depth];
	if (w->over)
		return;
	body = w->at - start;
	n = pkg_length(length, body);
	if (!mk_writer_take(w, n))
		return;
	memmove(w->bytes + start + n, w->bytes + start, body);
	memcpy(w->bytes + start, length, n);
}

void mk_aml_memory_resource(struct mk_aml *aml, uint64_t address,
			    uint64_t length)
{
	struct mk_writer *w = aml->writer;

	mk_writer_u8(w, BUFFER_OP);
	open_block(aml);
	mk_aml_integer(aml, 46 + 2);
	mk_writer_u8(w, 0x8a); /* QWord address space descriptor */
	mk_writer_u16(w, 43); /* bytes after this word */
	mk_writer_u8(w, 0); /* memory */
	mk_writer_u8(w, 0x0d); /* consumed, fixed at both ends */
	mk_writer_u8(w, 0x03); /* cacheable, writable */
	mk_writer_u64(w, 0); /* granularity */
	mk_writer_u64(w, address);
	mk_writer_u64(w, address + length - 1);
	mk_writer_u64(w, 0); /* translation */
	mk_writer_u64(w, length);
	mk_writer_u8(w, 0x79); /* end tag */
	mk_writer_u8(w, 0); /* no checksum */
	mk_aml_end(aml);
}
