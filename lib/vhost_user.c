// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vhost-user requests and their replies, one at a time.
 *
 * Numbers and layouts: QEMU, docs/interop/vhost-user.rst, "Header", "Payload"
 * and "Front-end message types".  Integers are in the machine's byte order.
 */
#include "vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "wait.h"

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
};

#define FLAG_VERSION	  1u /* of the protocol, two bits */
#define FLAG_VERSION_MASK 3u
#define FLAG_REPLY	  4u
#define FLAG_NEED_REPLY	  8u /* with REPLY_ACK: answer, 0 = done */

#define QUEUE_INDEX_MAX	  255 /* KICK and CALL have 8 bits for it */
#define VIRTQ_SIZE_MAX	  32768

struct header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of what follows */
};

struct vring_state {
	uint32_t index;
	uint32_t num;
};

struct vring_address {
	uint32_t index;
	uint32_t flags;
	uint64_t descriptors, used, available, log;
};

struct memory_table {
	uint32_t nr_regions;
	uint32_t padding;
	uint64_t guest, bytes, user, offset; /* of the only region */
};

struct config_head {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
};

#define CONFIG_HEAD 12
_Static_assert(sizeof(struct header) == 12, "a header has 12 bytes");
_Static_assert(sizeof(struct config_head) == CONFIG_HEAD, "so it has");
_Static_assert(sizeof(struct vring_address) == 40, "an address has 40 bytes");
_Static_assert(sizeof(struct memory_table) == 40, "a table of one has 40");

