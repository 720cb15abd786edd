// SPDX-License-Identifier: GPL-2.0-only
/* The supervisor's core: requests of drivers, lives, the loop. */
#include "serve_fake.h"

static struct serve s;

static int add(const char *options)
{
	struct mk_error err;

	return serve_add(&s, &fake_kind, options, &err);
}

static unsigned int count_events(unsigned int device, unsigned int state)
{
	struct mkv_event_device e;
	unsigned int i, nr = 0;

	for (i = 0; i < fake.nr_sent; i++) {
		if (fake.sent[i].bytes[0] != MKV_TYPE_BUS ||
		    fake.sent[i].bytes[1] != MKV_EVENT_DEVICE)
			continue;
		memcpy(&e, fake.sent[i].bytes + 8, sizeof(e));
		nr += le16toh(e.device) == device && le16toh(e.state) == state;
	}
	return nr;
}

/* --- a driver's way ------------------------------------------------------- */

static void driver_comes_up_and_goes(void)
{
	struct mkv_device_info info;
	uint32_t words[4] = { 0, htole32(2), 0, 0 };
	struct mkv_vqueue q;
	uint32_t index = 0;
	size_t length;

	fake_begin(&s);
	CHECK_EQ(add("x"), 0);
	fake_ask(&s, 0, MKV_GET_DEVICE_INFO, 0, NULL, 0);
	memcpy(&info, fake_answer(&length), sizeof(info));
	CHECK_EQ(length, sizeof(info));
	CHECK_EQ(le32toh(info.device_id), 1);
	CHECK_EQ(le32toh(info.config_size), 12);
	CHECK_EQ(le32toh(info.max_queues), 3);
	fake_ask(&s, 0, MKV_GET_DEVICE_FEATURES, 0, words, 8);
	memcpy(words, fake_answer(&length), sizeof(words));
	CHECK_EQ(length, 16);
	CHECK_EQ(le32toh(words[2]), 1 << 5);
	CHECK_EQ(le32toh(words[3]), 1);

	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK_EQ(kind.starts, 1);
	CHECK(!kind.resumed_start);
	CHECK_EQ(fake.binds, 2);
	CHECK_EQ(s.state->devices[0].status, 15);
	CHECK_EQ(s.state->devices[0].life, 7);
	CHECK_EQ(s.state->devices[0].queues[1].size, 64);
	fake_ask(&s, 0, MKV_GET_VQUEUE, 0, &index, 4);
	memcpy(&q, fake_answer(&length), sizeof(q));
	CHECK_EQ(le32toh(q.max_size), 256);
	CHECK_EQ(le32toh(q.size), 64);
	CHECK_EQ(le64toh(q.descriptors), FAKE_BASE + 0x10000);
	/* Again the same: it has been done. */
	CHECK_EQ(fake_status(&s, 0, 15), 15);
	fake_queue(&s, 0, 0, 64, FAKE_BASE + 0x10000);
	CHECK_EQ(s.state->devices[0].status, 15);
	CHECK_EQ(kind.starts, 1);

	CHECK_EQ(fake_status(&s, 0, 0), 0);
	CHECK_EQ(kind.stops, 1);
	CHECK(kind.stopped_bound);
	CHECK_EQ(s.slots[0]->d.queues[0].binding, -1);
	CHECK_EQ(s.state->devices[0].queues[0].size, 0);
	CHECK_EQ(s.state->devices[0].features, 0);
	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK_EQ(kind.starts, 2);
	fake_end(&s);
	CHECK_EQ(kind.stops, 2);
	CHECK_EQ(kind.closes, 1);
}

