// SPDX-License-Identifier: GPL-2.0-only
/* Devices: open, start, stop, reset, remove, close. */
#include "core.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define START_MS  5000 /* until a start that is not possible has failed */
#define STARTS	  5 /* of one device ... */
#define STARTS_MS 10000 /* ... in this time: each may be a new daemon */
#define LEAVE_MS  10000 /* that the spawn has to let go of a device */
#define BIND_MS	  20 /* between tries to get a queue that is just let go */

struct serve_slot *serve_slot(struct serve_device *d)
{
	return (struct serve_slot *)((char *)d -
				     offsetof(struct serve_slot, d));
}

uint64_t serve_offered(const struct serve_slot *slot)
{
	return slot->d.features | 1ULL << VIRTIO_F_VERSION_1;
}

/* --- coming --------------------------------------------------------------- */

static struct serve_slot *slot_new(struct serve *s, unsigned int number,
				   const struct serve_kind *kind)
{
	struct serve_slot *slot = calloc(1, sizeof(*slot));
	unsigned int i;

	if (!slot)
		return NULL;
	slot->d.s = s;
	slot->d.number = number;
	slot->d.kind = kind;
	slot->d.state = &s->state->devices[number];
	for (i = 0; i < SERVE_QUEUES; i++) {
		slot->d.queues[i] = (struct serve_queue){ -1, -1, -1 };
		slot->kicks[i] = (struct serve_kick){ slot, i };
	}
	return slot;
}

/* A backend must not promise what the protocol has no room for. */
static int check_open(const struct serve_device *d, struct mk_error *err)
{
	if (d->nr_queues > SERVE_QUEUES || !d->queue_max ||
	    d->queue_max > MKV_QUEUE_MAX ||
	    (d->queue_max & (d->queue_max - 1)) ||
	    d->config_size > MKV_CONFIG_MAX)
		return mk_fail(err, MK_E_CALL,
			       "the backend wants %u queues of %u entries and "
			       "%u bytes of configuration",
			       d->nr_queues, d->queue_max, d->config_size);
	return 0;
}

int serve_resume(struct serve *s, unsigned int number, bool resume,
		 struct mk_error *err)
{
	struct serve_device_state *state = &s->state->devices[number];
	const struct serve_kind *kind = serve_kind_find(state->kind);
	struct serve_slot *slot;
	int code;

	if (!kind)
		return mk_fail(err, MK_E_INPUT, "no such kind of device");
	slot = slot_new(s, number, kind);
	if (!slot)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	code = kind->open(&slot->d, state->options, resume, err);
	if (!code) {
		slot->open = true;
		code = check_open(&slot->d, err);
	}
	if (code) {
		if (slot->open)
			kind->close(&slot->d);
		free(slot);
		return code;
	}
	s->slots[number] = slot;
	slot->announce = true;
	return 0;
}

void serve_retry(struct serve *s, unsigned int number)
{
	struct serve_device_state *state = &s->state->devices[number];
	struct mk_error err;

	if (!state->used)
		return;
	state->status = 0;
	state->features = 0;
	memset(state->queues, 0, sizeof(state->queues));
	if (serve_resume(s, number, false, &err))
		serve_complain(s, NULL, "device %u (%s) cannot be opened: %s",
			       number, state->kind, err.text);
}

int serve_add(struct serve *s, const struct serve_kind *kind,
	      const char *options, struct mk_error *err)
{
	struct serve_device_state *state;
	unsigned int number;
	int code;

	for (number = 0; number < SERVE_DEVICES; number++)
		if (!s->slots[number] && !s->state->devices[number].used)
			break;
	if (number == SERVE_DEVICES)
		return mk_fail(err, MK_E_REFUSED,
			       "there are %d devices already, the most "
			       "possible",
			       SERVE_DEVICES);
	code = kind->check(options, err);
	if (code)
		return code;
	if (strlen(options) >= sizeof(state->options))
		return mk_fail(err, MK_E_INPUT, "the options are too long");
	state = &s->state->devices[number];
	memset(state, 0, sizeof(*state));
	snprintf(state->kind, sizeof(state->kind), "%s", kind->name);
	strcpy(state->options, options);
	/* Before it is opened: if we die in there, the next one ends it. */
	state->used = 1;
	code = serve_resume(s, number, false, err);
	if (code) {
		memset(state, 0, sizeof(*state));
		return code;
	}
	if (s->running)
		serve_tick(s);
	return (int)number;
}

/* --- going ---------------------------------------------------------------- */

