// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sizes and addresses as people write them. */
#include "size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGT"; /* 1024^1, ^2, ^3, ^4 */

static int digit(char c, unsigned int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The power of two a suffix stands for, or -1. */
static int shift_of(const char *suffix)
{
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, *suffix & ~0x20);
	if (!unit || !*unit)
		return -1;
	if (suffix[1] && strcmp(suffix + 1, "iB") != 0)
		return -1;
	return 10 * (int)(unit - units + 1);
}

int mk_size_parse(const char *text, uint64_t *bytes, struct mk_error *err)
{
	unsigned int base = 10;
	const char *at = text;
	uint64_t value = 0;
	int shift, d;

	if (!text || !bytes)
		return mk_fail(err, MK_E_CALL, "no text, or no place for it");
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		base = 16;
		at += 2;
	}
	if (digit(*at, base) < 0)
		goto not_a_size;
	for (; (d = digit(*at, base)) >= 0; at++) {
		if (value > (UINT64_MAX - (unsigned int)d) / base)
			goto too_large;
		value = value * base + (unsigned int)d;
	}
	shift = shift_of(at);
	if (shift < 0)
		goto not_a_size;
	if (shift && value >> (64 - shift))
		goto too_large;
	*bytes = value << shift;
	return 0;

not_a_size:
	return mk_fail(err, MK_E_INPUT,
		       "'%.40s' is not a size: write it like 256M, 1G or "
		       "0x40000000",
		       text);
too_large:
	return mk_fail(err, MK_E_INPUT, "'%.40s' is too large a number", text);
}

const char *mk_size_format(char *out, size_t size, uint64_t bytes)
{
	unsigned int unit = 0;

	while (bytes && unit < 4 && !(bytes & 1023)) {
		bytes >>= 10;
		unit++;
	}
	if (unit)
		snprintf(out, size, "%" PRIu64 "%c", bytes, units[unit - 1]);
	else
		snprintf(out, size, "%" PRIu64, bytes);
	return out;
}

const char *mk_size_short(char *out, size_t size, uint64_t bytes)
{
	unsigned int unit = 0, tenths = 0;

	while (unit < 4 && bytes >= 1024) {
		tenths = (unsigned int)((bytes & 1023) * 10 / 1024);
		bytes >>= 10;
		unit++;
	}
	if (unit && tenths && bytes < 1000)
		snprintf(out, size, "%" PRIu64 ".%u%c", bytes, tenths,
			 units[unit - 1]);
	else if (unit)
		snprintf(out, size, "%" PRIu64 "%c", bytes, units[unit - 1]);
	else
		snprintf(out, size, "%" PRIu64, bytes);
	return out;
}
