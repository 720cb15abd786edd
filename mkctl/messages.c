// SPDX-License-Identifier: GPL-2.0-only
/* What mkctl says on stderr, the time, and opening the device. */
#include "cmd.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static void say_args(const char *format, va_list args)
{
	fflush(stdout);
	fputs("mkctl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_args(format, args);
	va_end(args);
}

void note(const struct ctl *ctl, const char *format, ...)
{
	va_list args;

	if (!ctl->verbose)
		return;
	va_start(args, format);
	say_args(format, args);
	va_end(args);
}

int fail(const char *name, const struct mk_error *err)
{
	if (name)
		say("%s: %s", name, err->text);
	else
		say("%s", err->text);
	return err->code == MK_E_UNKNOWN ? MKCTL_UNKNOWN : MKCTL_COULD_NOT;
}

/* Length of the UTF-8 sequence at @at if it is a printable one, else 0. */
static unsigned int utf8_length(const unsigned char *at)
{
	unsigned int n = at[0] < 0xc2	? 0
			 : at[0] < 0xe0 ? 2
			 : at[0] < 0xf0 ? 3
			 : at[0] < 0xf5 ? 4
					: 0;
	unsigned int i;

	if (at[0] == 0xc2 && at[1] < 0xa0) /* C1 controls */
		return 0;
	for (i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void make_printable(char *text)
{
	unsigned char *at = (unsigned char *)text;
	unsigned int n;

	while (*at) {
		n = 1;
		if (*at >= 0x80)
			n = utf8_length(at);
		else if ((*at < 0x20 && *at != '\t') || *at == 0x7f)
			n = 0;
		if (!n)
			*at = '?';
		at += n ? n : 1;
	}
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int open_device(const struct ctl *ctl, struct mk_device *dev)
{
	struct mk_error err;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", ctl->root, MK_DEVICE_PATH);
	if (mk_device_open(dev, path, &err))
		return fail(NULL, &err);
	return MKCTL_DONE;
}

int open_instance(const struct ctl *ctl, const char *name,
		  struct mk_instance *inst)
{
	struct mk_device dev;
	struct mk_error err;
	int status;

	status = open_device(ctl, &dev);
	if (status)
		return status;
	if (mk_instance_open(&dev, inst, name, &err))
		status = fail(name, &err);
	mk_device_close(&dev);
	return status;
}
