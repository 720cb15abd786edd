// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's daemon; see daemon.h.
 *
 * It sleeps in poll() until the kernel tells of a device, or the host connects.
 * It lives in the initramfs's root, which has nothing in it by then: what it
 * needs it has as descriptors.
 *
 * systemd ends all processes when it changes to the real root, but for those
 * of root whose name begins with '@' (its "root storage daemons").
 */
#include "daemon.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus.h"
#include "exec.h"
#include "init.h"
#include "modules.h"

#define NAME	    "@multikernel"
#define KERNEL	    1 /* the group of the kernel's own events */
#define EVENT_BYTES 4096 /* lib/kobject_uevent.c sends 2 KiB and a path */

static int listener = -1;
static bool not_told = true; /* that nobody can listen */

static int open_events(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = KERNEL };
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_KOBJECT_UEVENT);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	say(ERROR, "devices that come later get no drivers: no events: %s",
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void listen_for_host(void)
{
	if (listener >= 0)
		return;
	listener = exec_listen();
	/* EAFNOSUPPORT: there may be a driver later, then an event comes. */
	if (listener >= 0 || errno == EAFNOSUPPORT || !not_told)
		return;
	not_told = false;
	say(ERROR, "the host can run nothing here: cannot listen: %s",
	    strerror(errno));
}

static void found(const char *modalias, unsigned int id, bool bound)
{
	modules_load_for(modalias);
	if (id == VIRTIO_BLOCK)
		modules_load_filesystems(NULL);
	if (id == VIRTIO_VSOCK)
		listen_for_host();
}

static bool has(const char *event, size_t length, const char *word)
{
	const char *end = event + length;

	for (; event < end; event += strlen(event) + 1)
		if (!strcmp(event, word))
			return true;
	return false;
}

/*
 * Whether anything that came may be a device of virtio: one that is new, or
 * that somebody else has loaded a driver for.
 */
static bool read_events(int fd)
{
	struct sockaddr_nl from;
	char event[EVENT_BYTES];
	bool ours = false;
	socklen_t size;
	ssize_t n;

	for (;;) {
		size = sizeof(from);
		n = recvfrom(fd, event, sizeof(event) - 1, 0,
			     (struct sockaddr *)&from, &size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			ours = true; /* some were lost */
			continue;
		}
		if (n < 0)
			return ours;
		event[n] = '\0';
		/* Port 0 is the kernel; a process could send as well. */
		if (size != sizeof(from) || from.nl_pid)
			continue;
		if (has(event, (size_t)n, "SUBSYSTEM=virtio") &&
		    (has(event, (size_t)n, "ACTION=add") ||
		     has(event, (size_t)n, "ACTION=bind")))
			ours = true;
	}
}

__attribute__((noreturn)) static void serve(void)
{
	struct pollfd fds[2] = { { .fd = open_events(), .events = POLLIN },
				 { .events = POLLIN } };

	bus_scan(found);
	for (;;) {
		fds[1].fd = listener;
		if (fds[0].fd < 0 && listener < 0)
			_exit(0);
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents && read_events(fds[0].fd))
			bus_scan(found);
		if (fds[1].revents & POLLIN) {
			exec_accept(fds[1].fd);
		} else if (fds[1].revents) {
			/* An error that stays would keep us awake. */
			close(fds[1].fd);
			listener = -1;
		}
	}
}

static void set_name(char *argv0)
{
	size_t room = strlen(argv0);

	prctl(PR_SET_NAME, NAME);
	memset(argv0, 0, room);
	memcpy(argv0, NAME, room < sizeof(NAME) ? room : sizeof(NAME) - 1);
}

void daemon_start(char *argv0, int null)
{
	pid_t pid = fork();
	int i;

	if (pid < 0)
		say(ERROR, "devices get no drivers: cannot fork: %s",
		    strerror(errno));
	if (pid)
		return;
	setsid();
	set_name(argv0);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	signal(SIGCHLD, SIG_IGN); /* children need no wait */
	serve();
}
