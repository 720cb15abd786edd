// SPDX-License-Identifier: GPL-2.0-only
/*
 * A console (virtio 1.2, section 5.3), of one port: queue 0 is input of the
 * spawn, queue 1 its output.
 *
 * Output goes into a ring, out of which each client is fed at its own pace; a
 * slow one loses what the ring has no more, and is told so.  Input waits until
 * the driver has room for it; while too much waits no client is read.
 */
#include "console.h"

#include <errno.h>
#include <limits.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console_ring.h"
#include "virtqueue.h"

#define RX	      0
#define TX	      1
#define READERS	      16
#define INPUT_BYTES   (64 << 10)
#define CHAINS_A_TURN 64 /* then others have theirs */
/* Of one chain; a driver's buffer is a page or so. */
#define CHAIN_BYTES CONSOLE_RING_BYTES

struct reader {
	struct console *console; /* NULL = free */
	int sock;
	uint64_t at; /* position in the ring */
	uint64_t lost; /* bytes that it has still to be told of */
	uint32_t events; /* that are watched */
};

struct console {
	struct serve_device *d;
	struct console_ring *ring;
	struct reader readers[READERS];
	uint8_t input[INPUT_BYTES];
	size_t nr_input;
	bool bad[2]; /* a queue's driver broke a rule; said once */
};

/* --- readers -------------------------------------------------------------- */

static void drop_reader(struct reader *c)
{
	serve_ignore(c->console->d->s, c->sock);
	close(c->sock);
	c->console = NULL;
}

static void watch_reader(struct reader *c)
{
	const struct console *con = c->console;
	uint32_t events = 0;

	if (con->nr_input + CONSOLE_PACKET - 1 <= INPUT_BYTES)
		events |= EPOLLIN;
	if (c->at < console_ring_end(con->ring) || c->lost)
		events |= EPOLLOUT;
	if (events == c->events)
		return;
	c->events = events;
	serve_rewatch(con->d->s, c->sock, events, NULL);
}

static void watch_readers(struct console *con)
{
	unsigned int i;

	for (i = 0; i < READERS; i++)
		if (con->readers[i].console)
			watch_reader(&con->readers[i]);
}

