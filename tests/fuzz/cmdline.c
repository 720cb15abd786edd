// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user's command line from anybody: what is accepted is one line that a
 * kernel takes whole, ours first.
 */
#include <stdlib.h>

#include "cmdline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[4096];
	struct mk_cmdline in = { 0 };
	struct mk_error err;
	size_t length, i, n;
	const char *at;
	char *user;

	if (!size)
		return 0;
	user = malloc(size);
	if (!user)
		return 0;
	for (i = 1; i < size; i++)
		user[i - 1] = (char)data[i];
	user[size - 1] = '\0';
	in.x2apic = data[0] & 1;
	in.fixed = data[0] & 2;
	in.la57 = data[0] & 4;
	in.allow_hazards = data[0] & 8;
	in.tsc_khz = data[0] & 16 ? 2400000 : 0;
	in.agent = data[0] & 32;
	in.user = user;
	if (!mk_cmdline_build(&in, line, sizeof(line), &length, &err)) {
		if (length >= MK_CMDLINE_BYTES || line[length])
			abort();
		for (i = 0; i < length; i++)
			if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
				abort();
		for (at = line, n = 0; mk_cmdline_next(&at, "rdinit"); n++)
			;
		if (in.agent && n != 1)
			abort();
	} else if (err.code != MK_E_INPUT || !err.text[0]) {
		abort();
	}
	mk_cmdline_has(user, "no5lvl");
	free(user);
	return 0;
}
