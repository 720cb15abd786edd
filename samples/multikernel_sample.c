// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a kernel module talks to the kernel at the other end.
 *
 * The same module is loaded on both sides.  It has a remote printk, sent to
 * whoever is there:
 *
 *   echo "good morning" >/sys/module/multikernel_sample/parameters/say
 *
 * and a remote procedure, which tells where the other kernel ran it:
 *
 *   cat /sys/module/multikernel_sample/parameters/ask
 *   host: CPU 1 (APIC id 1), up 52.310 s, 6.1.0-56-cloud-amd64
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>

#include <multikernel/channel.h>

#define TYPE_PRINTK (MKW_TYPE_MODULE + 0)
#define TYPE_WHERE  (MKW_TYPE_MODULE + 1)

#define ANSWER_MS   2000

/* The reply of TYPE_WHERE. */
struct where {
	__le32 cpu; /* of the kernel that answers: a number for people */
	__le32 apic; /* the same CPU as the machine knows it */
	__le64 up_ns;
	__u8 release[64]; /* NUL-terminated */
};

/* --- what the peers ask of us ------------------------------------------------ */

static int do_printk(struct mkc_incoming *message, void *context)
{
	/* A stranger's bytes: cut, and escaped for whoever reads the log. */
	size_t length = min_t(size_t, message->length, 200);
	char *text = kmemdup_nul(message->bytes, length, GFP_KERNEL);
	char *safe = text ? kstrdup_quotable(text, GFP_KERNEL) : NULL;

	if (safe)
		pr_info("%s says: %s\n", mkc_peer_name(message->peer), safe);
	kfree(safe);
	kfree(text);
	return safe ? 0 : -ENOMEM;
}

static int do_where(struct mkc_incoming *message, void *context)
{
	unsigned int cpu = raw_smp_processor_id();
	struct where *where = message->reply;

	if (message->length || !message->wants_reply)
		return -EINVAL;
	memset(where, 0, sizeof(*where));
	where->cpu = cpu_to_le32(cpu);
	where->apic = cpu_to_le32(mkc_cpu_physical_id(cpu));
	where->up_ns = cpu_to_le64(ktime_get_boottime_ns());
	strscpy((char *)where->release, init_utsname()->release,
		sizeof(where->release));
	message->reply_length = sizeof(*where);
	return 0;
}

static struct mkc_handler printk_handler = {
	.type = TYPE_PRINTK,
	.handle = do_printk,
};

static struct mkc_handler where_handler = {
	.type = TYPE_WHERE,
	.handle = do_where,
};

/* --- who is there ------------------------------------------------------------- */

#define PEERS 16

static DEFINE_MUTEX(peers_lock);
static struct mkc_peer *peers[PEERS]; /* peers_lock; with a reference */

static int peer_changed(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct mkc_peer *from = event == MKC_PEER_UP ? NULL : data;
	unsigned int i;

	mutex_lock(&peers_lock);
	for (i = 0; i < PEERS; i++)
		if (peers[i] == from)
			break;
	if (i < PEERS && event == MKC_PEER_UP) {
		peers[i] = mkc_peer_get(data);
	} else if (i < PEERS) {
		mkc_peer_put(peers[i]);
		peers[i] = NULL;
	}
	mutex_unlock(&peers_lock);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = peer_changed };

/*
 * References on all that are there.  Nothing is sent with the lock held: the
 * notifier takes it, and the end of an instance waits for the notifier.
 */
static unsigned int get_peers(struct mkc_peer **to)
{
	unsigned int i, n = 0;

	mutex_lock(&peers_lock);
	for (i = 0; i < PEERS; i++)
		if (peers[i])
			to[n++] = mkc_peer_get(peers[i]);
	mutex_unlock(&peers_lock);
	return n;
}

/* --- what we ask of the peers ------------------------------------------------- */

static int say(const char *text, const struct kernel_param *param)
{
	size_t length = strcspn(text, "\n");
	struct mkc_peer *to[PEERS];
	unsigned int i, n = get_peers(to);
	int err = 0;

	for (i = 0; i < n; i++) {
		if (!err)
			err = mkc_send(to[i], TYPE_PRINTK, text, length,
				       ANSWER_MS);
		mkc_peer_put(to[i]);
	}
	return err;
}

static const struct kernel_param_ops say_ops = { .set = say };
module_param_cb(say, &say_ops, NULL, 0200);

static int ask_one(struct mkc_peer *peer, char *text, size_t size)
{
	struct where where;
	struct mkc_call call = {
		.peer = peer,
		.type = TYPE_WHERE,
		.reply = &where,
		.reply_room = sizeof(where),
		.timeout_ms = ANSWER_MS,
	};
	const char *name = mkc_peer_name(peer);
	u64 ms;

	switch (mkc_call(&call)) {
	case MKC_FAILED:
		return scnprintf(text, size, "%s: failed (%d)\n", name,
				 call.error);
	case MKC_UNKNOWN:
		return scnprintf(text, size, "%s: unknown (%d)\n", name,
				 call.error);
	case MKC_DONE:
		break;
	}
	if (call.error || call.reply_length != sizeof(where))
		return scnprintf(text, size, "%s: an odd answer\n", name);
	ms = div_u64(le64_to_cpu(where.up_ns), NSEC_PER_MSEC);
	return scnprintf(text, size,
			 "%s: CPU %u (APIC id %u), up %llu.%03llu s, %.*s\n",
			 name, le32_to_cpu(where.cpu), le32_to_cpu(where.apic),
			 ms / 1000, ms % 1000, (int)sizeof(where.release) - 1,
			 where.release);
}

static int ask(char *buffer, const struct kernel_param *param)
{
	struct mkc_peer *whom[PEERS];
	unsigned int i, n = get_peers(whom);
	int length = 0;

	for (i = 0; i < n; i++) {
		length += ask_one(whom[i], buffer + length, PAGE_SIZE - length);
		mkc_peer_put(whom[i]);
	}
	return length;
}

static const struct kernel_param_ops ask_ops = { .get = ask };
module_param_cb(ask, &ask_ops, NULL, 0400);

static int __init sample_init(void)
{
	int err;

	err = mkc_register(&printk_handler);
	if (err)
		return err;
	err = mkc_register(&where_handler);
	if (err)
		goto printk;
	err = mkc_register_notifier(&notifier);
	if (err)
		goto where;
	return 0;

where:
	mkc_unregister(&where_handler);
printk:
	mkc_unregister(&printk_handler);
	return err;
}

static void __exit sample_exit(void)
{
	unsigned int i;

	mkc_unregister_notifier(&notifier);
	mkc_unregister(&where_handler);
	mkc_unregister(&printk_handler);
	/* The parameters can be read until the module is gone. */
	mutex_lock(&peers_lock);
	for (i = 0; i < PEERS; i++) {
		if (peers[i])
			mkc_peer_put(peers[i]);
		peers[i] = NULL;
	}
	mutex_unlock(&peers_lock);
}

module_init(sample_init);
module_exit(sample_exit);

MODULE_DESCRIPTION("A remote printk and a remote procedure");
MODULE_LICENSE("GPL");