void serve_close(struct serve_slot *slot)
{
	struct serve *s = slot->d.s;

	serve_halt(slot);
	if (slot->open)
		slot->d.kind->close(&slot->d);
	s->slots[slot->d.number] = NULL;
	free(slot);
}

static void tell_removed(struct serve_slot *slot)
{
	struct mk_virtio_message m;

	mk_virtio_event_device(&m, (uint16_t)slot->d.number,
			       MKV_DEVICE_REMOVED);
	/* Sent twice it would mean that the device is gone. */
	serve_out(slot->d.s, &m, true);
}

void serve_remove_now(struct serve_slot *slot)
{
	struct serve_device_state *state = slot->d.state;
	struct serve *s = slot->d.s;

	serve_halt(slot);
	if (s->running) {
		if (!slot->leaving)
			tell_removed(slot);
		tell_removed(slot);
	}
	serve_log(s, &slot->d, "removed");
	serve_close(slot);
	memset(state, 0, sizeof(*state));
}

void serve_remove(struct serve_slot *slot)
{
	if (slot->leaving)
		return;
	if (!slot->d.s->running ||
	    !(slot->d.state->status & VIRTIO_CONFIG_S_DRIVER)) {
		serve_remove_now(slot);
		return;
	}
	tell_removed(slot);
	slot->leaving = true;
	slot->leave_until = serve_now() + LEAVE_MS;
	serve_tick(slot->d.s);
}

/* --- starting and stopping ------------------------------------------------ */