static void features_are_refused(void)
{
	static const struct {
		uint32_t block, low, high;
	} wrong[] = {
		{ 0, 0, 0 }, /* VERSION_1 is missing */
		{ 0, 1 << 4, 1 }, /* not offered */
		{ 0, 0, 3 },
		{ 1, 1, 1 }, /* offered, but bit 64 is not */
	};
	unsigned int i;

	fake_begin(&s);
	add("x");
	for (i = 0; i < 4; i++) {
		fake_status(&s, 0, 0);
		fake_status(&s, 0, 3);
		fake_features(&s, 0, wrong[i].block, wrong[i].low,
			      wrong[i].high);
		CHECK_EQ(fake_status(&s, 0, 11), 3);
		CHECK_EQ(fake_status(&s, 0, 15), 3);
	}
	fake_status(&s, 0, 0);
	fake_status(&s, 0, 3);
	fake_features(&s, 0, 0, 1 << 5, 1);
	CHECK_EQ(fake_status(&s, 0, 11), 11);
	/* And changed after that. */
	fake_features(&s, 0, 0, 0, 1);
	CHECK_EQ(s.state->devices[0].features, 1ULL << 32 | 1 << 5);
	CHECK(s.state->devices[0].status & VIRTIO_CONFIG_S_NEEDS_RESET);
	CHECK_EQ(fake_status(&s, 0, 15), 11 | 64);
	CHECK_EQ(kind.starts, 0);
	fake_end(&s);
}

static void status_is_refused(void)
{
	fake_begin(&s);
	add("x");
	CHECK_EQ(fake_status(&s, 0, 0x100), 0);
	CHECK_EQ(fake_status(&s, 0, 16), 0);
	CHECK_EQ(fake_status(&s, 0, 3), 3);
	CHECK_EQ(fake_status(&s, 0, 1), 3); /* a bit taken away */
	CHECK_EQ(fake_status(&s, 0, 7), 3); /* DRIVER_OK before FEATURES_OK */
	CHECK_EQ(fake_status(&s, 0, 3 | 64), 3); /* not the driver's to set */
	CHECK_EQ(fake_status(&s, 0, 3 | 128), 3 | 128);
	fake_end(&s);
}

static void one_bad_queue(unsigned int queue, uint32_t size, uint64_t place,
			  uint32_t status)
{
	fake_status(&s, 0, 0);
	fake_status(&s, 0, 3);
	fake_features(&s, 0, 0, 0, 1);
	if (status != 3)
		fake_status(&s, 0, 11);
	if (status == 15)
		fake_status(&s, 0, 15);
	fake_queue(&s, 0, queue, size, place);
	CHECK_EQ(s.state->devices[0].status, status | 64);
	if (queue < SERVE_QUEUES)
		CHECK_EQ(s.state->devices[0].queues[queue].size, 0);
}

static void queues_are_refused(void)
{
	uint32_t index = htole32(3);
	struct mkv_vqueue q;
	size_t length;

	fake_begin(&s);
	add("x");
	one_bad_queue(3, 64, FAKE_BASE, 11);
	one_bad_queue(31, 64, FAKE_BASE, 11);
	one_bad_queue(0xffffffff, 64, FAKE_BASE, 11);
	one_bad_queue(0, 63, FAKE_BASE, 11);
	one_bad_queue(0, 512, FAKE_BASE, 11);
	one_bad_queue(0, 64, 0, 11);
	one_bad_queue(0, 64, FAKE_BASE - 0x1000, 11);
	one_bad_queue(0, 64, FAKE_BASE + FAKE_BYTES - 0x8000, 11);
	one_bad_queue(0, 64, UINT64_MAX - 0xfff, 11);
	one_bad_queue(0, 64, FAKE_BASE + 1, 11);
	one_bad_queue(0, 64, FAKE_BASE, 3);
	one_bad_queue(0, 64, FAKE_BASE, 15);
	/* Such a device is not started. */
	one_bad_queue(0, 63, FAKE_BASE, 11);
	kind.starts = 0;
	CHECK_EQ(fake_status(&s, 0, 15), 11 | 64);
	CHECK_EQ(kind.starts, 0);
	fake_ask(&s, 0, MKV_GET_VQUEUE, 0, &index, 4);
	memcpy(&q, fake_answer(&length), sizeof(q));
	CHECK_EQ(q.max_size, 0);
	fake_end(&s);
}

