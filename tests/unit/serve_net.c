// SPDX-License-Identifier: GPL-2.0-only
/* serve/net: its options, its address, and the commands that it refuses. */
#include "serve_stubs.h"

#include "serve/net.c"
#include "serve/worker.c"
#include "serve/net_options.c"
#include "serve/tap.c"

#include "check.h"

static void options_good(void)
{
	static const struct {
		const char *text, *tap;
		unsigned int queues;
		uint8_t last; /* of the mac; 0 = has none */
	} table[] = {
		{ "tap=t", "t", 1, 0 },
		{ "tap=tap-0.web_1@x", "tap-0.web_1@x", 1, 0 },
		{ "tap=abcdefghijklmno", "abcdefghijklmno", 1, 0 },
		{ "tap=t,queues=15", "t", 15, 0 },
		{ "queues=07,tap=t", "t", 7, 0 },
		{ "tap=t,mac=02:00:00:00:00:ff", "t", 1, 0xff },
		{ "mac=0A:bC:de:F0:12:34,tap=t,queues=2", "t", 2, 0x34 },
		{ "tap=a=b", "a=b", 1, 0 },
	};
	struct net_options o;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK_EQ(serve_net.check(table[i].text, NULL), 0);
		CHECK_EQ(net_options_parse(table[i].text, &o, NULL), 0);
		CHECK_STR(o.tap, table[i].tap);
		CHECK_EQ(o.queues, table[i].queues);
		CHECK_EQ(o.has_mac, table[i].last != 0);
		CHECK_EQ(o.mac[5], table[i].last);
	}
}

#define FORM "tap=NAME[,mac=XX:XX:XX:XX:XX:XX][,queues=N]"

static void options_bad(void)
{
	static const struct {
		const char *text, *error;
	} table[] = {
		{ "", "net: '' is not of the form " FORM },
		{ "t0", "net: 't0' is not of the form " FORM },
		{ "tap=t,", "net: '' is not of the form " FORM },
		{ ",tap=t", "net: '' is not of the form " FORM },
		{ "queues=2", "net needs a tap: " FORM },
		{ "tap=", "tap '': a name has 1 to 15 characters" },
		{ "tap=abcdefghijklmnop",
		  "tap 'abcdefghijklmnop': a name has 1 to 15 characters" },
		{ "tap=a/b",
		  "tap 'a/b': a name has no spaces and none of / : %" },
		{ "tap=tap%d",
		  "tap 'tap%d': a name has no spaces and none of / : %" },
		{ "tap=a b",
		  "tap 'a b': a name has no spaces and none of / : %" },
		{ "tap=a:b",
		  "tap 'a:b': a name has no spaces and none of / : %" },
		{ "tap=a\n",
		  "tap 'a\n': a name has no spaces and none of / : %" },
		{ "tap=..", "tap '..' is no name" },
		{ "tap=a,tap=b", "net: tap is given twice" },
		{ "tap=a,queues=1,queues=1", "net: queues is given twice" },
		{ "tap=a,mtu=9000", "net has no option 'mtu': " FORM },
		{ "ta=a", "net has no option 'ta': " FORM },
		{ "=a", "net has no option '': " FORM },
		{ "tap=a,queues=0", "queues '0' is not a number from 1 to 15" },
		{ "tap=a,queues=16",
		  "queues '16' is not a number from 1 to 15" },
		{ "tap=a,queues=", "queues '' is not a number from 1 to 15" },
		{ "tap=a,queues=-1",
		  "queues '-1' is not a number from 1 to 15" },
		{ "tap=a,queues=4294967297",
		  "queues '4294967297' is not a number from 1 to 15" },
		{ "tap=a,queues=2x",
		  "queues '2x' is not a number from 1 to 15" },
		{ "tap=a,mac=02:00:00:00:00",
		  "mac '02:00:00:00:00' is not of the form "
		  "XX:XX:XX:XX:XX:XX" },
		{ "tap=a,mac=02-00-00-00-00-01",
		  "mac '02-00-00-00-00-01' is not of the form "
		  "XX:XX:XX:XX:XX:XX" },
		{ "tap=a,mac=02:00:00:00:00:0g",
		  "mac '02:00:00:00:00:0g' is not of the form "
		  "XX:XX:XX:XX:XX:XX" },
		{ "tap=a,mac=01:00:5e:00:00:01",
		  "mac '01:00:5e:00:00:01' is not an address of one station" },
		{ "tap=a,mac=00:00:00:00:00:00",
		  "mac '00:00:00:00:00:00' is not an address of one station" },
	};
	struct mk_error err;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct net_options o = { .queues = 99 };

		CHECK_EQ(serve_net.check(table[i].text, &err), MK_E_INPUT);
		CHECK_EQ(net_options_parse(table[i].text, &o, &err),
			 MK_E_INPUT);
		CHECK_STR(err.text, table[i].error);
		CHECK_EQ(o.queues, 99);
	}
}

