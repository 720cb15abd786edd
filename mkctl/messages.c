// SPDX-License-Identifier: GPL-2.0-only
/* What mkctl says on stderr, the time, and opening the device. */
#include "cmd.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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

/* Length of the printable character at @at, of @left bytes; 0: not one. */
static size_t printable(const unsigned char *at, size_t left)
{
	size_t n = at[0] < 0x80	  ? 1
		   : at[0] < 0xc2 ? 0
		   : at[0] < 0xe0 ? 2
		   : at[0] < 0xf0 ? 3
		   : at[0] < 0xf5 ? 4
				  : 0;
	size_t i;

	if (n > left || (at[0] < 0x20 && at[0] != '\t') || at[0] == 0x7f)
		return 0;
	for (i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if (at[0] == 0xc2 && at[1] < 0xa0) /* C1 controls */
		return 0;
	return n;
}

static void replace(char *text, size_t size, bool newlines)
{
	unsigned char *bytes = (unsigned char *)text;
	size_t at, n;

	for (at = 0; at < size; at += n ? n : 1) {
		n = printable(bytes + at, size - at);
		if (!n && !(newlines && bytes[at] == '\n'))
			bytes[at] = '?';
	}
}

void make_printable(char *text)
{
	replace(text, strlen(text), false);
}

void make_lines_printable(char *bytes, size_t size)
{
	replace(bytes, size, true);
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
