// SPDX-License-Identifier: GPL-2.0-only
/* Where load and run look for the agent, and its archive. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "load_modules.h"

#define FILE_MOST (64ULL << 20)
#define NR_FILES  4
#define ROOM	  64 /* in a path, for a file's name behind its folder */

#define WITHOUT	  "it starts without one (no channel, no orderly stop)"

static const char *const files_of[NR_FILES] = {
	"init", "multikernel_channel.ko", "multikernel_spawn.ko",
	"multikernel_virtio.ko", /* may be missing: then there are no devices */
};

/* Where modules that the system builds itself are. */
static const char *const system_places[] = { "updates/dkms", "extra" };

struct search {
	const struct ctl *ctl;
	const char *dir; /* of the agent */
	const char *release; /* of the kernel to be loaded */
	char place[PATH_MAX]; /* where the modules are */
	char packed[PATH_MAX + ROOM]; /* a compressed one seen, or "" */
	bool virtio; /* multikernel_virtio.ko joins */
	struct load_modules modules; /* and these */
};

/* It comes from a file of strangers and becomes part of a path. */
static bool is_release(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._+~-";

	return *text && *text != '.' && !text[strspn(text, plain)];
}

/* Look for one module in s->place. */
static bool look(struct search *s, const char *name)
{
	static const char *const suffixes[] = { ".xz", ".zst", ".gz" };
	char path[PATH_MAX + ROOM];
	unsigned int i;

	snprintf(path, sizeof(path), "%s/%s", s->place, name);
	if (!access(path, F_OK))
		return true;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s%s", s->place, name,
			 suffixes[i]);
		if (!access(path, F_OK))
			memcpy(s->packed, path, sizeof(path));
	}
	return false;
}

static bool is_place(struct search *s)
{
	bool channel = look(s, files_of[1]), spawn = look(s, files_of[2]);

	return channel && spawn;
}

/* Find the modules; @everywhere: not only in the agent's own folder. */
static bool find_modules(struct search *s, bool everywhere)
{
	const size_t nr = sizeof(system_places) / sizeof(system_places[0]);
	size_t i;

	snprintf(s->place, sizeof(s->place), "%s/%s", s->dir, s->release);
	if (is_place(s))
		return true;
	for (i = 0; everywhere && i < nr; i++) {
		snprintf(s->place, sizeof(s->place), "%s/lib/modules/%s/%s",
			 s->ctl->root, s->release, system_places[i]);
		if (is_place(s))
			return true;
	}
	return false;
}

static int read_file(const struct search *s, unsigned int which,
		     struct mk_agent_file *file, void **bytes,
		     struct mk_error *err)
{
	char path[PATH_MAX + ROOM];
	int code;

	snprintf(path, sizeof(path), "%s/%s", which ? s->place : s->dir,
		 files_of[which]);
	code = file_read(path, FILE_MOST, bytes, &file->length, err);
	file->bytes = *bytes;
	return code;
}

/* What is for devices; a failure only if --modules-dir cannot be had. */
static int find_drivers(struct search *s, const char *name,
			const struct load_args *args)
{
	int status;

	s->packed[0] = '\0';
	if (!look(s, files_of[3])) {
		if (args->modules_dir || s->packed[0])
			say("%s: no devices: there is no plain %s in %s", name,
			    files_of[3], s->place);
		return args->modules_dir ? MKCTL_COULD_NOT : MKCTL_DONE;
	}
	status = load_modules(s->ctl, name, args, s->release, &s->modules);
	s->virtio = s->modules.bus;
	return status;
}

/* The archive, in malloc'ed memory. */
static int build(const struct search *s, void **archive, size_t *length,
		 struct mk_error *err)
{
	struct mk_agent_files agent = { 0 };
	void *bytes[NR_FILES] = { NULL };
	unsigned int i;
	int code;

	code = read_file(s, 0, &agent.init, &bytes[0], err);
	if (!code)
		code = read_file(s, 1, &agent.channel, &bytes[1], err);
	if (!code)
		code = read_file(s, 2, &agent.spawn, &bytes[2], err);
	if (!code && s->virtio)
		code = read_file(s, 3, &agent.virtio, &bytes[3], err);
	agent.modules = &s->modules.chosen;
	agent.files = s->modules.files;
	if (!code)
		code = mk_agent_measure(&agent, length, err);
	if (!code) {
		*archive = malloc(*length);
		if (!*archive)
			code = mk_fail_errno(err, MK_E_SYSTEM,
					     "no memory for the agent");
	}
	if (!code)
		code = mk_agent_build(&agent, *archive, *length, length, err);
	for (i = 0; i < NR_FILES; i++)
		free(bytes[i]);
	return code;
}

/* Why there is none; and what helps, unless it was asked for by name. */
static void explain(const struct search *s, const char *name, bool given)
{
	char why[2 * PATH_MAX + 256], build_it[256] = "";

	if (!is_release(s->release)) {
		snprintf(why, sizeof(why),
			 "no agent: the kernel's release is not known");
	} else if (s->packed[0]) {
		snprintf(why, sizeof(why),
			 "no agent for kernel %s: %s is compressed, and a "
			 "plain .ko is needed",
			 s->release, s->packed);
	} else {
		snprintf(why, sizeof(why), "no agent for kernel %s in %s",
			 s->release, s->dir);
		snprintf(build_it, sizeof(build_it),
			 "build it with 'make install-agent "
			 "KDIR=/lib/modules/%s/build KOUT=build/%s', or ",
			 s->release, s->release);
	}
	if (given)
		say("%s: %s", name, why);
	else
		say("%s: %s: " WITHOUT "; %ssay --no-agent", name, why,
		    build_it);
}

/* The agent is there: take it, and tell in @files what it has. */
static int take(struct search *s, const char *name,
		const struct load_args *args, struct load_files *files,
		void **archive, size_t *length)
{
	struct mk_error err;
	int status;

	status = find_drivers(s, name, args);
	if (status)
		return status;
	if (build(s, archive, length, &err) == 0) {
		note(s->ctl, "%s: the agent is from %s, its modules from %s",
		     name, s->dir, s->place);
		files->virtio = s->virtio;
		files->modules = s->modules.chosen;
		files->modules_bytes = s->modules.total;
		return MKCTL_DONE;
	}
	free(*archive);
	*archive = NULL;
	if (args->agent_dir)
		return fail(name, &err);
	say("%s: no agent: %s: " WITHOUT "; say --no-agent", name, err.text);
	return MKCTL_DONE;
}

int load_agent(const struct ctl *ctl, const char *name,
	       const struct load_args *args, struct load_files *files,
	       void **archive, size_t *length)
{
	const char *dir = getenv("MULTIKERNEL_AGENT_DIR");
	bool given = args->agent_dir != NULL;
	static struct search s;
	int status;

	*archive = NULL;
	*length = 0;
	if (args->no_agent)
		return MKCTL_DONE;
	memset(&s, 0, sizeof(s));
	s.ctl = ctl;
	s.dir = given ? args->agent_dir : dir && *dir ? dir : AGENTDIR;
	s.release = files->image.release;
	if (!is_release(s.release) || !find_modules(&s, !given)) {
		explain(&s, name, given);
		return given ? MKCTL_COULD_NOT : MKCTL_DONE;
	}
	status = take(&s, name, args, files, archive, length);
	load_modules_free(&s.modules);
	return status;
}
