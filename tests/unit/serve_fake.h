/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A supervisor without a module: its core is included as source, the spawn and
 * the module are played by the test, the kinds are a fake and those that need
 * no backend.
 */
#ifndef MK_TEST_SERVE_FAKE_H
#define MK_TEST_SERVE_FAKE_H

#include <endian.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "check.h"
#include "serve/core.h"

#include "serve/dump.c"
#include "serve/ending.c"
#include "serve/folder.c"
#include "serve/life.c"
#include "serve/loop.c"
#include "serve/outgoing.c"
#include "serve/policy.c"
#include "serve/protocol.c"
#include "serve/queue.c"
#include "serve/slot.c"
#include "serve/state.c"
#include "serve/watchdog.c"

#define FAKE_BASE  0x100000000ULL
#define FAKE_BYTES (4U << 20)
#define FAKE_SENT  256

/* --- the module ----------------------------------------------------------- */

static struct {
	struct mk_info info;
	int info_code;
	struct mk_virtio_message sent[FAKE_SENT];
	unsigned int nr_sent;
	int send_code, send_errno; /* of the next ones */
	unsigned int tries;
	uint8_t inbox[64][MKV_MESSAGE_MAX + 8];
	size_t lengths[64];
	unsigned int nr_in, next_in;
	int bind_code, bind_errno;
	unsigned int binds;
	int last_binding;
	void (*at_bind)(unsigned int queue); /* what the spawn does just then */
	bool down;
	struct mk_channel channel;
	unsigned int lives, given_up; /* starts, and spawns that hang */
	int start_code, start_errno;
	unsigned int dumps, let_be;
	int dump_code;
	int slow_ms; /* that sending takes */
} fake;

static uint8_t fake_memory[FAKE_BYTES] __attribute__((aligned(4096)));
static char fake_folder[64];

static int fake_send(struct serve *s, const void *bytes, size_t size,
		     struct mk_error *err)
{
	fake.tries++;
	if (fake.slow_ms)
		usleep((unsigned int)fake.slow_ms * 1000);
	if (fake.send_code) {
		mk_fail(err, fake.send_code, "the test says so");
		err->sys_errno = fake.send_errno;
		return fake.send_code;
	}
	if (fake.nr_sent < FAKE_SENT) {
		memcpy(fake.sent[fake.nr_sent].bytes, bytes, size);
		fake.sent[fake.nr_sent++].length = size;
	}
	return 0;
}

static ssize_t fake_receive(struct serve *s, void *bytes, size_t size,
			    struct mk_error *err)
{
	unsigned int i = fake.next_in;

	if (i == fake.nr_in)
		return mk_fail(err, MK_E_STATE, "no message is there");
	fake.next_in++;
	memcpy(bytes, fake.inbox[i], fake.lengths[i]);
	return (ssize_t)fake.lengths[i];
}

static int fake_bind(struct serve *s, unsigned int device, unsigned int queue,
		     int kick, int call, struct mk_error *err)
{
	if (fake.bind_code) {
		mk_fail(err, fake.bind_code, "the test says so");
		err->sys_errno = fake.bind_errno;
		return fake.bind_code;
	}
	if (fake.at_bind)
		fake.at_bind(queue);
	fake.binds++;
	fake.last_binding = eventfd(0, EFD_CLOEXEC);
	return fake.last_binding;
}

static int fake_info(struct serve *s, struct mk_info *info,
		     struct mk_error *err)
{
	if (fake.info_code)
		return mk_fail(err, fake.info_code, "the test says so");
	*info = fake.info;
	return 0;
}

static bool fake_is_up(struct serve *s)
{
	return !fake.down;
}

static int fake_channel(struct serve *s, struct mk_channel *channel,
			struct mk_error *err)
{
	*channel = fake.channel;
	return 0;
}

