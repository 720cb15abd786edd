// SPDX-License-Identifier: GPL-2.0-only
/*
 * modules.dep and modules.builtin from anybody: what is chosen is in order, has
 * paths below the folder, and a list that is as long as it says.  And the same
 * bytes as a module's file.
 */
#include <stdlib.h>
#include <string.h>

#include "modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mk_modules *m)
{
	static char list[MK_MODULES_LIST];
	struct mk_error err;
	unsigned int i;
	size_t length;

	for (i = 0; i < m->nr; i++) {
		if (m->list[i].needs >> i != 1)
			abort(); /* only what stands before it, and itself */
		if (!m->list[i].name[0] || m->list[i].path[0] == '/' ||
		    strstr(m->list[i].path, "/../") ||
		    !strncmp(m->list[i].path, "../", 3))
			abort();
	}
	if (mk_modules_list(m, list, sizeof(list), &length, &err))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mk_modules m;
	struct mk_error err;
	size_t builtin, length;
	const uint8_t *split;
	char *dep;
	void *out;

	split = memchr(data, 0, size);
	builtin = split ? (size_t)(data + size - split) : 0;
	/* In memory of its own, whose end is guarded. */
	dep = malloc(size ? size : 1);
	if (!dep)
		return 0;
	memcpy(dep, data, size);
	if (!mk_modules_choose(&m, dep, size - builtin, dep + size - builtin,
			       builtin, &err))
		check(&m);
	else if (m.nr || !err.text[0])
		abort();
	if (!mk_module_unpack(dep, size, 1 << 20, &out, &length, &err) &&
	    (length < 4 || length > 1 << 20 || memcmp(out, "\177ELF", 4) != 0))
		abort();
	free(out);
	free(dep);
	return 0;
}