static void queues_are_reset(void)
{
	uint32_t index = 0;

	fake_begin(&s);
	add("x");
	fake_status(&s, 0, 3);
	fake_features(&s, 0, 0, 0, 1);
	fake_status(&s, 0, 11);
	fake_queue(&s, 0, 0, 64, FAKE_BASE);
	fake_ask(&s, 0, MKV_RESET_VQUEUE, 0, &index, 4);
	CHECK_EQ(s.state->devices[0].queues[0].size, 0);
	CHECK_EQ(s.state->devices[0].status, 11);
	fake_queue(&s, 0, 0, 64, FAKE_BASE);
	fake_status(&s, 0, 15);
	fake_ask(&s, 0, MKV_RESET_VQUEUE, 0, &index, 4);
	CHECK_EQ(s.state->devices[0].queues[0].size, 64);
	CHECK_EQ(s.state->devices[0].status, 15 | 64);
	index = htole32(99);
	fake_ask(&s, 0, MKV_RESET_VQUEUE, 0, &index, 4);
	CHECK_EQ(kind.stops, 0);
	fake_end(&s);
}

static void ask_config(unsigned int id, uint32_t offset, uint32_t length,
		       const char *bytes, uint32_t *answered)
{
	uint32_t words[3] = { 0, htole32(offset), htole32(length) };
	uint8_t message[64];
	size_t n;

	if (id == MKV_GET_CONFIG) {
		fake_ask(&s, 0, id, 0, words + 1, 8);
	} else {
		memcpy(message, words, 12);
		memcpy(message + 12, bytes, length);
		fake_ask(&s, 0, id, 0, message, 12 + length);
	}
	memcpy(words, fake_answer(&n), 12);
	*answered = le32toh(words[2]);
	CHECK_EQ(n, 12 + *answered);
}

static void config_is_read_and_written(void)
{
	uint32_t answered;
	size_t n;

	fake_begin(&s);
	add("x");
	ask_config(MKV_GET_CONFIG, 2, 4, NULL, &answered);
	CHECK_EQ(answered, 4);
	CHECK_EQ(memcmp(fake_answer(&n) + 12, "2345", 4), 0);
	ask_config(MKV_GET_CONFIG, 10, 4, NULL, &answered);
	CHECK_EQ(answered, 2);
	ask_config(MKV_GET_CONFIG, 200, 56, NULL, &answered);
	CHECK_EQ(answered, 0);
	ask_config(MKV_SET_CONFIG, 0, 2, "XY", &answered);
	CHECK_EQ(answered, 2);
	CHECK_EQ(memcmp(s.slots[0]->d.config, "XY23", 4), 0);
	ask_config(MKV_SET_CONFIG, 11, 2, "ZZ", &answered);
	CHECK_EQ(answered, 1);
	CHECK_EQ(s.slots[0]->d.config[11], 'b');

	/* A change of ours: told once there is a driver. */
	n = fake.nr_sent;
	serve_config_changed(&s.slots[0]->d);
	CHECK_EQ(fake.nr_sent, n);
	fake_driver(&s, 0);
	n = fake.nr_sent;
	serve_config_changed(&s.slots[0]->d);
	CHECK_EQ(fake.nr_sent, n + 1);
	CHECK_EQ(fake.sent[n].bytes[1], MKV_EVENT_CONFIG);
	CHECK_EQ(s.state->devices[0].generation, 2);
	fake_end(&s);
}

static void messages_are_refused(void)
{
	uint8_t bytes[MKV_MESSAGE_MAX + 8] = { 0 };
	struct mkv_header header = { .id = MKV_GET_DEVICE_INFO,
				     .token = htole16(1),
				     .size = htole16(8) };
	unsigned int i;

	fake_begin(&s);
	add("x");
	for (i = 0; i < 8; i++)
		serve_handle(&s, &header, i);
	header.size = htole16(9);
	serve_handle(&s, &header, 8);
	header.size = htole16(8);
	header.token = 0;
	serve_handle(&s, &header, 8);
	header.token = htole16(1);
	header.type = MKV_TYPE_RESPONSE;
	serve_handle(&s, &header, 8);
	header.type = 0;
	header.id = 0x7f;
	serve_handle(&s, &header, 8);
	header.id = MKV_GET_DEVICE_INFO;
	header.device = htole16(MKV_DEVICES);
	serve_handle(&s, &header, 8);
	serve_handle(&s, bytes, sizeof(bytes));
	CHECK_EQ(fake.nr_sent, 0);
	/* What would be rung is not listened to. */
	fake_ask(&s, 0, MKV_EVENT_AVAIL, 0, bytes, 8);
	CHECK_EQ(fake.nr_sent, 0);
	/* One that is not there is gone. */
	header.device = htole16(9);
	serve_handle(&s, &header, 8);
	CHECK_EQ(count_events(9, MKV_DEVICE_REMOVED), 1);
	fake_end(&s);
}