/* The instance goes into another state, now. */
static inline void fake_state(uint32_t state, uint32_t cause)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	fake.info.state = state;
	fake.info.cause = cause;
	fake.info.events++;
	fake.info.since_ns =
		(uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline void fake_live(void)
{
	fake.info.generation++;
	fake_state(MK_STATE_RUNNING, MK_CAUSE_NONE);
	fake.info.started_ns = fake.info.since_ns;
	fake.channel.generation = fake.info.generation;
	fake.channel.heartbeat_age_ms = ~0U;
}

static int fake_live_again(struct serve *s, struct mk_error *err)
{
	if (fake.start_code) {
		mk_fail(err, fake.start_code, "the test says so");
		err->sys_errno = fake.start_errno;
		return fake.start_code;
	}
	fake.lives++;
	fake_live();
	return 0;
}

static int fake_give_up(struct serve *s, struct mk_error *err)
{
	fake.given_up++;
	fake_state(MK_STATE_CRASHED, MK_CAUSE_HUNG);
	return 0;
}

static int fake_dump(struct serve *s, const char *path, struct mk_error *err)
{
	if (!path) {
		fake.let_be++;
		return 0;
	}
	if (fake.dump_code)
		return mk_fail(err, fake.dump_code, "the test says so");
	fake.dumps++;
	return 0;
}

static const struct serve_outside fake_outside = {
	.send = fake_send,
	.receive = fake_receive,
	.bind = fake_bind,
	.info = fake_info,
	.is_up = fake_is_up,
	.channel = fake_channel,
	.start = fake_live_again,
	.give_up = fake_give_up,
	.dump = fake_dump,
};

/* --- a kind --------------------------------------------------------------- */

static struct {
	unsigned int opens, starts, stops, closes;
	bool resumed_open, resumed_start, stopped_bound;
	bool serves; /* all queues are served here */
	int open_code, start_code;
	uint8_t configured[16];
} kind;

static int fake_check(const char *options, struct mk_error *err)
{
	if (strcmp(options, "bad") == 0)
		return mk_fail(err, MK_E_INPUT, "'bad' is bad");
	return 0;
}

static int fake_open(struct serve_device *d, const char *options, bool resume,
		     struct mk_error *err)
{
	kind.opens++;
	kind.resumed_open = resume;
	if (kind.open_code)
		return mk_fail(err, kind.open_code, "no tap");
	d->features = 1ULL << 5;
	d->nr_queues = 3;
	d->queue_max = 256;
	d->config_size = 12;
	memcpy(d->config, "0123456789ab", 12);
	return 0;
}

static int fake_start(struct serve_device *d, bool resume, struct mk_error *err)
{
	kind.starts++;
	kind.resumed_start = resume;
	if (kind.start_code)
		return mk_fail(err, kind.start_code, "no backend");
	return 0;
}

static void fake_stop(struct serve_device *d)
{
	kind.stops++;
	kind.stopped_bound = d->queues[0].binding >= 0;
}

static void fake_close(struct serve_device *d)
{
	kind.closes++;
}

static void fake_configure(struct serve_device *d, unsigned int offset,
			   const uint8_t *bytes, unsigned int length)
{
	memcpy(d->config + offset, bytes, length);
}

static bool fake_serves(const struct serve_device *d, unsigned int queue)
{
	return kind.serves;
}

static const struct serve_kind fake_kind = {
	.name = "net",
	.device_id = 1,
	.arguments = "",
	.check = fake_check,
	.open = fake_open,
	.start = fake_start,
	.stop = fake_stop,
	.close = fake_close,
	.configure = fake_configure,
	.serves = fake_serves,
};

static const struct serve_kind fake_vsock = {
	.name = "vsock",
	.device_id = 19,
	.arguments = "CID",
	.check = fake_check,
	.open = fake_open,
	.start = fake_start,
	.stop = fake_stop,
	.close = fake_close,
};

#ifdef FAKE_WITH_BUILT_IN
#define FAKE_MORE &serve_console, &serve_rng,
#else
#define FAKE_MORE
#endif

const struct serve_kind *const serve_kinds[] = { &fake_kind, &fake_vsock,
						 FAKE_MORE NULL };

const struct serve_kind *serve_kind_find(const char *name)
{
	unsigned int i;

	for (i = 0; serve_kinds[i]; i++)
		if (strcmp(serve_kinds[i]->name, name) == 0)
			return serve_kinds[i];
	return NULL;
}

/* --- a supervisor --------------------------------------------------------- */

static inline void fake_begin(struct serve *s)
{
	struct mk_error err;
	char path[128];

	memset(&fake, 0, sizeof(fake));
	memset(&kind, 0, sizeof(kind));
	memset(fake_memory, 0, sizeof(fake_memory));
	memset(s, 0, sizeof(*s));
	fake.info.id = 3;
	fake.info.generation = 7;
	fake.info.events = 20;
	fake.info.state = MK_STATE_RUNNING;
	fake.info.memory_base = FAKE_BASE;
	fake.info.memory_bytes = FAKE_BYTES;
	snprintf(s->name, sizeof(s->name), "web");
	snprintf(fake_folder, sizeof(fake_folder), "/tmp/mk-serve-XXXXXX");
	CHECK(mkdtemp(fake_folder) != NULL);
	snprintf(s->folder, sizeof(s->folder), "%s", fake_folder);
	s->outside = &fake_outside;
	s->lock = s->control = -1;
	s->inst.fd = -1;
	s->port = eventfd(0, EFD_CLOEXEC);
	s->memory =
		(struct serve_memory){ -1, FAKE_BASE, FAKE_BYTES, fake_memory };
	CHECK_EQ(serve_loop_init(s, &err), 0);
	CHECK_EQ(serve_watch(s, s->port, EPOLLIN, serve_port_ready, s, &err),
		 0);
	snprintf(path, sizeof(path), "%s/state", fake_folder);
	CHECK_EQ(serve_state_create(path, &fake.info, &s->state, &err), 0);
	s->running = true;
}

static inline void fake_end(struct serve *s)
{
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++)
		if (s->slots[i])
			serve_close(s->slots[i]);
	if (s->state)
		serve_state_close(s->state);
	serve_ignore(s, s->port);
	close(s->port);
	serve_loop_free(s);
	serve_folder_remove(fake_folder);
}

