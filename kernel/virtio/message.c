// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the supervisor, and its responses.
 *
 * The supervisor is a process of the host and may be away: not started yet, or
 * started again.  A request is repeated until it is answered, in the same
 * bytes: see multikernel/virtio_msg.h.
 */
#include "virtio.h"

#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/wait.h>

#define QUEUED_MS   5000 /* until the supervisor's port has it */
#define REPEAT_MS   2000 /* doubled each time */
#define REPEAT_MAX  16000
#define AWAY_MS	    1000 /* between looks for a supervisor that is away */
#define SHUTDOWN_MS 3000 /* nobody waits for long once the kernel goes down */

struct request {
	struct list_head link;
	const struct mkv_header *header;
	struct mkv_reply *reply;
	struct completion answered;
};

static DEFINE_SPINLOCK(lock); /* all here */
static LIST_HEAD(waiting);
static u16 last_token;
static bool ended;
static atomic_t arrivals = ATOMIC_INIT(0); /* of the supervisor */
static DECLARE_WAIT_QUEUE_HEAD(wait);

void mkv_requests_wake(void)
{
	atomic_inc(&arrivals);
	wake_up_all(&wait);
}

void mkv_requests_end(void)
{
	WRITE_ONCE(ended, true);
	wake_up_all(&wait);
}

void mkv_response(const struct mkv_header *header, const void *payload,
		  size_t length)
{
	struct request *r;

	spin_lock(&lock);
	list_for_each_entry(r, &waiting, link) {
		if (r->header->token != header->token ||
		    r->header->device != header->device ||
		    r->header->id != header->id ||
		    (r->header->type | MKV_TYPE_RESPONSE) != header->type)
			continue;
		if (r->reply) {
			r->reply->length = min(length, r->reply->room);
			memcpy(r->reply->bytes, payload, r->reply->length);
		}
		/* What comes for it from now on is a repetition's. */
		list_del_init(&r->link);
		complete(&r->answered);
		break;
	}
	spin_unlock(&lock);
	wake_up_all(&wait);
}

static bool is_gone(const struct mkv_device *device)
{
	if (device && READ_ONCE(device->gone))
		return true;
	return READ_ONCE(ended) && (!device || !READ_ONCE(device->known));
}

/* Has this kernel gone down for so long that nobody is waited for? */
static bool is_late(void)
{
	static unsigned long since; /* the same for all requests */

	if (system_state <= SYSTEM_RUNNING)
		return false;
	if (!READ_ONCE(since))
		WRITE_ONCE(since, jiffies | 1);
	return time_after(jiffies,
			  READ_ONCE(since) + msecs_to_jiffies(SHUTDOWN_MS));
}

/* Until it is answered, somebody comes, or the time is over. */
static void wait_for(struct request *r, struct mkv_device *device, int before,
		     unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	/* In short steps, for a shutdown that begins meanwhile. */
	while (time_before(jiffies, end) && !is_late() &&
	       !wait_event_idle_timeout(
		       wait,
		       completion_done(&r->answered) || is_gone(device) ||
			       atomic_read(&arrivals) != before,
		       HZ / 2))
		;
}

static int converse(struct request *r, struct mkv_device *device,
		    const void *bytes, size_t length)
{
	unsigned int repeat = REPEAT_MS;
	bool queued;
	int before;

	while (!is_gone(device)) {
		struct mkc_call call = {
			.peer = mkv_host,
			.type = MKW_TYPE_VIRTIO,
			.bytes = bytes,
			.length = length,
			.timeout_ms = QUEUED_MS,
		};

		if (is_late())
			return -ETIMEDOUT;
		before = atomic_read(&arrivals);
		/* Unknown: perhaps. */
		queued = mkc_call(&call) != MKC_FAILED;
		if (!queued && call.error == -EPFNOSUPPORT && !device)
			mkv_scanned();
		/* Nobody is there, or has room: until one comes. */
		wait_for(r, device, before, queued ? repeat : AWAY_MS);
		if (completion_done(&r->answered))
			return 0;
		if (queued)
			repeat = min_t(unsigned int, repeat * 2, REPEAT_MAX);
	}
	return -ENODEV;
}

/* Enter it among those that wait, with a token that none of them has. */
static void enter(struct request *r, struct mkv_header *header)
{
	struct request *other;
	bool taken;

	spin_lock(&lock);
	do {
		taken = false;
		if (!++last_token)
			last_token = 1;
		list_for_each_entry(other, &waiting, link)
			if (le16_to_cpu(other->header->token) == last_token)
				taken = true;
	} while (taken);
	header->token = cpu_to_le16(last_token);
	list_add_tail(&r->link, &waiting);
	spin_unlock(&lock);
}

int mkv_request(struct mkv_device *device, u8 id, const void *payload,
		size_t length, struct mkv_reply *reply, size_t least)
{
	struct request r = { .reply = reply };
	struct mkv_header *header;
	size_t size = sizeof(*header) + length;
	int err;

	if (WARN_ON_ONCE(size > MKV_MESSAGE_MAX))
		return -EINVAL;
	header = kzalloc(size, GFP_KERNEL);
	if (!header)
		return -ENOMEM;
	header->type = device ? 0 : MKV_TYPE_BUS;
	header->id = id;
	header->device = cpu_to_le16(device ? device->number : 0);
	header->size = cpu_to_le16(size);
	memcpy(header + 1, payload, length);
	r.header = header;
	init_completion(&r.answered);
	if (reply)
		reply->length = 0;
	enter(&r, header);
	err = converse(&r, device, header, size);
	spin_lock(&lock);
	if (!list_empty(&r.link))
		list_del(&r.link);
	spin_unlock(&lock);
	kfree(header);
	if (!err && reply && reply->length < least)
		err = -EPROTO;
	return err;
}
