// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log of one instance through its lives. */
#include "logstream.h"

#include <string.h>

static bool has_log(const struct mk_info *info)
{
	return info->generation && info->state >= MK_STATE_RUNNING;
}

/* Is the life's log that in the memory? */
static bool is_present(const struct logstream *s)
{
	return has_log(&s->info) && s->info.generation == s->life;
}

static void enter(struct logstream *s, uint32_t life)
{
	s->life = life;
	s->next = 0;
	s->left = UINT64_MAX;
	s->taken = false;
	s->exact = false;
	s->offset_ns = s->info.started_ns;
	lives_close(&s->file);
	spawnlog_again(&s->view);
}

int logstream_begin(struct logstream *stream, const char *name,
		    struct mk_instance *inst, uint32_t first, uint32_t last,
		    bool hurry, struct mk_error *err)
{
	int code;

	memset(stream, 0, sizeof(*stream));
	stream->name = name;
	stream->inst = inst;
	stream->last = last;
	stream->hurry = hurry;
	code = mk_instance_info(inst, &stream->info, err);
	if (!code)
		code = spawnlog_begin(&stream->view, inst, err);
	if (!code)
		enter(stream, first);
	return code;
}

void logstream_end(struct logstream *stream)
{
	lives_close(&stream->file);
	spawnlog_end(&stream->view);
}

static int give(struct logstream *s, struct mk_log_record *record)
{
	record->lost = record->seq - s->next;
	s->next = record->seq + 1;
	s->record = record;
	return LOGSTREAM_RECORD;
}

/* The saved log, from where the memory's was left. */
static int next_saved(struct logstream *s, struct mk_error *err)
{
	int code;

	if (!s->taken) {
		s->taken = true;
		code = lives_open(&s->file, s->name, s->info.id, s->life, err);
		if (code == MK_E_NOTFOUND)
			return LOGSTREAM_END;
		if (code)
			return code;
		s->file.reader.next = s->next;
		s->offset_ns = s->file.head.offset_ns;
		s->exact = s->file.head.exact;
	}
	if (!s->file.bytes)
		return LOGSTREAM_END;
	code = life_next(&s->file.reader, &s->saved, err);
	if (code == 1)
		return give(s, &s->saved);
	lives_close(&s->file);
	return code ? code : LOGSTREAM_END;
}

static int next_present(struct logstream *s, struct mk_error *err)
{
	bool over = s->info.state != MK_STATE_RUNNING;
	struct mk_info before = s->info;
	int code, told;

	if (!s->exact)
		s->exact = lives_clock(s->inst, &s->info, &s->offset_ns);
	if (over || s->hurry)
		spawnlog_hurry(&s->view);
	if (!s->left)
		return LOGSTREAM_END;
	code = spawnlog_next(&s->view, err);
	told = mk_instance_info(s->inst, &s->info, err);
	if (told)
		return told;
	if (!is_present(s))
		return logstream_next(s, err);
	if (code == MK_E_STATE) {
		/* The same life, yet another log: it booted itself anew. */
		s->next = 0;
		return LOGSTREAM_NONE;
	}
	if (code < 0)
		return code;
	if (code == MK_LOG_RECORD) {
		/* It may write for ever, but a ring holds no more than that. */
		if (s->hurry && s->left > s->view.log.capacity)
			s->left = s->view.log.capacity;
		s->left -= s->hurry;
		if (s->view.record.seq < s->next)
			return logstream_next(s, err);
		return give(s, &s->view.record);
	}
	/* It ended after the look at its state: once more. */
	if (before.events != s->info.events)
		return logstream_next(s, err);
	return over || s->hurry ? LOGSTREAM_END : LOGSTREAM_NONE;
}

int logstream_next(struct logstream *stream, struct mk_error *err)
{
	int code = mk_instance_info(stream->inst, &stream->info, err);

	if (code)
		return code;
	if (is_present(stream)) {
		/* There was none when its start was under way. */
		stream->taken = false;
		return next_present(stream, err);
	}
	if (stream->life > stream->info.generation)
		return LOGSTREAM_END;
	code = next_saved(stream, err);
	if (code != LOGSTREAM_END || stream->life >= stream->last ||
	    stream->life >= stream->info.generation)
		return code;
	enter(stream, stream->life + 1);
	return LOGSTREAM_LIFE;
}

const char *logstream_format(struct logstream *stream)
{
	if (stream->record != &stream->view.record)
		stream->view.record = *stream->record;
	return spawnlog_format(&stream->view);
}
