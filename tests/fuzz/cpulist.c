// SPDX-License-Identifier: GPL-2.0-only
/* lib/cpulist: any text; a list that is accepted survives a round trip. */
#include "cpulist.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try(const char *text)
{
	static uint32_t cpus[ROOM], again[ROOM];
	static char out[ROOM * 5 + 1];
	struct mk_cpuset set;
	struct mk_error err;
	size_t nr, back;

	if (mk_cpulist_parse(text, cpus, ROOM, &nr, &err) == 0) {
		if (!nr || nr > ROOM ||
		    mk_cpulist_format(cpus, nr, out, sizeof(out), &err) ||
		    mk_cpulist_parse(out, again, ROOM, &back, &err) ||
		    back != nr || memcmp(cpus, again, nr * sizeof(*cpus)) != 0)
			abort();
		/* A list is a set, too. */
		if (mk_cpuset_parse(text, &set, &err) ||
		    mk_cpuset_count(&set) != nr)
			abort();
	} else if (mk_cpuset_parse(text, &set, &err) == 0) {
		mk_cpuset_list(&set, cpus, ROOM, &nr, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	try(text);
	free(text);
	return 0;
}
