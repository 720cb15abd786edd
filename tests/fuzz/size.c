// SPDX-License-Identifier: GPL-2.0-only
/* lib/size: any text; what is accepted is printed and read back the same. */
#include "size.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), out[MK_SIZE_TEXT];
	struct mk_error err;
	uint64_t bytes, back;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mk_size_parse(text, &bytes, &err) == 0) {
		mk_size_short(out, sizeof(out), bytes);
		mk_size_format(out, sizeof(out), bytes);
		if (mk_size_parse(out, &back, &err) || back != bytes)
			abort();
	}
	free(text);
	return 0;
}
