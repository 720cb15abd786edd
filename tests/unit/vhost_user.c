// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The front-end of vhost-user against a back-end that is a thread here: what it
 * is told, and every way in which it can answer wrongly.
 */
#include "vhost_user.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define FEATURES   (1ULL << 32 | MK_VHOST_USER_F_PROTOCOL | 1ULL << 29)
#define PROTOCOL   0x6a09ULL /* MQ, REPLY_ACK, CONFIG, and others */
#define CONFIG	   60
#define TIMEOUT_MS 100
#define BASE	   0x240000000ULL
#define BYTES	   0x100000ULL

enum fault {
	NONE,
	REQUEST, /* replies to another */
	NO_REPLY_FLAG,
	VERSION_TWO,
	SHORT, /* a byte less */
	LONG,
	HUGE_SIZE,
	DESCRIPTORS,
	CLOSES,
	SILENT,
	HEADER_ONLY,
	VALUE, /* backend.value in the first 8 bytes of the payload */
};

struct message {
	uint32_t request, flags, size;
	uint8_t payload[300];
};

static struct backend {
	int fd;
	uint64_t features, protocol;
	uint32_t at; /* the request that gets the fault */
	enum fault fault;
	uint64_t value;
	/* What was seen: */
	struct message seen[64];
	ino_t passed[64]; /* of the descriptor that came with it */
	unsigned int nr_seen;
} backend;

static bool receive(struct message *m, ino_t *passed)
{
	char control[CMSG_SPACE(sizeof(int) * 4)] = { 0 };
	struct iovec part = { m, 12 };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	struct stat st;
	int fd;

	*passed = 0;
	if (recvmsg(backend.fd, &msg, MSG_WAITALL) != 12)
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		if (fstat(fd, &st) == 0)
			*passed = st.st_ino;
		close(fd);
	}
	return m->size <= sizeof(m->payload) &&
	       (!m->size || recv(backend.fd, m->payload, m->size,
				 MSG_WAITALL) == (ssize_t)m->size);
}

/* The payload of a correct reply; false: none is due. */
static bool answer(const struct message *asked, struct message *reply)
{
	uint64_t number = 0;

	reply->request = asked->request;
	reply->flags = 5;
	reply->size = 8;
	switch (asked->request) {
	case 1:
		number = backend.features;
		break;
	case 15:
		number = backend.protocol;
		break;
	case 17:
		number = 2;
		break;
	case 11:
		memcpy(&number, asked->payload, 4);
		number |= 7ULL << 32;
		break;
	case 24:
		reply->size = asked->size;
		memcpy(reply->payload, asked->payload, 12);
		memset(reply->payload + 12, 0x6b, asked->size - 12);
		return true;
	default:
		if (!(asked->flags & 8))
			return false;
	}
	memcpy(reply->payload, &number, 8);
	return true;
}

static void send_descriptors(const struct message *reply)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (void *)reply, 12 + reply->size };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control.space,
			      .msg_controllen = sizeof(control.space) };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &backend.fd, sizeof(int));
	CHECK(sendmsg(backend.fd, &msg, MSG_NOSIGNAL) > 0);
}

/* False: it hangs up. */
static bool reply_wrongly(struct message *reply)
{
	size_t length = 12 + reply->size;

	switch (backend.fault) {
	case REQUEST:
		reply->request = 99;
		break;
	case NO_REPLY_FLAG:
		reply->flags = 1;
		break;
	case VERSION_TWO:
		reply->flags = 6;
		break;
	case SHORT:
		reply->size--;
		break;
	case LONG:
		reply->size++;
		break;
	case HUGE_SIZE:
		reply->size = 0xffffffff;
		break;
	case DESCRIPTORS:
		send_descriptors(reply);
		return true;
	case CLOSES:
		return false;
	case SILENT:
		return true;
	case HEADER_ONLY:
		length = 12;
		break;
	case VALUE:
		memcpy(reply->payload, &backend.value, 8);
		break;
	case NONE:
		break;
	}
	send(backend.fd, reply, length, MSG_NOSIGNAL);
	return true;
}

