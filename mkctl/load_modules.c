// SPDX-License-Identifier: GPL-2.0-only
/* Where load and run look for the kernel's modules, and which join the agent. */
#include "load_modules.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "size.h"

#define TEXT_MOST  (16ULL << 20)
#define FILE_MOST  (32U << 20)
#define TOTAL_MOST (32U << 20) /* of all, unpacked: it is the spawn's memory */

#define REMEDY	   "say --modules-dir, or --no-modules"

static void set_folder(const struct ctl *ctl, const struct load_args *args,
		       const char *release, char *folder, size_t size)
{
	const char *parent = getenv("MULTIKERNEL_MODULES_DIR");

	if (args->modules_dir)
		snprintf(folder, size, "%s", args->modules_dir);
	else if (parent && *parent)
		snprintf(folder, size, "%s/%s", parent, release);
	else
		snprintf(folder, size, "%s/lib/modules/%s", ctl->root, release);
}

/* A list of depmod's or the kernel's build, in malloc'ed memory or NULL. */
static int read_list(const char *folder, const char *name, void **text,
		     size_t *length, struct mk_error *err)
{
	char path[PATH_MAX + 32];
	struct stat st;

	*text = NULL;
	*length = 0;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && !st.st_size)
		return 0; /* a kernel without any */
	return file_read(path, TEXT_MOST, text, length, err);
}

static int choose(const char *folder, struct mk_modules *chosen,
		  struct mk_error *err)
{
	size_t dep_length, builtin_length;
	void *dep, *builtin = NULL;
	int code;

	code = read_list(folder, "modules.dep", &dep, &dep_length, err);
	if (code)
		return code;
	code = read_list(folder, "modules.builtin", &builtin, &builtin_length,
			 err);
	/* Then what is no module counts as missing. */
	if (code == MK_E_NOTFOUND)
		code = 0;
	if (!code)
		code = mk_modules_choose(chosen, dep ? dep : "", dep_length,
					 builtin ? builtin : "", builtin_length,
					 err);
	free(builtin);
	free(dep);
	return code;
}

/* One module, unpacked, as m->files[i]. */
static int read_module(const char *folder, struct load_modules *m,
		       unsigned int i, struct mk_error *err)
{
	char path[PATH_MAX + MK_MODULE_PATH];
	size_t length, unpacked;
	struct mk_error why;
	void *bytes, *out;
	int code;

	snprintf(path, sizeof(path), "%s/%s", folder, m->chosen.list[i].path);
	code = file_read(path, FILE_MOST, &bytes, &length, err);
	if (code)
		return code;
	code = mk_module_unpack(bytes, length, TOTAL_MOST - m->total, &out,
				&unpacked, &why);
	free(bytes);
	if (code)
		return mk_fail(err, code, "%.120s: %.120s", path, why.text);
	m->files[i] = (struct mk_agent_file){ out, unpacked };
	m->total += unpacked;
	return 0;
}

/* What has no driver there; the first use is the bus, told by itself. */
static void tell_lacking(const struct ctl *ctl, const char *name,
			 const char *folder, const struct mk_modules *chosen)
{
	const struct mk_module_use *uses;
	char text[512] = "";
	size_t nr, i, at = 0;

	uses = mk_module_uses(&nr);
	for (i = 1; i < nr && at < sizeof(text); i++)
		if (chosen->lacks[i])
			at += (size_t)snprintf(text + at, sizeof(text) - at,
					       "%s%s (%s)", at ? ", " : "",
					       uses[i].what, chosen->lacks[i]);
	if (at)
		note(ctl,
		     "%s: its kernel has no module for: %s; if it should, run "
		     "depmod for %s",
		     name, text, folder);
}

/* Say why not; @given: somebody has named the folder. */
static int without(const char *name, struct load_modules *m, bool given,
		   const char *why)
{
	load_modules_free(m);
	if (given) {
		say("%s: no modules for devices: %s", name, why);
		return MKCTL_COULD_NOT;
	}
	say("%s: no modules for devices: %s: it starts without devices; " REMEDY,
	    name, why);
	return MKCTL_DONE;
}

int load_modules(const struct ctl *ctl, const char *name,
		 const struct load_args *args, const char *release,
		 struct load_modules *m)
{
	bool given = args->modules_dir != NULL;
	char folder[PATH_MAX], size[MK_SIZE_TEXT], why[PATH_MAX + 128];
	struct mk_error err;
	unsigned int i;
	int code;

	memset(m, 0, sizeof(*m));
	set_folder(ctl, args, release, folder, sizeof(folder));
	code = choose(folder, &m->chosen, &err);
	m->bus = !code && !m->chosen.lacks[0];
	if (args->no_modules) {
		/* Only what is built in can be known to be there. */
		m->bus = m->bus && !m->chosen.needs[0];
		memset(&m->chosen, 0, sizeof(m->chosen));
		return MKCTL_DONE;
	}
	if (code == MK_E_NOTFOUND) {
		snprintf(why, sizeof(why),
			 "no modules.dep, which depmod makes, in %s", folder);
		return without(name, m, given, why);
	}
	for (i = 0; i < m->chosen.nr && !code; i++)
		if (m->chosen.needed >> i & 1)
			code = read_module(folder, m, i, &err);
	if (code)
		return without(name, m, given, err.text);
	if (!m->bus) {
		snprintf(why, sizeof(why),
			 "multikernel_virtio.ko needs %s, which is neither in "
			 "modules.dep nor in modules.builtin in %s",
			 m->chosen.lacks[0], folder);
		return without(name, m, given, why);
	}
	tell_lacking(ctl, name, folder, &m->chosen);
	note(ctl, "%s: modules for devices are from %s (%s)", name, folder,
	     mk_size_short(size, sizeof(size), m->total));
	return MKCTL_DONE;
}

void load_modules_free(struct load_modules *m)
{
	unsigned int i;

	for (i = 0; i < MK_MODULES_MAX; i++)
		free((void *)(uintptr_t)m->files[i].bytes);
	memset(m, 0, sizeof(*m));
}