static void close_at(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_queues(struct serve_slot *slot)
{
	unsigned int i;

	for (i = 0; i < SERVE_QUEUES; i++) {
		close_at(&slot->d.queues[i].binding);
		close_at(&slot->d.queues[i].kick);
		close_at(&slot->d.queues[i].call);
	}
}

/* After a restart they come from a file; the driver's are checked already. */
static int check_queues(const struct serve_slot *slot, struct mk_error *err)
{
	const struct mk_virtqueue_memory where = serve_queue_memory(slot->d.s);
	const struct serve_queue_state *q;
	unsigned int i;
	int code;

	for (i = 0; i < SERVE_QUEUES; i++) {
		q = &slot->d.state->queues[i];
		if (!q->size)
			continue;
		if (i >= slot->d.nr_queues || q->size > slot->d.queue_max)
			return mk_fail(err, MK_E_INPUT,
				       "it has no queue %u of %u entries", i,
				       q->size);
		code = mk_virtqueue_check(&where, q->size, q->descriptors,
					  q->driver, q->device, err);
		if (code)
			return code;
	}
	return 0;
}

static int open_eventfds(struct serve_slot *slot, struct mk_error *err)
{
	struct serve_queue *q;
	unsigned int i;

	for (i = 0; i < slot->d.nr_queues; i++) {
		if (!slot->d.state->queues[i].size)
			continue;
		q = &slot->d.queues[i];
		q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (q->kick < 0 || q->call < 0)
			return mk_fail_errno(err, MK_E_SYSTEM, "eventfd");
	}
	return 0;
}

/*
 * The supervisor before us may have been killed a moment ago: its bindings end
 * when its process has.  To let go and begin anew would cost some backends what
 * they know (virtiofsd), so this waits a little.
 */
static int bind_queue(struct serve_slot *slot, unsigned int i,
		      struct mk_error *err)
{
	struct serve *s = slot->d.s;
	struct serve_queue *q = &slot->d.queues[i];
	int tries = 50;

	do {
		q->binding = s->outside->bind(s, slot->d.number, i, q->kick,
					      q->call, err);
		if (q->binding >= 0 || err->sys_errno != EBUSY)
			break;
		usleep(BIND_MS * 1000);
	} while (--tries);
	return q->binding;
}

static int bind_queues(struct serve_slot *slot, struct mk_error *err)
{
	struct serve_queue *q;
	unsigned int i;
	int code;

	for (i = 0; i < slot->d.nr_queues; i++) {
		q = &slot->d.queues[i];
		if (q->kick < 0)
			continue;
		code = bind_queue(slot, i, err);
		if (code < 0)
			return code;
	}
	return 0;
}

static int start(struct serve_slot *slot, bool resume, struct mk_error *err)
{
	struct serve_device *d = &slot->d;
	int code;

	err->sys_errno = 0;
	code = check_queues(slot, err);
	if (code)
		return code;
	code = open_eventfds(slot, err);
	if (code)
		goto close_queues;
	code = serve_queues_init(slot, resume, err);
	if (code)
		goto close_queues;
	code = d->kind->start(d, resume, err);
	if (code) {
		/* Only what binding says is a reason to try again. */
		err->sys_errno = 0;
		goto free_queues;
	}
	code = bind_queues(slot, err);
	if (code)
		goto stop;
	err->sys_errno = 0;
	code = serve_queues_resume(slot, err);
	if (code)
		goto stop;
	d->running = true;
	code = serve_queues_watch(slot, err);
	if (!code)
		return 0;
	d->running = false;
	err->sys_errno = 0;
stop:
	d->kind->stop(d);
free_queues:
	serve_queues_free(slot);
close_queues:
	close_queues(slot);
	return code;
}

/* A driver can set DRIVER_OK and reset as often as it likes. */
static bool starts_too_often(struct serve_slot *slot)
{
	int64_t now = serve_now();

	if (now - slot->starts_since > STARTS_MS) {
		slot->starts_since = now;
		slot->starts = 0;
	}
	if (slot->starts < STARTS) {
		slot->starts++;
		return false;
	}
	if (!slot->start_again)
		serve_complain(slot->d.s, &slot->d,
			       "is set up too often, and waits");
	return true;
}

void serve_start(struct serve_slot *slot, bool resume)
{
	struct serve_device *d = &slot->d;
	int64_t now = serve_now();
	struct mk_error err;

	if (d->running)
		return;
	if (d->broken) {
		slot->start_again = false;
		serve_needs_reset(slot);
		return;
	}
	if (!slot->start_until && starts_too_often(slot)) {
		slot->start_again = true;
		slot->start_resumes = resume;
		serve_tick(d->s);
		return;
	}
	if (!start(slot, resume, &err)) {
		slot->start_again = false;
		slot->start_until = 0;
		return;
	}
	/*
	 * The life may be over, which serve_look() will find out, or what the
	 * supervisor before us held is on its way to be closed.
	 */
	if (err.sys_errno == ENOTCONN || err.sys_errno == EBUSY) {
		if (!slot->start_until)
			slot->start_until = now + START_MS;
		slot->start_again = now < slot->start_until;
		slot->start_resumes = true;
	} else {
		slot->start_again = false;
	}
	if (slot->start_again) {
		serve_tick(d->s);
		return;
	}
	slot->start_until = 0;
	serve_complain(d->s, d, "cannot start: %s", err.text);
	snprintf(slot->why, sizeof(slot->why), "cannot start: %.200s",
		 err.text);
	serve_needs_reset(slot);
}

void serve_halt(struct serve_slot *slot)
{
	slot->start_again = false;
	slot->start_until = 0;
	if (!slot->d.running)
		return;
	serve_queues_free(slot);
	slot->d.kind->stop(&slot->d);
	slot->d.running = false;
	/* Not before: START of the next life waits for the last of them. */
	if (!slot->d.holds)
		close_queues(slot);
}

void serve_reset(struct serve_slot *slot)
{
	struct serve_device_state *state = slot->d.state;

	serve_halt(slot);
	state->status = 0;
	state->features = 0;
	memset(state->queues, 0, sizeof(state->queues));
	if (!slot->d.broken)
		slot->why[0] = '\0';
}

/* --- what the driver is told ---------------------------------------------- */

static void tell_config(struct serve_slot *slot)
{
	const struct serve_device_state *state = slot->d.state;
	struct mk_virtio_message m;

	/* Without a driver nobody has a copy. */
	if (!slot->d.s->running || !(state->status & VIRTIO_CONFIG_S_DRIVER))
		return;
	mk_virtio_event_config(&m, (uint16_t)slot->d.number, state->status,
			       state->generation);
	serve_out(slot->d.s, &m, false);
}

void serve_needs_reset(struct serve_slot *slot)
{
	if (!slot->d.state->status ||
	    (slot->d.state->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		return;
	slot->d.state->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	tell_config(slot);
}

void serve_config_changed(struct serve_device *d)
{
	d->state->generation++;
	tell_config(serve_slot(d));
}

void serve_broken(struct serve_device *d, const char *why)
{
	struct serve_slot *slot = serve_slot(d);

	if (d->broken)
		return;
	d->broken = true;
	snprintf(slot->why, sizeof(slot->why), "%s", why);
	serve_complain(d->s, d,
		       "%s; it works again in the spawn's next life, or after "
		       "mkctl device %s remove %u and add",
		       why, d->s->name, d->number);
	serve_needs_reset(slot);
}

const struct serve_memory *serve_memory(const struct serve *s)
{
	return &s->memory;
}

const char *serve_name(const struct serve *s)
{
	return s->name;
}

const char *serve_folder(const struct serve *s)
{
	return s->folder;
}
