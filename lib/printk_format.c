// SPDX-License-Identifier: LGPL-2.1-or-later
/* A record of a kernel's log as a person reads it. */
#include <inttypes.h>
#include <stdio.h>

#include "printk_ring.h"

static bool printable(unsigned char c)
{
	return (c >= ' ' && c <= '~') || c == '\t';
}

int mk_log_format(const struct mk_log_record *record, char *buffer, size_t size,
		  size_t *length, struct mk_error *err)
{
	size_t at = 0, i, text = record->length, prefix;
	char time[24];
	unsigned char c;

	if (text > MK_LOG_TEXT_MAX)
		text = MK_LOG_TEXT_MAX;
	prefix = (size_t)snprintf(time, sizeof(time),
				  "[%5" PRIu64 ".%06" PRIu64 "] ",
				  record->time / 1000000000,
				  record->time % 1000000000 / 1000);
	for (i = 0; i <= text; i++) {
		/* The most one step writes: newline, prefix, \xNN, NUL. */
		if (at > size || size - at < prefix + 6)
			goto no_space;
		if (i == 0 || record->text[i - 1] == '\n') {
			memcpy(buffer + at, time, prefix);
			at += prefix;
		}
		c = (unsigned char)record->text[i];
		if (i == text || c == '\n')
			buffer[at++] = '\n';
		else if (printable(c))
			buffer[at++] = (char)c;
		else
			at += (size_t)snprintf(buffer + at, 5, "\\x%02x", c);
	}
	buffer[at] = '\0';
	if (length)
		*length = at;
	return 0;

no_space:
	return mk_fail(err, MK_E_NOSPACE,
		       "a line of the log does not fit in %zu bytes", size);
}
