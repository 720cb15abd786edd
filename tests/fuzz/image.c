// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer: mk_image_parse() of anything; what it accepts must hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define EXPECT(condition)         \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mk_error error;
	struct mk_image image;
	const struct mk_image_part *part;
	uint64_t end = 0;
	unsigned int i;
	int ret;

	ret = mk_image_parse(&image, data, size, &error);
	if (ret) {
		EXPECT(ret == MK_E_INPUT || ret == MK_E_SUPPORT);
		EXPECT(error.code == ret && error.text[0]);
		return 0;
	}
	EXPECT(memchr(image.release, '\0', sizeof(image.release)));
	EXPECT(image.alignment >= 2 << 20);
	EXPECT((image.alignment & (image.alignment - 1)) == 0);
	EXPECT(image.entry < image.span);
	EXPECT(image.setup_header_length <= MK_SETUP_HEADER_MAX);
	EXPECT(image.nr_parts >= 1 && image.nr_parts <= MK_IMAGE_PARTS);
	for (i = 0; i < image.nr_parts; i++) {
		part = &image.parts[i];
		EXPECT(part->bytes >= data && part->bytes <= data + size);
		EXPECT(part->length <= (size_t)(data + size - part->bytes));
		EXPECT(part->length <= part->memory);
		EXPECT(part->offset >= end);
		end = part->offset + part->memory;
		EXPECT(end > part->offset && end <= image.span);
	}
	return 0;
}
