// SPDX-License-Identifier: GPL-2.0-only
/* The state file: made, mapped, checked. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(offsetof(struct serve_state, devices) == 4096,
	       "the head of the state file is one page");

static int map_state(int fd, struct serve_state **state, struct mk_error *err)
{
	void *at = mmap(NULL, sizeof(**state), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot map the state file");
	*state = at;
	return 0;
}

static int check_device(const struct serve_device_state *d, unsigned int number,
			struct mk_error *err)
{
	const struct serve_queue_state *q;
	const struct serve_kind *kind;
	unsigned int i;

	if (!d->used)
		return 0;
	if (d->used != 1)
		return mk_fail(err, MK_E_INPUT,
			       "the state file is damaged at device %u",
			       number);
	if (!memchr(d->kind, 0, sizeof(d->kind)) ||
	    !memchr(d->options, 0, sizeof(d->options)))
		return mk_fail(err, MK_E_INPUT,
			       "the state file has a text without end at "
			       "device %u",
			       number);
	kind = serve_kind_find(d->kind);
	if (!kind)
		return mk_fail(err, MK_E_INPUT,
			       "the state file has an unknown kind at device "
			       "%u",
			       number);
	if (d->status & ~0xffU)
		return mk_fail(err, MK_E_INPUT,
			       "the state file has an unknown status at "
			       "device %u",
			       number);
	for (i = 0; i < SERVE_QUEUES; i++) {
		q = &d->queues[i];
		/* Their places are checked when they are used. */
		if (q->size > MKV_QUEUE_MAX || (q->size & (q->size - 1)) ||
		    q->reserved)
			return mk_fail(err, MK_E_INPUT,
				       "the state file is wrong about queue "
				       "%u of device %u",
				       i, number);
	}
	return kind->check(d->options, err);
}

int serve_state_check(const struct serve_state *state, struct mk_error *err)
{
	unsigned int i;
	int code;

	if (state->magic != SERVE_STATE_MAGIC)
		return mk_fail(err, MK_E_INPUT, "this is no state file");
	if (state->version != SERVE_STATE_VERSION ||
	    state->bytes != sizeof(*state))
		return mk_fail(err, MK_E_INPUT,
			       "the state file is of another version of mkctl "
			       "(%u, this is %u)",
			       state->version, SERVE_STATE_VERSION);
	code = policy_check(&state->policy, err);
	if (code)
		return code;
	if (state->end.todo & ~POLICY_ALL || state->end.reserved ||
	    state->history.reserved ||
	    !memchr(state->end.why, 0, sizeof(state->end.why)))
		return mk_fail(err, MK_E_INPUT,
			       "the state file is wrong about the last end");
	for (i = 0; i < SERVE_DEVICES; i++) {
		code = check_device(&state->devices[i], i, err);
		if (code)
			return code;
	}
	return 0;
}

int serve_state_open(const char *path, struct serve_state **state,
		     struct mk_error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int code;

	if (fd < 0 && errno == ENOENT)
		return mk_fail_errno(err, MK_E_NOTFOUND, "no state file");
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %s", path);
	if (fstat(fd, &st))
		code = mk_fail_errno(err, MK_E_SYSTEM, "fstat");
	else if (!S_ISREG(st.st_mode))
		code = mk_fail(err, MK_E_INPUT, "%s is no file", path);
	else if (st.st_size == 0)
		code = mk_fail(err, MK_E_NOTFOUND, "the state file is empty");
	else if ((size_t)st.st_size != sizeof(**state))
		code = mk_fail(err, MK_E_INPUT,
			       "the state file has %lld bytes, not %zu: it is "
			       "of another version of mkctl, or damaged",
			       (long long)st.st_size, sizeof(**state));
	else
		code = map_state(fd, state, err);
	close(fd);
	if (code)
		return code;
	code = serve_state_check(*state, err);
	if (code)
		serve_state_close(*state);
	return code;
}

int serve_state_create(const char *path, const struct mk_info *info,
		       struct serve_state **state, struct mk_error *err)
{
	int fd, code;

	if (unlink(path) && errno != ENOENT)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot remove %s",
				     path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot create %s",
				     path);
	/* All of it at once: a full tmpfs must not be a SIGBUS later. */
	errno = posix_fallocate(fd, 0, sizeof(**state));
	if (errno)
		code = mk_fail_errno(err, MK_E_SYSTEM, "no room for %s", path);
	else
		code = map_state(fd, state, err);
	close(fd);
	if (code) {
		unlink(path);
		return code;
	}
	(*state)->version = SERVE_STATE_VERSION;
	(*state)->bytes = sizeof(**state);
	(*state)->instance = info->id;
	(*state)->life = info->generation;
	(*state)->memory_base = info->memory_base;
	(*state)->memory_bytes = info->memory_bytes;
	(*state)->events = info->events;
	/* How it ended before there was a supervisor is not our business. */
	(*state)->end.events = info->events;
	policy_init(&(*state)->policy);
	__atomic_store_n(&(*state)->magic, SERVE_STATE_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

void serve_state_close(struct serve_state *state)
{
	munmap(state, sizeof(*state));
}

bool serve_state_is_of(const struct serve_state *state,
		       const struct mk_info *info)
{
	/* Ids begin anew with the module; what only grows tells them apart. */
	return state->instance == info->id &&
	       state->memory_base == info->memory_base &&
	       state->memory_bytes == info->memory_bytes &&
	       state->life <= info->generation && state->events <= info->events;
}
