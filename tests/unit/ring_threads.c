// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring between two threads.  Who waits sleeps for real, so that a lost
 * doorbell is a hang; ring_tsan.sh runs this under ThreadSanitizer, too.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "check.h"
#include "ring_ends.h"

#ifdef __SANITIZE_THREAD__
#define MESSAGES 60000u
#else
#define MESSAGES 200000u
#endif
#define SECONDS 60

struct line {
	struct ring r;
	int bell[2]; /* eventfds: for the consumer, for the producer */
	u32 longest; /* payload of most messages; one in 512 may be MAX */
	unsigned int nap; /* us that the consumer's wakeup takes */
	unsigned int rung[2];
	u64 bytes;
};

static void hung(int signal)
{
	static const char text[] =
		"not ok - threads: asleep for ever, a doorbell was lost\n";

	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void ring_bell(struct line *l, int which)
{
	u64 one = 1;

	l->rung[which]++;
	if (write(l->bell[which], &one, sizeof(one)) != sizeof(one))
		abort();
}

static void sleep_on(struct line *l, int which)
{
	u64 rung;

	if (read(l->bell[which], &rung, sizeof(rung)) != sizeof(rung))
		abort();
}

static u32 line_length(struct line *l, u32 number)
{
	u32 state = number + 1;

	next(&state);
	if (next(&state) % 512 == 0)
		return next(&state) % (MKW_MESSAGE_MAX + 1);
	return next(&state) % (l->longest + 1);
}

static void *produce(void *context)
{
	struct line *l = context;
	u32 i, length;
	bool ring;
	int ret;

	for (i = 0; i < MESSAGES;) {
		length = line_length(l, i);
		ret = put(&l->r.tx, length, i, &ring);
		if (!ret) {
			l->bytes += mkc_ring_need(length);
			i++;
			if (ring)
				ring_bell(l, 0);
			continue;
		}
		if (ret == -EAGAIN)
			ret = mkc_tx_wait_room(&l->r.tx, mkc_ring_need(length));
		if (!ret)
			sleep_on(l, 1);
		else if (ret < 0)
			abort();
	}
	return NULL;
}

static void *consume(void *context)
{
	struct line *l = context;
	bool ring;
	u32 i;
	int ret;

	for (i = 0; i < MESSAGES;) {
		ret = take(&l->r.rx, line_length(l, i), i, &ring);
		if (ret == 1) {
			i++;
			if (ring)
				ring_bell(l, 1);
		} else if (ret) {
			abort();
		} else if (!mkc_rx_arm(&l->r.rx)) {
			sleep_on(l, 0);
			if (l->nap)
				usleep(l->nap);
		}
	}
	return NULL;
}

static struct line run_line(u32 longest, unsigned int nap)
{
	struct line l = {
		.r = fresh(0xfffff000),
		.bell = { eventfd(0, 0), eventfd(0, 0) },
		.longest = longest,
		.nap = nap,
	};
	pthread_t threads[2];

	signal(SIGALRM, hung);
	alarm(SECONDS);
	if (pthread_create(&threads[0], NULL, produce, &l) ||
	    pthread_create(&threads[1], NULL, consume, &l))
		abort();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	alarm(0);
	CHECK_EQ(l.r.producer->tail, l.r.consumer->head);
	printf("# %u messages, %llu bytes, %u doorbells, %u for room\n",
	       MESSAGES, (unsigned long long)l.bytes, l.rung[0], l.rung[1]);
	close(l.bell[0]);
	close(l.bell[1]);
	drop(&l.r);
	return l;
}

/* The producer may come to a wait again only after so many bytes, or after
 * one bell that was rung while it found the room by itself. */
static unsigned int most_room_bells(const struct line *l)
{
	return 2 * (unsigned int)(l->bytes / (SIZE / 2 - 65560)) + 4;
}

static void threads_exchange_short_messages(void)
{
	struct line l = run_line(64, 0);

	CHECK(l.rung[1] <= most_room_bells(&l));
}

static void threads_exchange_long_messages(void)
{
	struct line l = run_line(1500, 0);

	CHECK(l.rung[1] <= most_room_bells(&l));
}

/* An interrupt takes a while; what comes in meanwhile needs none. */
static void a_busy_line_rings_seldom(void)
{
	struct line l = run_line(100, 100);

	CHECK(l.rung[0] < MESSAGES / 4);
	CHECK(l.rung[1] <= most_room_bells(&l));
}

#ifndef __SANITIZE_THREAD__

/* --- a third one scribbles over all that is shared, as fast as it can ------- */

struct scribble {
	struct ring r;
	int stop;
	int bad_put, bad_peek;
	unsigned int sent, taken, refused;
};

/* Most of it is nearly right, or nobody would get past the first look. */
static void *scribbler(void *context)
{
	struct scribble *s = context;
	struct mkw_producer *producer = s->r.producer;
	struct mkw_consumer *consumer = s->r.consumer;
	u32 *const words[] = { &producer->tail, &producer->room_event,
			       &consumer->head, &consumer->event };
	u32 state = 99, n, length;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		n = next(&state);
		switch (n >> 28) {
		case 0:
			WRITE_ONCE(*words[n % 4], next(&state));
			break;
		case 1:
			WRITE_ONCE(*words[n % 4], READ_ONCE(*words[n / 4 % 4]) +
							  n / 16 % 4096);
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			WRITE_ONCE(producer->tail,
				   READ_ONCE(consumer->head) + n % 40000 * 8);
			break;
		case 6:
			WRITE_ONCE(consumer->head,
				   READ_ONCE(producer->tail) - n % 40000 * 8);
			break;
		case 7:
		case 8:
		case 9:
		case 10:
			length = n % (n & 256 ? 400 : 70000);
			n = READ_ONCE(consumer->head) % SIZE;
			if (n <= SIZE - sizeof(length))
				memcpy(s->r.data + n, &length, sizeof(length));
			break;
		default:
			memset(s->r.data + next(&state) % (SIZE - 256),
			       (int)(n >> 16 & n >> 8), n & 255);
		}
	}
	return NULL;
}

