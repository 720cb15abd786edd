// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own modules that came along with the agent; see modules.h. */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define FOLDER	    HOME "/modules"
#define MODULES	    64 /* lib/modules.h: MK_MODULES_MAX */
#define USES	    16
#define FILESYSTEMS "fs:"

static struct module {
	int fd; /* -1: loaded, not to be loaded, or never there */
	char name[64]; /* "05-mbcache"; "" if there is none of this number */
} modules[MODULES];

static struct use {
	char key[32];
	uint64_t needs; /* bit i: modules[i] */
} uses[USES];

static unsigned int nr_uses;

/* "05-mbcache" is modules[4]; open and unlink it. */
static void take_module(struct use *use, const char *word)
{
	char path[sizeof(FOLDER) + sizeof(modules[0].name) + 8];
	struct module *module;
	char *end;
	unsigned long number = strtoul(word, &end, 10);

	if (number < 1 || number > MODULES || *end != '-' ||
	    strlen(word) >= sizeof(module->name) || strchr(word, '/'))
		return;
	use->needs |= 1ULL << (number - 1);
	module = &modules[number - 1];
	if (module->name[0])
		return; /* another use has it, too */
	strcpy(module->name, word);
	snprintf(path, sizeof(path), FOLDER "/%s.ko", word);
	module->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (module->fd < 0)
		say(ERROR, "cannot open %s: %s", path, strerror(errno));
	unlink(path);
}

static void take_line(char *line)
{
	struct use *use = &uses[nr_uses];
	char *key = strsep(&line, " "), *word;

	if (!*key || strlen(key) >= sizeof(use->key) || nr_uses == USES)
		return;
	nr_uses++;
	strcpy(use->key, key);
	while ((word = strsep(&line, " ")))
		take_module(use, word);
}

void modules_open(void)
{
	static char list[48 << 10]; /* lib/modules.h: MK_MODULES_LIST */
	char *left = list, *line;
	unsigned int i;

	for (i = 0; i < MODULES; i++)
		modules[i].fd = -1;
	read_file(AT_FDCWD, FOLDER "/list", list, sizeof(list));
	while ((line = strsep(&left, "\n")))
		take_line(line);
	unlink(FOLDER "/list");
	rmdir(FOLDER);
}

static bool load_use(const struct use *use)
{
	bool done = true;
	unsigned int i;

	for (i = 0; i < MODULES; i++) {
		if (!(use->needs >> i & 1) || modules[i].fd < 0)
			continue;
		if (!load_module(modules[i].fd)) {
			say(ERROR, "module %s cannot be loaded for %s: %s",
			    modules[i].name, use->key, strerror(errno));
			done = false;
		}
		close(modules[i].fd);
		modules[i].fd = -1;
	}
	return done;
}

bool modules_load(const char *key)
{
	unsigned int i;
	bool done = true;

	for (i = 0; i < nr_uses; i++)
		if (!strcmp(uses[i].key, key))
			done = load_use(&uses[i]) && done;
	return done;
}

bool modules_load_for(const char *modalias)
{
	bool done = true;
	unsigned int i;
	size_t n;

	for (i = 0; i < nr_uses; i++) {
		n = strcspn(uses[i].key, "*");
		if (uses[i].key[n] && !strncmp(uses[i].key, modalias, n))
			done = load_use(&uses[i]) && done;
	}
	return done;
}

/* Whether @name is one of the words in @types, between commas. */
static bool is_among(const char *name, const char *types)
{
	size_t n = strlen(name), length;

	for (; types; types = types[length] ? types + length + 1 : NULL) {
		length = strcspn(types, ",");
		if (length == n && !strncmp(types, name, n))
			return true;
	}
	return false;
}

void modules_load_filesystems(const char *types)
{
	const size_t n = sizeof(FILESYSTEMS) - 1;
	unsigned int i;

	for (i = 0; i < nr_uses; i++)
		if (!strncmp(uses[i].key, FILESYSTEMS, n) &&
		    (!types || is_among(uses[i].key + n, types)))
			load_use(&uses[i]);
}
