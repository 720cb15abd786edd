// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared folders: virtio-fs, served by virtiofsd.
 *
 * There are two programs of this name: the one in C that was part of QEMU until
 * 7.2 (Debian 12), and the one in Rust after it (Debian 13).  Which it is shows
 * in what --help says.
 */
#include "daemon.h"

#include <linux/virtio_fs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG_MAX	    36 /* virtio 1.2, 5.11.4; filled up with zeroes */
#define CONFIG_SIZE 40 /* tag, number of request queues */
#define QUEUES	    2 /* hiprio, and one for requests: all the C one has */
#define HELP_MS	    5000
#define HELP_BYTES  32768
#define BIT(n)	    (1ULL << (n))

_Static_assert(CONFIG_SIZE == sizeof(struct virtio_fs_config), "it has 40");

struct share {
	struct daemon daemon;
	char folder[SERVE_OPTIONS_BYTES], tag[TAG_MAX + 1];
	const char *sandbox;
	bool readonly;
	/* Of the program that is there, once it was asked: */
	const char *program;
	bool in_c, can_readonly;
};

static int parse_where(struct share *share, char *where, struct mk_error *err)
{
	/* The last one: a path may have a colon. */
	char *colon = strrchr(where, ':');
	size_t i, n = colon ? strlen(colon + 1) : 0;

	if (!colon)
		return mk_fail(err, MK_E_INPUT, "share: \"%s\" is not DIR:TAG",
			       where);
	*colon = '\0';
	if (where[0] != '/')
		return mk_fail(err, MK_E_INPUT,
			       "share: \"%s\" must be a path from /", where);
	if (n < 1 || n > TAG_MAX)
		return mk_fail(err, MK_E_INPUT,
			       "share: a tag has 1 to %d bytes, not %zu",
			       TAG_MAX, n);
	/* It is an argument of mount and a line of a file in the spawn. */
	for (i = 1; i <= n; i++)
		if (colon[i] <= ' ' || colon[i] == 0x7f)
			return mk_fail(err, MK_E_INPUT,
				       "share: a tag has printable ASCII "
				       "characters and no space");
	strcpy(share->folder, where);
	strcpy(share->tag, colon + 1);
	return 0;
}

static int parse(struct share *share, const char *options, struct mk_error *err)
{
	char text[SERVE_OPTIONS_BYTES], *left = text, *option;
	int e;

	memset(share, 0, sizeof(*share));
	share->sandbox = "namespace";
	if (strlen(options) >= sizeof(text))
		return mk_fail(err, MK_E_INPUT,
			       "share: the options are too long");
	strcpy(text, options);
	e = parse_where(share, strsep(&left, ","), err);
	while (!e && (option = strsep(&left, ","))) {
		if (strcmp(option, "ro") == 0)
			share->readonly = true;
		else if (strcmp(option, "sandbox=chroot") == 0)
			share->sandbox = "chroot";
		else if (strcmp(option, "sandbox=namespace") == 0)
			share->sandbox = "namespace";
		else
			e = mk_fail(err, MK_E_INPUT,
				    "share: \"%s\" is not ro, "
				    "sandbox=namespace or sandbox=chroot",
				    option);
	}
	return e;
}

static int share_check(const char *options, struct mk_error *err)
{
	struct share *share = malloc(sizeof(*share));
	int e;

	if (!share)
		return mk_fail(err, MK_E_SYSTEM, "no memory");
	e = parse(share, options, err);
	free(share);
	return e;
}

static int find_program(struct share *share, struct mk_error *err)
{
	static const char *const places[] = { "/usr/libexec/virtiofsd",
					      "/usr/lib/qemu/virtiofsd",
					      "/usr/bin/virtiofsd" };
	const char *other = getenv("MULTIKERNEL_VIRTIOFSD");
	unsigned int i;

	if (other && other[0]) {
		share->program = other;
		return 0;
	}
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0) {
			share->program = places[i];
			return 0;
		}
	return mk_fail(err, MK_E_NOTFOUND,
		       "virtiofsd is not there: install it (Debian 12: "
		       "qemu-system-common, 13: virtiofsd), or set "
		       "MULTIKERNEL_VIRTIOFSD");
}

