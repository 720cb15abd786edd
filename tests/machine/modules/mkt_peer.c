// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic for tests and figures, the same module on both sides.
 *
 * It answers: an echo, a sink that checks order and contents, and handlers
 * that panic, hang and dawdle.  It asks what is written to its parameter
 * "run", with the peer's id first, and leaves the outcome in "result":
 *
 *   ID calls N BYTES      echo calls: median, lowest, highest in TSC cycles
 *   ID oneway N BYTES     from the send to the peer's handler, in cycles
 *   ID stream MS BYTES    sends to the peer's sink: messages, bytes, ns
 *   ID call TYPE MS       one call of any type: outcome and error
 *   ID send TYPE N        N sends of any type
 *   0 scf CPU N           smp_call_function_single() with wait, in cycles
 *   0 memcpy MS BYTES     the same copies without a peer: bytes, ns
 *   0 burn MS             a loop: rounds
 *
 * What the sink has seen stands in "sink".
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <asm/tsc.h>

#include <multikernel/channel.h>

#define TYPE_ECHO  0x1f00 /* the reply: when its handler began, the bytes */
#define TYPE_SINK  0x1f01
#define TYPE_PANIC 0x1f02
#define TYPE_HANG  0x1f03
#define TYPE_SLOW  0x1f04
#define ROUNDS_MAX 100000
#define ANSWER_MS  10000

/* Module unload must be possible after a hang: the test build's way out. */
static bool release_hung;
module_param(release_hung, bool, 0600);
static unsigned int slow_us = 10000;
module_param(slow_us, uint, 0600);

/* --- answering ---------------------------------------------------------------- */

static int echo(struct mkc_incoming *m, void *context)
{
	u64 now = rdtsc_ordered();

	if (m->length < sizeof(now) || !m->wants_reply)
		return -EINVAL;
	memcpy(m->reply, m->bytes, m->length);
	memcpy(m->reply, &now, sizeof(now));
	m->reply_length = m->length;
	return 0;
}

/* A message of the stream: its number, then bytes that depend on it. */
struct piece {
	__le64 number;
	u8 bytes[];
};

static u8 byte_of(u64 number, size_t i)
{
	return (u8)(number * 31 + i);
}

static u64 sink_messages, sink_bytes, sink_bad, sink_next;

static int sink(struct mkc_incoming *m, void *context)
{
	const struct piece *p = m->bytes;
	size_t i, n = m->length - sizeof(*p);
	u64 number;

	if (m->length < sizeof(*p)) {
		sink_bad++;
		return -EINVAL;
	}
	number = le64_to_cpu(p->number);
	if (!number)
		sink_messages = sink_bytes = sink_bad = sink_next = 0;
	if (number != sink_next)
		sink_bad++;
	sink_next = number + 1;
	/* Not every byte: a checker slower than memcpy would measure itself. */
	for (i = 0; i < n; i += n / 8 + 1)
		if (p->bytes[i] != byte_of(number, i))
			sink_bad++;
	sink_messages++;
	sink_bytes += m->length;
	return 0;
}

static int show_sink(char *buffer, const struct kernel_param *param)
{
	return scnprintf(buffer, PAGE_SIZE,
			 "messages=%llu bytes=%llu bad=%llu\n", sink_messages,
			 sink_bytes, sink_bad);
}

static const struct kernel_param_ops sink_ops = { .get = show_sink };
module_param_cb(sink, &sink_ops, NULL, 0400);

static int do_panic(struct mkc_incoming *m, void *context)
{
	panic("mkt_peer: as the message said");
}

static int do_hang(struct mkc_incoming *m, void *context)
{
	while (!READ_ONCE(release_hung))
		msleep(20);
	return 0;
}

static int do_slow(struct mkc_incoming *m, void *context)
{
	usleep_range(slow_us, slow_us + 10);
	return 0;
}

static struct mkc_handler handlers[] = {
	{ .type = TYPE_ECHO, .handle = echo },
	{ .type = TYPE_SINK, .handle = sink },
	{ .type = TYPE_PANIC, .handle = do_panic },
	{ .type = TYPE_HANG, .handle = do_hang },
	{ .type = TYPE_SLOW, .handle = do_slow },
};

/* --- asking ------------------------------------------------------------------- */

