/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few words of ACPI Machine Language that a spawn's DSDT consists of.
 *
 * Everything goes through a bounded writer (writer.h) and is encoded in the
 * shortest form, as ASL compilers do, so that a table disassembled and
 * compiled again gives the same bytes.  Section numbers are those of ACPI 6.5.
 * Internal to the library.
 */
#ifndef MK_AML_H
#define MK_AML_H

#include "writer.h"

/* Blocks in blocks; the deepest there is: Scope, Device, Buffer. */
#define MK_AML_DEPTH 4

struct mk_aml {
	struct mk_writer *writer;
	size_t start[MK_AML_DEPTH]; /* where the body of each open block begins */
	unsigned int depth;
};

static inline struct mk_aml mk_aml(struct mk_writer *writer)
{
	return (struct mk_aml){ .writer = writer };
}

/* NameOp and a name segment of four characters (20.2.2, 20.2.5.1). */
void mk_aml_name(struct mk_aml *aml, const char name[4]);

/* ComputationalData (20.2.3): an integer, or a text without its NUL. */
void mk_aml_integer(struct mk_aml *aml, uint64_t value);
void mk_aml_string(struct mk_aml *aml, const char *text);

/*
 * Open a block; what follows is inside, up to mk_aml_end(), which moves it to
 * make room for its PkgLength (20.2.4).
 *
 * DefScope (20.2.5.1), to be opened at the root; DefDevice (20.2.5.2);
 * DefPackage (20.2.5.4).
 */
void mk_aml_scope(struct mk_aml *aml, const char name[4]);
void mk_aml_device(struct mk_aml *aml, const char name[4]);
void mk_aml_package(struct mk_aml *aml, uint8_t elements);
void mk_aml_end(struct mk_aml *aml);

/*
 * A buffer that is a resource template of one QWord address space descriptor
 * (6.4.3.5.1), fixed, cacheable, writable memory that the device itself uses,
 * and an end tag (6.4.2.9).
 */
void mk_aml_memory_resource(struct mk_aml *aml, uint64_t address,
			    uint64_t length);

#endif /* MK_AML_H */
