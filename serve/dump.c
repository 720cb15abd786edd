// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of dumps that are made after crashes: their names, and how many
 * are kept.
 *
 *   DIR/NAME-20260131T235959Z-7.vmcore	of life 7
 */
#include "core.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DUMP_MS	   (15 * 60 * 1000)
#define STAMP	   "dddddddd@dddddd@-" /* d: a digit, @: a letter */
#define END	   ".vmcore"
#define PARTIAL	   END ".part" /* mkctl dump's, until it is complete */
#define NAME_BYTES 192

static bool fits(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++)
		if (*pattern == 'd'   ? !isdigit((unsigned char)*text)
		    : *pattern == '@' ? !isupper((unsigned char)*text)
				      : *text != *pattern)
			return false;
	return true;
}

/* The stamp in the name of a dump of this instance that ends so, or NULL. */
static const char *stamp_of(const struct serve *s, const char *file,
			    const char *end)
{
	size_t n = strlen(s->name), digits;
	const char *stamp = file + n + 1;

	if (strncmp(file, s->name, n) != 0 || file[n] != '-' ||
	    !fits(stamp, STAMP))
		return NULL;
	file = stamp + strlen(STAMP);
	digits = strspn(file, "0123456789");
	return digits && strcmp(file + digits, end) == 0 ? stamp : NULL;
}

/* What a dump that was cut short has left. */
static void remove_partial(const struct serve *s, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (stamp_of(s, e->d_name, PARTIAL))
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

/* How many there are, and the oldest one. */
static unsigned int count(const struct serve *s, DIR *dir, char *oldest)
{
	unsigned int nr = 0;
	struct dirent *e;

	oldest[0] = '\0';
	rewinddir(dir);
	while ((e = readdir(dir))) {
		if (!stamp_of(s, e->d_name, END) ||
		    strlen(e->d_name) >= NAME_BYTES)
			continue;
		nr++;
		/* All begin with the same name, and then the time. */
		if (!oldest[0] || strcmp(e->d_name, oldest) < 0)
			strcpy(oldest, e->d_name);
	}
	return nr;
}

static void remove_old(const struct serve *s)
{
	const struct policy *p = &s->state->policy;
	DIR *dir = opendir(p->dump_dir);
	char oldest[NAME_BYTES];

	if (!dir)
		return;
	while (count(s, dir, oldest) > p->dump_keep) {
		if (unlinkat(dirfd(dir), oldest, 0)) {
			serve_log(s, NULL, "cannot remove %s/%s: %s",
				  p->dump_dir, oldest, strerror(errno));
			break;
		}
		serve_log(s, NULL, "the old dump %s is removed", oldest);
	}
	closedir(dir);
}

static int make_dump_dir(const char *path, struct mk_error *err)
{
	struct stat st;

	/* Memory has secrets in it. */
	if (mkdir(path, 0700) && errno != EEXIST)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot make %.200s",
				     path);
	if (stat(path, &st))
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot look at %.200s",
				     path);
	if (!S_ISDIR(st.st_mode))
		return mk_fail(err, MK_E_SYSTEM, "%.200s is no folder", path);
	return 0;
}

static void late(void *context, uint32_t events)
{
	struct serve *s = context;

	serve_dump_stop(s);
	serve_dumped(s, "it took too long");
}

int serve_dump_begin(struct serve *s, struct mk_error *err)
{
	const char *folder = s->state->policy.dump_dir;
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;
	int code;

	if (!gmtime_r(&now, &tm))
		return mk_fail(err, MK_E_SYSTEM, "the clock makes no sense");
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	code = make_dump_dir(folder, err);
	if (code)
		return code;
	remove_partial(s, folder);
	snprintf(s->dump_path, sizeof(s->dump_path), "%s/%s-%s-%u%s", folder,
		 s->name, stamp, s->state->life, END);
	code = s->outside->dump(s, s->dump_path, err);
	if (code)
		return code;
	s->dumping = true;
	serve_later(s, DUMP_MS, late, s, NULL);
	serve_log(s, NULL, "writes a dump to %s", s->dump_path);
	return 0;
}

void serve_dump_stop(struct serve *s)
{
	if (!s->dumping)
		return;
	s->dumping = false;
	serve_not_later(s, late, s);
	s->outside->dump(s, NULL, NULL);
}

void serve_dump_end(struct serve *s, const char *why)
{
	struct stat st;

	if (!s->dumping)
		return;
	s->dumping = false;
	serve_not_later(s, late, s);
	if (!why && stat(s->dump_path, &st))
		why = "it was written, and is not there";
	if (!why) {
		serve_log(s, NULL, "the dump is complete: %lld MiB, %s",
			  (long long)(st.st_size >> 20), s->dump_path);
		remove_old(s);
	}
	serve_dumped(s, why);
}
