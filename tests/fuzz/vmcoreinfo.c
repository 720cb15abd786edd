// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMCOREINFO from anybody: the input is the text, and it is two pages of
 * memory in which to look for it.
 */
#include <stdlib.h>

#include "vmcoreinfo.h"

#define BASE 0x100000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mk_vmcoreinfo info;
	static _Alignas(4096) uint8_t pages[3 * 4096];
	struct mk_memory memory = { .base = BASE, .mapped = pages };
	uint64_t position = 0;
	struct mk_error err;

	if (!mk_vmcoreinfo_parse(&info, (const char *)data, size, &err) &&
	    (info.length > size || info.text[info.length]))
		abort();

	memory.size = size < sizeof(pages) ? size : sizeof(pages);
	memcpy(pages, data, memory.size);
	while (!mk_vmcoreinfo_find(&info, &memory, &position, &err)) {
		if (!mk_memory_holds(&memory, info.address, 24) ||
		    position <= info.address)
			abort();
		if (mk_vmcoreinfo_at(&info, &memory, info.address, &err))
			abort();
	}
	return 0;
}
