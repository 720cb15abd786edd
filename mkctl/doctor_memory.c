// SPDX-License-Identifier: GPL-2.0-only
/* mkctl doctor: the memory. */
#include "doctor.h"

#include <inttypes.h>
#include <string.h>

#include "hostmem.h"
#include "plan.h"
#include "size.h"

#define USEFUL	(128ULL << 20) /* a spawn with less is a toy */
#define LOW_END 0x9ffff

static void look_memory(const struct exam *x, struct finding *f)
{
	char total[MK_SIZE_TEXT], available[MK_SIZE_TEXT];
	struct mk_host_meminfo info;

	if (mk_host_meminfo(x->root, &info, NULL)) {
		found(f, VERDICT_WARN, "not known: no /proc/meminfo");
		return;
	}
	found(f, info.available >= USEFUL ? VERDICT_OK : VERDICT_NO,
	      "%s available of %s",
	      mk_size_short(available, sizeof(available), info.available),
	      mk_size_short(total, sizeof(total), info.total));
	if (info.available < USEFUL)
		remedy(f, "free memory: an instance wants 128M or more");
}

static void look_contiguous(const struct exam *x, struct finding *f)
{
	char text[MK_SIZE_TEXT];
	uint64_t bytes;

	if (mk_host_free_blocks(x->root, &bytes, NULL)) {
		found(f, VERDICT_WARN, "not known: no /proc/buddyinfo");
		return;
	}
	mk_size_short(text, sizeof(text), bytes);
	if (bytes >= USEFUL) {
		found(f, VERDICT_OK, "%s free in blocks of 2M or more", text);
	} else {
		found(f, VERDICT_WARN,
		      "only %s free in blocks of 2M or more: create must move "
		      "pages first",
		      text);
		remedy(f,
		       "create instances early, or set memory aside at boot: "
		       "memmap=512M$0x40000000, then --memory-at");
	}
}

static void look_low(const struct exam *x, struct finding *f)
{
	struct mk_host_range ranges[256] = { { 0 } };
	char text[MK_SIZE_TEXT];
	uint64_t bytes = 0, last;
	size_t i, nr = 0;

	if (!x->device_code) {
		bytes = x->dev.about.low_free;
	} else if (mk_host_iomem(x->root, ranges, 256, &nr, NULL) &&
		   mk_host_memmap(x->root, ranges, 256, &nr, NULL)) {
		found(f, VERDICT_WARN, "not known: no memory map to read");
		return;
	}
	for (i = 0; i < nr; i++) {
		last = ranges[i].last < LOW_END ? ranges[i].last : LOW_END;
		if (!ranges[i].depth && ranges[i].start <= last &&
		    strcmp(ranges[i].name, "System RAM") == 0)
			bytes += last - ranges[i].start + 1;
	}
	mk_size_short(text, sizeof(text), bytes);
	if (bytes >= MK_LOW_BYTES) {
		found(f, VERDICT_OK, "%s%s below 640 KiB", text,
		      x->device_code ? " of RAM" : " left");
	} else {
		found(f, VERDICT_NO, "only %s left below 640 KiB", text);
		remedy(f, "delete an instance: each needs a window of %uK",
		       MK_LOW_BYTES >> 10);
	}
}

static void look_pages(const struct exam *x, struct finding *f)
{
	uint64_t flags, count;

	if (mk_host_pages(x->root, 256, 1, &flags, &count, NULL)) {
		found(f, VERDICT_WARN, "/proc/kpageflags cannot be read");
		remedy(f, "as root, on a kernel with CONFIG_PROC_PAGE_MONITOR; "
			  "without it fsck cannot look at single pages");
	} else {
		found(f, VERDICT_OK, "fsck can look at single pages");
	}
}

static void look_lost(const struct exam *x, struct finding *f)
{
	if (x->device_code) {
		found(f, VERDICT_OK, "known once the module is loaded");
	} else if (x->dev.about.lost_cpus) {
		found(f, VERDICT_WARN,
		      "%u CPUs did not acknowledge and are quarantined",
		      x->dev.about.lost_cpus);
		remedy(f, "mkctl fsck names them; the machine's next boot "
			  "brings them back");
	} else {
		found(f, VERDICT_OK, "no CPU is lost");
	}
}

const struct check memory_checks[] = {
	{ "memory", look_memory },  { "contiguous", look_contiguous },
	{ "low-memory", look_low }, { "pages", look_pages },
	{ "lost", look_lost },	    { NULL, NULL },
};