static void bus_is_asked(void)
{
	struct mkv_get_devices ask = { 0, htole16(64) };
	size_t length;

	fake_begin(&s);
	add("x");
	add("y");
	fake_ask(&s, MKV_TYPE_BUS, MKV_GET_DEVICES, 0, &ask, sizeof(ask));
	CHECK_EQ(fake_answer(&length)[6], 3);
	CHECK_EQ(length, 6 + 8);
	fake_ask(&s, MKV_TYPE_BUS, MKV_PING, 0, "abcd", 4);
	CHECK_EQ(memcmp(fake_answer(&length), "abcd", 4), 0);
	fake_end(&s);
}

/* --- starts that fail ----------------------------------------------------- */

static void start_fails(void)
{
	fake_begin(&s);
	add("x");
	kind.start_code = MK_E_SYSTEM;
	CHECK_EQ(fake_driver(&s, 0), 15 | 64);
	CHECK(!s.slots[0]->d.running);
	CHECK_EQ(s.slots[0]->d.queues[0].kick, -1);
	CHECK(strstr(s.slots[0]->why, "no backend") != NULL);
	kind.start_code = 0;
	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK_STR(s.slots[0]->why, "");

	fake.bind_code = MK_E_REFUSED;
	fake.bind_errno = ENOSPC;
	CHECK_EQ(fake_driver(&s, 0), 15 | 64);
	CHECK_EQ(kind.stops, 2);
	fake_end(&s);
}

static void start_is_tried_again(void)
{
	fake_begin(&s);
	add("x");
	fake.bind_code = MK_E_REFUSED;
	fake.bind_errno = EBUSY;
	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK(!s.slots[0]->d.running);
	CHECK(s.slots[0]->start_again);
	fake.bind_errno = ENOTCONN;
	fake_rounds(&s, 100);
	CHECK(s.slots[0]->start_again);
	fake.bind_code = 0;
	fake_rounds(&s, 700);
	CHECK(s.slots[0]->d.running);
	CHECK(kind.resumed_start);
	CHECK_EQ(s.state->devices[0].status, 15);
	fake_end(&s);
}

/* kernel/virtio/queue.c:give_back(), before it saw us. */
static void give_back_three(unsigned int queue)
{
	if (queue == 1)
		fake_memory[0x28002] = 3; /* the used index */
}

static void buffers_given_back_are_seen(void)
{
	fake_begin(&s);
	add("x");
	kind.serves = true;
	fake.at_bind = give_back_three;
	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK(s.slots[0]->d.running);
	CHECK_EQ(serve_virtqueue(&s.slots[0]->d, 0)->next, 0);
	CHECK_EQ(serve_virtqueue(&s.slots[0]->d, 1)->next, 3);
	fake_end(&s);
}

static void broken_backend_is_not_started(void)
{
	fake_begin(&s);
	add("x");
	fake_driver(&s, 0);
	serve_broken(&s.slots[0]->d, "the daemon ended");
	serve_broken(&s.slots[0]->d, "again");
	CHECK_EQ(s.state->devices[0].status, 15 | 64);
	CHECK_STR(s.slots[0]->why, "the daemon ended");
	/* Its driver is refused before it could begin to wait. */
	CHECK_EQ(fake_driver(&s, 0), 3 | 64);
	CHECK_EQ(kind.starts, 1);
	CHECK_EQ(kind.stops, 1);
	/* The next life gets another one. */
	fake.info.state = MK_STATE_STOPPED;
	fake.info.events++;
	serve_look(&s);
	CHECK_EQ(kind.closes, 1);
	CHECK(s.slots[0] && !s.slots[0]->d.broken);
	CHECK_STR(s.slots[0]->why, "");
	fake_end(&s);
}

