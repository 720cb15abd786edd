// SPDX-License-Identifier: GPL-2.0-only
/* Several logs in one order of time. */
#include "timeline.h"

void timeline_fill(struct timeline_head *head, uint64_t time_ns)
{
	head->filled = true;
	if (head->time_ns < time_ns)
		head->time_ns = time_ns;
}

int timeline_pick(const struct timeline_head *const *heads, unsigned int nr,
		  uint64_t until)
{
	uint64_t least = until;
	unsigned int i;
	int best = -1;

	for (i = 0; i < nr; i++) {
		if (!heads[i]->filled || heads[i]->time_ns > least ||
		    (best >= 0 && heads[i]->time_ns == least))
			continue;
		best = (int)i;
		least = heads[i]->time_ns;
	}
	return best;
}

uint64_t timeline_time(uint64_t t, int64_t offset_ns, uint64_t now)
{
	uint64_t back;

	if (offset_ns < 0) {
		back = -(uint64_t)offset_ns;
		t = t > back ? t - back : 0;
	} else if (t > now || (uint64_t)offset_ns > now - t) {
		return now;
	} else {
		t += (uint64_t)offset_ns;
	}
	return t < now ? t : now;
}