static void *serve(void *unused)
{
	struct message *m, reply;
	bool go_on = true;

	(void)unused;
	while (go_on && backend.nr_seen < 64) {
		m = &backend.seen[backend.nr_seen];
		if (!receive(m, &backend.passed[backend.nr_seen]))
			break;
		backend.nr_seen++;
		memset(&reply, 0, sizeof(reply));
		if (!answer(m, &reply))
			continue;
		if (m->request == backend.at)
			go_on = reply_wrongly(&reply);
		else
			send(backend.fd, &reply, 12 + reply.size, MSG_NOSIGNAL);
	}
	close(backend.fd);
	return NULL;
}

static const struct mk_vhost_user_queue a_queue = {
	.size = 64,
	.base = 9,
	.descriptors = BASE + 0x1000,
	.driver = BASE + 0x2000,
	.device = BASE + 0x3000,
	.kick = 0,
	.call = 1,
};

/* All that a device does, as far as it gets. */
static int life(struct mk_vhost_user *vu, int fd, int memory, uint8_t *config,
		struct mk_error *err)
{
	uint16_t base = 0;
	int e;

	e = mk_vhost_user_begin(vu, fd, "that", TIMEOUT_MS, err);
	if (!e && (vu->protocol & MK_VHOST_USER_P_CONFIG))
		e = mk_vhost_user_config(vu, config, CONFIG, err);
	if (!e)
		e = mk_vhost_user_setup(vu, vu->features & 1ULL << 32, memory,
					BASE, BYTES, err);
	if (!e)
		e = mk_vhost_user_queue_start(vu, 1, &a_queue, err);
	if (!e)
		e = mk_vhost_user_sync(vu, err);
	if (!e) {
		e = mk_vhost_user_queue_stop(vu, 1, &base, err);
		if (!e)
			CHECK_EQ(base, 7);
	}
	return e;
}

static int run(uint64_t features, uint64_t protocol, uint32_t at,
	       enum fault fault, uint64_t value, struct mk_vhost_user *vu,
	       struct mk_error *err)
{
	uint8_t config[CONFIG] = { 0 };
	pthread_t thread;
	int ends[2], e, memory = memfd_create("memory", MFD_CLOEXEC);

	memset(err, 0, sizeof(*err));
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	backend = (struct backend){ .fd = ends[1],
				    .features = features,
				    .protocol = protocol,
				    .at = at,
				    .fault = fault,
				    .value = value };
	CHECK_EQ(pthread_create(&thread, NULL, serve, NULL), 0);
	e = life(vu, ends[0], memory, config, err);
	/* What failed once does not send any more. */
	if (e) {
		struct mk_error again;

		CHECK_EQ(mk_vhost_user_sync(vu, &again), MK_E_STATE);
		CHECK_STR(again.text,
			  "the connection to that has failed before");
	} else if (vu->protocol & MK_VHOST_USER_P_CONFIG) {
		CHECK_EQ(config[0], 0x6b);
		CHECK_EQ(config[CONFIG - 1], 0x6b);
	}
	close(ends[0]);
	pthread_join(thread, NULL);
	close(memory);
	return e;
}

static const struct message *seen(uint32_t request, ino_t *passed)
{
	unsigned int i;

	for (i = 0; i < backend.nr_seen; i++)
		if (backend.seen[i].request == request) {
			if (passed)
				*passed = backend.passed[i];
			return &backend.seen[i];
		}
	return NULL;
}

static uint64_t word(const struct message *m, unsigned int offset)
{
	uint64_t n = 0;

	if (m && m->size >= offset + 8)
		memcpy(&n, m->payload + offset, 8);
	return n;
}