/* --- lives ---------------------------------------------------------------- */

static void life_ends_and_begins(void)
{
	fake_begin(&s);
	add("x");
	fake_rounds(&s, 100);
	CHECK_EQ(count_events(0, MKV_DEVICE_READY), 1);
	fake_driver(&s, 0);
	fake.nr_in = 5; /* of the last life; nobody is to see them */
	fake.info.state = MK_STATE_STOPPED;
	fake.info.events++;
	serve_look(&s);
	CHECK(!s.running);
	CHECK_EQ(kind.stops, 1);
	CHECK_EQ(kind.closes, 0);
	CHECK_EQ(s.state->devices[0].status, 0);
	CHECK_EQ(s.state->devices[0].used, 1);
	CHECK_EQ(fake.next_in, 5);
	CHECK_EQ(s.state->events, 21);
	fake.info.state = MK_STATE_RUNNING;
	fake.info.generation++;
	fake.down = true;
	serve_look(&s);
	CHECK(s.running);
	fake_rounds(&s, 100);
	CHECK_EQ(count_events(0, MKV_DEVICE_READY), 1);
	fake.down = false;
	fake_rounds(&s, 500);
	CHECK_EQ(count_events(0, MKV_DEVICE_READY), 2);
	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK_EQ(s.state->devices[0].life, 8);
	/* The next life at once: the end in between was not seen. */
	fake.info.generation++;
	serve_look(&s);
	CHECK(s.running);
	CHECK_EQ(kind.stops, 2);
	CHECK_EQ(s.state->devices[0].status, 0);
	fake.info_code = MK_E_NOTFOUND;
	serve_look(&s);
	CHECK(s.gone && s.stop);
	fake_end(&s);
}

/* --- a spawn that does not listen ----------------------------------------- */

static void slow_spawn_takes_its_own_time(void)
{
	int64_t since;
	unsigned int i;

	fake_begin(&s);
	add("x");
	fake.slow_ms = 40;
	fake.nr_in = 64;
	for (i = 0; i < 64; i++) {
		struct mkv_header h = { .id = MKV_GET_DEVICE_INFO,
					.token = htole16((uint16_t)(i + 1)),
					.size = htole16(8) };
		memcpy(fake.inbox[i], &h, sizeof(h));
		fake.lengths[i] = sizeof(h);
	}
	since = serve_now();
	serve_port_ready(&s, EPOLLIN);
	CHECK(serve_now() - since < 250);
	CHECK(fake.next_in >= 2 && fake.next_in < 10);
	/* The same for what has been waiting. */
	fake.send_code = MK_E_REFUSED;
	fake.send_errno = EAGAIN;
	for (i = 0; i < 30; i++)
		fake_ask(&s, MKV_TYPE_BUS, MKV_PING, 0, "abcd", 4);
	fake.send_code = 0;
	fake.tries = 0;
	since = serve_now();
	serve_out_flush(&s);
	CHECK(serve_now() - since < 250);
	CHECK(fake.tries >= 2 && fake.tries < 10);
	CHECK(s.out_nr > 20);
	fake.slow_ms = 0;
	fake_rounds(&s, 100);
	CHECK_EQ(s.out_nr, 0);
	fake_end(&s);
}

static void starts_are_not_too_many(void)
{
	unsigned int i;

	fake_begin(&s);
	add("x");
	for (i = 0; i < 10; i++)
		CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK_EQ(kind.starts, 5);
	CHECK(!s.slots[0]->d.running);
	fake_rounds(&s, 500);
	CHECK_EQ(kind.starts, 5);
	/* It works when the time is over, as if it were the first one. */
	s.slots[0]->starts_since -= 10000;
	fake_rounds(&s, 1000);
	CHECK_EQ(kind.starts, 6);
	CHECK(s.slots[0]->d.running);
	CHECK(!kind.resumed_start);
	/* A new life has done nothing yet. */
	for (i = 0; i < 10; i++)
		fake_driver(&s, 0);
	fake.info.generation++;
	fake.info.events++;
	serve_look(&s);
	CHECK_EQ(fake_driver(&s, 0), 15);
	CHECK(s.slots[0]->d.running);
	fake_end(&s);
}

