// SPDX-License-Identifier: GPL-2.0-only
/* Clocks: since the host's boot, of the wall, and of the host's own log. */
#include "clock.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t clock_boot_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_real_ns(uint64_t boot_ns)
{
	return read_clock(CLOCK_REALTIME) - clock_boot_ns() + boot_ns;
}

const char *clock_text(char text[CLOCK_TEXT], uint64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / 1000000000);
	struct tm tm;
	size_t n = 0;

	if (localtime_r(&seconds, &tm))
		n = strftime(text, CLOCK_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + n, CLOCK_TEXT - n, ".%03u",
		 (unsigned int)(real_ns % 1000000000 / 1000000));
	return text;
}

#define DATA 4096 /* the ring, behind its head: one page each */

/* PERF_RECORD_COMM: head, pid, tid, name, padded; then the time. */
static bool time_of_comm(const void *map, uint64_t *time_ns)
{
	const struct perf_event_mmap_page *page = map;
	const char *data = (const char *)map + DATA;
	struct perf_event_header head;
	uint64_t end;

	end = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	memcpy(&head, data, sizeof(head));
	if (end < sizeof(head) || end > DATA || head.size > end ||
	    head.type != PERF_RECORD_COMM ||
	    head.size < sizeof(head) + 2 * sizeof(uint32_t) + sizeof(*time_ns))
		return false;
	memcpy(time_ns, data + head.size - sizeof(*time_ns), sizeof(*time_ns));
	return true;
}

/*
 * The log's clock is local_clock() (kernel/printk/printk.c:vprintk_store(), 6.1
 * to 7.2), and so is that of perf's events (kernel/events/core.c), of which
 * giving a process its name is one.
 */
static bool measure(int64_t *offset_ns, uint64_t *window_ns)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.comm = 1,
		.sample_id_all = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	uint64_t before, after, log;
	char name[16] = "mkctl";
	bool good = false;
	void *map;
	int fd;

	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return false;
	map = mmap(NULL, 2 * DATA, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED) {
		prctl(PR_GET_NAME, name);
		before = clock_boot_ns();
		prctl(PR_SET_NAME, name);
		after = clock_boot_ns();
		good = time_of_comm(map, &log);
		munmap(map, 2 * DATA);
	}
	close(fd);
	if (good) {
		*window_ns = after - before;
		*offset_ns = (int64_t)(before + *window_ns / 2 - log);
	}
	return good;
}

bool clock_of_host_log(int64_t *offset_ns)
{
	uint64_t window, best = UINT64_MAX;
	int64_t offset;
	int i;

	*offset_ns = 0;
	/* That which was interrupted least is the best. */
	for (i = 0; i < 8; i++) {
		if (!measure(&offset, &window) || window >= best)
			continue;
		best = window;
		*offset_ns = offset;
	}
	return best != UINT64_MAX;
}
