// SPDX-License-Identifier: GPL-2.0-only
/* A spawn's kernel log, over the module's view of its memory. */
#include "spawnlog.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* Where a read of a mapping that is gone goes on (MK_IOC_DELETE: SIGBUS). */
static sigjmp_buf gone;

static int read_memory(void *context, uint64_t address, void *buffer,
		       size_t length)
{
	struct spawnlog *view = context;
	uint64_t offset = address - view->memory.base;
	ssize_t n;

	while (length) {
		n = mk_instance_read(view->inst, offset, buffer, length, NULL);
		if (n <= 0)
			return MK_E_SYSTEM;
		buffer = (char *)buffer + n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

int spawnlog_begin(struct spawnlog *view, struct mk_instance *inst,
		   struct mk_error *err)
{
	struct mk_info info;
	int code;

	memset(view, 0, sizeof(*view));
	code = mk_instance_info(inst, &info, err);
	if (code)
		return code;
	view->inst = inst;
	view->memory.base = info.memory_base;
	view->memory.size = info.memory_bytes;
	if (mk_instance_map(inst, info.memory_bytes, &view->map, NULL))
		view->map = NULL;
	view->memory.mapped = view->map;
	view->memory.read = read_memory;
	view->memory.context = view;
	return 0;
}

void spawnlog_end(struct spawnlog *view)
{
	if (view->map)
		munmap((void *)(uintptr_t)view->map, view->memory.size);
	view->map = NULL;
	view->opened = false;
}

void spawnlog_hurry(struct spawnlog *view)
{
	view->log.impatient = true;
}

void spawnlog_again(struct spawnlog *view)
{
	view->opened = false;
	view->log.impatient = false;
}

static int read_next(struct spawnlog *view, struct mk_error *err)
{
	bool impatient = view->log.impatient;
	uint64_t hint = view->log.info.address;
	int code;

	if (!view->opened) {
		code = mk_log_open(&view->log, &view->memory, hint, err);
		view->log.impatient = impatient;
		if (code == MK_E_NOTFOUND)
			return MK_LOG_NONE;
		if (code)
			return code;
		view->opened = true;
	}
	code = mk_log_next(&view->log, &view->record, err);
	if (code == MK_E_STATE)
		view->opened = false;
	return code;
}

static void leave(int number)
{
	(void)number;
	siglongjmp(gone, 1);
}

int spawnlog_next(struct spawnlog *view, struct mk_error *err)
{
	struct sigaction action = { .sa_handler = leave }, before;
	int code;

	sigaction(SIGBUS, &action, &before);
	if (sigsetjmp(gone, 1))
		code = mk_fail(err, MK_E_NOTFOUND, "it was deleted meanwhile");
	else
		code = read_next(view, err);
	sigaction(SIGBUS, &before, NULL);
	return code;
}

const char *spawnlog_format(struct spawnlog *view)
{
	if (mk_log_format(&view->record, view->line, sizeof(view->line), NULL,
			  NULL))
		view->line[0] = '\0';
	return view->line;
}