static void flood_is_bounded(void)
{
	unsigned int i;

	fake_begin(&s);
	add("x");
	fake.send_code = MK_E_REFUSED;
	fake.send_errno = EAGAIN;
	fake.nr_in = 64;
	for (i = 0; i < 64; i++) {
		struct mkv_header h = { .id = MKV_GET_DEVICE_INFO,
					.token = htole16((uint16_t)(i + 1)),
					.size = htole16(8) };
		memcpy(fake.inbox[i], &h, sizeof(h));
		fake.lengths[i] = sizeof(h);
	}
	serve_port_ready(&s, EPOLLIN);
	CHECK_EQ(fake.next_in, SERVE_OUTGOING_FULL);
	CHECK_EQ(s.out_nr, SERVE_OUTGOING_FULL);
	CHECK(s.port_paused);
	/* Events still find room, but not without end. */
	for (i = 0; i < 100; i++)
		fake_ask(&s, MKV_TYPE_BUS, MKV_PING, 0, "abcd", 4);
	CHECK_EQ(s.out_nr, SERVE_OUTGOING);
	CHECK_EQ(fake.nr_sent, 0);
	fake.send_code = 0;
	fake_rounds(&s, 100);
	CHECK_EQ(s.out_nr, 0);
	CHECK(!s.port_paused);
	/* And then that device 0 is there. */
	CHECK_EQ(fake.nr_sent, SERVE_OUTGOING + 1);
	/* In order. */
	for (i = 0; i < SERVE_OUTGOING_FULL; i++)
		CHECK_EQ(fake.sent[i].bytes[4], i + 1);
	fake_end(&s);
}

static void unknown_is_sent_again(void)
{
	struct mk_virtio_message m;

	fake_begin(&s);
	fake.send_code = MK_E_UNKNOWN;
	mk_virtio_event_config(&m, 0, 0, 0);
	serve_out(&s, &m, false);
	CHECK_EQ(s.out_nr, 1);
	serve_out_clear(&s);
	CHECK_EQ(s.out_nr, 0);
	/* A removal would mean something else then. */
	serve_out(&s, &m, true);
	CHECK_EQ(s.out_nr, 0);
	/* Nobody is there: it is not kept for a later one. */
	fake.send_code = MK_E_REFUSED;
	fake.send_errno = ENOTCONN;
	serve_out(&s, &m, false);
	CHECK_EQ(s.out_nr, 0);
	CHECK_EQ(fake.tries, 3);
	fake_end(&s);
}

/* --- adding and removing -------------------------------------------------- */

static void devices_are_removed(void)
{
	struct mkv_get_devices ask = { 0, htole16(64) };
	size_t length;

	fake_begin(&s);
	add("x");
	add("y");
	fake_driver(&s, 0);
	/* With a driver: asked first. */
	serve_remove(s.slots[0]);
	CHECK_EQ(count_events(0, MKV_DEVICE_REMOVED), 1);
	CHECK(s.slots[0] && s.slots[0]->d.running);
	serve_remove(s.slots[0]);
	CHECK_EQ(count_events(0, MKV_DEVICE_REMOVED), 1);
	fake_ask(&s, MKV_TYPE_BUS, MKV_GET_DEVICES, 0, &ask, sizeof(ask));
	CHECK_EQ(fake_answer(&length)[6], 2);
	fake_ask(&s, 0, MKV_SET_DEVICE_STATUS, 0, "\0\0\0", 4);
	CHECK(s.slots[0] == NULL);
	CHECK_EQ(s.state->devices[0].used, 0);
	CHECK_EQ(count_events(0, MKV_DEVICE_REMOVED), 2);
	CHECK_EQ(kind.stops, 1);
	CHECK_EQ(kind.closes, 1);
	/* Without one: at once, both steps. */
	serve_remove(s.slots[1]);
	CHECK(s.slots[1] == NULL);
	CHECK_EQ(count_events(1, MKV_DEVICE_REMOVED), 2);

	CHECK_EQ(add("z"), 0);
	fake_driver(&s, 0);
	serve_remove(s.slots[0]);
	s.slots[0]->leave_until = serve_now();
	fake_rounds(&s, 150);
	CHECK(s.slots[0] == NULL);
	CHECK_EQ(kind.closes, 3);
	fake_end(&s);
}

