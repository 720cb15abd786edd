// SPDX-License-Identifier: GPL-2.0-only
/* Users and groups of the spawn's root, read without a name service. */
#include "exec_session.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBER_MAX 0xfffffffeUL /* the last one means "leave as it is" */

static char line[65536];

/* The next line without its newline; one that is too long is skipped. */
static char *next_line(FILE *file)
{
	bool whole = true;
	size_t n;

	while (fgets(line, sizeof(line), file)) {
		n = strlen(line);
		if (n && line[n - 1] == '\n') {
			line[n - 1] = '\0';
			if (whole)
				return line;
			whole = true;
		} else if (feof(file) && whole) {
			return line;
		} else {
			whole = false;
		}
	}
	return NULL;
}

/* Cut @text at its colons; the number of fields, @most at most. */
static size_t cut(char *text, char **fields, size_t most)
{
	size_t n = 0;

	while (n < most) {
		fields[n++] = strsep(&text, ":");
		if (!text)
			break;
	}
	return n;
}

static bool number(const char *text, unsigned long *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return !*end && !errno && *value <= NUMBER_MAX;
}

/* The line of /etc/passwd for a name, or for a number; false: none. */
static bool find_user(const char *name, bool by_number, unsigned long wanted,
		      struct exec_user *user)
{
	FILE *file = fopen("/etc/passwd", "re");
	unsigned long uid, gid;
	bool found = false;
	char *f[7], *text;

	while (file && !found && (text = next_line(file))) {
		if (cut(text, f, 7) < 7 || !number(f[2], &uid) ||
		    !number(f[3], &gid))
			continue;
		found = by_number ? uid == wanted : !strcmp(f[0], name);
		if (!found)
			continue;
		user->uid = (uid_t)uid;
		user->gid = (gid_t)gid;
		snprintf(user->name, sizeof(user->name), "%s", f[0]);
		snprintf(user->home, sizeof(user->home), "%s",
			 *f[5] ? f[5] : "/");
		snprintf(user->shell, sizeof(user->shell), "%s",
			 *f[6] ? f[6] : "/bin/sh");
	}
	if (file)
		fclose(file);
	return found;
}

static bool is_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (!strcmp(member, name))
			return true;
	return false;
}

/*
 * The number of group @wanted (NULL = not asked), and the groups that have the
 * user as a member.
 */
static bool find_groups(const char *wanted, struct exec_user *user)
{
	FILE *file = fopen("/etc/group", "re");
	bool found = false;
	unsigned long gid;
	char *f[4], *text;

	while (file && (text = next_line(file))) {
		if (cut(text, f, 4) < 4 || !number(f[2], &gid))
			continue;
		if (wanted && !found && !strcmp(f[0], wanted)) {
			user->gid = (gid_t)gid;
			found = true;
		}
		if (user->nr_groups < EXEC_GROUPS && *user->name &&
		    is_member(f[3], user->name))
			user->groups[user->nr_groups++] = (gid_t)gid;
	}
	if (file)
		fclose(file);
	return found || !wanted;
}

const char *exec_user_find(const char *text, struct exec_user *user)
{
	char copy[128], *colon;
	unsigned long value;
	bool is_number;

	memset(user, 0, sizeof(*user));
	snprintf(user->home, sizeof(user->home), "/");
	snprintf(user->shell, sizeof(user->shell), "/bin/sh");
	if (strlen(text) >= sizeof(copy))
		return "the user's name is too long";
	snprintf(copy, sizeof(copy), "%s", *text ? text : "0");
	colon = strchr(copy, ':');
	if (colon)
		*colon = '\0';
	is_number = number(copy, &value);
	if (!find_user(copy, is_number, value, user)) {
		if (!is_number && strcmp(copy, "root"))
			return "no such user in its /etc/passwd";
		/* A number needs no name; root is there without a file, too. */
		user->uid = is_number ? (uid_t)value : 0;
		user->gid = user->uid;
		snprintf(user->name, sizeof(user->name), "%.60s",
			 user->uid ? copy : "root");
		if (!user->uid && !*text)
			snprintf(user->home, sizeof(user->home), "/root");
	}
	is_number = colon && number(colon + 1, &value);
	if (!find_groups(colon && !is_number ? colon + 1 : NULL, user))
		return "no such group in its /etc/group";
	if (is_number)
		user->gid = (gid_t)value;
	return NULL;
}
