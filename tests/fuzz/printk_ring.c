// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of a kernel that is out to hurt its reader.  The input is a list of
 * changes to a good memory (part, where, how many bytes, the bytes); the
 * first ones are there when the log is opened, the others happen one by one
 * between two records.
 */
#include <stdlib.h>

#include "../unit/fake_kernel.h"
#include "printk_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(4096) uint8_t memory[FAKE_SIZE], good[2][FAKE_SIZE];

static const struct {
	uint32_t offset, length;
} parts[] = {
	{ FAKE_NOTE, 4096 },  { FAKE_TEXT, 4096 },    { FAKE_PRB, 8 },
	{ FAKE_RING, 88 },    { FAKE_TABLES, 16384 }, { FAKE_DESCS, 384 },
	{ FAKE_INFOS, 1792 }, { FAKE_DATA, 512 },
};

/* One change; how many bytes of the input it took. */
static size_t change(const uint8_t *data, size_t size)
{
	unsigned int part;
	size_t at, length;

	if (size < 4)
		return size;
	part = data[0] & 7;
	length = data[3] & 63;
	if (length > size - 4)
		length = size - 4;
	at = ((size_t)data[1] | (size_t)data[2] << 8) % parts[part].length;
	memcpy(memory + parts[part].offset + at, data + 4, length);
	return 4 + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[MK_LOG_FORMAT_MAX];
	static struct mk_log log;
	static struct mk_log_record record;
	static struct fake fake[2];
	unsigned int i, which, first;
	uint64_t records = 0;
	struct mk_error err;
	int ret;

	for (i = 0; i < 2 && !fake[i].memory; i++) {
		fake_boot(&fake[i], memory, i ? &fake_7_2 : &fake_6_1, 4, 9);
		for (which = 0; which < 30; which++)
			fake_printk(&fake[i], 6, which, "some words\nand more");
		fake_publish(&fake[i]);
		memcpy(good[i], memory, sizeof(memory));
	}
	if (size < 2)
		return 0;
	which = data[0] & 1;
	first = data[0] >> 2;
	memcpy(memory, good[which], sizeof(memory));
	for (i = 1; first-- && i < size;)
		i += (unsigned int)change(data + i, size - i);
	if (mk_log_open(&log, &fake[which].view, 0, &err))
		return 0;
	log.impatient = data[0] & 2;
	while ((ret = mk_log_next(&log, &record, &err)) >= 0) {
		if (ret == MK_LOG_RECORD) {
			if (record.length > MK_LOG_TEXT_MAX ||
			    mk_log_format(&record, text, sizeof(text), NULL,
					  &err))
				abort();
			records++;
		}
		if (i >= size && (!ret || records > log.capacity + size))
			break;
		if (i < size)
			i += (unsigned int)change(data + i, size - i);
	}
	return 0;
}