static void too_many_are_refused(void)
{
	struct mk_error err;
	char text[SERVE_OPTIONS_BYTES + 1];
	unsigned int i;

	fake_begin(&s);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK_EQ(add(text), MK_E_INPUT);
	CHECK_EQ(add("bad"), MK_E_INPUT);
	kind.open_code = MK_E_SYSTEM;
	CHECK_EQ(add("x"), MK_E_SYSTEM);
	CHECK_EQ(s.state->devices[0].used, 0);
	kind.open_code = 0;
	for (i = 0; i < SERVE_DEVICES; i++)
		CHECK_EQ(add("x"), i);
	CHECK_EQ(serve_add(&s, &fake_kind, "x", &err), MK_E_REFUSED);
	CHECK(strstr(err.text, "64 devices") != NULL);
	fake_end(&s);
}

/* --- the loop ------------------------------------------------------------- */

static unsigned int calls;

static void call_again(void *context, uint32_t events)
{
	calls++;
	serve_later(&s, 0, call_again, context, NULL);
}

static void ignore_other(void *context, uint32_t events)
{
	int *fds = context;

	calls++;
	serve_ignore(&s, fds[0]);
	serve_ignore(&s, fds[1]);
}

static void loop_keeps_its_promises(void)
{
	struct mk_error err;
	int fds[2], i;

	fake_begin(&s);
	calls = 0;
	serve_later(&s, 5000, call_again, NULL, &err);
	serve_later(&s, 0, call_again, NULL, &err); /* replaces it */
	CHECK_EQ(s.nr_timers, 1);
	serve_loop_once(&s, 0, &err);
	CHECK_EQ(calls, 1); /* not again in the same round */
	serve_not_later(&s, call_again, NULL);
	calls = 0;
	for (i = 0; i < 2; i++) {
		fds[i] = eventfd(1, 0);
		CHECK_EQ(serve_watch(&s, fds[i], EPOLLIN, ignore_other, fds,
				     &err),
			 0);
	}
	CHECK_EQ(serve_watch(&s, fds[0], EPOLLIN, ignore_other, fds, &err),
		 MK_E_CALL);
	CHECK_EQ(serve_watch(&s, -1, EPOLLIN, ignore_other, fds, &err),
		 MK_E_CALL);
	serve_loop_once(&s, 0, &err);
	CHECK_EQ(calls, 1); /* the second was ignored in the first */
	CHECK_EQ(serve_rewatch(&s, fds[0], EPOLLIN, &err), MK_E_CALL);
	close(fds[0]);
	close(fds[1]);
	fake_end(&s);
}

int main(void)
{
	/* The log of refusals is not what is tested. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	TEST(driver_comes_up_and_goes);
	TEST(features_are_refused);
	TEST(status_is_refused);
	TEST(queues_are_refused);
	TEST(queues_are_reset);
	TEST(config_is_read_and_written);
	TEST(messages_are_refused);
	TEST(bus_is_asked);
	TEST(start_fails);
	TEST(start_is_tried_again);
	TEST(buffers_given_back_are_seen);
	TEST(broken_backend_is_not_started);
	TEST(life_ends_and_begins);
	TEST(flood_is_bounded);
	TEST(slow_spawn_takes_its_own_time);
	TEST(starts_are_not_too_many);
	TEST(unknown_is_sent_again);
	TEST(devices_are_removed);
	TEST(too_many_are_refused);
	TEST(loop_keeps_its_promises);
	return done();
}
