// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which modules a spawn's devices need; see modules.h.
 *
 * A line of modules.dep is "PATH: PATH PATH...": a module and all that it needs,
 * what is to be loaded first at the end (depmod(8), modules.dep(5)).  That is
 * not relied on: each of them is looked up itself.
 */
#include "modules.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Numbers of devices: virtio 1.2, section 5; MODALIAS as drivers/virtio/
 * virtio.c:modalias_show() writes it.  The file systems ask the crypto layer
 * for "crc32c" by name until 6.12 or so, which no modules.dep knows (ext4, and
 * libcrc32c below erofs: MODULE_SOFTDEP); a kernel without the module has it
 * built in, or no use for it.
 */
static const struct mk_module_use uses[] = {
	{ "bus", "the virtio bus", { "virtio", "virtio_ring" } },
	{ "virtio:d00000001v*", "net", { "virtio_net" } },
	{ "virtio:d00000002v*", "disk", { "virtio_blk" } },
	{ "virtio:d00000003v*", "console", { "virtio_console" } },
	{ "virtio:d00000004v*", "rng", { "virtio_rng" } },
	{ "virtio:d00000013v*", "vsock", { "vmw_vsock_virtio_transport" } },
	{ "virtio:d0000001Av*", "share", { "virtiofs" } },
	{ "platform:e820_pmem", "pmem", { "nd_e820", "nd_pmem" } },
	{ "fs:ext4", "ext4", { "?crc32c_generic", "ext4" } },
	{ "fs:erofs", "erofs", { "?crc32c_generic", "erofs" } },
};

_Static_assert(ARRAY_SIZE(uses) <= MK_MODULE_USES, "mk_modules has room");

/* Some of a text, without a NUL. */
struct piece {
	const char *at;
	size_t length;
};

struct choice {
	struct mk_modules *m;
	struct piece dep, builtin;
	struct mk_error *err;
};

/* The modules that wait for what they need, the last one first. */
struct waiting {
	struct piece path;
	const struct waiting *up;
};

const struct mk_module_use *mk_module_uses(size_t *nr)
{
	*nr = ARRAY_SIZE(uses);
	return uses;
}

/* The next line of @text, which becomes the rest; false at the end. */
static bool next_line(struct piece *text, struct piece *line)
{
	const char *end;

	if (!text->length)
		return false;
	end = memchr(text->at, '\n', text->length);
	line->at = text->at;
	line->length = end ? (size_t)(end - text->at) : text->length;
	text->at += line->length;
	text->length -= line->length;
	if (end) {
		text->at++;
		text->length--;
	}
	return true;
}

static bool same(struct piece a, struct piece b)
{
	return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

/* "kernel/fs/fuse/virtio-fs.ko.xz" is virtio_fs; false if it is no module. */
static bool name_of(struct piece path, char name[MK_MODULE_NAME])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t from = path.length, n;

	while (from && path.at[from - 1] != '/')
		from--;
	path.at += from;
	path.length -= from;
	for (n = 0; n < path.length && path.at[n] && strchr(plain, path.at[n]);
	     n++) {
		if (n == MK_MODULE_NAME - 1)
			return false;
		name[n] = path.at[n] == '-' ? '_' : path.at[n];
	}
	name[n] = '\0';
	return n && path.length - n >= 3 && !memcmp(path.at + n, ".ko", 3) &&
	       (path.length - n == 3 || path.at[n + 3] == '.');
}

/* It becomes part of a path that root opens. */
static int check_path(struct piece path, struct mk_error *err)
{
	size_t i;

	if (path.length >= MK_MODULE_PATH)
		return mk_fail(err, MK_E_SUPPORT,
			       "modules.dep: a path of %zu characters, %d are "
			       "possible",
			       path.length, MK_MODULE_PATH - 1);
	for (i = 0; i < path.length; i++)
		if ((unsigned char)path.at[i] <= ' ' || path.at[i] == 0x7f)
			return mk_fail(err, MK_E_INPUT,
				       "modules.dep: a path with an odd "
				       "character (0x%02x)",
				       (unsigned char)path.at[i]);
	for (i = 0; i + 1 < path.length; i++)
		if (!memcmp(path.at + i, "..", 2) &&
		    (!i || path.at[i - 1] == '/') &&
		    (i + 2 == path.length || path.at[i + 2] == '/'))
			break;
	if (!path.length || path.at[0] == '/' || i + 1 < path.length)
		return mk_fail(err, MK_E_INPUT,
			       "modules.dep: '%.*s' is not a path below its "
			       "folder",
			       (int)path.length, path.at);
	return 0;
}

/* Split "PATH: PATH..."; a line without a colon has no path. */
static struct piece path_of(struct piece line, struct piece *needed)
{
	const char *colon = memchr(line.at, ':', line.length);
	struct piece path = { line.at, 0 };

	if (colon) {
		path.length = (size_t)(colon - line.at);
		needed->at = colon + 1;
		needed->length = line.length - path.length - 1;
	}
	return path;
}

/* The line of a path, or of a name; false if there is none. */
static bool find(const struct choice *c, const struct piece *path,
		 const char *name, struct piece *found, struct piece *needed)
{
	struct piece text = c->dep, line;
	char own[MK_MODULE_NAME];

	while (next_line(&text, &line)) {
		*found = path_of(line, needed);
		if (!found->length)
			continue;
		if (path ? same(*path, *found)
			 : name_of(*found, own) && !strcmp(name, own))
			return true;
	}
	return false;
}

static bool is_builtin(const struct choice *c, const char *name)
{
	struct piece text = c->builtin, line;
	char own[MK_MODULE_NAME];

	while (next_line(&text, &line))
		if (name_of(line, own) && !strcmp(name, own))
			return true;
	return false;
}

