// SPDX-License-Identifier: GPL-2.0-only
/* serve/vsock: its address, and what it wants of the driver. */
#include "serve_stubs.h"

#include "serve/vsock.c"
#include "serve/worker.c"

#include "check.h"

static void address_good(void)
{
	static const struct {
		const char *text;
		uint32_t cid;
	} table[] = {
		{ "3", 3 },
		{ "0042", 42 },
		{ "4294967294", 4294967294u },
	};
	uint32_t cid;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK_EQ(serve_vsock.check(table[i].text, NULL), 0);
		CHECK_EQ(parse(table[i].text, &cid, NULL), 0);
		CHECK_EQ(cid, table[i].cid);
	}
}

static void address_bad(void)
{
	static const char *const table[] = {
		"",
		"0",
		"1",
		"2",
		"-3",
		"0x3",
		"3 ",
		" 3",
		"3,",
		"cid",
		"3x",
		"+3",
		"3\n",
		"3.0",
		"4294967295",
		"4294967299",
		"18446744073709551619",
		"000000000003",
	};
	struct serve_device device = { 0 };
	struct mk_error err;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(text, sizeof(text),
			 "vsock '%s': its address (CID) is a number from 3 to "
			 "4294967294",
			 table[i]);
		CHECK_EQ(serve_vsock.check(table[i], &err), MK_E_INPUT);
		CHECK_STR(err.text, text);
		CHECK_EQ(serve_vsock.open(&device, table[i], false, &err),
			 MK_E_INPUT);
		CHECK(!device.backend);
	}
}

static struct vsock vsock;
static struct serve_device_state state;
static struct serve_device device;

static void prepare(void)
{
	memset(&vsock, 0, sizeof(vsock));
	vsock.vhost.fd = vsock.error = -1;
	memset(&state, 0, sizeof(state));
	memset(&device, 0, sizeof(device));
	device.state = &state;
	device.backend = &vsock;
	stub_broken[0] = '\0';
	stub_done = 0;
}

static void queues_missing(void)
{
	struct mk_error err;

	prepare();
	state.queues[0].size = 8;
	CHECK_EQ(serve_vsock.start(&device, false, &err), MK_E_INPUT);
	CHECK_STR(err.text,
		  "the spawn's driver has not set up both queues of vsock");
	CHECK_EQ(stub_watched, 0);
	CHECK(!serve_vsock.serves(&device, 1));
	CHECK(serve_vsock.serves(&device, 2));
}

/* One queue of events in @memory, with what the driver made available. */
static uint8_t memory[4096] __attribute__((aligned(4096)));
static struct mk_virtqueue vq;

#define BASE UINT64_C(0x10000000)

static void prepare_events(unsigned int bytes, uint16_t available)
{
	const struct mk_virtqueue_memory m = { BASE, sizeof(memory), memory };
	struct vring_desc *desc = (void *)memory;
	uint16_t *avail = (void *)(memory + 256);

	prepare();
	memset(memory, 0xff, sizeof(memory));
	memset(memory, 0, 1024);
	desc[0].addr = BASE + 2048;
	desc[0].len = bytes;
	desc[0].flags = VRING_DESC_F_WRITE;
	avail[1] = available;
	CHECK_EQ(mk_virtqueue_init(&vq, &m, 8, BASE, BASE + 256, BASE + 512,
				   false, 0, NULL),
		 0);
	stub_queue = &vq;
}

static void reset_told(void)
{
	uint32_t id;

	prepare_events(8, 1);
	serve_vsock.kicked(&device, 2); /* nothing is due: nothing is taken */
	CHECK_EQ(stub_done, 0);
	vsock.reset_due = true;
	serve_vsock.kicked(&device, 1);
	CHECK_EQ(stub_done, 0);
	serve_vsock.kicked(&device, 2);
	CHECK_EQ(stub_done, 1);
	memcpy(&id, memory + 2048, sizeof(id));
	CHECK_EQ(id, VIRTIO_VSOCK_EVENT_TRANSPORT_RESET);
	CHECK_EQ(mk_virtqueue_used_index(&vq), 1);
	serve_vsock.kicked(&device, 2); /* once is enough */
	CHECK_EQ(stub_done, 1);
}

static void reset_waits(void)
{
	prepare_events(8, 0);
	vsock.reset_due = true;
	tell_reset(&device, 0);
	CHECK_EQ(stub_done, 0);
	CHECK(vsock.reset_due);
	memory[256 + 2] = 1;
	serve_vsock.kicked(&device, 2);
	CHECK_EQ(stub_done, 1);
	CHECK(!device.broken);
}

static void reset_short(void)
{
	prepare_events(3, 1);
	vsock.reset_due = true;
	serve_vsock.kicked(&device, 2);
	CHECK(device.broken);
	CHECK_STR(stub_broken, "a buffer for events of the spawn's driver is "
			       "too short for one");
	CHECK_EQ(memory[2048], 0xff);
	/* An address that is not the instance's. */
	prepare_events(8, 1);
	((struct vring_desc *)memory)->addr = BASE - 8;
	vsock.reset_due = true;
	serve_vsock.kicked(&device, 2);
	CHECK(device.broken);
	CHECK_EQ(stub_done, 0);
}

int main(void)
{
	TEST(address_good);
	TEST(address_bad);
	TEST(queues_missing);
	TEST(reset_told);
	TEST(reset_waits);
	TEST(reset_short);
	return done();
}
