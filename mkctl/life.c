// SPDX-License-Identifier: GPL-2.0-only
/* The file that keeps the kernel log of a life that is over. */
#include "life.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "mkctl-life 1 "

size_t life_write_head(char *to, const struct life_head *head)
{
	return (size_t)snprintf(to, LIFE_HEAD_MAX,
				MAGIC "%" PRIu32 " %" PRIu32 " %" PRIu64
				      " %" PRIu64 " %" PRIu64 " %" PRIu32
				      " %" PRIu32 " %" PRIu64 " %u\n",
				head->life, head->instance, head->module,
				head->started_ns, head->ended_ns, head->state,
				head->cause, head->offset_ns,
				head->exact ? 1 : 0);
}

size_t life_write_record(char *to, const struct mk_log_record *record)
{
	size_t at, i, n = record->length;
	unsigned char c;

	if (n > MK_LOG_TEXT_MAX)
		n = MK_LOG_TEXT_MAX;
	at = (size_t)sprintf(to, "%" PRIu64 " %" PRIu64 " %u %u ", record->seq,
			     record->time, record->level, record->facility);
	for (i = 0; i < n; i++) {
		c = (unsigned char)record->text[i];
		if (c >= ' ' && c <= '~' && c != '\\')
			to[at++] = (char)c;
		else
			at += (size_t)sprintf(to + at, "\\x%02x", c);
	}
	to[at++] = '\n';
	to[at] = '\0';
	return at;
}

bool log_number(const char **at, const char *end, char stop, uint64_t most,
		uint64_t *value)
{
	const char *c = *at;
	unsigned int digit;

	*value = 0;
	for (; c < end && *c >= '0' && *c <= '9'; c++) {
		digit = (unsigned int)(*c - '0');
		if (digit > most || *value > (most - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	if (c == *at || c == end || *c != stop)
		return false;
	*at = c + 1;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

size_t log_unescape(char to[MK_LOG_TEXT_MAX + 1], const char *text, size_t n)
{
	size_t at, i;

	for (at = i = 0; i < n && at < MK_LOG_TEXT_MAX; at++) {
		if (text[i] == '\\' && n - i >= 4 && text[i + 1] == 'x' &&
		    hex(text[i + 2]) >= 0 && hex(text[i + 3]) >= 0) {
			to[at] = (char)(hex(text[i + 2]) << 4 |
					hex(text[i + 3]));
			i += 4;
		} else {
			to[at] = text[i++];
		}
	}
	to[at] = '\0';
	return at;
}

static bool take_head(const char *at, const char *end, struct life_head *head)
{
	uint64_t life, instance, state, cause, exact;

	if (!log_number(&at, end, ' ', UINT32_MAX, &life) ||
	    !log_number(&at, end, ' ', UINT32_MAX, &instance) ||
	    !log_number(&at, end, ' ', UINT64_MAX, &head->module) ||
	    !log_number(&at, end, ' ', INT64_MAX, &head->started_ns) ||
	    !log_number(&at, end, ' ', INT64_MAX, &head->ended_ns) ||
	    !log_number(&at, end, ' ', UINT32_MAX, &state) ||
	    !log_number(&at, end, ' ', UINT32_MAX, &cause) ||
	    !log_number(&at, end, ' ', INT64_MAX, &head->offset_ns) ||
	    !log_number(&at, end, '\n', 1, &exact) || at != end)
		return false;
	head->life = (uint32_t)life;
	head->instance = (uint32_t)instance;
	head->state = (uint32_t)state;
	head->cause = (uint32_t)cause;
	head->exact = exact;
	return true;
}

/* The end of the line at @reader->at, behind its newline; NULL: it has none. */
static const char *line_end(const struct life_reader *reader)
{
	size_t left = (size_t)(reader->end - reader->at);
	const char *newline = memchr(reader->at, '\n', left);

	return newline ? newline + 1 : NULL;
}

int life_begin(struct life_reader *reader, const void *bytes, size_t size,
	       struct life_head *head, struct mk_error *err)
{
	const size_t magic = sizeof(MAGIC) - 1;
	const char *end;

	reader->at = bytes;
	reader->end = reader->at + size;
	reader->line = 1;
	reader->next = 0;
	end = line_end(reader);
	if (!end || size < magic || memcmp(bytes, MAGIC, magic) != 0)
		return mk_fail(err, MK_E_INPUT,
			       "this is no log of a life, or one of another "
			       "version of mkctl");
	if (!take_head(reader->at + magic, end, head))
		return mk_fail(err, MK_E_INPUT,
			       "the first line of the saved log is damaged");
	reader->at = end;
	return 0;
}

static bool take_record(const char *at, const char *end,
			struct mk_log_record *record)
{
	uint64_t level, facility;

	memset(record, 0, offsetof(struct mk_log_record, text));
	if (!log_number(&at, end, ' ', UINT64_MAX - 1, &record->seq) ||
	    !log_number(&at, end, ' ', UINT64_MAX, &record->time) ||
	    !log_number(&at, end, ' ', UINT8_MAX, &level) ||
	    !log_number(&at, end, ' ', UINT8_MAX, &facility) ||
	    end - at > LIFE_LINE_MAX)
		return false;
	record->level = (uint8_t)level;
	record->facility = (uint8_t)facility;
	/* Without the newline. */
	record->length = (uint16_t)log_unescape(record->text, at,
						(size_t)(end - at) - 1);
	return true;
}

int life_next(struct life_reader *reader, struct mk_log_record *record,
	      struct mk_error *err)
{
	uint64_t before = reader->next;
	const char *end;

	while (reader->at < reader->end) {
		end = line_end(reader);
		reader->line++;
		if (!end || !take_record(reader->at, end, record)) {
			reader->at = reader->end;
			return mk_fail(err, MK_E_INPUT,
				       "line %" PRIu64
				       " of the saved log is damaged",
				       reader->line);
		}
		reader->at = end;
		if (record->seq < before)
			continue;
		record->lost = record->seq - before;
		reader->next = record->seq + 1;
		return 1;
	}
	return 0;
}

bool log_clock(uint64_t started_ns, uint64_t hello_ns, uint64_t boot_ns,
	       uint64_t *offset_ns)
{
	uint64_t age = hello_ns - started_ns;

	*offset_ns = started_ns;
	if (hello_ns < started_ns || boot_ns > hello_ns ||
	    boot_ns > age + age / 16 + 1000000000)
		return false;
	*offset_ns = hello_ns - boot_ns;
	return true;
}