static void address(void)
{
	uint8_t a[NET_MAC], b[NET_MAC];

	net_options_mac("m", "web", 0, a);
	net_options_mac("m", "web", 0, b);
	CHECK(memcmp(a, b, sizeof(a)) == 0);
	CHECK_EQ(a[0], 2);
	net_options_mac("m", "web", 1, b);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	net_options_mac("m", "we", 0, b);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	net_options_mac("n", "web", 0, b);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	net_options_mac("mw", "eb", 0, b);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
}

static void offloads(void)
{
	CHECK_EQ(frames_wanted(0), 0);
	CHECK_EQ(frames_wanted(BIT(VIRTIO_NET_F_GUEST_CSUM)), TAP_CSUM);
	CHECK_EQ(frames_wanted(TAP_FEATURES),
		 TAP_CSUM | TAP_TSO4 | TAP_TSO6 | TAP_ECN);
	/* One without the other cannot be had. */
	CHECK_EQ(frames_wanted(BIT(NET_F_GUEST_USO4)), 0);
	CHECK_EQ(frames_wanted(USO_FEATURES), TAP_USO);
}

/* A device with three pairs, of which two are set up. */
static struct net net;
static struct serve_device_state state;
static struct serve_device device;

static void prepare(uint64_t features)
{
	int i;

	memset(&net, 0, sizeof(net));
	memset(net.tap.fds, -1, sizeof(net.tap.fds));
	for (i = 0; i < TAP_QUEUES; i++)
		net.vhosts[i].fd = -1;
	strcpy(net.tap.name, "t");
	net.error = net.tap.watch = net.tap.lock = -1;
	net.options.queues = net.tap.nr = 3;
	net.tap.used = 2;
	memset(&state, 0, sizeof(state));
	state.features = features;
	state.queues[0].size = state.queues[1].size = 8;
	state.queues[2].size = state.queues[3].size = 8;
	state.queues[4].size = 8; /* of the third pair only one half */
	memset(&device, 0, sizeof(device));
	device.kind = &serve_net;
	device.state = &state;
	device.backend = &net;
	stub_log[0] = stub_broken[0] = '\0';
	stub_changes = 0;
	stub_later = NULL;
}

#define CVQ BIT(VIRTIO_NET_F_CTRL_VQ)
#define MQ  BIT(VIRTIO_NET_F_MQ)

static void which_queue(void)
{
	prepare(CVQ | MQ);
	CHECK(serve_net.serves(&device, 6));
	CHECK(!serve_net.serves(&device, 2));
	prepare(CVQ);
	CHECK(serve_net.serves(&device, 2));
	CHECK(!serve_net.serves(&device, 6));
	prepare(MQ);
	CHECK(!serve_net.serves(&device, 6));
	CHECK(!serve_net.serves(&device, 2));
}

static uint8_t command(const void *bytes, size_t length)
{
	struct mk_virtqueue_chain chain = { .nr_out = length ? 1 : 0,
					    .out_bytes = length };

	chain.parts[0].iov_base = (void *)bytes;
	chain.parts[0].iov_len = length;
	return obey(&device, &chain);
}

