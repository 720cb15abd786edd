// SPDX-License-Identifier: GPL-2.0-only
/* Messages of virtio-msg: what a driver may send, and what we answer, in bytes. */
#include <stdlib.h>

#include "check.h"
#include "virtio_msg.h"

#define BUS MKV_TYPE_BUS

/* A message as a test writes it: numbers of any width, one after another. */
struct text {
	uint8_t bytes[1024];
	size_t length;
};

static void add(struct text *t, uint64_t value, unsigned int size)
{
	for (; size--; value >>= 8)
		t->bytes[t->length++] = (uint8_t)value;
}

static struct text message(uint8_t type, uint8_t id, uint16_t device,
			   uint16_t token)
{
	struct text t = { .length = 0 };

	add(&t, type, 1);
	add(&t, id, 1);
	add(&t, device, 2);
	add(&t, token, 2);
	add(&t, 0, 2);
	return t;
}

static void set_size(struct text *t)
{
	t->bytes[6] = (uint8_t)t->length;
	t->bytes[7] = (uint8_t)(t->length >> 8);
}

/* In memory of the exact size, so that a byte beyond it is seen. */
static int parse_as_it_is(const struct text *t, struct mk_virtio_request *r,
			  struct mk_error *err)
{
	uint8_t *exact = malloc(t->length + !t->length);
	struct mk_virtio_request before;
	int ret;

	memcpy(exact, t->bytes, t->length);
	memset(r, 0x5a, sizeof(*r));
	before = *r;
	ret = mk_virtio_request_parse(exact, t->length, r, err);
	if (ret) {
		CHECK_EQ(ret, MK_E_INPUT);
		CHECK(!memcmp(&before, r, sizeof(before)));
	}
	free(exact);
	return ret;
}

static int parse(struct text t, struct mk_virtio_request *r)
{
	struct mk_error err = { .text = "" };
	int ret;

	set_size(&t);
	ret = parse_as_it_is(&t, r, &err);
	if (ret)
		printf("# %s\n", err.text);
	return ret;
}

static void refused(struct text t, const char *why)
{
	struct mk_error err = { .text = "" };
	struct mk_virtio_request r;

	set_size(&t);
	CHECK_EQ(parse_as_it_is(&t, &r, &err), MK_E_INPUT);
	CHECK_STR(err.text, why);
}

/* --- what a driver sends ------------------------------------------------------- */

/* Each kind in its shortest form, or with @more of what it counts. */
static struct text sample(bool bus, uint8_t id, uint32_t more)
{
	bool event = id >= 0x40;
	struct text t =
		message(bus ? BUS : 0, id, bus ? 0 : 63, event ? 0 : 0xfedc);
	uint32_t i;

	switch (bus ? id | 0x100 : id) {
	case MKV_GET_DEVICE_FEATURES:
	case MKV_SET_DRIVER_FEATURES:
		add(&t, 0xfffffffe, 4);
		add(&t, more, 4);
		for (i = 0; id == MKV_SET_DRIVER_FEATURES && i < more; i++)
			add(&t, 0x10000001 * (i + 1), 4);
		break;
	case MKV_SET_CONFIG:
		add(&t, 77, 4);
		/* fall through */
	case MKV_GET_CONFIG:
		add(&t, 256 - more, 4);
		add(&t, more, 4);
		for (i = 0; id == MKV_SET_CONFIG && i < more; i++)
			add(&t, i + 1, 1);
		break;
	case MKV_SET_DEVICE_STATUS:
	case MKV_GET_VQUEUE:
	case MKV_RESET_VQUEUE:
	case MKV_GET_SHM:
		add(&t, 0x87654321, 4);
		break;
	case MKV_SET_VQUEUE:
		add(&t, 31, 4);
		add(&t, 0, 4);
		add(&t, 256, 4);
		add(&t, 0, 4);
		add(&t, 0x1122334455667788, 8);
		add(&t, 0x99aabbccddeeff00, 8);
		add(&t, 0xfffffffffffffffc, 8);
		break;
	case MKV_EVENT_AVAIL:
		add(&t, 31, 4);
		add(&t, 0, 4);
		break;
	case MKV_GET_DEVICES | 0x100:
		add(&t, 0xfff8, 2);
		add(&t, 8 + 8 * more, 2);
		break;
	case MKV_PING | 0x100:
		add(&t, 0x44332211, 4);
		break;
	}
	return t;
}

