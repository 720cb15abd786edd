// SPDX-License-Identifier: GPL-2.0-only
/* Records of kernel logs on stdout. */
#include "logprint.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"

void logprint_fields(struct json_object *to, const struct mk_log_record *r)
{
	char text[MK_LOG_TEXT_MAX + 1];
	size_t i;

	for (i = 0; i < r->length; i++)
		text[i] = r->text[i] ? r->text[i] : '?';
	text[i] = '\0';
	make_printable(text);
	json_number(to, "seq", r->seq);
	json_number(to, "time_ns", r->time);
	json_number(to, "level", r->level);
	json_number(to, "facility", r->facility);
	json_number(to, "lost", r->lost);
	json_text(to, "text", text);
}

static void prefix(const char *source, uint64_t time_ns, bool exact)
{
	printf("[%5" PRIu64 ".%06" PRIu64 "]%s %s: ", time_ns / 1000000000,
	       time_ns % 1000000000 / 1000, exact ? "" : "~", source);
}

void logprint_line(const char *source, uint64_t time_ns, bool exact,
		   const struct mk_log_record *r)
{
	unsigned char c;
	size_t i;

	prefix(source, time_ns, exact);
	for (i = 0; i < r->length; i++) {
		c = (unsigned char)r->text[i];
		if (c == '\n') {
			putchar('\n');
			prefix(source, time_ns, exact);
		} else if ((c >= ' ' && c <= '~') || c == '\t') {
			putchar(c);
		} else {
			printf("\\x%02x", c);
		}
	}
	putchar('\n');
}

void logprint_lost(const char *source, const struct mk_log_record *r)
{
	if (!r->lost)
		return;
	if (source)
		printf("%s: ", source);
	printf("(%" PRIu64 " lines were overwritten)\n", r->lost);
}
