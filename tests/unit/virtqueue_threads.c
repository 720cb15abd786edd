// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue between a thread that is the driver and one that is the device.
 * Who waits sleeps for real, so that a lost notification is a hang.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "driver_ring.h"
#include "virtqueue.h"

#ifdef __SANITIZE_THREAD__
/* It executes fences and learns nothing: the acquires order the data. */
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#define CHAINS	200000u
#define SECONDS 60
#define SIZE	16u
#define BASE	0x40000000ull
#define DATA	0x4000u /* offset of the buffers, 64 bytes for each head */
#define TABLES	0x5000u /* of indirect tables, 64 bytes for each head */
#define BYTES	0x8000u

struct line {
	uint8_t *memory;
	struct driver_ring d;
	struct mk_virtqueue vq;
	int bell[2]; /* eventfds: for the device, for the driver */
	unsigned int rung[2], slept[2];
	unsigned int burst; /* the driver has so many under way at most */
	int bad;
};

static void hung(int signal)
{
	static const char text[] =
		"not ok - threads: asleep for ever, a notification was lost\n";

	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void ring_bell(struct line *l, int which)
{
	uint64_t one = 1;

	l->rung[which]++;
	if (write(l->bell[which], &one, sizeof(one)) != sizeof(one))
		abort();
}

static void sleep_on(struct line *l, int which)
{
	uint64_t rung;

	l->slept[which]++;
	if (read(l->bell[which], &rung, sizeof(rung)) != sizeof(rung))
		abort();
}

/* Chain @number carries its number there and three times it back. */
static bool send(struct line *l, uint32_t number)
{
	uint64_t data = BASE + DATA + 64ull * l->d.free;
	uint64_t table = BASE + TABLES + 64ull * l->d.free;
	const struct driver_part parts[] = { { data, 1, false },
					     { data + 1, 3, false },
					     { data + 8, 4, true } };

	if (l->d.nr_free < 3)
		return false;
	memcpy(driver_place(&l->d, data), &number, 4);
	memset(driver_place(&l->d, data + 8), 0, 4);
	if (number & 1)
		return driver_add(&l->d, parts, 3) >= 0;
	return driver_add_indirect(&l->d, table, parts, 3) >= 0;
}

static bool receive(struct line *l, uint32_t number)
{
	uint32_t written, answer;
	int head = driver_get(&l->d, &written);

	if (head < 0)
		return false;
	memcpy(&answer, l->memory + DATA + 64 * head + 8, 4);
	if (written != 4 || answer != number * 3)
		l->bad++;
	return true;
}

static void *drive(void *context)
{
	struct line *l = context;
	uint32_t sent = 0, back = 0;

	while (back < CHAINS) {
		while (sent < CHAINS && sent - back < l->burst && send(l, sent))
			sent++;
		if (l->d.kicked != l->d.added && driver_must_kick(&l->d))
			ring_bell(l, 0);
		if (receive(l, back)) {
			back++;
		} else if (driver_may_sleep(&l->d)) {
			sleep_on(l, 1);
			driver_stay_awake(&l->d);
		}
	}
	return NULL;
}

static void *serve(void *context)
{
	static struct mk_virtqueue_chain chain;
	struct line *l = context;
	uint32_t done = 0, number;
	struct mk_error err;
	int ret;

	while (done < CHAINS) {
		ret = mk_virtqueue_take(&l->vq, &chain, &err);
		if (ret < 0) {
			printf("# %s\n", err.text);
			abort();
		}
		if (ret) {
			if (mk_virtqueue_read(&chain, 0, &number, 4) != 4 ||
			    number != done++)
				l->bad++;
			number *= 3;
			mk_virtqueue_write(&chain, 0, &number, 4);
			mk_virtqueue_give(&l->vq, &chain, 4);
			if (done % 3)
				continue; /* told of several at once */
		}
		if (mk_virtqueue_must_tell(&l->vq))
			ring_bell(l, 1);
		if (ret)
			continue;
		mk_virtqueue_want_kicks(&l->vq, true);
		if (!mk_virtqueue_ready(&l->vq))
			sleep_on(l, 0);
		mk_virtqueue_want_kicks(&l->vq, false);
	}
	if (mk_virtqueue_must_tell(&l->vq))
		ring_bell(l, 1);
	return NULL;
}

static void open_line(struct line *l, bool event_idx, uint16_t start)
{
	struct mk_virtqueue_memory memory = { BASE, BYTES, NULL };
	struct mk_error err;

	memset(l, 0, sizeof(*l));
	l->memory = aligned_alloc(4096, BYTES);
	if (!l->memory)
		abort();
	memset(l->memory, 0, BYTES);
	memory.mapped = l->memory;
	driver_ring_init(&l->d, l->memory, BASE, BASE, SIZE, event_idx);
	driver_ring_start(&l->d, start);
	CHECK_EQ(mk_virtqueue_init(&l->vq, &memory, SIZE, l->d.at_descriptors,
				   l->d.at_driver, l->d.at_device, event_idx,
				   start, &err),
		 0);
}

static void run_line(bool event_idx, unsigned int burst)
{
	pthread_t threads[2];
	struct line l;

	open_line(&l, event_idx, 0xff00);
	l.burst = burst;
	l.bell[0] = eventfd(0, 0);
	l.bell[1] = eventfd(0, 0);
	signal(SIGALRM, hung);
	alarm(SECONDS);
	if (pthread_create(&threads[0], NULL, drive, &l) ||
	    pthread_create(&threads[1], NULL, serve, &l))
		abort();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	alarm(0);
	CHECK_EQ(l.bad, 0);
	CHECK_EQ(l.d.got, (uint16_t)(0xff00 + CHAINS));
	CHECK_EQ(l.d.nr_free, SIZE);
	CHECK(l.slept[0] && l.slept[1]);
	printf("# %u chains: %u kicks, %u answers; slept %u and %u times\n",
	       CHAINS, l.rung[0], l.rung[1], l.slept[0], l.slept[1]);
	close(l.bell[0]);
	close(l.bell[1]);
	free(l.memory);
}

static void flags_lose_no_notification(void)
{
	run_line(false, SIZE);
}

static void event_indices_lose_no_notification(void)
{
	run_line(true, SIZE);
}

static void one_at_a_time_loses_no_notification(void)
{
	run_line(true, 1);
	run_line(false, 1);
}

/*
 * --- both at the same instant --------------------------------------------------
 *
 * What a lost notification needs is rare while threads sleep and wake.  Here
 * they meet before each step, then one writes and looks while the other does
 * the reverse; that both overlook the other is the error.
 */
#define ROUNDS 100000u

struct meeting {
	struct line l;
	struct mk_virtqueue_chain chain;
	unsigned int arrived; /* by both threads */
	bool kick, ready, sleeps, tell;
	unsigned int lost_kicks, lost_answers;
	unsigned int kicks, answers;
};

static void meet(struct meeting *m, unsigned int *met)
{
	unsigned int spins = 0;

	*met += 2;
	__atomic_add_fetch(&m->arrived, 1, __ATOMIC_SEQ_CST);
	while ((int)(__atomic_load_n(&m->arrived, __ATOMIC_ACQUIRE) - *met) < 0)
		if (++spins % 4096 == 0)
			sched_yield();
}

/* One comes a little later than the other, by another bit each time. */
static void linger(unsigned int steps)
{
	while (steps--)
		__asm__ volatile("" ::: "memory");
}

static void *meet_as_driver(void *context)
{
	const struct driver_part part = { BASE + DATA, 4, true };
	struct meeting *m = context;
	unsigned int met = 0, i;
	uint32_t written;

	for (i = 0; i < ROUNDS; i++) {
		driver_stay_awake(&m->l.d);
		meet(m, &met);
		driver_add(&m->l.d, &part, 1);
		m->kick = driver_must_kick(&m->l.d);
		meet(m, &met);
		m->lost_kicks += !m->kick && !m->ready;
		m->kicks += m->kick;
		meet(m, &met);
		linger(i % 64);
		m->sleeps = driver_may_sleep(&m->l.d);
		meet(m, &met);
		m->lost_answers += m->sleeps && !m->tell;
		m->answers += m->tell;
		if (driver_get(&m->l.d, &written) < 0)
			m->l.bad++;
	}
	return NULL;
}

static void *meet_as_device(void *context)
{
	struct meeting *m = context;
	unsigned int met = 0, i;

	for (i = 0; i < ROUNDS; i++) {
		mk_virtqueue_want_kicks(&m->l.vq, false);
		meet(m, &met);
		linger(i % 128);
		mk_virtqueue_want_kicks(&m->l.vq, true);
		m->ready = mk_virtqueue_ready(&m->l.vq);
		meet(m, &met);
		if (mk_virtqueue_take(&m->l.vq, &m->chain, NULL) != 1)
			m->l.bad++;
		meet(m, &met);
		mk_virtqueue_give(&m->l.vq, &m->chain, 0);
		m->tell = mk_virtqueue_must_tell(&m->l.vq);
		meet(m, &met);
	}
	return NULL;
}

static void run_meeting(bool event_idx)
{
	static struct meeting m;
	pthread_t threads[2];

	memset(&m, 0, sizeof(m));
	open_line(&m.l, event_idx, 0xff00);
	if (pthread_create(&threads[0], NULL, meet_as_driver, &m) ||
	    pthread_create(&threads[1], NULL, meet_as_device, &m))
		abort();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK_EQ(m.l.bad, 0);
	CHECK_EQ(m.lost_kicks, 0);
	CHECK_EQ(m.lost_answers, 0);
	printf("# %u meetings: %u kicks, %u answers\n", ROUNDS, m.kicks,
	       m.answers);
	free(m.l.memory);
}

static void neither_overlooks_the_other(void)
{
	run_meeting(false);
	run_meeting(true);
}

#ifndef __SANITIZE_THREAD__

/* --- a driver that writes over what is being looked at ------------------------ */

struct scribble {
	struct line l;
	int stop;
};

static void *scribbler(void *context)
{
	struct scribble *s = context;
	struct line *l = &s->l;
	volatile struct vring_desc *d;
	uint32_t n = 7;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		n = n * 1664525 + 1013904223;
		d = &l->d.descriptors[n >> 8 & (SIZE - 1)];
		d->addr = n & 0x10000 ? BASE + DATA : n * 0x100000001ull;
		d->len = n & 0x20000 ? 64 : n;
		d->next = n >> 20 & SIZE;
		d->flags = n >> 28 & 7;
		/* right again, or nothing would ever be taken */
		d->addr = BASE + DATA;
		d->len = 64;
		d->flags = 0;
		d->next = 0;
		__atomic_store_n(&l->d.available->idx, (uint16_t)(n >> 16),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&l->d.available->idx,
				 (uint16_t)(l->d.used->idx + 1),
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

static void a_scribbler_moves_no_part_out_of_memory(void)
{
	static struct mk_virtqueue_chain chain;
	unsigned int taken = 0, broken = 0, n;
	time_t end = time(NULL) + 3;
	struct scribble s = { .stop = 0 };
	const uint8_t *at;
	pthread_t thread;

	open_line(&s.l, false, 0);
	if (pthread_create(&thread, NULL, scribbler, &s))
		abort();
	while (time(NULL) < end && !check_bad) {
		if (mk_virtqueue_take(&s.l.vq, &chain, NULL) < 0) {
			broken++;
			s.l.vq.broken = false;
			continue;
		}
		for (n = 0; n < chain.nr_out + chain.nr_in; n++) {
			at = chain.parts[n].iov_base;
			CHECK(at >= s.l.memory && chain.parts[n].iov_len);
			CHECK(chain.parts[n].iov_len <=
			      (size_t)(s.l.memory + BYTES - at));
		}
		if (!chain.nr_out && !chain.nr_in) {
			sched_yield();
			continue;
		}
		taken++;
		mk_virtqueue_give(&s.l.vq, &chain, 0);
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# %u taken, %u broken\n", taken, broken);
	CHECK(taken && broken);
	free(s.l.memory);
}

#endif /* __SANITIZE_THREAD__ */

int main(void)
{
	TEST(flags_lose_no_notification);
	TEST(event_indices_lose_no_notification);
	TEST(one_at_a_time_loses_no_notification);
	TEST(neither_overlooks_the_other);
#ifndef __SANITIZE_THREAD__ /* a race by design */
	TEST(a_scribbler_moves_no_part_out_of_memory);
#endif
	return done();
}
