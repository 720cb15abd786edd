/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that keeps the kernel log of a life that is over: text, a line
 * about the life, then a line a record, oldest first.
 *
 *	mkctl-life 1 LIFE INSTANCE MODULE STARTED ENDED STATE CAUSE OFFSET EXACT
 *	SEQ TIME LEVEL FACILITY TEXT
 *
 * Numbers are decimal; what is not printable ASCII in TEXT, and a backslash,
 * is \xNN, so that nothing of a record is lost.  It is root's own file, yet of
 * another version perhaps, or cut short: each line is checked before it is
 * used.  Nothing here opens files.
 */
#ifndef MKCTL_LIFE_H
#define MKCTL_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "printk_ring.h"

/* The most that a line takes, with its newline and a NUL. */
#define LIFE_HEAD_MAX 256
#define LIFE_LINE_MAX (4 * MK_LOG_TEXT_MAX + 80)

struct life_head {
	uint32_t life; /* mk_info.generation */
	uint32_t instance; /* mk_info.id; they begin anew with the module: */
	uint64_t module; /* which loading of it, see lives.c */
	uint64_t started_ns, ended_ns; /* CLOCK_BOOTTIME */
	uint32_t state, cause; /* how it ended */
	/* The time t of its log is offset_ns + t of CLOCK_BOOTTIME. */
	uint64_t offset_ns;
	bool exact; /* offset_ns is from its agent's hello, see log_clock() */
};

/* One line into @to, which has the room named above; its length. */
size_t life_write_head(char *to, const struct life_head *head);
size_t life_write_record(char *to, const struct mk_log_record *record);

struct life_reader {
	const char *at, *end;
	uint64_t line; /* number of the last line read */
	uint64_t next; /* sequence number looked for next */
};

/*
 * Begin to read @size bytes, which stay as long as @reader is used.
 * MK_E_INPUT: this is no such file, or of another version.
 */
int life_begin(struct life_reader *reader, const void *bytes, size_t size,
	       struct life_head *head, struct mk_error *err);

/*
 * The next record: 1, or 0 when there is none, or MK_E_INPUT with the number
 * of the line that is wrong.  Records before @reader->next are left out.
 */
int life_next(struct life_reader *reader, struct mk_log_record *record,
	      struct mk_error *err);

/* \xNN in @n bytes of @text as bytes; the length, <= MK_LOG_TEXT_MAX. */
size_t log_unescape(char to[MK_LOG_TEXT_MAX + 1], const char *text, size_t n);

/*
 * What to add to the time of a spawn's log for CLOCK_BOOTTIME: from its hello
 * (mk_channel.hello_ns, boot_ns), which is exact, or else from its start, which
 * is early by what passed until its clock ran.  boot_ns is the spawn's word: it
 * cannot be older than its start, but for clocks that differ by a little.
 */
bool log_clock(uint64_t started_ns, uint64_t hello_ns, uint64_t boot_ns,
	       uint64_t *offset_ns);

/* A decimal number up to @most before the character @stop, which is passed. */
bool log_number(const char **at, const char *end, char stop, uint64_t most,
		uint64_t *value);

#endif /* MKCTL_LIFE_H */