/* After -EPROTO start anew from the words as they stand, whatever they are. */
static void *produce_anyhow(void *context)
{
	struct scribble *s = context;
	u32 state = 5, length;
	bool ring;
	int ret;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		length = next(&state) % (next(&state) % 16 ? 300 : 65537);
		ret = put(&s->r.tx, length, s->sent, &ring);
		if (!ret)
			s->sent++;
		else if (ret == -EAGAIN)
			ret = mkc_tx_wait_room(&s->r.tx, mkc_ring_need(length));
		if (ret == -EPROTO)
			mkc_tx_init(&s->r.tx, s->r.data, s->r.producer,
				    s->r.consumer);
		else if (ret != 0 && ret != 1)
			s->bad_put = ret;
	}
	return NULL;
}

static void *consume_anyhow(void *context)
{
	struct scribble *s = context;
	struct mkc_header header;
	bool ring;
	u8 *bytes;
	int ret;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		ret = mkc_rx_peek(&s->r.rx, &header);
		if (ret == 1 && header.length <= MKW_MESSAGE_MAX) {
			bytes = malloc(header.length + !header.length);
			mkc_rx_take(&s->r.rx, &header, bytes, &ring);
			free(bytes);
			s->taken++;
		} else if (ret == -EPROTO) {
			s->refused++;
			mkc_rx_init(&s->r.rx, s->r.data, s->r.consumer,
				    s->r.producer);
		} else if (ret) {
			s->bad_peek = ret;
		} else {
			mkc_rx_arm(&s->r.rx);
		}
	}
	return NULL;
}

static void a_scribbler_harms_nobody_but_itself(void)
{
	void *(*const bodies[])(void *) = { scribbler, produce_anyhow,
					    consume_anyhow };
	struct scribble s = { .r = fresh(0) };
	pthread_t threads[3];
	int i;

	for (i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, bodies[i], &s))
			abort();
	usleep(2000000);
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("# %u sent, %u taken, %u refused\n", s.sent, s.taken, s.refused);
	CHECK_EQ(s.bad_put, 0);
	CHECK_EQ(s.bad_peek, 0);
	CHECK(s.sent && s.taken && s.refused);
	drop(&s.r);
}

#endif /* __SANITIZE_THREAD__ */

int main(void)
{
	TEST(threads_exchange_short_messages);
	TEST(threads_exchange_long_messages);
	TEST(a_busy_line_rings_seldom);
#ifndef __SANITIZE_THREAD__ /* a race by design */
	TEST(a_scribbler_harms_nobody_but_itself);
#endif
	return done();
}