static char result[256] = "nothing was run\n";

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void summarise(u64 *v, unsigned int n, unsigned int failed,
		      unsigned int unknown)
{
	if (!n) {
		scnprintf(result, sizeof(result), "n=0 failed=%u unknown=%u\n",
			  failed, unknown);
		return;
	}
	sort(v, n, sizeof(*v), compare, NULL);
	scnprintf(
		result, sizeof(result),
		"n=%u failed=%u unknown=%u median=%llu p10=%llu p90=%llu min=%llu\n",
		n, failed, unknown, v[n / 2], v[n / 10], v[n - 1 - n / 10],
		v[0]);
}

static int run_calls(struct mkc_peer *peer, unsigned int n, unsigned int bytes,
		     bool oneway)
{
	unsigned int i, done = 0, failed = 0, unknown = 0;
	u64 *v = kvmalloc_array(n, sizeof(*v), GFP_KERNEL);
	u8 *request = kvzalloc(bytes, GFP_KERNEL);
	u8 *reply = kvzalloc(bytes, GFP_KERNEL);
	int err = -ENOMEM;

	if (!v || !request || !reply)
		goto free;
	for (i = 0; i < n && !fatal_signal_pending(current); i++) {
		struct mkc_call call = {
			.peer = peer,
			.type = TYPE_ECHO,
			.bytes = request,
			.length = bytes,
			.reply = reply,
			.reply_room = bytes,
			.timeout_ms = ANSWER_MS,
		};
		u64 start, there, end;

		get_random_bytes(request, min(bytes, 64U));
		start = rdtsc_ordered();
		switch (mkc_call(&call)) {
		case MKC_DONE:
			end = rdtsc_ordered();
			memcpy(&there, reply, sizeof(there));
			if (call.reply_length != bytes ||
			    memcmp(request + 8, reply + 8, bytes - 8))
				failed++;
			else
				v[done++] = (oneway ? there : end) - start;
			break;
		case MKC_FAILED:
			failed++;
			break;
		default:
			unknown++;
		}
		cond_resched();
	}
	summarise(v, done, failed, unknown);
	err = 0;
free:
	kvfree(v);
	kvfree(request);
	kvfree(reply);
	return err;
}

static int run_stream(struct mkc_peer *peer, unsigned int ms,
		      unsigned int bytes)
{
	struct piece *p = kvzalloc(bytes, GFP_KERNEL);
	u64 start = ktime_get_ns(), number = 0, sent = 0;
	size_t i, n = bytes - sizeof(*p);
	int err = 0;

	if (!p)
		return -ENOMEM;
	while (!err) {
		/* The clock costs as much as a small message. */
		if (!(number & 15)) {
			if (ktime_get_ns() - start >= (u64)ms * NSEC_PER_MSEC ||
			    fatal_signal_pending(current))
				break;
			cond_resched();
		}
		p->number = cpu_to_le64(number);
		for (i = 0; i < n; i += n / 8 + 1)
			p->bytes[i] = byte_of(number, i);
		err = mkc_send(peer, TYPE_SINK, p, bytes, ANSWER_MS);
		if (!err) {
			number++;
			sent += bytes;
		}
	}
	kvfree(p);
	scnprintf(result, sizeof(result),
		  "messages=%llu bytes=%llu ns=%llu error=%d\n", number, sent,
		  ktime_get_ns() - start, err);
	return 0;
}

static int run_call(struct mkc_peer *peer, u16 type, unsigned int ms)
{
	u64 bytes = 0, start = ktime_get_ns();
	struct mkc_call call = {
		.peer = peer,
		.type = type,
		.bytes = &bytes,
		.length = sizeof(bytes),
		.timeout_ms = ms,
	};
	static const char *const names[] = { "done", "failed", "unknown" };
	enum mkc_outcome outcome = mkc_call(&call);

	scnprintf(result, sizeof(result), "%s error=%d ms=%llu\n",
		  names[outcome], call.error,
		  div_u64(ktime_get_ns() - start, NSEC_PER_MSEC));
	return 0;
}

static int run_send(struct mkc_peer *peer, u16 type, unsigned int n)
{
	unsigned int i;
	u64 bytes = 0;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = mkc_send(peer, type, &bytes, sizeof(bytes), ANSWER_MS);
	scnprintf(result, sizeof(result), "sent=%u error=%d\n", err ? i - 1 : i,
		  err);
	return 0;
}

static void nothing(void *unused)
{
}

