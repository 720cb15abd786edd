// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages through a port. */
#include "port.h"

#include <linux/multikernel.h>

#include <errno.h>
#include <unistd.h>

#include "wait.h"

static int fail_send(struct mk_error *err)
{
	switch (errno) {
	case ENOTCONN:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"the agent in it is not up: it was loaded without "
			"one, has not come up yet, or does not run");
	case ECONNREFUSED:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "nobody receives this type there");
	case EAGAIN:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "the queue of the receiver is full");
	case EMSGSIZE:
		return mk_fail(err, MK_E_INPUT,
			       "a message has %d bytes at most",
			       MK_MESSAGE_MAX);
	case ENODEV:
		return mk_fail_kept(err, MK_E_NOTFOUND,
				    "it was deleted meanwhile");
	case ETIMEDOUT:
		return mk_fail_kept(
			err, MK_E_UNKNOWN,
			"no answer in time: the message may have arrived");
	case ECONNRESET:
		return mk_fail_kept(
			err, MK_E_UNKNOWN,
			"the spawn ended meanwhile: the message may have "
			"arrived");
	case EINTR:
		return mk_fail_kept(
			err, MK_E_UNKNOWN,
			"interrupted: the message may have arrived");
	default:
		return mk_fail_errno(err, MK_E_REFUSED,
				     "the module did not send the message");
	}
}

int mk_port_send(int port, const void *bytes, size_t size, struct mk_error *err)
{
	ssize_t n;

	if (!size)
		return mk_fail(err, MK_E_INPUT,
			       "a message has one byte at least");
	n = write(port, bytes, size);
	if (n < 0)
		return fail_send(err);
	if ((size_t)n != size)
		return mk_fail(err, MK_E_SYSTEM,
			       "%zd of %zu bytes were sent: this is no port", n,
			       size);
	return 0;
}

ssize_t mk_port_receive(int port, void *bytes, size_t size,
			struct mk_error *err)
{
	ssize_t n = read(port, bytes, size);

	if (n > 0)
		return n;
	if (n == 0)
		return mk_fail(err, MK_E_NOTFOUND, "it was deleted meanwhile");
	switch (errno) {
	case EAGAIN:
	case EINTR:
		return mk_fail_kept(err, MK_E_STATE, "no message is there");
	case EMSGSIZE:
		return mk_fail_kept(err, MK_E_NOSPACE,
				    "the message is longer than the buffer");
	case EBADF:
		return mk_fail_kept(err, MK_E_CALL,
				    "the port is for sending only");
	case ENODEV:
		return mk_fail_kept(err, MK_E_NOTFOUND,
				    "it was deleted meanwhile");
	default:
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot receive a message");
	}
}

int mk_port_wait(int port, int timeout_ms, const sigset_t *signals,
		 struct mk_error *err)
{
	int n = mk_wait(port, POLLIN, timeout_ms, signals, err);

	return n > 0 ? 1 : n;
}
