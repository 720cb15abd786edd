/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of what vhost-user daemons serve: a small core that owns one device
 * and calls its backend as the supervisor does, and a driver that puts requests
 * into split virtqueues in the instance's memory, which is a memfd.
 */
#ifndef VHOST_USER_DRIVER_H
#define VHOST_USER_DRIVER_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "serve/serve.h"

#define BASE	    0x240000000ULL /* physical */
#define MEMORY	    (16u << 20)
#define RING	    0x10000u /* bytes for the three parts of each queue */
#define BUFFERS	    0x100000u /* offset; as the test likes */
#define RING_SIZE   64
#define WATCHED_MAX 8

struct watched {
	int fd;
	uint32_t events;
	serve_ready *ready;
	void *context;
};

struct serve {
	struct serve_memory memory;
	char folder[64];
	struct watched watched[WATCHED_MAX];
	struct serve_device d;
	struct serve_device_state *state; /* shared, as the state file is */
	char broken[512];
	char log[512]; /* the last line */
	unsigned int config_changes;
};

int serve_patience(const struct serve *s, int ms)
{
	return ms;
}

const struct serve_memory *serve_memory(const struct serve *s)
{
	return &s->memory;
}

const char *serve_name(const struct serve *s)
{
	(void)s;
	return "test";
}

const char *serve_folder(const struct serve *s)
{
	return s->folder;
}

void serve_log(const struct serve *s, const struct serve_device *d,
	       const char *format, ...)
{
	va_list args;

	(void)d;
	va_start(args, format);
	vsnprintf(((struct serve *)s)->log, sizeof(s->log), format, args);
	va_end(args);
}

int serve_watch(struct serve *s, int fd, uint32_t events, serve_ready *ready,
		void *context, struct mk_error *err)
{
	unsigned int i;

	for (i = 0; i < WATCHED_MAX; i++)
		if (!s->watched[i].ready) {
			s->watched[i] =
				(struct watched){ fd, events, ready, context };
			return 0;
		}
	return mk_fail(err, MK_E_SYSTEM, "too many are watched");
}

void serve_ignore(struct serve *s, int fd)
{
	unsigned int i;

	for (i = 0; i < WATCHED_MAX; i++)
		if (s->watched[i].ready && s->watched[i].fd == fd)
			s->watched[i].ready = NULL;
}

int serve_later(struct serve *s, int ms, serve_ready *ready, void *context,
		struct mk_error *err)
{
	(void)s, (void)ms, (void)ready, (void)context, (void)err;
	return 0;
}

void serve_not_later(struct serve *s, serve_ready *ready, void *context)
{
	(void)s, (void)ready, (void)context;
}

void serve_config_changed(struct serve_device *d)
{
	d->s->config_changes++;
}

void serve_broken(struct serve_device *d, const char *why)
{
	d->broken = true;
	snprintf(d->s->broken, sizeof(d->s->broken), "%s", why);
}

/* Let the loop run until something was ready, or for @ms: was it? */
static inline bool loop_once(struct serve *s, int ms)
{
	struct pollfd pfds[WATCHED_MAX];
	unsigned int i;

	for (i = 0; i < WATCHED_MAX; i++) {
		struct watched *w = &s->watched[i];

		pfds[i] = (struct pollfd){ .fd = w->ready ? w->fd : -1,
					   .events = (short)w->events };
	}
	if (poll(pfds, WATCHED_MAX, ms) <= 0)
		return false;
	for (i = 0; i < WATCHED_MAX; i++)
		if (pfds[i].revents && s->watched[i].ready)
			s->watched[i].ready(s->watched[i].context,
					    (uint32_t)pfds[i].revents);
	return true;
}

/* ---- the core ---- */

static inline void core_begin(struct serve *s, const struct serve_kind *kind)
{
	memset(s, 0, sizeof(*s));
	strcpy(s->folder, "/tmp/mk-daemon-XXXXXX");
	CHECK(mkdtemp(s->folder) != NULL);
	s->memory = (struct serve_memory){ .base = BASE, .bytes = MEMORY };
	s->memory.fd = memfd_create("instance", MFD_CLOEXEC);
	CHECK(ftruncate(s->memory.fd, MEMORY) == 0);
	s->memory.mapped = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
				MAP_SHARED, s->memory.fd, 0);
	CHECK(s->memory.mapped != MAP_FAILED);
	s->state = mmap(NULL, sizeof(*s->state), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s->state != MAP_FAILED);
	s->d = (struct serve_device){
		.s = s, .kind = kind, .number = 3, .state = s->state
	};
}