#define COMMAND(...)                              \
	command((const uint8_t[]){ __VA_ARGS__ }, \
		sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void commands(void)
{
	struct net_kept kept;

	prepare(CVQ | MQ);
	CHECK_EQ(COMMAND(4, 0, 2, 0), VIRTIO_NET_OK);
	memcpy(&kept, state.backend, sizeof(kept));
	CHECK_EQ(kept.pairs, 2);
	/* Malformed: too short, too long, none, too many. */
	CHECK_EQ(command("", 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4, 0, 2), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4, 0, 2, 0, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4, 0, 0, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4, 0, 4, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(4, 0, 1, 0x80), VIRTIO_NET_ERR);
	/* The third pair is not set up. */
	CHECK_EQ(COMMAND(4, 0, 3, 0), VIRTIO_NET_ERR);
	/* Not offered: RSS, receive modes, addresses, VLANs, offloads. */
	CHECK_EQ(COMMAND(4, 1, 2, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(0, 0, 1), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(1, 1, 2, 0, 0, 0, 0, 1), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(2, 0, 1, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(5, 0, 0, 0, 0, 0, 0, 0, 0, 0), VIRTIO_NET_ERR);
	CHECK_EQ(COMMAND(255, 255, 255), VIRTIO_NET_ERR);
	CHECK_EQ(net.tap.used, 2);
	CHECK_STR(stub_log, "");
	/* What the tap refuses is refused, logged, and not kept. */
	CHECK_EQ(COMMAND(4, 0, 1, 0), VIRTIO_NET_ERR);
	CHECK_STR(stub_log, "the tap t does not detach its queue 1: Bad file "
			    "descriptor");
	CHECK_EQ(net.tap.used, 2);
	memcpy(&kept, state.backend, sizeof(kept));
	CHECK_EQ(kept.pairs, 2);
	prepare(CVQ);
	CHECK_EQ(COMMAND(4, 0, 1, 0), VIRTIO_NET_ERR);
}

/* A control queue at BASE with two commands, the second at @address. */
static uint8_t memory[4096] __attribute__((aligned(4096)));
static struct mk_virtqueue vq;

#define BASE UINT64_C(0x10000000)

static void prepare_control(uint64_t address)
{
	const struct mk_virtqueue_memory m = { BASE, sizeof(memory), memory };
	struct vring_desc *desc = (void *)memory;
	uint16_t *avail = (void *)(memory + 512);

	prepare(CVQ | MQ);
	device.config[6] = VIRTIO_NET_S_LINK_UP;
	memset(memory, 0, sizeof(memory));
	memset(memory + 3072, 0xff, 8);
	memcpy(memory + 2048, "\4\0\2", 4); /* two pairs, as it is */
	desc[0] = (struct vring_desc){ BASE + 2048, 4, VRING_DESC_F_NEXT, 1 };
	desc[1] = (struct vring_desc){ BASE + 3072, 1, VRING_DESC_F_WRITE, 0 };
	desc[2] = (struct vring_desc){ address, 4, VRING_DESC_F_NEXT, 3 };
	desc[3] = (struct vring_desc){ BASE + 3073, 1, VRING_DESC_F_WRITE, 0 };
	avail[1] = 2;
	avail[2 + 1] = 2;
	CHECK_EQ(mk_virtqueue_init(&vq, &m, 32, BASE, BASE + 512, BASE + 1024,
				   false, 0, NULL),
		 0);
	stub_queue = &vq;
	stub_done = 0;
}

static void control(void)
{
	prepare_control(BASE + 2048 + 64); /* zeroes: no such command */
	serve_net.kicked(&device, 1); /* the worker's: not ours */
	CHECK_EQ(stub_done, 0);
	serve_net.kicked(&device, 6);
	CHECK_EQ(stub_done, 2);
	CHECK_EQ(memory[3072], VIRTIO_NET_OK);
	CHECK_EQ(memory[3073], VIRTIO_NET_ERR);
	CHECK_EQ(memory[3074], 0xff);
	CHECK_EQ(mk_virtqueue_used_index(&vq), 2);
	CHECK(!device.broken);
}

static void broken_control(void)
{
	prepare_control(BASE + sizeof(memory));
	serve_net.kicked(&device, 6);
	CHECK_EQ(stub_done, 1);
	CHECK(device.broken);
	CHECK(stub_broken[0]);
	CHECK_EQ(device.config[6], 0);
	CHECK_EQ(stub_changes, 1);
	serve_net.stop(&device); /* a second time does no harm */
}

/* One that never rests gets its turn after the others. */
static void busy_control(void)
{
	uint16_t *avail = (void *)(memory + 512);

	prepare_control(BASE + 2048);
	avail[1] = NET_COMMANDS + 4;
	serve_net.kicked(&device, 6);
	CHECK_EQ(stub_done, NET_COMMANDS);
	CHECK(stub_later == serve_control);
	stub_later = NULL;
	serve_control(&device, 0);
	CHECK_EQ(stub_done, NET_COMMANDS + 4);
	CHECK(!stub_later);
	avail[1] += NET_COMMANDS;
	serve_net.kicked(&device, 6);
	CHECK(stub_later == serve_control);
	serve_net.stop(&device);
	CHECK(!stub_later);
}

/* Back and forth without a pause: then each has to wait for its turn. */
static void restless_control(void)
{
	uint16_t *avail = (void *)(memory + 512);
	unsigned int i;

	prepare_control(BASE + 2048);
	memory[2048 + 2] = 1; /* one pair: a detach, which is refused here */
	for (i = 0; i < 8; i++) {
		avail[1] += 8;
		stub_later = NULL;
		serve_net.kicked(&device, 6);
		if (stub_later)
			break;
	}
	CHECK(stub_done >= SWITCH_BURST && stub_done <= SWITCH_BURST + 16);
	CHECK_EQ(mk_virtqueue_used_index(&vq), stub_done);
	CHECK(stub_later == serve_control);
	CHECK(stub_later_ms > 0 && stub_later_ms <= SWITCH_MS);
	/* A kick more does not help, nor does setting it up again. */
	net.paid += 60000;
	i = stub_done;
	serve_net.kicked(&device, 6);
	CHECK_EQ(stub_done, i);
	serve_net.stop(&device);
	CHECK(!stub_later);
	serve_net.kicked(&device, 6);
	CHECK_EQ(stub_done, i);
	CHECK(stub_later_ms > 59000);
	net.paid -= 60000 + SWITCH_MS;
	serve_control(&device, 0);
	CHECK(stub_done > i);
	/* What changes nothing costs nothing. */
	net.paid = 0;
	memory[2048 + 2] = 2;
	for (i = stub_done; (uint16_t)i != avail[1]; i = stub_done)
		serve_control(&device, 0);
	CHECK_EQ(in_debt_ms(&net), 0);
	CHECK(net.paid <= now_ms());
}

static void nothing_left(void)
{
	struct mk_error err;
	int i;

	memset(&device, 0, sizeof(device));
	stub_watched = 0;
	for (i = 0; i < 3; i++) {
		CHECK_EQ(serve_net.open(&device, "tap=a/b", false, &err),
			 MK_E_INPUT);
		/* There is no folder for its lock. */
		CHECK_EQ(serve_net.open(&device, "tap=t,queues=2", false, &err),
			 MK_E_SYSTEM);
		CHECK_STR(err.text, "cannot open /nowhere/web/../.tap-t: No "
				    "such file or directory");
		CHECK(!device.backend);
		CHECK_EQ(stub_watched, 0);
	}
}

int main(void)
{
	TEST(options_good);
	TEST(options_bad);
	TEST(address);
	TEST(offloads);
	TEST(which_queue);
	TEST(commands);
	TEST(control);
	TEST(broken_control);
	TEST(busy_control);
	TEST(restless_control);
	TEST(nothing_left);
	return done();
}