/* 1: sent, 0: no room now, negative: it is gone. */
static int send_packet(const struct reader *c, const void *bytes, size_t size)
{
	ssize_t n = send(c->sock, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return 1;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
}

/* The next packet of what it has not seen; as send_packet(), 2: all is seen. */
static int feed_packet(struct reader *c)
{
	struct console_ring *ring = c->console->ring;
	char packet[CONSOLE_PACKET];
	uint64_t begin = console_ring_begin(ring);
	size_t n;
	int code;

	if (c->at < begin) {
		c->lost += begin - c->at;
		c->at = begin;
	}
	if (c->lost) {
		n = (size_t)snprintf(packet, sizeof(packet),
				     "\r\n[%llu bytes of output are lost: the "
				     "reader is too slow]\r\n",
				     (unsigned long long)c->lost);
		code = send_packet(c, packet, n);
		if (code > 0)
			c->lost = 0;
		return code;
	}
	n = console_ring_read(ring, c->at, packet, sizeof(packet));
	if (!n)
		return 2;
	code = send_packet(c, packet, n);
	if (code > 0)
		c->at += n;
	return code;
}

static void feed(struct reader *c)
{
	unsigned int i;
	int code = 1;

	for (i = 0; i < CHAINS_A_TURN && code == 1; i++)
		code = feed_packet(c);
	if (code < 0)
		drop_reader(c);
	else
		watch_reader(c);
}

static void feed_all(struct console *con)
{
	unsigned int i;

	for (i = 0; i < READERS; i++)
		if (con->readers[i].console)
			feed(&con->readers[i]);
}

/* --- queues --------------------------------------------------------------- */

static void queue_broken(struct console *con, unsigned int queue,
			 const struct mk_error *err)
{
	if (!con->bad[queue])
		serve_log(con->d->s, con->d, "queue %u: %s", queue, err->text);
	con->bad[queue] = true;
}

static void give_input(struct console *con)
{
	struct mk_virtqueue *vq = serve_virtqueue(con->d, RX);
	static struct mk_virtqueue_chain chain;
	struct mk_error err;
	size_t given = 0, n;
	int code = 1;

	if (!con->d->running || !vq)
		return;
	mk_virtqueue_want_kicks(vq, false);
	while (given < con->nr_input && !con->bad[RX]) {
		code = mk_virtqueue_take(vq, &chain, &err);
		if (code == 0) {
			/* A buffer that comes now may have seen no wish. */
			mk_virtqueue_want_kicks(vq, true);
			if (mk_virtqueue_ready(vq)) {
				mk_virtqueue_want_kicks(vq, false);
				continue;
			}
		}
		if (code <= 0)
			break;
		n = mk_virtqueue_write(&chain, 0, con->input + given,
				       con->nr_input - given);
		mk_virtqueue_give(vq, &chain, (uint32_t)n);
		given += n;
		if (!n) {
			code = mk_fail(&err, MK_E_INPUT,
				       "a buffer for input has no bytes");
			break;
		}
	}
	/* Once: a driver may have buffers of one byte. */
	con->nr_input -= given;
	memmove(con->input, con->input + given, con->nr_input);
	if (code < 0)
		queue_broken(con, RX, &err);
	serve_virtqueue_done(con->d, RX);
	watch_readers(con);
}

static void take_output(struct console *con);

static void output_later(void *context, uint32_t events)
{
	take_output(context);
}

static void print_chain(struct console *con,
			const struct mk_virtqueue_chain *chain)
{
	uint8_t bytes[4096];
	size_t at = 0, n;

	while (at < CHAIN_BYTES) {
		n = mk_virtqueue_read(chain, at, bytes, sizeof(bytes));
		if (!n)
			break;
		console_ring_write(con->ring, bytes, n);
		at += n;
	}
}

static void take_output(struct console *con)
{
	struct mk_virtqueue *vq = serve_virtqueue(con->d, TX);
	static struct mk_virtqueue_chain chain;
	struct mk_error err;
	unsigned int i;
	int code = 1;

	if (!con->d->running || !vq)
		return;
	for (i = 0; i < CHAINS_A_TURN; i++) {
		code = mk_virtqueue_take(vq, &chain, &err);
		if (code <= 0)
			break;
		/*
		 * Kicks are wanted at any time: the driver spins for each
		 * buffer, and if it did not kick, and we died, for ever.
		 */
		mk_virtqueue_want_kicks(vq, true);
		print_chain(con, &chain);
		mk_virtqueue_give(vq, &chain, 0);
	}
	if (code < 0)
		queue_broken(con, TX, &err);
	serve_virtqueue_done(con->d, TX);
	feed_all(con);
	if (code < 0)
		return;
	mk_virtqueue_want_kicks(vq, true);
	if (mk_virtqueue_ready(vq))
		serve_later(con->d->s, 0, output_later, con, NULL);
}

static bool console_serves(const struct serve_device *d, unsigned int queue)
{
	return true;
}

static void console_kicked(struct serve_device *d, unsigned int queue)
{
	if (queue == RX)
		give_input(d->backend);
	else
		take_output(d->backend);
}

/* --- what readers say ----------------------------------------------------- */

int console_size_parse(const char *text, size_t length, uint16_t *columns,
		       uint16_t *rows, struct mk_error *err)
{
	unsigned long value[2] = { 0, 0 };
	unsigned int which = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		if (text[i] == ' ' && which == 0 && i) {
			which = 1;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			goto wrong;
		value[which] =
			value[which] * 10 + (unsigned long)(text[i] - '0');
		if (value[which] > UINT16_MAX)
			goto wrong;
	}
	if (!value[0] || !value[1])
		goto wrong;
	*columns = (uint16_t)value[0];
	*rows = (uint16_t)value[1];
	return 0;
wrong:
	return mk_fail(err, MK_E_INPUT,
		       "a terminal's size is two numbers from 1 to 65535");
}

static void set_size(struct console *con, uint16_t columns, uint16_t rows)
{
	uint8_t size[4] = { columns & 0xff, columns >> 8, rows & 0xff,
			    rows >> 8 };

	if (memcmp(con->d->config, size, sizeof(size)) == 0)
		return;
	memcpy(con->d->config, size, sizeof(size));
	serve_config_changed(con->d);
}

/* False: it says what makes no sense. */
static bool take_packet(struct console *con, const char *packet, size_t length)
{
	uint16_t columns, rows;

	if (packet[0] == CONSOLE_INPUT) {
		memcpy(con->input + con->nr_input, packet + 1, length - 1);
		con->nr_input += length - 1;
		give_input(con);
		return true;
	}
	if (packet[0] != CONSOLE_SIZE ||
	    console_size_parse(packet + 1, length - 1, &columns, &rows, NULL))
		return false;
	set_size(con, columns, rows);
	return true;
}

static void reader_ready(void *context, uint32_t events)
{
	struct reader *c = context;
	struct console *con = c->console;
	char packet[CONSOLE_PACKET];
	ssize_t n;

	if (events & EPOLLIN &&
	    con->nr_input + CONSOLE_PACKET - 1 <= INPUT_BYTES) {
		n = recv(c->sock, packet, sizeof(packet),
			 MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || (size_t)n > sizeof(packet) ||
		    !take_packet(con, packet, (size_t)n)) {
			drop_reader(c);
			return;
		}
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		drop_reader(c);
		return;
	}
	feed(c);
}

int serve_console_attach(struct serve_device *d, int sock, bool history,
			 struct mk_error *err)
{
	struct console *con = d->backend;
	struct reader *c;
	unsigned int i;
	int code;

	for (i = 0; i < READERS; i++)
		if (!con->readers[i].console)
			break;
	if (i == READERS)
		return mk_fail(err, MK_E_REFUSED,
			       "the console has %d readers already", READERS);
	c = &con->readers[i];
	*c = (struct reader){ .sock = sock };
	c->at = history ? console_ring_begin(con->ring)
			: console_ring_end(con->ring);
	/* Writable at once: that is when the history goes out. */
	c->events = EPOLLIN | EPOLLOUT;
	code = serve_watch(d->s, sock, c->events, reader_ready, c, err);
	if (!code)
		c->console = con;
	return code;
}

/* --- the device ----------------------------------------------------------- */

static int console_check(const char *options, struct mk_error *err)
{
	if (*options)
		return mk_fail(err, MK_E_INPUT, "a console has no options");
	return 0;
}

static int console_open(struct serve_device *d, const char *options,
			bool resume, struct mk_error *err)
{
	struct console *con = calloc(1, sizeof(*con));
	char path[PATH_MAX + 16];
	int code;

	if (!con)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	snprintf(path, sizeof(path), "%s/console", serve_folder(d->s));
	code = console_ring_open(path, &con->ring, err);
	if (code) {
		free(con);
		return code;
	}
	con->d = d;
	d->backend = con;
	d->features = 1ULL << VIRTIO_CONSOLE_F_SIZE |
		      1ULL << VIRTIO_RING_F_INDIRECT_DESC |
		      1ULL << VIRTIO_RING_F_EVENT_IDX;
	d->nr_queues = 2;
	d->queue_max = 128;
	d->config_size = 4; /* columns and rows */
	d->config[0] = 80;
	d->config[2] = 24;
	return 0;
}

static int console_start(struct serve_device *d, bool resume,
			 struct mk_error *err)
{
	struct console *con = d->backend;

	con->bad[RX] = false;
	con->bad[TX] = false;
	return 0;
}

static void console_stop(struct serve_device *d)
{
	serve_not_later(d->s, output_later, d->backend);
}

static void console_close(struct serve_device *d)
{
	struct console *con = d->backend;
	unsigned int i;

	for (i = 0; i < READERS; i++)
		if (con->readers[i].console)
			drop_reader(&con->readers[i]);
	console_ring_close(con->ring);
	free(con);
	d->backend = NULL;
}

const struct serve_kind serve_console = {
	.name = "console",
	.device_id = VIRTIO_ID_CONSOLE,
	.arguments = "",
	.check = console_check,
	.open = console_open,
	.start = console_start,
	.stop = console_stop,
	.close = console_close,
	.serves = console_serves,
	.kicked = console_kicked,
};
