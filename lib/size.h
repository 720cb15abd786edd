/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes and addresses as people write them: "256M", "1GiB", "0x40000000".
 *
 * A number is decimal, or hexadecimal after 0x; a suffix K, M, G or T (either
 * case, optionally followed by "iB") multiplies by a power of 1024.  Signs,
 * blanks, fractions and anything after the suffix are refused.
 */
#ifndef MK_SIZE_H
#define MK_SIZE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define MK_SIZE_TEXT 24 /* room for any formatted size, with the NUL */

/* Errors: MK_E_CALL (a NULL), MK_E_INPUT (not a size, or more than 2^64-1). */
int mk_size_parse(const char *text, uint64_t *bytes, struct mk_error *err);

/*
 * Exact, in the largest unit that leaves no remainder: "256M", "1025".
 * mk_size_parse() gives the same number back.  Returns @out.
 */
const char *mk_size_format(char *out, size_t size, uint64_t bytes);

/* Rounded down to one decimal, for tables: "17.3M", "256M".  Returns @out. */
const char *mk_size_short(char *out, size_t size, uint64_t bytes);

#endif /* MK_SIZE_H */
