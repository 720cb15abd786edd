// SPDX-License-Identifier: GPL-2.0-only
/* The host's own kernel log, /dev/kmsg. */
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "life.h"

bool kmsg_parse(const char *bytes, size_t size, struct mk_log_record *record)
{
	const char *at = bytes, *end = bytes + size, *text;
	uint64_t priority, microseconds;

	memset(record, 0, offsetof(struct mk_log_record, text));
	if (!log_number(&at, end, ',', UINT32_MAX, &priority) ||
	    !log_number(&at, end, ',', UINT64_MAX, &record->seq) ||
	    !log_number(&at, end, ',', UINT64_MAX / 1000, &microseconds))
		return false;
	text = memchr(at, ';', (size_t)(end - at));
	if (!text)
		return false;
	text++;
	at = memchr(text, '\n', (size_t)(end - text));
	if (!at)
		at = end;
	record->time = microseconds * 1000;
	record->level = priority & 7;
	record->facility = (uint8_t)(priority >> 3);
	record->length =
		(uint16_t)log_unescape(record->text, text, (size_t)(at - text));
	return true;
}

int kmsg_open(struct kmsg *kmsg, const struct ctl *ctl, struct mk_error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/dev/kmsg", ctl->root);
	kmsg->next = 0;
	kmsg->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg->fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %.180s",
				     path);
	return 0;
}

void kmsg_close(struct kmsg *kmsg)
{
	if (kmsg->fd >= 0)
		close(kmsg->fd);
	kmsg->fd = -1;
}

int kmsg_next(struct kmsg *kmsg, struct mk_log_record *record,
	      struct mk_error *err)
{
	char bytes[4 * MK_LOG_TEXT_MAX + 1024];
	ssize_t n;

	for (;;) {
		n = read(kmsg->fd, bytes, sizeof(bytes));
		if (n <= 0 && (n == 0 || errno == EAGAIN))
			return 0;
		/* EPIPE: lines were overwritten; the next one is there. */
		if (n < 0 && errno != EPIPE && errno != EINTR)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot read the host's log");
		if (n < 0 || !kmsg_parse(bytes, (size_t)n, record))
			continue;
		record->lost =
			record->seq > kmsg->next ? record->seq - kmsg->next : 0;
		kmsg->next = record->seq + 1;
		return 1;
	}
}