static void what_is_told(void)
{
	struct mk_vhost_user vu;
	struct mk_error err;
	struct stat st;
	ino_t passed = 0;

	CHECK_EQ(run(FEATURES, PROTOCOL, 0, NONE, 0, &vu, &err), 0);
	CHECK_STR(err.text, "");
	CHECK_EQ(vu.nr_queues, 2);
	CHECK_EQ(vu.features, FEATURES);
	CHECK_EQ(vu.protocol, 0x209);
	CHECK_EQ(word(seen(16, NULL), 0), 0x209);
	CHECK_EQ(seen(16, NULL)->flags, 1);
	CHECK_EQ(word(seen(2, NULL), 0), 1ULL << 32 | MK_VHOST_USER_F_PROTOCOL);
	CHECK_EQ(seen(2, NULL)->flags, 9);
	/* One region: guest, size, user, offset. */
	CHECK_EQ(seen(5, &passed)->size, 40);
	CHECK_EQ(word(seen(5, NULL), 0), 1);
	CHECK_EQ(word(seen(5, NULL), 8), BASE);
	CHECK_EQ(word(seen(5, NULL), 16), BYTES);
	CHECK_EQ(word(seen(5, NULL), 24), BASE);
	CHECK_EQ(word(seen(5, NULL), 32), 0);
	CHECK(passed != 0);
	CHECK_EQ(word(seen(8, NULL), 0), 1 | 64ULL << 32);
	CHECK_EQ(word(seen(10, NULL), 0), 1 | 9ULL << 32);
	/* Index and flags, descriptors, used, available, log. */
	CHECK_EQ(seen(9, NULL)->size, 40);
	CHECK_EQ(word(seen(9, NULL), 0), 1);
	CHECK_EQ(word(seen(9, NULL), 8), BASE + 0x1000);
	CHECK_EQ(word(seen(9, NULL), 16), BASE + 0x3000);
	CHECK_EQ(word(seen(9, NULL), 24), BASE + 0x2000);
	CHECK_EQ(word(seen(9, NULL), 32), 0);
	CHECK_EQ(word(seen(12, &passed), 0), 1);
	CHECK(fstat(0, &st) == 0 && passed == st.st_ino);
	CHECK_EQ(word(seen(13, &passed), 0), 1);
	CHECK(fstat(1, &st) == 0 && passed == st.st_ino);
	CHECK_EQ(word(seen(18, NULL), 0), 1 | 1ULL << 32);
}

static void with_less(void)
{
	struct mk_vhost_user vu;
	struct mk_error err;

	/* No protocol features at all: no acknowledgements, no ENABLE. */
	CHECK_EQ(run(1ULL << 32, 0, 0, NONE, 0, &vu, &err), 0);
	CHECK_STR(err.text, "");
	CHECK_EQ(vu.protocol, 0);
	CHECK_EQ(vu.nr_queues, 0);
	CHECK(!seen(15, NULL) && !seen(16, NULL) && !seen(17, NULL));
	CHECK(!seen(18, NULL) && !seen(24, NULL));
	CHECK_EQ(word(seen(2, NULL), 0), 1ULL << 32);
	CHECK_EQ(seen(5, NULL)->flags, 1);
	/* The bit, and nothing behind it. */
	CHECK_EQ(run(FEATURES, 0x20, 0, NONE, 0, &vu, &err), 0);
	CHECK_EQ(vu.protocol, 0);
	CHECK(seen(18, NULL) != NULL);
}

static const struct {
	uint32_t request;
	const char *name;
	unsigned int size; /* of the reply */
} replies[] = {
	{ 1, "GET_FEATURES", 8 },	    { 3, "SET_OWNER", 8 },
	{ 15, "GET_PROTOCOL_FEATURES", 8 }, { 17, "GET_QUEUE_NUM", 8 },
	{ 24, "GET_CONFIG", 72 },	    { 2, "SET_FEATURES", 8 },
	{ 5, "SET_MEM_TABLE", 8 },	    { 8, "SET_VRING_NUM", 8 },
	{ 10, "SET_VRING_BASE", 8 },	    { 9, "SET_VRING_ADDR", 8 },
	{ 13, "SET_VRING_CALL", 8 },	    { 12, "SET_VRING_KICK", 8 },
	{ 18, "SET_VRING_ENABLE", 8 },	    { 11, "GET_VRING_BASE", 8 },
};