/* The folder is left empty: a daemon leaves nothing. */
static inline void core_end(struct serve *s)
{
	CHECK_EQ(rmdir(s->folder), 0);
	munmap(s->state, sizeof(*s->state));
	munmap(s->memory.mapped, MEMORY);
	close(s->memory.fd);
}

/* What a new supervisor knows: nothing but the state and the memory. */
static inline void core_forget(struct serve *s)
{
	const struct serve_kind *kind = s->d.kind;

	memset(s->watched, 0, sizeof(s->watched));
	s->d = (struct serve_device){
		.s = s, .kind = kind, .number = 3, .state = s->state
	};
}

/* The driver sets the queues up and is ready; @resume: it was. */
static inline int core_start(struct serve *s, bool resume, struct mk_error *err)
{
	struct serve_device *d = &s->d;
	unsigned int i;
	int e;

	for (i = 0; i < d->nr_queues; i++) {
		uint64_t ring = BASE + i * RING;

		if (!resume) {
			s->state->queues[i] = (struct serve_queue_state){
				.size = RING_SIZE,
				.descriptors = ring,
				.driver = ring + 0x4000,
				.device = ring + 0x8000,
			};
			memset(s->memory.mapped + i * RING, 0, RING);
		}
		d->queues[i].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		d->queues[i].call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (!resume)
		s->state->features = d->features | 1ULL << 32;
	e = d->kind->start(d, resume, err);
	d->running = !e;
	return e;
}

static inline void core_stop(struct serve *s)
{
	unsigned int i;

	s->d.kind->stop(&s->d);
	s->d.running = false;
	for (i = 0; i < s->d.nr_queues; i++) {
		close(s->d.queues[i].kick);
		close(s->d.queues[i].call);
	}
}

/* ---- the driver ---- */

struct part {
	uint32_t offset, length; /* in the memory */
	bool in;
};

static inline uint16_t *ring16(struct serve *s, unsigned int queue,
			       unsigned int offset)
{
	return (uint16_t *)(s->memory.mapped + queue * RING + offset);
}

static inline uint16_t ring_used(struct serve *s, unsigned int queue)
{
	return __atomic_load_n(ring16(s, queue, 0x8002), __ATOMIC_ACQUIRE);
}

/* Descriptors @first and on; nobody is kicked. */
static inline void ring_add(struct serve *s, unsigned int queue,
			    unsigned int first, const struct part *parts,
			    unsigned int n)
{
	struct {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} *table = (void *)(s->memory.mapped + queue * RING);
	uint16_t *index = ring16(s, queue, 0x4002);
	unsigned int i;

	for (i = 0; i < n; i++) {
		table[first + i].address = BASE + parts[i].offset;
		table[first + i].length = parts[i].length;
		table[first + i].flags =
			(uint16_t)((i + 1 < n ? 1 : 0) | (parts[i].in ? 2 : 0));
		table[first + i].next = (uint16_t)(first + i + 1);
	}
	*ring16(s, queue, 0x4004 + 2 * (*index % RING_SIZE)) = (uint16_t)first;
	__atomic_store_n(index, (uint16_t)(*index + 1), __ATOMIC_SEQ_CST);
}

static inline void ring_kick(struct serve *s, unsigned int queue)
{
	eventfd_write(s->d.queues[queue].kick, 1);
}

/* Wait for the used index, by looking: was it reached within 10 s? */
static inline bool ring_wait(struct serve *s, unsigned int queue, uint16_t used)
{
	unsigned int i;

	for (i = 0; i < 10000 && ring_used(s, queue) != used; i++)
		usleep(1000);
	return ring_used(s, queue) == used;
}

/* Was the driver told, within 5 s? */
static inline bool ring_told(struct serve *s, unsigned int queue)
{
	struct pollfd pfd = { .fd = s->d.queues[queue].call, .events = POLLIN };
	eventfd_t value;

	return poll(&pfd, 1, 5000) == 1 && eventfd_read(pfd.fd, &value) == 0;
}

#endif /* VHOST_USER_DRIVER_H */
