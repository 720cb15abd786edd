// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lists and sets of logical CPU numbers: "2-3,5". */
#include "cpulist.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

static int number(const char **at, uint32_t *value)
{
	uint32_t v = 0;

	if (**at < '0' || **at > '9')
		return MK_E_INPUT;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		v = v * 10 + (uint32_t)(**at - '0');
		if (v >= MK_CPU_NUMBERS)
			return MK_E_SUPPORT;
	}
	*value = v;
	return 0;
}

/*
 * Take "N" or "N-M" at *@at and the comma behind it.  A comma must be followed
 * by another range, which the next call then insists on.
 */
static int next_range(const char *text, const char **at, struct range *r,
		      struct mk_error *err)
{
	int code = number(at, &r->first);

	if (code)
		goto bad;
	r->last = r->first;
	if (**at == '-') {
		(*at)++;
		code = number(at, &r->last);
		if (code)
			goto bad;
	}
	if (r->last < r->first)
		return mk_fail(err, MK_E_INPUT,
			       "CPU list '%.60s': %" PRIu32 "-%" PRIu32
			       " runs backwards",
			       text, r->first, r->last);
	if (**at == ',') {
		(*at)++;
		if (**at < '0' || **at > '9')
			goto bad;
	} else if (**at != '\0' && **at != '\n') {
		goto bad;
	}
	return 0;

bad:
	if (code == MK_E_SUPPORT)
		return mk_fail(err, MK_E_INPUT,
			       "CPU list '%.60s': a CPU number is below %d",
			       text, MK_CPU_NUMBERS);
	return mk_fail(err, MK_E_INPUT,
		       "CPU list '%.60s': wrong at character %zu; write it "
		       "like 2-3,5",
		       text, (size_t)(*at - text) + 1);
}

unsigned int mk_cpuset_count(const struct mk_cpuset *set)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
		n += (unsigned int)__builtin_popcountll(set->bits[i]);
	return n;
}

int mk_cpuset_list(const struct mk_cpuset *set, uint32_t *cpus, size_t room,
		   size_t *nr, struct mk_error *err)
{
	uint32_t cpu;
	size_t n = 0;

	if (!set || !nr || (!cpus && room))
		return mk_fail(err, MK_E_CALL, "no set, or no place for it");
	for (cpu = 0; cpu < MK_CPU_NUMBERS; cpu++) {
		if (!mk_cpuset_has(set, cpu))
			continue;
		if (n == room)
			return mk_fail(err, MK_E_NOSPACE, "more than %zu CPUs",
				       room);
		cpus[n++] = cpu;
	}
	*nr = n;
	return 0;
}

int mk_cpuset_parse(const char *text, struct mk_cpuset *set,
		    struct mk_error *err)
{
	const char *at = text;
	struct range r;
	uint32_t cpu;
	int code;

	if (!text || !set)
		return mk_fail(err, MK_E_CALL, "no text, or no set");
	memset(set, 0, sizeof(*set));
	while (*at && *at != '\n') {
		code = next_range(text, &at, &r, err);
		if (code)
			return code;
		for (cpu = r.first; cpu <= r.last; cpu++)
			mk_cpuset_add(set, cpu);
	}
	if (*at == '\n' && at[1])
		return mk_fail(err, MK_E_INPUT, "CPU list: more than one line");
	return 0;
}

int mk_cpulist_parse(const char *text, uint32_t *cpus, size_t room, size_t *nr,
		     struct mk_error *err)
{
	struct mk_cpuset seen = { { 0 } };
	const char *at = text;
	struct range r;
	uint32_t cpu;
	size_t n = 0;
	int code;

	if (!text || !nr || (!cpus && room))
		return mk_fail(err, MK_E_CALL, "no text, or no place for it");
	if (!*text)
		return mk_fail(err, MK_E_INPUT,
			       "the CPU list is empty: write it like 2-3,5");
	while (*at) {
		code = next_range(text, &at, &r, err);
		if (code)
			return code;
		if (*at == '\n')
			return mk_fail(err, MK_E_INPUT,
				       "CPU list: a line break in it");
		for (cpu = r.first; cpu <= r.last; cpu++) {
			if (mk_cpuset_has(&seen, cpu))
				return mk_fail(err, MK_E_INPUT,
					       "CPU list '%.60s': CPU %" PRIu32
					       " is in it twice",
					       text, cpu);
			if (n == room)
				return mk_fail(err, MK_E_NOSPACE,
					       "CPU list '%.60s': more than "
					       "%zu CPUs",
					       text, room);
			mk_cpuset_add(&seen, cpu);
			cpus[n++] = cpu;
		}
	}
	*nr = n;
	return 0;
}

int mk_cpulist_format(const uint32_t *cpus, size_t nr, char *text, size_t size,
		      struct mk_error *err)
{
	size_t i, last, used = 0;
	char piece[32];
	int n;

	if (!text || !size || (!cpus && nr))
		return mk_fail(err, MK_E_CALL, "no list, or no place for it");
	text[0] = '\0';
	for (i = 0; i < nr; i = last + 1) {
		for (last = i; last + 1 < nr && cpus[last] != UINT32_MAX &&
			       cpus[last + 1] == cpus[last] + 1;)
			last++;
		if (last == i)
			n = snprintf(piece, sizeof(piece), "%s%" PRIu32,
				     i ? "," : "", cpus[i]);
		else
			n = snprintf(piece, sizeof(piece),
				     "%s%" PRIu32 "-%" PRIu32, i ? "," : "",
				     cpus[i], cpus[last]);
		if ((size_t)n >= size - used)
			return mk_fail(err, MK_E_NOSPACE,
				       "no room for a list of %zu CPUs", nr);
		memcpy(text + used, piece, (size_t)n + 1);
		used += (size_t)n;
	}
	return 0;
}
