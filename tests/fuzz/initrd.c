// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: mk_initrd_check() of anything, what joins must still check, and
 * the writer with names of the fuzzer's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "initrd.h"

static void join(const uint8_t *data, size_t size)
{
	struct mk_initrd_file files[2] = { { NULL, data, size },
					   { NULL, data, size } };
	struct mk_error error;
	size_t total, want;
	uint8_t *joined;

	if (mk_initrd_measure(files, 2, &want, &error) != 0)
		abort();
	joined = malloc(want);
	if (!joined)
		return;
	if (mk_initrd_join(joined, want, files, 2, &total, &error) != 0 ||
	    total != want)
		abort();
	files[0] = (struct mk_initrd_file){ NULL, joined, total };
	if (mk_initrd_check(&files[0], &error) != 0)
		abort();
	free(joined);
}

static void write_archive(const uint8_t *data, size_t size)
{
	struct mk_initrd_file file;
	struct mk_error error;
	static uint8_t buffer[8192];
	char name[128] = { 0 };
	struct mk_cpio cpio;
	size_t length;

	memcpy(name, data, size < sizeof(name) ? size : sizeof(name) - 1);
	mk_cpio_begin(&cpio, buffer, sizeof(buffer));
	mk_cpio_dir(&cpio, name, 0755, &error);
	mk_cpio_file(&cpio, name, 0644, data, size, &error);
	mk_cpio_symlink(&cpio, name, name, &error);
	if (mk_cpio_finish(&cpio, &length, &error) != 0)
		return;
	file = (struct mk_initrd_file){ name, buffer, length };
	if (mk_initrd_check(&file, &error) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mk_initrd_file file = { "fuzz", data, size };
	struct mk_error error;
	int ret;

	ret = mk_initrd_check(&file, &error);
	if (ret == 0)
		join(data, size);
	else if (ret != MK_E_INPUT && ret != MK_E_SUPPORT)
		abort();
	write_archive(data, size);
	return 0;
}
