// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: mk_image_unpack() of a payload of the fuzzer's.
 *
 * The first two bytes of the input, times 16, are the unpacked size, so that
 * no run takes more than a megabyte; the payload follows.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/bzimage.h"
#include "image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mk_image bzimage, elf;
	struct mk_error error;
	size_t file_size, length;
	uint8_t *payload, *file;
	void *bytes = NULL;
	int ret;

	if (size < 2 + 16 || size > 1 << 20)
		return 0;
	payload = malloc(size - 2 + 4);
	if (!payload)
		return 0;
	memcpy(payload, data + 2, size - 2);
	fake_put(payload + size - 2, 4, (data[0] | data[1] << 8) * 16);
	file = fake_bzimage(payload, size - 2 + 4, &file_size);
	free(payload);
	if (mk_image_parse(&bzimage, file, file_size, &error) != 0)
		abort();
	ret = mk_image_unpack(&bzimage, &elf, &bytes, &length, &error);
	if ((ret == 0) != (bytes != NULL))
		abort();
	if (ret == 0 && elf.span > bzimage.span)
		abort();
	free(bytes);
	free(file);
	return 0;
}