static int run_scf(unsigned int cpu, unsigned int n)
{
	u64 *v = kvmalloc_array(n, sizeof(*v), GFP_KERNEL);
	unsigned int i, failed = 0;

	if (!v)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		u64 start = rdtsc_ordered();

		if (smp_call_function_single(cpu, nothing, NULL, 1))
			failed++;
		v[i] = rdtsc_ordered() - start;
		cond_resched();
	}
	summarise(v, n, failed, 0);
	kvfree(v);
	return 0;
}

static int run_memcpy(unsigned int ms, unsigned int bytes)
{
	u8 *from = kvzalloc(bytes, GFP_KERNEL),
	   *to = kvzalloc(bytes, GFP_KERNEL);
	u64 start, copied = 0;

	if (from && to) {
		start = ktime_get_ns();
		while (ktime_get_ns() - start < (u64)ms * NSEC_PER_MSEC) {
			memcpy(to, from, bytes);
			barrier_data(to);
			copied += bytes;
			cond_resched();
		}
		scnprintf(result, sizeof(result), "bytes=%llu ns=%llu\n",
			  copied, ktime_get_ns() - start);
	}
	kvfree(from);
	kvfree(to);
	return 0;
}

static int run_burn(unsigned int ms)
{
	u64 start = ktime_get_ns(), rounds = 0;
	unsigned int i;

	while (ktime_get_ns() - start < (u64)ms * NSEC_PER_MSEC) {
		for (i = 0; i < 1000; i++)
			barrier();
		rounds++;
		cond_resched();
	}
	scnprintf(result, sizeof(result), "rounds=%llu\n", rounds);
	return 0;
}

static int run(const char *text, const struct kernel_param *param)
{
	unsigned int id, a = 0, b = 0;
	struct mkc_peer *peer = NULL;
	char what[16];
	int err;

	if (sscanf(text, "%u %15s %i %i", &id, what, &a, &b) < 3)
		return -EINVAL;
	if (!strcmp(what, "scf"))
		return run_scf(a, clamp(b, 1U, ROUNDS_MAX + 0U));
	if (!strcmp(what, "memcpy"))
		return run_memcpy(a, clamp(b, 8U, MKW_MESSAGE_MAX + 0U));
	if (!strcmp(what, "burn"))
		return run_burn(a);
	peer = mkc_peer_find(id);
	if (!peer)
		return -ENXIO;
	if (!strcmp(what, "calls") || !strcmp(what, "oneway"))
		err = run_calls(peer, clamp(a, 1U, ROUNDS_MAX + 0U),
				clamp(b, 8U, MKW_MESSAGE_MAX + 0U),
				what[0] == 'o');
	else if (!strcmp(what, "stream"))
		err = run_stream(peer, a, clamp(b, 8U, MKW_MESSAGE_MAX + 0U));
	else if (!strcmp(what, "call"))
		err = run_call(peer, a, b);
	else if (!strcmp(what, "send"))
		err = run_send(peer, a, b);
	else
		err = -EINVAL;
	mkc_peer_put(peer);
	return err;
}

static int show_result(char *buffer, const struct kernel_param *param)
{
	return scnprintf(buffer, PAGE_SIZE, "%s", result);
}

/* What was asked for at load, some seconds later and for ever. */
static char *again;
module_param(again, charp, 0400);
static struct task_struct *thread;

static int run_again(void *unused)
{
	while (!kthread_should_stop()) {
		if (run(again, NULL))
			msleep(100);
		cond_resched();
	}
	return 0;
}

static const struct kernel_param_ops run_ops = { .set = run };
module_param_cb(run, &run_ops, NULL, 0200);
static const struct kernel_param_ops result_ops = { .get = show_result };
module_param_cb(result, &result_ops, NULL, 0400);

static int __init peer_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		err = mkc_register(&handlers[i]);
		if (err)
			goto undo;
	}
	if (again) {
		strreplace(again, '_', ' ');
		thread = kthread_run(run_again, NULL, "mkt_peer");
		if (IS_ERR(thread)) {
			err = PTR_ERR(thread);
			goto undo;
		}
	}
	return 0;
undo:
	while (i--)
		mkc_unregister(&handlers[i]);
	return err;
}

static void __exit peer_exit(void)
{
	size_t i;

	if (thread)
		kthread_stop(thread);
	release_hung = true;
	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		mkc_unregister(&handlers[i]);
}

module_init(peer_init);
module_exit(peer_exit);

MODULE_DESCRIPTION("Traffic between kernels, for tests");
MODULE_LICENSE("GPL");
