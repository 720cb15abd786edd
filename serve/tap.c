// SPDX-License-Identifier: GPL-2.0-only
/* Taps of the host: /dev/net/tun, and the news of rtnetlink. */
#include "tap.h"

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* <linux/if_tun.h> since 6.2; they only work together. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static int fail_set(const char *name, bool several, struct mk_error *err)
{
	switch (errno) {
	case EBUSY: /* tun_attach(): it has one queue and somebody holds it */
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"the tap %s is in use: give each device a tap of its "
			"own, or end the process that holds this one",
			name);
	case EINVAL: /* tun_set_iff(): another kind, or another IFF_MULTI_QUEUE */
		return mk_fail_kept(
			err, MK_E_INPUT,
			"%s is no tap for %s: name another, as made by 'ip "
			"tuntap add NAME mode tap%s'",
			name, several ? "several queues" : "a single queue",
			several ? " multi_queue" : "");
	case EPERM:
		return mk_fail_kept(err, MK_E_SYSTEM,
				    "no permission to use the tap %s: run it "
				    "with CAP_NET_ADMIN",
				    name);
	default:
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot use the tap %s",
				     name);
	}
}

static int open_queue(const char *name, bool several, struct mk_error *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int code, fd, header = TAP_HEADER;

	if (several)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return mk_fail_kept(err, MK_E_SYSTEM,
				    "there is no /dev/net/tun: load its module "
				    "with 'modprobe tun'");
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot open /dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		code = fail_set(name, several, err);
		goto close;
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0) {
		code = mk_fail_errno(err, MK_E_SYSTEM,
				     "the tap %s cannot have headers of %d "
				     "bytes",
				     name, header);
		goto close;
	}
	return fd;

close:
	close(fd);
	return code;
}

static int lock_name(const char *name, const char *folder, struct mk_error *err)
{
	char path[PATH_MAX];
	int code, fd;

	/* A name of an instance does not begin with a full stop. */
	if (snprintf(path, sizeof(path), "%s/.tap-%s", folder, name) >=
	    (int)sizeof(path))
		return mk_fail(err, MK_E_INPUT, "the path %.60s... is too long",
			       path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %.150s",
				     path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		code = mk_fail_kept(err, MK_E_REFUSED,
				    "the tap %s is in use by another device: "
				    "give each device a tap of its own",
				    name);
	else
		code = mk_fail_errno(err, MK_E_SYSTEM, "cannot lock %.150s",
				     path);
	close(fd);
	return code;
}

/*
 * News of all interfaces.  A tap's own descriptor would tell that it is gone,
 * but wakes whoever waits for that with each frame (tun_net_xmit()).
 */
static int open_watch(struct mk_error *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_ROUTE);
	int code;

	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot open a netlink socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	code = mk_fail_errno(err, MK_E_SYSTEM,
			     "netlink does not tell of interfaces");
	close(fd);
	return code;
}

static int open_queues(struct tap *tap, unsigned int nr, struct mk_error *err)
{
	int fd;

	while (tap->nr < nr) {
		fd = open_queue(tap->name, nr > 1, err);
		if (fd < 0)
			return fd;
		tap->fds[tap->nr++] = fd;
	}
	tap->used = nr;
	return tap_use(tap, 1, err);
}

int tap_open(struct tap *tap, const char *name, unsigned int nr,
	     const char *locks, struct mk_error *err)
{
	unsigned int uso = TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6;
	struct ifreq ifr = { 0 };
	int code;

	memset(tap, 0, sizeof(*tap));
	memset(tap->fds, -1, sizeof(tap->fds));
	tap->watch = -1;
	tap->lock = -1;
	if (nr < 1 || nr > TAP_QUEUES || strlen(name) >= sizeof(tap->name))
		return mk_fail(err, MK_E_CALL, "no such tap");
	memcpy(tap->name, name, strlen(name) + 1);
	tap->made = !if_nametoindex(name);
	if (nr > 1) {
		code = tap->lock = lock_name(name, locks, err);
		if (code < 0)
			goto close;
	}
	code = tap->watch = open_watch(err);
	if (code < 0)
		goto close;
	code = open_queues(tap, nr, err);
	if (code)
		goto close;
	/* What a kernel does not know it refuses: that is how to ask. */
	tap->uso = ioctl(tap->fds[0], TUNSETOFFLOAD, uso) == 0;
	code = tap_offload(tap, 0, err);
	if (code)
		goto close;
	memcpy(ifr.ifr_name, tap->name, sizeof(ifr.ifr_name));
	if (ioctl(tap->watch, SIOCGIFMTU, &ifr) < 0) {
		code = mk_fail_errno(err, MK_E_SYSTEM,
				     "the tap %s does not tell its MTU", name);
		goto close;
	}
	tap->mtu = (unsigned int)ifr.ifr_mtu;
	return 0;

close:
	tap_close(tap);
	return code;
}