/* The last word of @text, which becomes what stands before it. */
static bool last_word(struct piece *text, struct piece *word)
{
	size_t end = text->length, from;

	while (end && strchr(" \t\r", text->at[end - 1]) && text->at[end - 1])
		end--;
	for (from = end;
	     from && text->at[from - 1] != ' ' && text->at[from - 1] != '\t';)
		from--;
	word->at = text->at + from;
	word->length = end - from;
	text->length = from;
	return word->length > 0;
}

static int append(const struct choice *c, struct piece path, uint64_t needs)
{
	struct mk_module *module;

	if (c->m->nr == MK_MODULES_MAX)
		return mk_fail(c->err, MK_E_SUPPORT,
			       "modules.dep: more than %d modules are needed",
			       MK_MODULES_MAX);
	module = &c->m->list[c->m->nr];
	memset(module, 0, sizeof(*module));
	if (!name_of(path, module->name))
		return mk_fail(c->err, MK_E_INPUT,
			       "modules.dep: '%.*s' is not a module's name",
			       (int)path.length, path.at);
	memcpy(module->path, path.at, path.length);
	module->needs = needs | 1ULL << c->m->nr;
	return (int)c->m->nr++;
}

/*
 * Put the module and all that it needs into the list, if they are not there.
 * Returns its place or a code.  No deeper than MK_MODULES_MAX: what waits is
 * each time another line.
 */
static int take(const struct choice *c, struct piece path, struct piece needed,
		const struct waiting *up, unsigned int depth)
{
	const struct waiting self = { path, up }, *w;
	struct piece word, found, further;
	uint64_t needs = 0;
	unsigned int i;
	int ret;

	ret = check_path(path, c->err);
	if (ret)
		return ret;
	for (i = 0; i < c->m->nr; i++)
		if (strlen(c->m->list[i].path) == path.length &&
		    !memcmp(c->m->list[i].path, path.at, path.length))
			return (int)i;
	for (w = up; w; w = w->up)
		if (same(w->path, path))
			return mk_fail(c->err, MK_E_INPUT,
				       "modules.dep: '%.*s' needs itself",
				       (int)path.length, path.at);
	if (depth == MK_MODULES_MAX)
		return mk_fail(c->err, MK_E_SUPPORT,
			       "modules.dep: more than %d modules are needed",
			       MK_MODULES_MAX);
	while (last_word(&needed, &word)) {
		ret = check_path(word, c->err);
		if (ret)
			return ret;
		if (!find(c, &word, NULL, &found, &further))
			return mk_fail(c->err, MK_E_INPUT,
				       "modules.dep: no line for '%.*s', which "
				       "another one needs",
				       (int)word.length, word.at);
		ret = take(c, found, further, &self, depth + 1);
		if (ret < 0)
			return ret;
		needs |= c->m->list[ret].needs;
	}
	return append(c, path, needs);
}

static int choose_use(const struct choice *c, size_t use)
{
	struct piece path, needed;
	const char *name;
	size_t i;
	int ret;

	for (i = 0; i < MK_MODULE_WANTED && uses[use].wanted[i]; i++) {
		name = uses[use].wanted[i];
		if (is_builtin(c, name + (*name == '?')))
			continue;
		if (!find(c, NULL, name + (*name == '?'), &path, &needed)) {
			if (*name != '?' && !c->m->lacks[use])
				c->m->lacks[use] = name;
			continue;
		}
		ret = take(c, path, needed, NULL, 0);
		if (ret < 0)
			return ret;
		c->m->needs[use] |= c->m->list[ret].needs;
	}
	return 0;
}

int mk_modules_choose(struct mk_modules *m, const char *dep, size_t dep_length,
		      const char *builtin, size_t builtin_length,
		      struct mk_error *err)
{
	struct choice c = {
		m, { dep, dep_length }, { builtin, builtin_length }, err
	};
	size_t use;
	int ret;

	memset(m, 0, sizeof(*m));
	for (use = 0; use < ARRAY_SIZE(uses); use++) {
		ret = choose_use(&c, use);
		if (ret) {
			memset(m, 0, sizeof(*m));
			return ret;
		}
		if (m->lacks[use])
			m->needs[use] = 0;
		m->needed |= m->needs[use];
	}
	return 0;
}

void mk_module_file(const struct mk_modules *m, unsigned int i,
		    char name[MK_MODULE_NAME + 4])
{
	/* For the compiler: there are never more than 64. */
	snprintf(name, MK_MODULE_NAME + 4, "%02u-%.*s", (i + 1) % 100,
		 MK_MODULE_NAME - 1, m->list[i].name);
}

static void add(char *buffer, size_t size, size_t *length, const char *text)
{
	size_t n = strlen(text);

	if (*length <= size && n <= size - *length)
		memcpy(buffer + *length, text, n);
	*length += n;
}

int mk_modules_list(const struct mk_modules *m, char *buffer, size_t size,
		    size_t *length, struct mk_error *err)
{
	char name[MK_MODULE_NAME + 4];
	unsigned int i;
	size_t use;

	*length = 0;
	for (use = 0; use < ARRAY_SIZE(uses); use++) {
		if (!m->needs[use])
			continue;
		add(buffer, size, length, uses[use].key);
		for (i = 0; i < m->nr; i++) {
			if (!(m->needs[use] >> i & 1))
				continue;
			mk_module_file(m, i, name);
			add(buffer, size, length, " ");
			add(buffer, size, length, name);
		}
		add(buffer, size, length, "\n");
	}
	if (*length > size)
		return mk_fail(err, MK_E_NOSPACE,
			       "modules: the list has %zu bytes, the buffer "
			       "%zu",
			       *length, size);
	return 0;
}
