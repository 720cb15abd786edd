// SPDX-License-Identifier: GPL-2.0-only
/*
 * Once a second: say that we live and how we are, and look what the host
 * wants.  The host's request stands in the hand-off page and not in the ring,
 * so that it is seen whatever the channel is busy with.
 */
#include "spawn.h"

#include <linux/cpumask.h>
#include <linux/kexec.h>
#include <linux/mm.h>
#include <linux/reboot.h>
#include <linux/sched/clock.h>
#include <linux/sched/loadavg.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>

#include "../channel/peer.h"

#define HELLO_TIMEOUT_MS 5000

static void beat(struct work_struct *work);
static void hello(struct work_struct *work);
static DECLARE_DELAYED_WORK(beat_work, beat);
static DECLARE_WORK(hello_work, hello);
static bool refused; /* the host does not want us */
static bool stopping;

void mks_beat_look(void)
{
	u32 request = le32_to_cpu(READ_ONCE(mks_agent.page->request));

	if (request != MKW_REQUEST_POWEROFF || READ_ONCE(stopping) ||
	    !(mks_agent.features & MKW_FEATURE_REQUEST))
		return;
	WRITE_ONCE(stopping, true);
	pr_notice("the host asks for an orderly power-off\n");
	/* Through user space; by itself when there is none that can. */
	orderly_poweroff(true);
}

static void hello(struct work_struct *work)
{
	struct mkw_hello h = {
		.generation = mks_agent.page->generation,
		.cpus = cpu_to_le32(num_online_cpus()),
		.features = cpu_to_le64(mks_agent.features),
		.memory = cpu_to_le64((u64)totalram_pages() << PAGE_SHIFT),
		.boot_ns = cpu_to_le64(local_clock()), /* the log's */
	};
	struct mkc_call call = {
		.peer = mks_agent.host,
		.type = MKW_TYPE_HELLO,
		.bytes = &h,
		.length = sizeof(h),
		.timeout_ms = HELLO_TIMEOUT_MS,
	};

	strscpy((char *)h.release, init_utsname()->release, sizeof(h.release));
	switch (mkc_call_internal(&call)) {
	case MKC_DONE:
		mkc_peer_up(mks_agent.host,
			    le32_to_cpu(mks_agent.page->generation));
		break;
	case MKC_FAILED:
		/* Not if it only found no room: the next beat tries again. */
		if (call.error != -EINVAL && call.error != -EPFNOSUPPORT)
			break;
		pr_err("the host refused our hello: %d\n", call.error);
		WRITE_ONCE(refused, true);
		break;
	case MKC_UNKNOWN:
		break;
	}
}

static void beat(struct work_struct *work)
{
	struct mkw_handoff *page = mks_agent.page;
	struct sysinfo info;
	unsigned int i;

	si_meminfo(&info);
	WRITE_ONCE(page->cpus_online, cpu_to_le32(num_online_cpus()));
	for (i = 0; i < 3; i++)
		WRITE_ONCE(page->load[i], cpu_to_le32(avenrun[i]));
	WRITE_ONCE(page->memory_free,
		   cpu_to_le64((u64)info.freeram << PAGE_SHIFT));
	WRITE_ONCE(page->heartbeat,
		   cpu_to_le32(le32_to_cpu(page->heartbeat) + 1));
	mks_beat_look();
	/* A crash enters that kernel before anybody is told. */
	if (kexec_crash_loaded())
		mks_report_kexec(false);
	if (mks_agent.host && !mkc_peer_is_up(mks_agent.host) &&
	    !READ_ONCE(refused))
		schedule_work(&hello_work);
	schedule_delayed_work(&beat_work, HZ);
}

void mks_beat_start(void)
{
	refused = false;
	stopping = false;
	schedule_delayed_work(&beat_work, 0);
}

void mks_beat_stop(void)
{
	cancel_delayed_work_sync(&beat_work);
	cancel_work_sync(&hello_work);
}