static const struct {
	bool bus;
	uint8_t id;
	const char *name;
	size_t length;
	uint32_t most; /* of what it counts */
} kinds[] = {
	{ false, MKV_GET_DEVICE_INFO, "GET_DEVICE_INFO", 8, 0 },
	{ false, MKV_GET_DEVICE_FEATURES, "GET_DEVICE_FEATURES", 16, 4 },
	{ false, MKV_SET_DRIVER_FEATURES, "SET_DRIVER_FEATURES", 16, 4 },
	{ false, MKV_GET_CONFIG, "GET_CONFIG", 16, 256 },
	{ false, MKV_SET_CONFIG, "SET_CONFIG", 20, 256 },
	{ false, MKV_GET_DEVICE_STATUS, "GET_DEVICE_STATUS", 8, 0 },
	{ false, MKV_SET_DEVICE_STATUS, "SET_DEVICE_STATUS", 12, 0 },
	{ false, MKV_GET_VQUEUE, "GET_VQUEUE", 12, 0 },
	{ false, MKV_SET_VQUEUE, "SET_VQUEUE", 48, 0 },
	{ false, MKV_RESET_VQUEUE, "RESET_VQUEUE", 12, 0 },
	{ false, MKV_GET_SHM, "GET_SHM", 12, 0 },
	{ false, MKV_EVENT_AVAIL, "EVENT_AVAIL", 16, 0 },
	{ true, MKV_GET_DEVICES, "GET_DEVICES", 12, 8190 },
	{ true, MKV_PING, "PING", 12, 0 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void every_kind_is_taken_apart(void)
{
	struct mk_virtio_request r;
	struct text t;
	uint32_t more;
	size_t i;

	for (i = 0; i < KINDS; i++)
		for (more = 0; more <= kinds[i].most && !check_bad; more++) {
			t = sample(kinds[i].bus, kinds[i].id, more);
			if (!more)
				CHECK_EQ(t.length, kinds[i].length);
			CHECK_EQ(parse(t, &r), 0);
			CHECK_EQ(r.bus, kinds[i].bus);
			CHECK_EQ(r.id, kinds[i].id);
			CHECK_EQ(r.device, kinds[i].bus ? 0 : 63);
			CHECK_EQ(r.token, kinds[i].id >= 0x40 ? 0 : 0xfedc);
		}
}

static void fields_are_where_they_belong(void)
{
	struct mk_virtio_request r;
	unsigned int i;

	CHECK_EQ(parse(sample(false, MKV_GET_DEVICE_FEATURES, 3), &r), 0);
	CHECK_EQ(r.features.block, 0xfffffffe);
	CHECK_EQ(r.features.count, 3);
	CHECK_EQ(r.features.bits[0], 0);
	CHECK_EQ(parse(sample(false, MKV_SET_DRIVER_FEATURES, 4), &r), 0);
	CHECK_EQ(r.features.block, 0xfffffffe);
	CHECK_EQ(r.features.count, 4);
	for (i = 0; i < 4; i++)
		CHECK_EQ(r.features.bits[i], 0x10000001 * (i + 1));
	CHECK_EQ(parse(sample(false, MKV_GET_CONFIG, 16), &r), 0);
	CHECK_EQ(r.config.generation, 0);
	CHECK_EQ(r.config.offset, 240);
	CHECK_EQ(r.config.length, 16);
	CHECK_EQ(parse(sample(false, MKV_SET_CONFIG, 256), &r), 0);
	CHECK_EQ(r.config.generation, 77);
	CHECK_EQ(r.config.offset, 0);
	CHECK_EQ(r.config.length, 256);
	for (i = 0; i < 256; i++)
		CHECK_EQ(r.config.bytes[i], (uint8_t)(i + 1));
	CHECK_EQ(parse(sample(false, MKV_SET_DEVICE_STATUS, 0), &r), 0);
	CHECK_EQ(r.status, 0x87654321);
	CHECK_EQ(parse(sample(false, MKV_GET_VQUEUE, 0), &r), 0);
	CHECK_EQ(r.index, 0x87654321);
	CHECK_EQ(parse(sample(false, MKV_RESET_VQUEUE, 0), &r), 0);
	CHECK_EQ(r.index, 0x87654321);
	CHECK_EQ(parse(sample(false, MKV_GET_SHM, 0), &r), 0);
	CHECK_EQ(r.index, 0x87654321);
	CHECK_EQ(parse(sample(false, MKV_SET_VQUEUE, 0), &r), 0);
	CHECK_EQ(r.queue.index, 31);
	CHECK_EQ(r.queue.size, 256);
	CHECK(r.queue.descriptors == 0x1122334455667788);
	CHECK(r.queue.driver == 0x99aabbccddeeff00);
	CHECK(r.queue.device == 0xfffffffffffffffc);
	CHECK_EQ(parse(sample(false, MKV_EVENT_AVAIL, 0), &r), 0);
	CHECK_EQ(r.index, 31);
	CHECK_EQ(parse(sample(true, MKV_GET_DEVICES, 7), &r), 0);
	CHECK_EQ(r.devices.offset, 0xfff8);
	CHECK_EQ(r.devices.count, 64);
	CHECK_EQ(parse(sample(true, MKV_PING, 0), &r), 0);
	CHECK(!memcmp(r.ping, "\x11\x22\x33\x44", 4));
}

/* --- what is refused ------------------------------------------------------------- */

static void a_length_that_no_message_has_is_refused(void)
{
	struct text t = sample(false, MKV_GET_DEVICE_INFO, 0);
	struct mk_virtio_request r;
	struct mk_error err;
	char why[100];

	for (t.length = 0; t.length < 8; t.length++) {
		CHECK_EQ(parse_as_it_is(&t, &r, &err), MK_E_INPUT);
		snprintf(why, sizeof(why),
			 "a message of %zu bytes; it has 8 to 512", t.length);
		CHECK_STR(err.text, why);
	}
	t.length = 513;
	refused(t, "a message of 513 bytes; it has 8 to 512");
	t.length = 512;
	refused(t, "GET_DEVICE_INFO is too long: it has 512 bytes");
	CHECK_EQ(mk_virtio_request_parse(t.bytes, SIZE_MAX, &r, NULL),
		 MK_E_INPUT);
	CHECK_EQ(mk_virtio_request_parse(NULL, 0, &r, NULL), MK_E_INPUT);
}

static void every_other_length_of_every_kind_is_refused(void)
{
	static const uint32_t counts[] = { 0, 1, 4 };
	struct mk_virtio_request r;
	struct mk_error err;
	struct text full, t;
	size_t i, n, cut;
	char name[40];

	for (i = 0; i < KINDS; i++)
		for (n = 0; n < 3; n++) {
			if (counts[n] > kinds[i].most)
				continue;
			full = sample(kinds[i].bus, kinds[i].id, counts[n]);
			for (cut = 8; cut <= MKV_MESSAGE_MAX; cut++) {
				t = full;
				t.length = cut;
				if (cut == full.length)
					continue;
				set_size(&t);
				CHECK_EQ(parse_as_it_is(&t, &r, &err),
					 MK_E_INPUT);
				/* half a field may be wrong first */
				snprintf(name, sizeof(name), "%s is too %s",
					 kinds[i].name,
					 cut > full.length ? "long" : "short");
				CHECK(strstr(err.text, name));
				if (check_bad)
					return;
			}
		}
	t = sample(false, MKV_GET_VQUEUE, 0);
	t.length--;
	refused(t, "GET_VQUEUE is too short: it has 11 bytes");
	t = sample(false, MKV_SET_CONFIG, 9);
	t.length++;
	refused(t, "SET_CONFIG is too long: it has 30 bytes");
}

static void a_size_that_is_not_the_length_is_refused(void)
{
	struct text t = sample(false, MKV_GET_CONFIG, 5);
	struct mk_virtio_request r;
	struct mk_error err;
	unsigned int size;
	char why[100];

	for (size = 0; size <= 65535; size++) {
		t.bytes[6] = (uint8_t)size;
		t.bytes[7] = (uint8_t)(size >> 8);
		if (size == t.length) {
			CHECK_EQ(parse_as_it_is(&t, &r, &err), 0);
			continue;
		}
		CHECK_EQ(parse_as_it_is(&t, &r, &err), MK_E_INPUT);
		snprintf(why, sizeof(why),
			 "GET_CONFIG says that it has %u bytes; it has 16",
			 size);
		CHECK_STR(err.text, why);
		if (check_bad)
			return;
	}
}

static void other_types_and_ids_are_refused(void)
{
	struct mk_virtio_request r;
	unsigned int type, id;
	struct mk_error err;
	bool known;
	struct text t;
	size_t i;

	for (type = 0; type < 256; type++)
		for (id = 0; id < 256 && !check_bad; id++) {
			known = false;
			for (i = 0; i < KINDS; i++)
				known |= kinds[i].bus == !!(type & BUS) &&
					 kinds[i].id == id && !(type & ~BUS);
			t = sample(type & BUS, (uint8_t)id, 1);
			t.bytes[0] = (uint8_t)type;
			set_size(&t);
			CHECK_EQ(parse_as_it_is(&t, &r, &err),
				 known ? 0 : MK_E_INPUT);
		}
	refused(message(1, MKV_GET_VQUEUE, 0, 1),
		"a message of the type 0x1; a driver sends 0 or 0x2");
	refused(message(3, MKV_PING, 0, 1),
		"a message of the type 0x3; a driver sends 0 or 0x2");
	refused(message(4, MKV_GET_VQUEUE, 0, 1),
		"a message of the type 0x4; a driver sends 0 or 0x2");
	refused(message(0, 1, 0, 1),
		"message 0x1 of the transport is none that a driver sends");
	refused(message(0, MKV_EVENT_CONFIG, 0, 0),
		"message 0x40 of the transport is none that a driver sends");
	refused(message(0, MKV_EVENT_USED, 0, 0),
		"message 0x42 of the transport is none that a driver sends");
	refused(message(BUS, MKV_EVENT_DEVICE, 0, 0),
		"message 0x40 of the bus is none that a driver sends");
}

static void a_device_out_of_range_is_refused(void)
{
	struct text t = sample(false, MKV_EVENT_AVAIL, 0);

	t.bytes[2] = 64;
	refused(t, "EVENT_AVAIL names device 64; the last is 63");
	t.bytes[2] = t.bytes[3] = 0xff;
	refused(t, "EVENT_AVAIL names device 65535; the last is 63");
	t = sample(true, MKV_PING, 0);
	t.bytes[2] = 1;
	refused(t, "PING names device 1; the last is 0");
}

static void a_token_where_there_is_none_is_refused(void)
{
	struct text t;
	char why[100];
	size_t i;

	for (i = 0; i < KINDS; i++) {
		t = sample(kinds[i].bus, kinds[i].id, 0);
		t.bytes[4] = t.bytes[5] = 0;
		if (kinds[i].id >= 0x40)
			t.bytes[5] = 1;
		snprintf(why, sizeof(why), "%s has %s token", kinds[i].name,
			 kinds[i].id >= 0x40 ? "a" : "no");
		refused(t, why);
	}
}

static struct text words(uint8_t type, uint8_t id, uint32_t a, uint32_t b)
{
	struct text t = message(type, id, 0, 1);

	add(&t, a, 4);
	add(&t, b, 4);
	return t;
}

static void counts_that_do_not_fit_are_refused(void)
{
	struct text t;

	refused(words(0, MKV_GET_DEVICE_FEATURES, 0, 5),
		"5 blocks of features; one message has 4 at most");
	refused(words(0, MKV_SET_DRIVER_FEATURES, 0, 0x40000000),
		"1073741824 blocks of features; one message has 4 at most");
	refused(words(0, MKV_GET_CONFIG, 0, 257),
		"257 bytes of configuration at 0; no device has more than 256");
	refused(words(0, MKV_GET_CONFIG, 256, 1),
		"1 bytes of configuration at 256; no device has more than 256");
	refused(words(0, MKV_GET_CONFIG, 257, 0),
		"0 bytes of configuration at 257; no device has more than 256");
	refused(words(0, MKV_GET_CONFIG, 0xffffffff, 2),
		"2 bytes of configuration at 4294967295; no device has more "
		"than 256");
	t = words(0, MKV_SET_CONFIG, 0, 1);
	add(&t, 0xffffffff, 4);
	refused(t, "4294967295 bytes of configuration at 1; no device has more "
		   "than 256");
	/* as many as fit, but they are not there, or there are more */
	refused(words(0, MKV_SET_DRIVER_FEATURES, 0, 1),
		"SET_DRIVER_FEATURES is too short: it has 16 bytes");
	t = words(0, MKV_SET_DRIVER_FEATURES, 0, 1);
	add(&t, 0, 8);
	refused(t, "SET_DRIVER_FEATURES is too long: it has 24 bytes");
	/* a GET has no bits */
	t = words(0, MKV_GET_DEVICE_FEATURES, 0, 1);
	add(&t, 0, 4);
	refused(t, "GET_DEVICE_FEATURES is too long: it has 20 bytes");
	t = message(BUS, MKV_GET_DEVICES, 0, 1);
	add(&t, 8, 2);
	add(&t, 12, 2);
	refused(t,
		"GET_DEVICES for 12 numbers from 8; both are multiples of 8");
	t = message(BUS, MKV_GET_DEVICES, 0, 1);
	add(&t, 4, 2);
	add(&t, 8, 2);
	refused(t, "GET_DEVICES for 8 numbers from 4; both are multiples of 8");
	t = message(BUS, MKV_GET_DEVICES, 0, 1);
	add(&t, 8, 4);
	refused(t, "GET_DEVICES for 0 numbers would have no end");
}

static void reserved_fields_are_zero(void)
{
	struct text t = sample(false, MKV_SET_VQUEUE, 0);

	t.bytes[8 + 4 + 3] = 1;
	refused(t, "SET_VQUEUE has something in a reserved field");
	t = sample(false, MKV_SET_VQUEUE, 0);
	t.bytes[8 + 12] = 1;
	refused(t, "SET_VQUEUE has something in a reserved field");
	t = sample(false, MKV_EVENT_AVAIL, 0);
	t.bytes[12] = 1;
	refused(t, "EVENT_AVAIL has data, which was not offered");
}

/* --- what we send ------------------------------------------------------------------ */

static void sent(const struct mk_virtio_message *m, struct text want)
{
	set_size(&want);
	CHECK_EQ(m->length, want.length);
	CHECK(!memcmp(m->bytes, want.bytes, want.length));
}

static struct text response(const struct mk_virtio_request *r)
{
	return message(r->bus ? 3 : 1, r->id, r->device, r->token);
}

static void responses_are_these_bytes(void)
{
	static const uint8_t bytes[256] = { 1, 2, 3, 4, 5, [255] = 9 };
	struct mk_virtio_message m;
	struct mk_virtio_request r;
	struct text want;
	unsigned int i;

	CHECK_EQ(parse(sample(false, MKV_RESET_VQUEUE, 0), &r), 0);
	mk_virtio_respond_empty(&m, &r);
	sent(&m, response(&r));
	CHECK(!memcmp(m.bytes, "\x01\x0b\x3f\x00\xdc\xfe\x08\x00", 8));

	CHECK_EQ(parse(sample(false, MKV_GET_DEVICE_INFO, 0), &r), 0);
	mk_virtio_respond_info(&m, &r, 2, 0x4d4b, 60, 3);
	want = response(&r);
	add(&want, 2, 4);
	add(&want, 0x4d4b, 4);
	add(&want, 64, 4);
	add(&want, 60, 4);
	add(&want, 3, 4);
	add(&want, 0, 4);
	sent(&m, want);

	CHECK_EQ(parse(sample(false, MKV_GET_CONFIG, 5), &r), 0);
	mk_virtio_respond_config(&m, &r, 9, bytes, 5);
	want = response(&r);
	add(&want, 9, 4);
	add(&want, 251, 4);
	add(&want, 5, 4);
	for (i = 0; i < 5; i++)
		add(&want, i + 1, 1);
	sent(&m, want);
	mk_virtio_respond_config(&m, &r, 0, NULL, 0);
	CHECK_EQ(m.length, 20);
	mk_virtio_respond_config(&m, &r, 0, bytes, 256);
	CHECK_EQ(m.length, 276);
	CHECK_EQ(m.bytes[275], 9);
	mk_virtio_respond_config(&m, &r, 0, bytes, 0xffffffff);
	CHECK_EQ(m.length, 276);

	CHECK_EQ(parse(sample(false, MKV_SET_DEVICE_STATUS, 0), &r), 0);
	mk_virtio_respond_status(&m, &r, 0x4f);
	want = response(&r);
	add(&want, 0x4f, 4);
	sent(&m, want);

	CHECK_EQ(parse(sample(false, MKV_GET_VQUEUE, 0), &r), 0);
	mk_virtio_respond_queue(&m, &r, 1024, 256, 1ull << 40, 2ull << 40,
				0xfedcba9876543210);
	want = response(&r);
	add(&want, 0x87654321, 4);
	add(&want, 1024, 4);
	add(&want, 256, 4);
	add(&want, 0, 4);
	add(&want, 1ull << 40, 8);
	add(&want, 2ull << 40, 8);
	add(&want, 0xfedcba9876543210, 8);
	sent(&m, want);

	CHECK_EQ(parse(sample(false, MKV_GET_SHM, 0), &r), 0);
	mk_virtio_respond_shm(&m, &r);
	want = response(&r);
	add(&want, 0x87654321, 4);
	add(&want, 0, 8);
	sent(&m, want);

	CHECK_EQ(parse(sample(true, MKV_PING, 0), &r), 0);
	mk_virtio_respond_ping(&m, &r);
	want = response(&r);
	add(&want, 0x44332211, 4);
	sent(&m, want);
}

static void features_beyond_64_bits_are_zero(void)
{
	static const uint32_t blocks[] = { 0x9abcdef0, 0x12345678, 0, 0 };
	static const uint32_t firsts[] = { 0, 1, 2, 31, 0xfffffffe, 0xffffffff };
	struct mk_virtio_message m;
	struct mk_virtio_request r;
	struct text want;
	uint64_t block;
	uint32_t count;
	unsigned int i;

	for (i = 0; i < 6; i++)
		for (count = 0; count <= 4; count++) {
			CHECK_EQ(parse(words(0, MKV_GET_DEVICE_FEATURES,
					     firsts[i], count),
				       &r),
				 0);
			mk_virtio_respond_features(&m, &r, 0x123456789abcdef0);
			want = response(&r);
			add(&want, firsts[i], 4);
			add(&want, count, 4);
			for (block = firsts[i];
			     block < (uint64_t)firsts[i] + count; block++)
				add(&want, block < 4 ? blocks[block] : 0, 4);
			sent(&m, want);
		}
}

/* Whoever asks, however much at a time, ends with the numbers that are there. */
static void devices_are_found_by_asking_on(void)
{
	static const uint64_t present[] = {
		0, 1, 1ull << 63, 0x8000000000000001, 0xff00, ~0ull, 0x810
	};
	unsigned int i, asked, rounds, next, n;
	struct mk_virtio_message m;
	struct mk_virtio_request r;
	uint64_t found;
	struct text t;

	for (i = 0; i < 7; i++)
		for (asked = 8; asked <= 65528; asked += 8) {
			found = 0;
			next = 0;
			rounds = 0;
			do {
				t = message(BUS, MKV_GET_DEVICES, 0, 1);
				add(&t, next, 2);
				add(&t, asked, 2);
				CHECK_EQ(parse(t, &r), 0);
				mk_virtio_respond_devices(&m, &r, present[i]);
				n = m.bytes[10] | (unsigned int)m.bytes[11]
							  << 8;
				CHECK_EQ(m.bytes[8], next);
				CHECK_EQ(m.length, 14 + n / 8);
				CHECK(n && n <= asked && next + n <= 64);
				while (n && (n -= 8, true))
					found |= (uint64_t)m.bytes[14 + n / 8]
						 << (next + n);
				next = m.bytes[12];
				if (check_bad)
					return;
			} while (next && ++rounds < 9);
			CHECK(found == present[i]);
		}
	/* beyond the last there is none, and nowhere to go on */
	t = message(BUS, MKV_GET_DEVICES, 0, 1);
	add(&t, 64, 2);
	add(&t, 64, 2);
	CHECK_EQ(parse(t, &r), 0);
	mk_virtio_respond_devices(&m, &r, ~0ull);
	t = message(3, MKV_GET_DEVICES, 0, 1);
	add(&t, 64, 2);
	add(&t, 0, 4);
	sent(&m, t);
}

static void events_are_these_bytes(void)
{
	struct mk_virtio_message m;
	struct text want;

	mk_virtio_event_config(&m, 63, 0x40, 0x01020304);
	want = message(0, 0x40, 63, 0);
	add(&want, 0x40, 4);
	add(&want, 0x01020304, 4);
	add(&want, 0, 8);
	sent(&m, want);
	mk_virtio_event_used(&m, 5, 31);
	want = message(0, 0x42, 5, 0);
	add(&want, 31, 4);
	sent(&m, want);
	mk_virtio_event_device(&m, 7, MKV_DEVICE_REMOVED);
	want = message(2, 0x40, 0, 0);
	add(&want, 7, 2);
	add(&want, 2, 2);
	sent(&m, want);
}

int main(void)
{
	TEST(every_kind_is_taken_apart);
	TEST(fields_are_where_they_belong);
	TEST(a_length_that_no_message_has_is_refused);
	TEST(every_other_length_of_every_kind_is_refused);
	TEST(a_size_that_is_not_the_length_is_refused);
	TEST(other_types_and_ids_are_refused);
	TEST(a_device_out_of_range_is_refused);
	TEST(a_token_where_there_is_none_is_refused);
	TEST(counts_that_do_not_fit_are_refused);
	TEST(reserved_fields_are_zero);
	TEST(responses_are_these_bytes);
	TEST(features_beyond_64_bits_are_zero);
	TEST(devices_are_found_by_asking_on);
	TEST(events_are_these_bytes);
	return done();
}
