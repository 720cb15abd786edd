// SPDX-License-Identifier: GPL-2.0-only
/* Connecting to the agent of a spawn over vsock. */
#include "exec_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "exec_frame.h"
#include "serve/client.h"

#define PORTS_MS   60000 /* to wait for a free privileged port */
#define REFUSED_MS 3000 /* to try again where nobody takes us */
#define CONNECT_S  10

static unsigned int random_below(unsigned int end)
{
	unsigned int number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (unsigned int)getpid();
	return number % end;
}

/* Some time that is not the same for a thousand who wait. */
static void pause_a_while(void)
{
	poll(NULL, 0, 50 + (int)random_below(150));
}

/*
 * A port is bound until its socket is gone for good, some seconds after it was
 * closed at worst.  Those of ssh (22) and of an agent on this kernel are left
 * alone, and so is 0.
 */
static int bind_one(int sock)
{
	unsigned int first = random_below(MKX_PRIVILEGED), i, port;
	struct sockaddr_vm a = { .svm_family = AF_VSOCK,
				 .svm_cid = VMADDR_CID_ANY };

	for (i = 0; i < MKX_PRIVILEGED; i++) {
		port = (first + i) % MKX_PRIVILEGED;
		if (!port || port == 22 || port == MKX_PORT)
			continue;
		a.svm_port = port;
		if (!bind(sock, (struct sockaddr *)&a, sizeof(a)))
			return 0;
		if (errno != EADDRINUSE)
			return -1;
	}
	return -1;
}

/* A socket with a privileged port, or -1 and @err. */
static int bound_socket(struct mk_error *err)
{
	int64_t end = now_ms() + PORTS_MS;
	int sock;

	sock = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0) {
		mk_fail_errno(err, MK_E_SYSTEM,
			      "no vsock on this kernel (modprobe vhost_vsock)");
		return -1;
	}
	while (bind_one(sock)) {
		if (errno == EACCES || errno == EPERM)
			mk_fail_errno(err, MK_E_SYSTEM,
				      "a port below %d needs "
				      "CAP_NET_BIND_SERVICE; run it as root",
				      MKX_PRIVILEGED);
		else if (errno != EADDRINUSE)
			mk_fail_errno(err, MK_E_SYSTEM, "vsock bind");
		else if (now_ms() < end) {
			pause_a_while();
			continue;
		} else
			mk_fail(err, MK_E_SYSTEM,
				"all vsock ports below %d are taken: too many "
				"commands at once; try again later",
				MKX_PRIVILEGED);
		close(sock);
		return -1;
	}
	return sock;
}

static void explain(struct mk_error *err)
{
	switch (errno) {
	case ECONNRESET:
	case ECONNREFUSED:
		mk_fail(err, MK_E_SYSTEM,
			"nobody listens: the agent in it has not come so far, "
			"was not loaded, or its kernel has no virtio vsock");
		return;
	case ENODEV:
	case EHOSTUNREACH:
	case ENETUNREACH:
		mk_fail_errno(err, MK_E_SYSTEM,
			      "its vsock device is not up (mkctl device)");
		return;
	case ETIMEDOUT:
		mk_fail(err, MK_E_SYSTEM,
			"it does not answer within %d s; does it hang? "
			"(mkctl ping, mkctl log)",
			CONNECT_S);
		return;
	}
	mk_fail_errno(err, MK_E_SYSTEM, "vsock connect");
}

/* Its queue of connections may be full when a thousand come at once. */
static bool is_refused(void)
{
	return errno == ECONNRESET || errno == ECONNREFUSED;
}

static int connect_to(uint32_t cid, struct mk_error *err)
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK,
				 .svm_cid = cid,
				 .svm_port = MKX_PORT };
	struct timeval time = { .tv_sec = CONNECT_S };
	int64_t end = now_ms() + REFUSED_MS;
	int sock;

	for (;;) {
		sock = bound_socket(err);
		if (sock < 0)
			return -1;
		setsockopt(sock, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &time,
			   sizeof(time));
		if (!connect(sock, (struct sockaddr *)&a, sizeof(a)))
			return sock;
		if (!is_refused() || now_ms() >= end)
			break;
		close(sock);
		pause_a_while();
	}
	explain(err);
	close(sock);
	return -1;
}

static int is_running(const struct ctl *ctl, const char *name)
{
	struct mk_instance inst;
	struct mk_error err;
	struct mk_info info;
	int status;

	status = open_instance(ctl, name, &inst);
	if (status)
		return -1;
	status = mk_instance_info(&inst, &info, &err);
	mk_instance_close(&inst);
	if (status) {
		fail(name, &err);
		return -1;
	}
	if (info.state == MK_STATE_RUNNING)
		return 0;
	say("%s: it does not run; mkctl start starts it", name);
	return -1;
}

int exec_connect(const struct ctl *ctl, const char *name)
{
	struct mk_error err;
	uint32_t cid = 0;
	int sock;

	if (is_running(ctl, name))
		return -1;
	if (serve_find_cid(name, &cid, &err)) {
		fail(name, &err);
		return -1;
	}
	sock = connect_to(cid, &err);
	if (sock < 0)
		fail(name, &err);
	return sock;
}

static int send_all(int sock, const uint8_t *bytes, size_t length, int64_t end)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	int64_t left;
	ssize_t n;

	while (length) {
		n = send(sock, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		left = end - now_ms();
		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		poll(&p, 1, (int)left);
	}
	return 0;
}

int exec_send_request(int sock, unsigned int type, const void *bytes,
		      size_t length)
{
	struct mkx_frame h = { .type = (uint8_t)type,
			       .length = htole32((uint32_t)length) };
	int64_t end = now_ms() + EXEC_ANSWER_MS;

	if (send_all(sock, (const uint8_t *)&h, sizeof(h), end))
		return -1;
	return send_all(sock, bytes, length, end);
}