static const char *name_of(enum request request)
{
	switch (request) {
	case GET_FEATURES:
		return "GET_FEATURES";
	case SET_FEATURES:
		return "SET_FEATURES";
	case SET_OWNER:
		return "SET_OWNER";
	case SET_MEM_TABLE:
		return "SET_MEM_TABLE";
	case SET_VRING_NUM:
		return "SET_VRING_NUM";
	case SET_VRING_ADDR:
		return "SET_VRING_ADDR";
	case SET_VRING_BASE:
		return "SET_VRING_BASE";
	case GET_VRING_BASE:
		return "GET_VRING_BASE";
	case SET_VRING_KICK:
		return "SET_VRING_KICK";
	case SET_VRING_CALL:
		return "SET_VRING_CALL";
	case GET_PROTOCOL_FEATURES:
		return "GET_PROTOCOL_FEATURES";
	case SET_PROTOCOL_FEATURES:
		return "SET_PROTOCOL_FEATURES";
	case GET_QUEUE_NUM:
		return "GET_QUEUE_NUM";
	case SET_VRING_ENABLE:
		return "SET_VRING_ENABLE";
	case GET_CONFIG:
		return "GET_CONFIG";
	}
	return "a request";
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Wait for @events until @deadline: 0, or the error of a late back-end. */
static int wait_for(struct mk_vhost_user *vu, enum request request,
		    short events, int64_t deadline, struct mk_error *err)
{
	int64_t left;
	int n;

	do {
		left = deadline - now_ms();
		if (left <= 0)
			return mk_fail(err, MK_E_UNKNOWN,
				       "%s did not answer %s within %d ms: "
				       "what it has done is not known",
				       vu->name, name_of(request),
				       vu->timeout_ms);
		n = mk_wait(vu->fd, events, (int)left, NULL, err);
	} while (n == 0);
	return n < 0 ? n : 0;
}

static int fail_gone(struct mk_vhost_user *vu, enum request request,
		     struct mk_error *err)
{
	return mk_fail(err, MK_E_SYSTEM,
		       "%s closed the connection at %s: see its own messages",
		       vu->name, name_of(request));
}

/* What came back from sendmsg or recvmsg: again (1), or an error. */
static int fail_io(struct mk_vhost_user *vu, enum request request,
		   struct mk_error *err)
{
	if (errno == EAGAIN || errno == EINTR)
		return 1;
	if (errno == EPIPE || errno == ECONNRESET)
		return fail_gone(vu, request, err);
	return mk_fail_errno(err, MK_E_SYSTEM, "%s with %s", name_of(request),
			     vu->name);
}

/* @passed: a descriptor that goes with it, or -1. */
static int send_request(struct mk_vhost_user *vu, enum request request,
			uint32_t flags, const void *payload, size_t size,
			int passed, int64_t deadline, struct mk_error *err)
{
	struct header header = { request, FLAG_VERSION | flags,
				 (uint32_t)size };
	uint8_t bytes[sizeof(header) + CONFIG_HEAD + MK_VHOST_USER_CONFIG_MAX];
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	size_t length = sizeof(header) + size, sent = 0;
	ssize_t n;
	int e;

	memcpy(bytes, &header, sizeof(header));
	if (size)
		memcpy(bytes + sizeof(header), payload, size);
	while (sent < length) {
		struct iovec part = { bytes + sent, length - sent };
		struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

		if (passed >= 0 && sent == 0) {
			msg.msg_control = control.space;
			msg.msg_controllen = sizeof(control.space);
			control.align.cmsg_level = SOL_SOCKET;
			control.align.cmsg_type = SCM_RIGHTS;
			control.align.cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(&control.align), &passed, sizeof(int));
		}
		e = wait_for(vu, request, POLLOUT, deadline, err);
		if (e)
			return e;
		n = sendmsg(vu->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			sent += (size_t)n;
		else if ((e = fail_io(vu, request, err)) < 0)
			return e;
	}
	return 0;
}

static int receive_bytes(struct mk_vhost_user *vu, enum request request,
			 void *bytes, size_t size, int64_t deadline,
			 struct mk_error *err)
{
	size_t have = 0;
	ssize_t n;
	int e;

	while (have < size) {
		struct iovec part = { (uint8_t *)bytes + have, size - have };
		struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

		e = wait_for(vu, request, POLLIN, deadline, err);
		if (e)
			return e;
		n = recvmsg(vu->fd, &msg, MSG_DONTWAIT);
		if (n == 0)
			return fail_gone(vu, request, err);
		if (n < 0) {
			e = fail_io(vu, request, err);
			if (e < 0)
				return e;
			continue;
		}
		/* There was no room for descriptors: the kernel drops them. */
		if (msg.msg_flags & MSG_CTRUNC)
			return mk_fail(err, MK_E_INPUT,
				       "%s sent descriptors with its reply to "
				       "%s, which has none",
				       vu->name, name_of(request));
		have += (size_t)n;
	}
	return 0;
}

/* @size bytes of payload, neither more nor less. */
static int receive_reply(struct mk_vhost_user *vu, enum request request,
			 void *payload, uint32_t size, int64_t deadline,
			 struct mk_error *err)
{
	struct header header;
	int e;

	e = receive_bytes(vu, request, &header, sizeof(header), deadline, err);
	if (e)
		return e;
	if (header.request != request)
		return mk_fail(err, MK_E_INPUT,
			       "%s replied to request %u where %s (%u) was "
			       "asked",
			       vu->name, header.request, name_of(request),
			       request);
	if ((header.flags & FLAG_VERSION_MASK) != FLAG_VERSION ||
	    !(header.flags & FLAG_REPLY))
		return mk_fail(err, MK_E_INPUT,
			       "%s replied to %s with the flags %#x: not a "
			       "reply of version 1",
			       vu->name, name_of(request), header.flags);
	if (header.size != size)
		return mk_fail(err, MK_E_INPUT,
			       "%s replied to %s with %u bytes, not %u",
			       vu->name, name_of(request), header.size, size);
	return receive_bytes(vu, request, payload, size, deadline, err);
}

static int usable(const struct mk_vhost_user *vu, struct mk_error *err)
{
	if (vu->failed)
		return mk_fail(err, MK_E_STATE,
			       "the connection to %s has failed before",
			       vu->name);
	return 0;
}

/* Ask; the payload of the question is @size bytes, of the reply @reply_size. */
static int ask(struct mk_vhost_user *vu, enum request request,
	       const void *payload, size_t size, void *reply,
	       uint32_t reply_size, struct mk_error *err)
{
	int64_t deadline = now_ms() + vu->timeout_ms;
	int e = usable(vu, err);

	if (e)
		return e;
	e = send_request(vu, request, 0, payload, size, -1, deadline, err);
	if (!e)
		e = receive_reply(vu, request, reply, reply_size, deadline,
				  err);
	vu->failed = e != 0;
	return e;
}

/* Tell; where REPLY_ACK is agreed on, wait until it is done. */
static int tell(struct mk_vhost_user *vu, enum request request,
		const void *payload, size_t size, int passed,
		struct mk_error *err)
{
	bool ack = vu->protocol & MK_VHOST_USER_P_REPLY_ACK;
	int64_t deadline = now_ms() + vu->timeout_ms;
	uint64_t refused = 0;
	int e = usable(vu, err);

	if (e)
		return e;
	e = send_request(vu, request, ack ? FLAG_NEED_REPLY : 0, payload, size,
			 passed, deadline, err);
	if (!e && ack)
		e = receive_reply(vu, request, &refused, sizeof(refused),
				  deadline, err);
	if (!e && refused)
		e = mk_fail(err, MK_E_REFUSED, "%s refuses %s", vu->name,
			    name_of(request));
	vu->failed = e != 0;
	return e;
}

static int begin_protocol(struct mk_vhost_user *vu, struct mk_error *err)
{
	uint64_t has, agreed;
	int e;

	e = ask(vu, GET_PROTOCOL_FEATURES, NULL, 0, &has, sizeof(has), err);
	if (e)
		return e;
	agreed = has & (MK_VHOST_USER_P_MQ | MK_VHOST_USER_P_REPLY_ACK |
			MK_VHOST_USER_P_CONFIG);
	/* In force for what comes after it, so itself is not acknowledged. */
	e = tell(vu, SET_PROTOCOL_FEATURES, &agreed, sizeof(agreed), -1, err);
	if (!e)
		vu->protocol = agreed;
	return e;
}

int mk_vhost_user_begin(struct mk_vhost_user *vu, int fd, const char *name,
			int timeout_ms, struct mk_error *err)
{
	uint64_t number;
	int e;

	*vu = (struct mk_vhost_user){ .fd = fd,
				      .name = name,
				      .timeout_ms = timeout_ms };
	e = ask(vu, GET_FEATURES, NULL, 0, &vu->features, sizeof(vu->features),
		err);
	if (!e && (vu->features & MK_VHOST_USER_F_PROTOCOL))
		e = begin_protocol(vu, err);
	if (!e)
		e = tell(vu, SET_OWNER, NULL, 0, -1, err);
	if (e || !(vu->protocol & MK_VHOST_USER_P_MQ))
		return e;
	e = ask(vu, GET_QUEUE_NUM, NULL, 0, &number, sizeof(number), err);
	if (e)
		return e;
	if (number == 0 || number > QUEUE_INDEX_MAX + 1) {
		vu->failed = true;
		return mk_fail(err, MK_E_INPUT,
			       "%s says that it has %llu queues: from 1 to %d "
			       "are possible",
			       name, (unsigned long long)number,
			       QUEUE_INDEX_MAX + 1);
	}
	vu->nr_queues = (unsigned int)number;
	return 0;
}

int mk_vhost_user_config(struct mk_vhost_user *vu, uint8_t *bytes,
			 unsigned int size, struct mk_error *err)
{
	struct {
		struct config_head head;
		uint8_t bytes[MK_VHOST_USER_CONFIG_MAX];
	} question = { .head = { .size = size } }, reply;
	int e;

	if (size == 0 || size > MK_VHOST_USER_CONFIG_MAX)
		return mk_fail(err, MK_E_CALL,
			       "1 to %d bytes of configuration can be asked "
			       "for",
			       MK_VHOST_USER_CONFIG_MAX);
	if (!(vu->protocol & MK_VHOST_USER_P_CONFIG))
		return mk_fail(err, MK_E_SUPPORT,
			       "%s has no configuration to give: is it of "
			       "another kind of device?",
			       vu->name);
	e = ask(vu, GET_CONFIG, &question, CONFIG_HEAD + size, &reply,
		CONFIG_HEAD + size, err);
	if (e)
		return e;
	if (reply.head.offset != 0 || reply.head.size != size) {
		vu->failed = true;
		return mk_fail(err, MK_E_INPUT,
			       "%s gave %u bytes of configuration from %u, "
			       "not %u from 0",
			       vu->name, reply.head.size, reply.head.offset,
			       size);
	}
	memcpy(bytes, reply.bytes, size);
	return 0;
}

int mk_vhost_user_setup(struct mk_vhost_user *vu, uint64_t features,
			int memory_fd, uint64_t base, uint64_t bytes,
			struct mk_error *err)
{
	/* mmap_offset 0: back-ends map the descriptor from its start. */
	struct memory_table table = {
		.nr_regions = 1, .guest = base, .bytes = bytes, .user = base
	};
	int e;

	if (features & ~vu->features)
		return mk_fail(err, MK_E_CALL,
			       "the features %#llx are not of %s",
			       (unsigned long long)(features & ~vu->features),
			       vu->name);
	if (memory_fd < 0 || bytes == 0 || base + bytes < base)
		return mk_fail(err, MK_E_CALL, "this is no memory");
	features |= vu->features & MK_VHOST_USER_F_PROTOCOL;
	e = tell(vu, SET_FEATURES, &features, sizeof(features), -1, err);
	if (e)
		return e;
	return tell(vu, SET_MEM_TABLE, &table, sizeof(table), memory_fd, err);
}

static int tell_state(struct mk_vhost_user *vu, enum request request,
		      unsigned int index, uint32_t num, struct mk_error *err)
{
	struct vring_state state = { index, num };

	return tell(vu, request, &state, sizeof(state), -1, err);
}

static int tell_fd(struct mk_vhost_user *vu, enum request request,
		   unsigned int index, int fd, struct mk_error *err)
{
	uint64_t number = index;

	return tell(vu, request, &number, sizeof(number), fd, err);
}

int mk_vhost_user_queue_start(struct mk_vhost_user *vu, unsigned int index,
			      const struct mk_vhost_user_queue *queue,
			      struct mk_error *err)
{
	struct vring_address address = { .index = index,
					 .descriptors = queue->descriptors,
					 .used = queue->device,
					 .available = queue->driver };
	int e;

	if (index > QUEUE_INDEX_MAX || queue->kick < 0 || queue->call < 0 ||
	    queue->size == 0 || queue->size > VIRTQ_SIZE_MAX ||
	    (queue->size & (queue->size - 1)))
		return mk_fail(err, MK_E_CALL, "this is no queue");
	if (vu->nr_queues && index >= vu->nr_queues)
		return mk_fail(err, MK_E_INPUT,
			       "%s has %u queues: there is no queue %u",
			       vu->name, vu->nr_queues, index);
	e = tell_state(vu, SET_VRING_NUM, index, queue->size, err);
	if (!e)
		e = tell_state(vu, SET_VRING_BASE, index, queue->base, err);
	if (!e)
		e = tell(vu, SET_VRING_ADDR, &address, sizeof(address), -1,
			 err);
	/* The queue is started by its KICK: whom to tell comes before. */
	if (!e)
		e = tell_fd(vu, SET_VRING_CALL, index, queue->call, err);
	if (!e)
		e = tell_fd(vu, SET_VRING_KICK, index, queue->kick, err);
	/* Without the bit a queue is enabled from its start. */
	if (!e && (vu->features & MK_VHOST_USER_F_PROTOCOL))
		e = tell_state(vu, SET_VRING_ENABLE, index, 1, err);
	return e;
}

int mk_vhost_user_sync(struct mk_vhost_user *vu, struct mk_error *err)
{
	uint64_t features;
	int e;

	e = ask(vu, GET_FEATURES, NULL, 0, &features, sizeof(features), err);
	if (e)
		return e;
	if (features != vu->features) {
		vu->failed = true;
		return mk_fail(err, MK_E_INPUT,
			       "%s changed its features from %#llx to %#llx",
			       vu->name, (unsigned long long)vu->features,
			       (unsigned long long)features);
	}
	return 0;
}

int mk_vhost_user_queue_stop(struct mk_vhost_user *vu, unsigned int index,
			     uint16_t *base, struct mk_error *err)
{
	struct vring_state question = { index, 0 }, reply;
	int e;

	e = ask(vu, GET_VRING_BASE, &question, sizeof(question), &reply,
		sizeof(reply), err);
	if (e)
		return e;
	if (reply.index != index || reply.num > UINT16_MAX) {
		vu->failed = true;
		return mk_fail(err, MK_E_INPUT,
			       "%s stopped queue %u at %u where queue %u was "
			       "to be stopped",
			       vu->name, reply.index, reply.num, index);
	}
	if (base)
		*base = (uint16_t)reply.num;
	return 0;
}
