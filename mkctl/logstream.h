/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel log of one instance through its lives: each record once, of a life
 * that is over from its saved log, else out of the memory.
 *
 * What is read out of the memory counts only if the life is still the same
 * after that: a start wipes it.  What a restart cut off is in the saved log, as
 * far as whoever started it saved one (mkctl does).
 */
#ifndef MKCTL_LOGSTREAM_H
#define MKCTL_LOGSTREAM_H

#include "lives.h"
#include "spawnlog.h"

enum {
	LOGSTREAM_NONE = 0, /* no more for now: it runs */
	LOGSTREAM_RECORD = 1,
	LOGSTREAM_LIFE = 2, /* the next life begins: stream->life */
	LOGSTREAM_END = 3, /* no more of this life; another one may come */
};

struct logstream {
	const char *name;
	struct mk_instance *inst;
	struct mk_info info; /* as it was last */
	uint32_t life; /* that is read */
	uint32_t last; /* stop behind this one */
	bool hurry; /* take what is there and do not wait for more */
	struct lives_file file; /* when its bytes are not NULL */
	struct spawnlog view; /* when not */
	bool taken; /* the saved log of @life was read, or there is none */
	uint64_t next; /* sequence number looked for next */
	uint64_t left; /* in a hurry: records still to be read */
	const struct mk_log_record *record; /* the last one */
	struct mk_log_record saved;
	uint64_t offset_ns; /* of the life's log to CLOCK_BOOTTIME */
	bool exact;
};

/*
 * Begin with the first line of the life @first.  @last: UINT32_MAX = each that
 * comes.  Both @name and @inst stay as long as it is used.  Errors: those of
 * mk_instance_info().
 */
int logstream_begin(struct logstream *stream, const char *name,
		    struct mk_instance *inst, uint32_t first, uint32_t last,
		    bool hurry, struct mk_error *err);
void logstream_end(struct logstream *stream);

/*
 * The next record (record->lost counts those that are not there before it), or
 * what else there is to say.  MK_E_NOTFOUND: the instance is deleted.
 * MK_E_INPUT: a saved log is damaged; the next call goes on behind it.
 */
int logstream_next(struct logstream *stream, struct mk_error *err);

/* The last record as lines with time and newline. */
const char *logstream_format(struct logstream *stream);

#endif /* MKCTL_LOGSTREAM_H */
