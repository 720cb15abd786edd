// SPDX-License-Identifier: GPL-2.0-only
/* mkctl serve: the supervisor of an instance's virtio devices. */
#include "serve/serve_main.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct opt options[] = {
	{ OPT_FOREGROUND, "foreground", NULL, "do not go to the background" },
	{ OPT_REPLACE, "replace", NULL, "forget the devices of before" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { serve_options, policy_options,
					    options, NULL };

static const struct usage usage = {
	.args = "NAME [--console] [--net tap=T] [--vsock CID] [--disk FILE]\n"
		"                   [--share DIR:TAG] [--rng] [POLICY]... "
		"[--foreground] [--replace]",
	.groups = groups,
	.text = "Serves virtio devices to the spawn, in all its lives, until the\n"
		"instance is deleted.  Returns when all devices are open; the spawn\n"
		"finds them when it has multikernel_virtio.ko.  Works before the first\n"
		"start and while it runs.  --net, --disk and --share may be given\n"
		"several times.\n"
		"\n"
		"It also does what follows the end of a life: see mkctl start --help.\n"
		"Options about that change what a running supervisor does.\n"
		"\n"
		"A supervisor that is ended or killed while the spawn runs leaves the\n"
		"devices waiting: without device options mkctl serve goes on where it\n"
		"was.  Where there was none before it serves nothing, and only does what\n"
		"follows an end.  It logs to /run/multikernel/NAME/log, with --foreground to\n"
		"standard error.\n"
		"\n"
		"Example:\n"
		"  mkctl serve web --console --net tap=tap0 --disk /srv/web.img\n"
		"  mkctl start web\n"
		"  mkctl console web\n",
};

/* From serve_launch(); no daemon of ours is to have it or to hear of it. */
static int take_ready_fd(void)
{
	const char *text = getenv(SERVE_READY_FD);
	int fd = -1;
	char *end;
	long n;

	if (text) {
		n = strtol(text, &end, 10);
		if (end != text && !*end && n > STDERR_FILENO && n < 1 << 20 &&
		    fcntl((int)n, F_SETFD, FD_CLOEXEC) == 0)
			fd = (int)n;
	}
	unsetenv(SERVE_READY_FD);
	return fd;
}

int cmd_serve(struct ctl *ctl, int argc, char **argv)
{
	static struct serve_wish wish;
	int ready_fd = take_ready_fd();
	const char *name, *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_FOREGROUND)
			wish.foreground = true;
		else if (key == OPT_REPLACE)
			wish.replace = true;
		else
			serve_take(&wish, &p, key, value);
	}
	name = parse_name(&p);
	if (wish.foreground)
		return serve_run(ctl, name, &wish, ready_fd);
	if (!wish.nr && !wish.replace && wish.nr_policy) {
		status = serve_change(ctl, name, &wish);
		if (status >= 0)
			return status;
	}
	return serve_launch(ctl, name, &wish);
}
