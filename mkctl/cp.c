// SPDX-License-Identifier: GPL-2.0-only
/* mkctl cp: copy files to a spawn, or from it. */
#include "exec_client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "signals.h"

static const struct opt options[] = {
	{ OPT_RECURSIVE, "recursive", NULL,
	  "copy directories with all in them" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "[-r] SOURCE NAME:DESTINATION\n"
		"       mkctl cp [-r] NAME:SOURCE DESTINATION",
	.groups = groups,
	.text = "Copies a file, or with -r a directory, by the spawn's agent; nothing else\n"
		"is needed in the spawn.  Into a directory that exists the source goes\n"
		"under its own name.  \"-\" is standard input or output, for one file.  A\n"
		"local name with a colon is written ./a:b.\n"
		"\n"
		"Permissions, times and symbolic links are kept, owners and the\n"
		"set-user-ID bits are not; devices and sockets are left out (status 1).\n"
		"A file is there completely or not at all; a file or link that was there\n"
		"under its name is replaced.  A directory that is there gets the entries\n"
		"added.\n"
		"\n"
		"What comes from a spawn never leaves the destination: links in it are\n"
		"not followed while copying.  They may point anywhere, though; look\n"
		"before you follow them.\n"
		"\n"
		"Example:\n"
		"  mkctl cp app.conf web:/etc/\n"
		"  mkctl cp -r web:/var/log ./log-of-web\n"
		"  mkctl cp web:/etc/hostname -\n",
};

/*
 * The path in "NAME:PATH", with the name copied to @name; NULL if it is a
 * local one.
 */
static const char *remote(const struct parse *p, const char *text, char *name,
			  size_t size)
{
	const char *colon = strchr(text, ':');
	struct mk_error err;
	size_t length;

	if (!colon || memchr(text, '/', (size_t)(colon - text)))
		return NULL;
	length = (size_t)(colon - text);
	snprintf(name, size, "%.*s", (int)(length < size ? length : size),
		 text);
	if (mk_name_check(name, &err))
		usage_error(p, "'%s': %s", text, err.text);
	if (!colon[1])
		usage_error(p, "'%s': the path is missing", text);
	return colon + 1;
}

static void check(const struct parse *p, const struct exec_copy *copy,
		  const char *local)
{
	if (!*local)
		usage_error(p, "the path is empty");
	if (copy->recursive && !strcmp(local, "-"))
		usage_error(p, "-r and - do not go together");
}

int cmd_cp(struct ctl *ctl, int argc, char **argv)
{
	const char *value, *from, *to, *remote_from, *remote_to;
	struct exec_copy copy = { 0 };
	char name[64] = "";
	struct parse p;
	int sock, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while (parse_next(&p, &value))
		copy.recursive = true;
	from = parse_operand(&p, "the source");
	to = parse_operand(&p, "the destination");
	parse_no_operand(&p);
	remote_from = remote(&p, from, name, sizeof(name));
	remote_to = remote(&p, to, name, sizeof(name));
	if (!remote_from == !remote_to)
		usage_error(&p, "one of the two must be NAME:PATH");
	check(&p, &copy, remote_from ? to : from);
	copy.name = name;
	copy.from = remote_from ? remote_from : from;
	copy.to = remote_to ? remote_to : to;
	copy.progress = isatty(STDERR_FILENO);

	sock = exec_connect(ctl, name);
	if (sock < 0)
		return MKCTL_COULD_NOT;
	/* Where it reads or writes a standard stream Ctrl-C just ends it. */
	if (strcmp(remote_from ? to : from, "-"))
		signals_hold();
	status = remote_from ? exec_copy_get(sock, &copy)
			     : exec_copy_put(sock, &copy);
	close(sock);
	return status;
}