static int ask_program(struct share *share, struct mk_error *err)
{
	char *argv[] = { NULL, (char *)"--help", NULL };
	char *text;
	int e;

	e = find_program(share, err);
	if (e)
		return e;
	text = malloc(HELP_BYTES);
	if (!text)
		return mk_fail(err, MK_E_SYSTEM, "no memory");
	argv[0] = (char *)share->program;
	e = daemon_ask(argv, HELP_MS, text, HELP_BYTES, err);
	if (e)
		goto free_text;
	share->in_c = !strstr(text, "--shared-dir");
	share->can_readonly = strstr(text, "--readonly") != NULL;
	if (share->in_c && !strstr(text, "source=PATH"))
		e = mk_fail(err, MK_E_SUPPORT,
			    "%s is no virtiofsd that is known: its --help has "
			    "neither --shared-dir nor source=PATH",
			    share->program);
	else if (share->readonly && !share->can_readonly)
		e = mk_fail(err, MK_E_SUPPORT,
			    "share: %s cannot serve read-only: leave out "
			    "\"ro\", or share a folder that is mounted so",
			    share->program);
free_text:
	free(text);
	return e;
}

static int share_command(struct daemon *p, int listener, struct mk_error *err)
{
	struct share *share = (struct share *)p->d->backend;
	struct stat st;
	int e;

	if (stat(share->folder, &st) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "%s", share->folder);
	if (!S_ISDIR(st.st_mode))
		return mk_fail(err, MK_E_INPUT, "%s is no folder",
			       share->folder);
	e = share->program ? 0 : ask_program(share, err);
	if (e) {
		share->program = NULL;
		return e;
	}
	daemon_argument(p, "%s", share->program);
	daemon_argument(p, "--fd=%d", listener);
	if (share->in_c) {
		daemon_argument(p, "-o");
		daemon_argument(p, "source=%s", share->folder);
		daemon_argument(p, "-o");
		daemon_argument(p, "cache=auto");
		daemon_argument(p, "-o");
		daemon_argument(p, "sandbox=%s", share->sandbox);
	} else {
		daemon_argument(p, "--shared-dir=%s", share->folder);
		daemon_argument(p, "--cache=auto");
		daemon_argument(p, "--sandbox=%s", share->sandbox);
		if (share->readonly)
			daemon_argument(p, "--readonly");
	}
	return 0;
}

static const struct daemon_way share_way = {
	.features = BIT(VIRTIO_RING_F_INDIRECT_DESC) |
		    BIT(VIRTIO_RING_F_EVENT_IDX),
	.keeps_session = true,
	.command = share_command,
};

static int share_open(struct serve_device *d, const char *options, bool resume,
		      struct mk_error *err)
{
	struct share *share = malloc(sizeof(*share));
	int e;

	if (!share)
		return mk_fail(err, MK_E_SYSTEM, "no memory");
	e = parse(share, options, err);
	if (e)
		goto free_share;
	share->daemon.d = d;
	share->daemon.way = &share_way;
	share->daemon.name = "virtiofsd";
	d->backend = share;
	d->nr_queues = QUEUES;
	d->queue_max = MKV_QUEUE_MAX;
	d->config_size = CONFIG_SIZE;
	memset(d->config, 0, sizeof(d->config));
	memcpy(d->config, share->tag, strlen(share->tag));
	d->config[TAG_MAX] = QUEUES - 1; /* little-endian, of four bytes */
	e = daemon_open(&share->daemon, resume, err);
	if (e)
		goto free_share;
	return 0;

free_share:
	d->backend = NULL;
	free(share);
	return e;
}

static int share_start(struct serve_device *d, bool resume,
		       struct mk_error *err)
{
	return daemon_start(&((struct share *)d->backend)->daemon, resume, err);
}

static void share_stop(struct serve_device *d)
{
	daemon_stop(&((struct share *)d->backend)->daemon);
}

static void share_close(struct serve_device *d)
{
	daemon_close(&((struct share *)d->backend)->daemon);
	free(d->backend);
	d->backend = NULL;
}

const struct serve_kind serve_share = {
	.name = "share",
	.device_id = VIRTIO_ID_FS,
	.arguments = "DIR:TAG[,ro][,sandbox=namespace|chroot]",
	.check = share_check,
	.open = share_open,
	.start = share_start,
	.stop = share_stop,
	.close = share_close,
};