static void one_fault(unsigned int i, enum fault fault, int code,
		      const char *want)
{
	struct mk_vhost_user vu;
	struct mk_error err;

	CHECK_EQ(run(FEATURES, PROTOCOL, replies[i].request, fault, 0, &vu,
		     &err),
		 code);
	CHECK_STR(err.text, want);
}

static void malformed_replies(void)
{
	char text[256];
	unsigned int i;

	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		const char *name = replies[i].name;
		unsigned int size = replies[i].size;

		snprintf(text, sizeof(text),
			 "that replied to request 99 where %s (%u) was asked",
			 name, replies[i].request);
		one_fault(i, REQUEST, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that replied to %s with the flags 0x1: not a reply "
			 "of version 1",
			 name);
		one_fault(i, NO_REPLY_FLAG, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that replied to %s with the flags 0x6: not a reply "
			 "of version 1",
			 name);
		one_fault(i, VERSION_TWO, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that replied to %s with %u bytes, not %u", name,
			 size - 1, size);
		one_fault(i, SHORT, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that replied to %s with %u bytes, not %u", name,
			 size + 1, size);
		one_fault(i, LONG, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that replied to %s with 4294967295 bytes, not %u",
			 name, size);
		one_fault(i, HUGE_SIZE, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that sent descriptors with its reply to %s, which "
			 "has none",
			 name);
		one_fault(i, DESCRIPTORS, MK_E_INPUT, text);
		snprintf(text, sizeof(text),
			 "that closed the connection at %s: see its own "
			 "messages",
			 name);
		one_fault(i, CLOSES, MK_E_SYSTEM, text);
		snprintf(text, sizeof(text),
			 "that did not answer %s within %d ms: what it has "
			 "done is not known",
			 name, TIMEOUT_MS);
		one_fault(i, SILENT, MK_E_UNKNOWN, text);
		one_fault(i, HEADER_ONLY, MK_E_UNKNOWN, text);
	}
}

static void wrong_values(void)
{
	static const struct {
		uint32_t at;
		uint64_t value;
		int code;
		const char *text;
	} cases[] = {
		{ 17, 0, MK_E_INPUT,
		  "that says that it has 0 queues: from 1 to 256 are "
		  "possible" },
		{ 17, 257, MK_E_INPUT,
		  "that says that it has 257 queues: from 1 to 256 are "
		  "possible" },
		{ 24, 0, MK_E_INPUT,
		  "that gave 0 bytes of configuration from 0, not 60 from 0" },
		{ 24, 4 | 60ULL << 32, MK_E_INPUT,
		  "that gave 60 bytes of configuration from 4, not 60 from "
		  "0" },
		{ 11, 2, MK_E_INPUT,
		  "that stopped queue 2 at 0 where queue 1 was to be "
		  "stopped" },
		{ 11, 1 | 65536ULL << 32, MK_E_INPUT,
		  "that stopped queue 1 at 65536 where queue 1 was to be "
		  "stopped" },
		{ 5, 1, MK_E_REFUSED, "that refuses SET_MEM_TABLE" },
		{ 9, 22, MK_E_REFUSED, "that refuses SET_VRING_ADDR" },
	};
	struct mk_vhost_user vu;
	struct mk_error err;
	unsigned int i;
	int e;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e = run(FEATURES, PROTOCOL, cases[i].at, VALUE, cases[i].value,
			&vu, &err);
		CHECK_EQ(e, cases[i].code);
		CHECK_STR(err.text, cases[i].text);
	}
}