/* Let timers run for @ms. */
static inline void fake_rounds(struct serve *s, int ms)
{
	int64_t until = serve_now() + ms, left;
	struct mk_error err;

	while ((left = until - serve_now()) > 0)
		serve_loop_once(s, (int)left, &err);
}

/* --- a driver ------------------------------------------------------------- */

/* Hand over a request; the answer is what was sent last. */
static inline void fake_ask(struct serve *s, unsigned int type, unsigned int id,
			    unsigned int device, const void *payload,
			    size_t length)
{
	static uint16_t token;
	uint8_t bytes[MKV_MESSAGE_MAX];
	struct mkv_header header = {
		.type = (uint8_t)type,
		.id = (uint8_t)id,
		.device = htole16((uint16_t)device),
		.token = htole16(++token ? token : ++token),
		.size = htole16((uint16_t)(sizeof(header) + length)),
	};

	memcpy(bytes, &header, sizeof(header));
	if (length)
		memcpy(bytes + sizeof(header), payload, length);
	serve_handle(s, bytes, sizeof(header) + length);
}

static inline const uint8_t *fake_answer(size_t *length)
{
	const struct mk_virtio_message *m;

	*length = 0;
	if (!fake.nr_sent)
		return fake_memory;
	m = &fake.sent[fake.nr_sent - 1];
	*length = m->length - sizeof(struct mkv_header);
	return m->bytes + sizeof(struct mkv_header);
}

static inline uint32_t fake_status(struct serve *s, unsigned int device,
				   uint32_t status)
{
	uint32_t word = htole32(status);
	size_t length;

	fake_ask(s, 0, MKV_SET_DEVICE_STATUS, device, &word, sizeof(word));
	memcpy(&word, fake_answer(&length), sizeof(word));
	CHECK_EQ(length, sizeof(word));
	return le32toh(word);
}

static inline void fake_features(struct serve *s, unsigned int device,
				 uint32_t block, uint32_t low, uint32_t high)
{
	uint32_t words[4] = { htole32(block), htole32(2), htole32(low),
			      htole32(high) };

	fake_ask(s, 0, MKV_SET_DRIVER_FEATURES, device, words, sizeof(words));
}

static inline void fake_queue(struct serve *s, unsigned int device,
			      unsigned int queue, uint32_t size, uint64_t place)
{
	struct mkv_vqueue q = {
		.index = htole32(queue),
		.size = htole32(size),
		.descriptors = htole64(place),
		.driver = htole64(place + 0x4000),
		.device = htole64(place + 0x8000),
	};

	fake_ask(s, 0, MKV_SET_VQUEUE, device, &q, sizeof(q));
}

/* As a driver comes up that uses queue 0 and 1. */
static inline uint32_t fake_driver(struct serve *s, unsigned int device)
{
	fake_status(s, device, 0);
	fake_status(s, device, 1);
	fake_status(s, device, 3);
	fake_features(s, device, 0, 0, 1);
	fake_status(s, device, 11);
	fake_queue(s, device, 0, 64, FAKE_BASE + 0x10000);
	fake_queue(s, device, 1, 64, FAKE_BASE + 0x20000);
	return fake_status(s, device, 15);
}

#endif /* MK_TEST_SERVE_FAKE_H */