void tap_close(struct tap *tap)
{
	while (tap->nr)
		close(tap->fds[--tap->nr]);
	memset(tap->fds, -1, sizeof(tap->fds));
	if (tap->watch >= 0)
		close(tap->watch);
	if (tap->lock >= 0)
		close(tap->lock);
	tap->watch = tap->lock = -1;
}

int tap_offload(struct tap *tap, unsigned int frames, struct mk_error *err)
{
	unsigned int flags = 0;

	/* set_offload() in drivers/net/tun.c refuses all but these mixtures. */
	if (frames & TAP_CSUM) {
		flags = TUN_F_CSUM;
		if (frames & TAP_TSO4)
			flags |= TUN_F_TSO4;
		if (frames & TAP_TSO6)
			flags |= TUN_F_TSO6;
		if (frames & TAP_ECN && frames & (TAP_TSO4 | TAP_TSO6))
			flags |= TUN_F_TSO_ECN;
		if (frames & TAP_USO && tap->uso)
			flags |= TUN_F_USO4 | TUN_F_USO6;
	}
	/* It is the interface's, not the queue's. */
	if (ioctl(tap->fds[0], TUNSETOFFLOAD, flags) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "the tap %s refuses the offloads %#x",
				     tap->name, flags);
	return 0;
}

static int attach(const struct tap *tap, unsigned int queue, bool on,
		  struct mk_error *err)
{
	struct ifreq ifr = {
		.ifr_flags = on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE,
	};

	if (ioctl(tap->fds[queue], TUNSETQUEUE, &ifr) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "the tap %s does not %s its queue %u",
				     tap->name, on ? "attach" : "detach",
				     queue);
	return 0;
}

int tap_use(struct tap *tap, unsigned int nr, struct mk_error *err)
{
	unsigned int before = tap->used;
	int code;

	if (nr < 1 || nr > tap->nr)
		return mk_fail(err, MK_E_CALL, "the tap %s has no %u queues",
			       tap->name, nr);
	while (tap->used != nr) {
		bool on = tap->used < nr;

		code = attach(tap, on ? tap->used : tap->used - 1, on, err);
		if (code)
			goto undo;
		tap->used += on ? 1 : -1;
	}
	return 0;

undo:
	while (tap->used != before) {
		bool on = tap->used < before;

		if (attach(tap, on ? tap->used : tap->used - 1, on, NULL))
			break;
		tap->used += on ? 1 : -1;
	}
	return code;
}

enum tap_state tap_look(const struct tap *tap)
{
	struct ifreq ifr = { 0 };
	char news[4096];
	int i;

	/*
	 * What it says is not read: the tap itself knows better, also when news
	 * were lost (ENOBUFS).  Bounded, for others cause news too.
	 */
	for (i = 0; i < 64; i++)
		if (recv(tap->watch, news, sizeof(news), MSG_TRUNC) < 0 &&
		    errno != ENOBUFS)
			break;
	/* By descriptor, so it is this one, whatever it is called by now. */
	if (ioctl(tap->fds[0], TUNGETIFF, &ifr) < 0)
		return errno == EBADFD ? TAP_GONE : TAP_UNKNOWN;
	if (ioctl(tap->watch, SIOCGIFFLAGS, &ifr) < 0)
		return TAP_UNKNOWN;
	return ifr.ifr_flags & IFF_UP ? TAP_UP : TAP_DOWN;
}
