// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests of multikernel/exec.h. */
#include "exec_request.h"

#include <endian.h>
#include <string.h>

/* Strings after each other, each with its NUL. */
struct strings {
	const char *at;
	size_t left;
};

static const char *take_string(struct strings *s)
{
	const char *string = s->at, *end;

	end = s->left ? memchr(s->at, '\0', s->left) : NULL;
	if (!end)
		return NULL;
	s->left -= (size_t)(end + 1 - s->at);
	s->at = end + 1;
	return string;
}

/* Where the next byte goes; beyond @size nothing is written, but counted. */
struct place {
	uint8_t *buffer;
	size_t size, at;
};

static void add(struct place *p, const void *bytes, size_t length)
{
	if (length <= p->size && p->at <= p->size - length)
		memcpy(p->buffer + p->at, bytes, length);
	p->at += length;
}

static void add_string(struct place *p, const char *string)
{
	add(p, string, strlen(string) + 1);
}

static size_t added(const struct place *p)
{
	return p->at <= p->size && p->at <= MKX_REQUEST_MAX ? p->at : 0;
}

size_t mk_exec_run_build(const struct mk_exec_run *run, void *buffer,
			 size_t size)
{
	struct place p = { buffer, size, 0 };
	struct mkx_run h = {
		.magic = htole32(MKX_MAGIC),
		.revision = htole32(MKX_REVISION),
		.flags = htole32((run->tty ? MKX_RUN_TTY : 0) |
				 (run->input ? MKX_RUN_STDIN : 0)),
		.rows = htole16(run->rows),
		.columns = htole16(run->columns),
		.args = htole32((uint32_t)run->nr_args),
		.vars = htole32((uint32_t)run->nr_vars),
	};
	size_t i;

	if (run->nr_args > MKX_STRINGS_MAX ||
	    run->nr_vars > MKX_STRINGS_MAX - run->nr_args)
		return 0;
	add(&p, &h, sizeof(h));
	add_string(&p, run->user);
	add_string(&p, run->folder);
	for (i = 0; i < run->nr_args; i++)
		add_string(&p, run->args[i]);
	for (i = 0; i < run->nr_vars; i++)
		add_string(&p, run->vars[i]);
	return added(&p);
}

size_t mk_exec_copy_build(bool recursive, const char *path, const char *name,
			  void *buffer, size_t size)
{
	struct place p = { buffer, size, 0 };
	struct mkx_copy h = {
		.magic = htole32(MKX_MAGIC),
		.revision = htole32(MKX_REVISION),
		.flags = htole32(recursive ? MKX_COPY_RECURSIVE : 0),
	};

	add(&p, &h, sizeof(h));
	add_string(&p, path);
	if (name)
		add_string(&p, name);
	return added(&p);
}

static const char *check_revision(uint32_t magic, uint32_t revision)
{
	if (le32toh(magic) != MKX_MAGIC)
		return "not a request of mkctl";
	if (le32toh(revision) != MKX_REVISION)
		return "mkctl and the spawn's agent are of different "
		       "releases; load the spawn again";
	return NULL;
}

/* @nr strings, and a NULL. */
static bool take_strings(struct strings *s, const char **to, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		to[i] = take_string(s);
		if (!to[i])
			return false;
	}
	to[nr] = NULL;
	return true;
}

static bool all_are_variables(const struct mk_exec_run *run)
{
	size_t i;

	for (i = 0; i < run->nr_vars; i++)
		if (run->vars[i][0] == '=' || !strchr(run->vars[i], '='))
			return false;
	return true;
}

const char *mk_exec_run_parse(const uint8_t *bytes, size_t length,
			      const char **pointers, struct mk_exec_run *run)
{
	struct mkx_run h;
	struct strings s;
	const char *wrong;
	uint32_t flags;

	if (length < sizeof(h) || length > MKX_REQUEST_MAX)
		return "the request has a wrong length";
	memcpy(&h, bytes, sizeof(h));
	wrong = check_revision(h.magic, h.revision);
	if (wrong)
		return wrong;
	flags = le32toh(h.flags);
	if (flags & ~(uint32_t)(MKX_RUN_TTY | MKX_RUN_STDIN))
		return "the request has unknown flags";
	run->tty = flags & MKX_RUN_TTY;
	run->input = flags & MKX_RUN_STDIN;
	run->rows = le16toh(h.rows);
	run->columns = le16toh(h.columns);
	run->nr_args = le32toh(h.args);
	run->nr_vars = le32toh(h.vars);
	if (!run->nr_args)
		return "the request has no command";
	if (run->nr_args > MKX_STRINGS_MAX ||
	    run->nr_vars > MKX_STRINGS_MAX - run->nr_args)
		return "the request has too many strings";
	run->args = pointers;
	run->vars = pointers + run->nr_args + 1;
	s.at = (const char *)bytes + sizeof(h);
	s.left = length - sizeof(h);
	run->user = take_string(&s);
	run->folder = take_string(&s);
	if (!run->user || !run->folder ||
	    !take_strings(&s, run->args, run->nr_args) ||
	    !take_strings(&s, run->vars, run->nr_vars))
		return "the request ends within its strings";
	if (s.left)
		return "the request has bytes behind its strings";
	if (!all_are_variables(run))
		return "the request has a variable without a name or value";
	return NULL;
}

const char *mk_exec_copy_parse(const uint8_t *bytes, size_t length,
			       bool *recursive, const char **path,
			       const char **name)
{
	struct mkx_copy h;
	struct strings s;
	const char *wrong;

	if (length < sizeof(h) || length > MKX_REQUEST_MAX)
		return "the request has a wrong length";
	memcpy(&h, bytes, sizeof(h));
	wrong = check_revision(h.magic, h.revision);
	if (wrong)
		return wrong;
	if (le32toh(h.flags) & ~(uint32_t)MKX_COPY_RECURSIVE)
		return "the request has unknown flags";
	*recursive = le32toh(h.flags) & MKX_COPY_RECURSIVE;
	s.at = (const char *)bytes + sizeof(h);
	s.left = length - sizeof(h);
	*path = take_string(&s);
	if (name)
		*name = take_string(&s);
	if (!*path || (name && !*name))
		return "the request ends within its strings";
	if (s.left)
		return "the request has bytes behind its strings";
	if (!**path)
		return "the path is empty";
	if (name && **name && strcmp(*name, ".") && !mk_exec_name_ok(*name))
		return "the name is no file's name";
	return NULL;
}

bool mk_exec_name_ok(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") &&
	       !strchr(name, '/') && strlen(name) <= MKX_NAME_MAX;
}
