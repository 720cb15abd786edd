// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plan from any machine and any image that a parser could hand out: what is
 * accepted lies inside the instance, in pages, without overlap.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct mk_plan *plan, const struct mk_machine *m)
{
	const struct mk_plan_segment *s, *t;
	unsigned int i, k;

	for (i = 0; i < plan->nr_segments; i++) {
		bool low;

		s = &plan->segments[i];
		low = s->address < m->memory_base;
		if ((s->address | s->memory) & 4095 || s->length > s->memory ||
		    s->address < (low ? m->low_base : m->memory_base) ||
		    s->address + s->memory >
			    (low ? m->low_base + m->low_bytes
				 : m->memory_base + m->memory_bytes))
			abort();
		for (k = 0; k < i; k++) {
			t = &plan->segments[k];
			if (s->address < t->address + t->memory &&
			    t->address < s->address + s->memory)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[MK_PLAN_DESCRIPTION + 65536], bytes[65536];
	static struct mk_image image;
	static struct mk_plan plan;
	struct mk_plan_input in = { .image = &image, .initrd = bytes };
	uint32_t ids[2];
	uint8_t b[160] = { 0 };
	uint16_t u[80];
	struct mk_error err;
	unsigned int i;
	int ret;

	memcpy(b, data, size < sizeof(b) ? size : sizeof(b));
	memcpy(u, b, sizeof(u));
	/* Small numbers of natural units, so that some of it is accepted. */
	in.machine.memory_base = ((uint64_t)u[0] << 21) << (u[1] & 15);
	in.machine.memory_bytes = ((uint64_t)u[2] << 21) + (u[1] >> 12);
	in.machine.low_base = (uint64_t)(u[3] & 255) << 12;
	in.machine.low_bytes = (uint64_t)(u[4] & 63) << 12;
	ids[0] = u[5];
	ids[1] = u[6];
	in.machine.apic_ids = ids;
	in.machine.nr_cpus = 1 + (u[7] & 1);
	in.machine.boot_apic_id = u[7] >> 8;
	in.machine.x2apic = u[7] & 2;
	in.machine.la57 = u[7] & 4;
	in.machine.gbpages = u[7] & 8;
	in.initrd_length = u[8];

	memset(&image, 0, sizeof(image));
	image.alignment = 1ULL << (u[9] & 63);
	image.preferred = (uint64_t)u[10] << (u[9] >> 6 & 63);
	image.span = (uint64_t)u[11] << (u[12] & 63);
	image.entry = u[13];
	image.la57 = u[7] & 16;
	image.kaslr = u[7] & 32;
	image.nr_parts = u[14] & 7;
	for (i = 0; i < image.nr_parts && 18 + 4 * i < 80; i++) {
		image.parts[i].bytes = bytes;
		image.parts[i].length = u[15 + 4 * i];
		image.parts[i].offset = (uint64_t)u[16 + 4 * i]
					<< (u[17 + 4 * i] & 63);
		image.parts[i].memory = (uint64_t)u[18 + 4 * i]
					<< (u[17 + 4 * i] >> 8 & 63);
	}
	image.setup_header_length = u[14] >> 8 & 0x7f;
	memcpy(image.setup_header, b + 32, sizeof(image.setup_header));

	ret = mk_plan_make(&plan, &in, room, sizeof(room), &err);
	if (!ret)
		judge(&plan, &in.machine);
	else if (err.code != ret || ret == MK_E_NOSPACE)
		abort();
	return 0;
}
