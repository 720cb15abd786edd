/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The supervisor's core, for a test of one kind of device: it keeps what it is
 * told, in these variables, and calls nobody.
 */
#ifndef SERVE_STUBS_H
#define SERVE_STUBS_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "serve/serve.h"

static struct serve_memory stub_memory;
static const char *stub_folder = "/nowhere/web";
static char stub_log[512]; /* the last line */
static char stub_broken[256]; /* why, "" = is not */
static unsigned int stub_changes; /* of configurations */
static int stub_watched; /* descriptors */
static serve_ready *stub_ready; /* of the last of them */
static serve_ready *stub_later; /* NULL = nothing */
static int stub_later_ms;
static struct mk_virtqueue *stub_queue; /* that the supervisor serves */
static unsigned int stub_done;

int serve_watch(struct serve *s, int fd, uint32_t events, serve_ready *ready,
		void *context, struct mk_error *err)
{
	stub_watched++;
	stub_ready = ready;
	return 0;
}

void serve_ignore(struct serve *s, int fd)
{
	stub_watched--;
}

int serve_later(struct serve *s, int ms, serve_ready *ready, void *context,
		struct mk_error *err)
{
	stub_later = ready;
	stub_later_ms = ms;
	return 0;
}

void serve_not_later(struct serve *s, serve_ready *ready, void *context)
{
	if (stub_later == ready)
		stub_later = NULL;
}

void serve_log(const struct serve *s, const struct serve_device *d,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(stub_log, sizeof(stub_log), format, args);
	va_end(args);
}

int serve_patience(const struct serve *s, int ms)
{
	return ms;
}

const struct serve_memory *serve_memory(const struct serve *s)
{
	return &stub_memory;
}

const char *serve_name(const struct serve *s)
{
	return "web";
}

const char *serve_folder(const struct serve *s)
{
	return stub_folder;
}

void serve_config_changed(struct serve_device *d)
{
	stub_changes++;
}

void serve_broken(struct serve_device *d, const char *why)
{
	d->broken = true;
	snprintf(stub_broken, sizeof(stub_broken), "%s", why);
}

struct mk_virtqueue *serve_virtqueue(struct serve_device *d, unsigned int queue)
{
	return stub_queue;
}

void serve_virtqueue_done(struct serve_device *d, unsigned int queue)
{
	stub_done++;
}

#endif /* SERVE_STUBS_H */
