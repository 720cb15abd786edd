// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Builds the agent's archive; see agent.h.
 */
#include "agent.h"

#include <stdint.h>
#include <string.h>

#include "initrd.h"

#define DIRECTORY "multikernel"
#define NR_FILES  3

/* Of a newc archive: an entry's header, and the alignment of what follows. */
#define ENTRY	 110
#define ALIGN(n) (((n) + 3) & ~(size_t)3)

static const struct entry {
	const char *name;
	unsigned int mode;
} entries[NR_FILES] = {
	{ DIRECTORY "/init", 0755 },
	{ DIRECTORY "/multikernel_channel.ko", 0644 },
	{ DIRECTORY "/multikernel_spawn.ko", 0644 },
};

/* In the order of entries[]. */
static void list(const struct mk_agent_files *agent,
		 const struct mk_agent_file *files[NR_FILES])
{
	files[0] = &agent->init;
	files[1] = &agent->channel;
	files[2] = &agent->spawn;
}

static int check_file(const char *name, const struct mk_agent_file *file,
		      struct mk_error *err)
{
	if (!file->bytes || !file->length)
		return mk_fail(err, MK_E_CALL, "agent: no bytes of %s", name);
	if (file->length > UINT32_MAX)
		return mk_fail(err, MK_E_SUPPORT,
			       "agent: %s has %zu bytes, an archive holds "
			       "files below 4 GiB",
			       name, file->length);
	/* A compressed module, for one, is none. */
	if (file->length < 4 || memcmp(file->bytes, "\177ELF", 4) != 0)
		return mk_fail(err, MK_E_INPUT, "agent: %s is not an ELF file",
			       name);
	return 0;
}

static size_t entry_length(const char *name, size_t length)
{
	return ALIGN(ENTRY + strlen(name) + 1) + ALIGN(length);
}

int mk_agent_measure(const struct mk_agent_files *agent, size_t *length,
		     struct mk_error *err)
{
	const struct mk_agent_file *files[NR_FILES];
	unsigned int i;
	int ret;

	list(agent, files);
	*length = entry_length(DIRECTORY, 0) + entry_length("TRAILER!!!", 0);
	for (i = 0; i < NR_FILES; i++) {
		ret = check_file(entries[i].name, files[i], err);
		if (ret)
			return ret;
		*length += entry_length(entries[i].name, files[i]->length);
	}
	return 0;
}

int mk_agent_build(const struct mk_agent_files *agent, void *buffer,
		   size_t size, size_t *length, struct mk_error *err)
{
	const struct mk_agent_file *files[NR_FILES];
	struct mk_cpio cpio;
	unsigned int i;
	size_t used;
	int ret;

	ret = mk_agent_measure(agent, length, err);
	if (ret)
		return ret;
	if (!buffer || size < *length)
		return mk_fail(err, MK_E_NOSPACE,
			       "agent: the archive has %zu bytes, the buffer "
			       "%zu",
			       *length, buffer ? size : 0);
	list(agent, files);
	mk_cpio_begin(&cpio, buffer, *length);
	ret = mk_cpio_dir(&cpio, DIRECTORY, 0755, err);
	for (i = 0; i < NR_FILES && !ret; i++)
		ret = mk_cpio_file(&cpio, entries[i].name, entries[i].mode,
				   files[i]->bytes, files[i]->length, err);
	return ret ? ret : mk_cpio_finish(&cpio, &used, err);
}
