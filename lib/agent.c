// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Builds the agent's archive; see agent.h.
 *
 * It is walked twice by the same code, for its length and for its bytes, so
 * that the two cannot differ.
 */
#include "agent.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "initrd.h"

#define DIRECTORY "multikernel"
#define MODULES	  DIRECTORY "/modules"

/* Of a newc archive: an entry's header, and the alignment of what follows. */
#define ENTRY	 110
#define ALIGN(n) (((n) + 3) & ~(size_t)3)

/* Where entries go: into an archive, or only into its length. */
struct target {
	struct mk_cpio *cpio; /* NULL to measure */
	size_t length;
};

static size_t entry_length(const char *name, size_t length)
{
	return ALIGN(ENTRY + strlen(name) + 1) + ALIGN(length);
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

static int put_dir(struct target *t, const char *name, struct mk_error *err)
{
	t->length += entry_length(name, 0);
	return t->cpio ? mk_cpio_dir(t->cpio, name, 0755, err) : 0;
}

static int put_bytes(struct target *t, const char *name, unsigned int mode,
		     const void *bytes, size_t length, struct mk_error *err)
{
	t->length += entry_length(name, length);
	return t->cpio ? mk_cpio_file(t->cpio, name, mode, bytes, length, err)
		       : 0;
}

static int put_file(struct target *t, const char *name, unsigned int mode,
		    const struct mk_agent_file *file, struct mk_error *err)
{
	int ret = check_file(name, file, err);

	return ret ? ret
		   : put_bytes(t, name, mode, file->bytes, file->length, err);
}

/* The kernel's own, and the text that tells what they are for. */
static int put_modules(struct target *t, const struct mk_agent_files *agent,
		       struct mk_error *err)
{
	char path[sizeof(MODULES) + MK_MODULE_NAME + 8];
	const struct mk_modules *m = agent->modules;
	char file[MK_MODULE_NAME + 4];
	char list[MK_MODULES_LIST];
	unsigned int i;
	size_t length;
	int ret;

	ret = mk_modules_list(m, list, sizeof(list), &length, err);
	if (!ret)
		ret = put_dir(t, MODULES, err);
	if (!ret)
		ret = put_bytes(t, MODULES "/list", 0644, list, length, err);
	for (i = 0; i < m->nr && !ret; i++) {
		if (!(m->needed >> i & 1))
			continue;
		mk_module_file(m, i, file);
		snprintf(path, sizeof(path), MODULES "/%s.ko", file);
		ret = put_file(t, path, 0644, &agent->files[i], err);
	}
	return ret;
}

static int put_all(struct target *t, const struct mk_agent_files *agent,
		   struct mk_error *err)
{
	bool modules = agent->modules && agent->modules->needed;
	int ret;

	ret = put_dir(t, DIRECTORY, err);
	if (!ret)
		ret = put_file(t, DIRECTORY "/init", 0755, &agent->init, err);
	if (!ret)
		ret = put_file(t, DIRECTORY "/multikernel_channel.ko", 0644,
			       &agent->channel, err);
	if (!ret)
		ret = put_file(t, DIRECTORY "/multikernel_spawn.ko", 0644,
			       &agent->spawn, err);
	if (!ret && (agent->virtio.bytes || agent->virtio.length))
		ret = put_file(t, DIRECTORY "/multikernel_virtio.ko", 0644,
			       &agent->virtio, err);
	if (!ret && modules)
		ret = put_modules(t, agent, err);
	t->length += entry_length("TRAILER!!!", 0);
	return ret;
}

int mk_agent_measure(const struct mk_agent_files *agent, size_t *length,
		     struct mk_error *err)
{
	struct target t = { NULL, 0 };
	int ret;

	ret = put_all(&t, agent, err);
	*length = t.length;
	return ret;
}

int mk_agent_build(const struct mk_agent_files *agent, void *buffer,
		   size_t size, size_t *length, struct mk_error *err)
{
	struct mk_cpio cpio;
	struct target t = { &cpio, 0 };
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
	mk_cpio_begin(&cpio, buffer, *length);
	ret = put_all(&t, agent, err);
	return ret ? ret : mk_cpio_finish(&cpio, &used, err);
}