/* What is wrong here is noticed here: nothing is sent. */
static void wrong_calls(void)
{
	struct mk_vhost_user vu = { .fd = -1,
				    .name = "that",
				    .timeout_ms = 1,
				    .features = FEATURES,
				    .nr_queues = 1 };
	struct mk_vhost_user_queue queue = a_queue;
	struct mk_error err;
	uint8_t bytes[300];

	CHECK_EQ(mk_vhost_user_config(&vu, bytes, 0, &err), MK_E_CALL);
	CHECK_EQ(mk_vhost_user_config(&vu, bytes, 257, &err), MK_E_CALL);
	CHECK_EQ(mk_vhost_user_config(&vu, bytes, 60, &err), MK_E_SUPPORT);
	CHECK_STR(err.text, "that has no configuration to give: is it of "
			    "another kind of device?");
	CHECK_EQ(mk_vhost_user_setup(&vu, 1, 0, BASE, BYTES, &err), MK_E_CALL);
	CHECK_STR(err.text, "the features 0x1 are not of that");
	CHECK_EQ(mk_vhost_user_setup(&vu, 0, -1, BASE, BYTES, &err), MK_E_CALL);
	CHECK_EQ(mk_vhost_user_setup(&vu, 0, 0, BASE, 0, &err), MK_E_CALL);
	CHECK_EQ(mk_vhost_user_setup(&vu, 0, 0, BASE, UINT64_MAX, &err),
		 MK_E_CALL);
	CHECK_EQ(mk_vhost_user_queue_start(&vu, 1, &queue, &err), MK_E_INPUT);
	CHECK_STR(err.text, "that has 1 queues: there is no queue 1");
	CHECK_EQ(mk_vhost_user_queue_start(&vu, 256, &queue, &err), MK_E_CALL);
	queue.size = 48;
	CHECK_EQ(mk_vhost_user_queue_start(&vu, 0, &queue, &err), MK_E_CALL);
	queue.size = 65536;
	CHECK_EQ(mk_vhost_user_queue_start(&vu, 0, &queue, &err), MK_E_CALL);
	queue.size = 64;
	queue.call = -1;
	CHECK_EQ(mk_vhost_user_queue_start(&vu, 0, &queue, &err), MK_E_CALL);
	CHECK(!vu.failed);
}

/* The second GET_FEATURES is the sync's. */
static void changed_features(void)
{
	struct mk_vhost_user vu;
	struct mk_error err;
	pthread_t thread;
	int ends[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	backend = (struct backend){ .fd = ends[1], .features = 1ULL << 32 };
	CHECK_EQ(pthread_create(&thread, NULL, serve, NULL), 0);
	CHECK_EQ(mk_vhost_user_begin(&vu, ends[0], "that", TIMEOUT_MS, &err),
		 0);
	vu.features |= 2;
	CHECK_EQ(mk_vhost_user_sync(&vu, &err), MK_E_INPUT);
	CHECK_STR(err.text, "that changed its features from 0x100000002 to "
			    "0x100000000");
	CHECK(vu.failed);
	close(ends[0]);
	pthread_join(thread, NULL);
}

/* It reads nothing: a full socket does not hold us for ever. */
static void a_backend_that_does_not_read(void)
{
	int ends[2], small = 1, i, e = 0;
	struct mk_vhost_user vu = { .name = "that", .timeout_ms = 50 };
	struct mk_error err;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	vu.fd = ends[0];
	for (i = 0; i < 10000 && !e; i++)
		e = mk_vhost_user_setup(&vu, 0, 0, BASE, BYTES, &err);
	CHECK_EQ(e, MK_E_UNKNOWN);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	TEST(what_is_told);
	TEST(with_less);
	TEST(malformed_replies);
	TEST(wrong_values);
	TEST(wrong_calls);
	TEST(changed_features);
	TEST(a_backend_that_does_not_read);
	return done();
}
