// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzer does to descriptors besides commands: memory, mappings,
 * ports, bindings, and the descriptors as such.
 */
#include "mkfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <multikernel/wire.h>

/* --- places ---------------------------------------------------------------- */

/* Mostly one that is open, or hardly a call would reach the module. */
static int pick(struct worker *w, int from, int number)
{
	int tries = one_in(w, 12) ? 1 : 10, fd = from;

	while (tries--) {
		fd = from + below(w, number);
		if (fcntl(fd, F_GETFD) >= 0)
			break;
	}
	return fd;
}

int machine_fd(struct worker *w)
{
	return pick(w, MACHINE_FD, PLACES);
}

int target_fd(struct worker *w, enum target target)
{
	return pick(w, TARGET_FD + PLACES * target, PLACES);
}

int other_fd(struct worker *w)
{
	return pick(w, OTHER_FD, OTHERS);
}

static void place(int fd, int number)
{
	if (fd < 0)
		return;
	dup3(fd, number, O_CLOEXEC);
	close(fd);
}

void place_target(struct worker *w, enum target target, int fd)
{
	place(fd, TARGET_FD + PLACES * target + below(w, PLACES));
}

void place_other(struct worker *w, int fd)
{
	/* not over the eventfds */
	place(fd, OTHER_FD + 4 + below(w, OTHERS - 4));
}

/* --- memory ---------------------------------------------------------------- */

/*
 * Where a test may write: the second MiB of each chunk and the hand-off page
 * of a tiny spawn, anything of what never runs, nothing of the real one.
 * Returns the length, 0 if there is none.
 */
static size_t writable(struct worker *w, enum target target, off_t *at)
{
	size_t length = 1 + below(w, one_in(w, 4) ? 300000 : 5000);
	off_t chunk = below(w, 5) * (off_t)TINY_CHUNK, in;

	if (target == DEEP)
		return 0;
	if (!is_tiny(target)) {
		*at = chunk + below(w, TINY_CHUNK);
		return length;
	}
	if (one_in(w, 3)) {
		/* the spawn's half of the page, mostly */
		in = below(w, 4) ? 0x800 + below(w, 0x50)
				 : below(w, MKW_HANDOFF_BYTES - 8);
		*at = chunk + TINY_HANDOFF + (in & ~3);
		return 4;
	}
	/* indices of the rings, doorbells, and which CPU is ready for an NMI */
	in = one_in(w, 2) ? below(w, TINY_OWN)
			  : (off_t[]){ 0x800, 0x840, MKW_CHANNEL_LINES + 0x4000,
				       MKW_CHANNEL_REPORTS + 0x40,
				       MKW_CHANNEL_TO_HOST }[below(w, 5)];
	if (length > (size_t)(TINY_OWN - in))
		length = TINY_OWN - in;
	*at = chunk + TINY_OWN + in;
	return length;
}

static uint8_t *noise_bytes(struct worker *w)
{
	static __thread uint8_t bytes[1 << 19];
	unsigned int i;

	for (i = 0; i < 64; i++)
		bytes[below(w, sizeof(bytes))] = random_of(w);
	/* often small numbers, which mean something */
	bytes[0] = below(w, 5);
	memset(bytes + 1, 0, below(w, 2) * 7);
	return bytes;
}

static void do_read(struct worker *w, enum target target)
{
	static const off_t places[] = {
		0,	   1,	      4095,	 2 << 20, (8 << 20) - 1,
		1LL << 40, INT64_MAX, INT64_MIN, -1
	};
	off_t at = one_in(w, 2) ? places[below(w, 9)] : below(w, 9 << 20);
	int fd = target_fd(w, target);
	size_t length = below(w, 1 << 19);
	uint8_t *to = noise_bytes(w);
	struct iovec v[2] = { { to, length / 2 },
			      { to + length / 2, length - length / 2 } };

	switch (below(w, 6)) {
	case 0:
		read(fd, to, length);
		break;
	case 1:
		pread(fd, to, length, at);
		break;
	case 2:
		preadv2(fd, v, 2, at, below(w, 2) ? 0 : 1 << below(w, 6));
		break;
	case 3: /* over the end of what is mapped, or not even there */
		pread(fd, w->pages.good + 4096 - below(w, 4096), length, at);
		break;
	case 4:
		pread(fd, below(w, 2) ? w->pages.none : w->pages.read_only,
		      below(w, 2) ? length : SIZE_MAX >> below(w, 20), at);
		break;
	default:
		lseek(fd, at, below(w, 6));
	}
}

static void do_write(struct worker *w, enum target target)
{
	int fd = target_fd(w, target);
	off_t at;
	size_t length = writable(w, target, &at);
	uint8_t *from = noise_bytes(w);
	struct iovec v[2] = { { from, length / 2 },
			      { from + length / 2, length - length / 2 } };

	if (!length)
		return;
	switch (below(w, 5)) {
	case 0:
		pwritev2(fd, v, 2, at, 0);
		break;
	case 1: /* the source ends on the way */
		pwrite(fd, w->pages.good + 4096 - length % 4096, length, at);
		break;
	case 2:
		pwrite(fd, w->pages.none, length, at);
		break;
	default:
		pwrite(fd, from, length, at);
	}
}

/* --- mappings -------------------------------------------------------------- */

static void touch(struct worker *w, int n)
{
	volatile uint8_t *at = w->maps[n].at;
	size_t i = below(w, w->maps[n].length);

	if (!at)
		return;
	/* SIGBUS when the instance is gone, SIGSEGV when the mapping is */
	if (sigsetjmp(w->back, 1)) {
		w->guarded = 0;
		__atomic_add_fetch(&shared->signals, 1, __ATOMIC_RELAXED);
		return;
	}
	w->guarded = 1;
	if (w->maps[n].write && one_in(w, 2))
		at[i] = random_of(w);
	else
		(void)at[i];
	w->guarded = 0;
}

static void do_map(struct worker *w, enum target target)
{
	int n = below(w, MAPS), fd = target_fd(w, target);
	bool write = one_in(w, 2);
	off_t at = below(w, 1 << 11) * 4096;
	size_t length = (1 + below(w, one_in(w, 3) ? 512 : 4)) * 4096;
	int flags = one_in(w, 6) ? MAP_PRIVATE : MAP_SHARED;
	int protection = PROT_READ;
	void *mapped;

	if (write && is_tiny(target)) {
		/* what may be written to, no more */
		at = below(w, 4) * (off_t)TINY_CHUNK + TINY_OWN;
		length = (1 + below(w, TINY_OWN / 4096)) * 4096;
	}
	if (target == DEEP)
		write = false;
	if (write)
		protection |= PROT_WRITE;
	if (one_in(w, 10))
		protection |= PROT_EXEC;
	if (one_in(w, 6))
		flags |= MAP_POPULATE;
	if (one_in(w, 12))
		length = SIZE_MAX >> below(w, 40) & ~4095ULL;
	if (one_in(w, 12))
		at = INT64_MAX & ~4095;
	mapped = mmap(NULL, length, protection, flags, fd, at);
	if (mapped == MAP_FAILED)
		return;
	if (w->maps[n].at)
		munmap(w->maps[n].at, w->maps[n].length);
	w->maps[n].at = mapped;
	w->maps[n].length = length;
	w->maps[n].write = write;
	touch(w, n);
}

/* A child that has the mapping, too, and may outlive the instance. */
static void fork_with(struct worker *w, int n)
{
	uint32_t random = random_of(w);
	pid_t child = fork();

	if (child == 0) {
		/* handlers of this thread's, in a process of its own */
		touch(w, n);
		usleep(random % 50000);
		touch(w, n);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void do_mapping(struct worker *w)
{
	int n = below(w, MAPS);
	uint8_t *at = w->maps[n].at;
	size_t length = w->maps[n].length;
	struct iovec v = { at, length < 65536 ? length : 65536 };
	unsigned char resident[16];
	int fds[2];
	void *to;

	if (!at)
		return;
	switch (below(w, 12)) {
	case 0:
		munmap(at, length);
		w->maps[n].at = NULL;
		break;
	case 1: /* smaller, larger, elsewhere */
		to = mremap(at, length, (1 + below(w, 16)) * 4096,
			    MREMAP_MAYMOVE);
		if (to != MAP_FAILED) {
			/* it may have grown into what must not be written */
			mprotect(to, 65536, PROT_READ);
			munmap(to, 65536);
			w->maps[n].at = NULL;
		}
		break;
	case 2:
		mprotect(at, length, PROT_READ | PROT_EXEC);
		mprotect(at, length, PROT_READ);
		w->maps[n].write = false;
		break;
	case 3:
		madvise(at, length, below(w, 26));
		break;
	case 4:
		msync(at, length, MS_SYNC);
		mincore(at, length < 65536 ? length : 65536, resident);
		break;
	case 5:
		if (one_in(w, 2))
			fork_with(w, n);
		break;
	case 6: /* a hold on the pages, which outlives the instance */
		if (!pipe2(fds, O_NONBLOCK | O_CLOEXEC)) {
			vmsplice(fds[1], &v, 1, SPLICE_F_NONBLOCK);
			place_other(w, fds[0]);
			close(fds[1]);
		}
		break;
	case 7:
		mlock(at, length < 65536 ? length : 65536);
		break;
	case 8: /* from and to itself, through another way of access */
		process_vm_readv(getpid(), &v, 1, &v, 1, 0);
		break;
	case 9: /* the memory as an argument */
		ioctl(machine_fd(w), MK_IOC_NEXT, at);
		break;
	default:
		touch(w, n);
	}
}

/* --- ports, bindings, eventfds --------------------------------------------- */

static void do_other(struct worker *w)
{
	int fd = other_fd(w);
	uint8_t *bytes = noise_bytes(w);
	uint64_t one = 1;

	switch (below(w, 12)) {
	case 0:
	case 1:
	case 2: /* a message, to a port */
		write(fd, bytes, one_in(w, 8) ? 65537 : below(w, 65537));
		break;
	case 3:
		read(fd, bytes, below(w, 70000));
		break;
	case 4: /* a signal, to an eventfd that may be bound */
		write(OTHER_FD + below(w, 4), &one, 8);
		break;
	case 5:
		read(fd, w->pages.none, 4096);
		write(fd, w->pages.none, 4096);
		break;
	case 6:
		pread(fd, bytes, 4096, below(w, 4096));
		lseek(fd, below(w, 4096), SEEK_SET);
		break;
	case 7:
		ioctl(fd, _IOC(below(w, 4), MK_IOC_TYPE, below(w, 96), 40),
		      bytes);
		break;
	case 8:
		place(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		      OTHER_FD + below(w, 4));
		break;
	case 9:
		splice(fd, NULL, other_fd(w), NULL, 4096, SPLICE_F_NONBLOCK);
		break;
	default:
		close(fd);
	}
}

/* --- descriptors as such --------------------------------------------------- */

static int any_fd(struct worker *w, enum target target)
{
	switch (below(w, 6)) {
	case 0:
		return machine_fd(w);
	case 1:
	case 2:
		return other_fd(w);
	default:
		return target_fd(w, target);
	}
}

static void do_poll(struct worker *w, enum target target)
{
	struct epoll_event event = { .events = random_of(w), .data.u32 = 1 };
	struct pollfd p[4];
	int i, fd;

	switch (below(w, 4)) {
	case 0:
		fd = epoll_create1(EPOLL_CLOEXEC);
		event.events |= EPOLLIN;
		for (i = 0; i < 3; i++)
			epoll_ctl(fd, EPOLL_CTL_ADD, any_fd(w, target), &event);
		epoll_wait(fd, &event, 1, below(w, 20));
		place_other(w, fd);
		break;
	case 1:
		epoll_ctl(other_fd(w), 1 + below(w, 3), any_fd(w, target),
			  &event);
		break;
	default:
		for (i = 0; i < 4; i++) {
			p[i].fd = any_fd(w, target);
			p[i].events = random_of(w);
		}
		poll(p, 4, below(w, 30));
	}
}

/* Through a socket, to the same place; or left on the way. */
static void pass(struct worker *w, enum target target)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr message = { .msg_iov = &v,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int pair[2], fd = target_fd(w, target);
	char byte;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(pair[0], &message, 0) == 1 && one_in(w, 2)) {
		v.iov_base = &byte;
		if (recvmsg(pair[1], &message,
			    MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1 &&
		    message.msg_controllen >= CMSG_LEN(sizeof(int))) {
			memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
			place_target(w, target, fd);
		}
	}
	close(pair[0]);
	close(pair[1]);
}

static void do_descriptor(struct worker *w, enum target target)
{
	int fd = any_fd(w, target), from;
	struct stat st;
	char path[40];

	switch (below(w, 12)) {
	case 0:
		close(machine_fd(w));
		break;
	case 1:
		close(target_fd(w, target));
		break;
	case 2: /* within its places */
		from = target_fd(w, target);
		dup3(from, TARGET_FD + PLACES * target + below(w, PLACES),
		     O_CLOEXEC);
		break;
	case 3:
		pass(w, target);
		break;
	case 4:
		place(open("/dev/multikernel",
			   (one_in(w, 4) ? O_RDONLY : O_RDWR) | O_CLOEXEC |
				   (one_in(w, 4) ? O_NONBLOCK : 0)),
		      MACHINE_FD + below(w, PLACES));
		break;
	case 5:
		fcntl(fd, F_SETFL, random_of(w) & (O_NONBLOCK | O_APPEND));
		fcntl(fd, F_SETOWN, getpid());
		break;
	case 6:
		fsync(fd);
		ftruncate(fd, below(w, 4096));
		fallocate(fd, below(w, 4), 0, 4096);
		break;
	case 7:
		sendfile(other_fd(w), target_fd(w, target), NULL,
			 below(w, 8192));
		break;
	case 8:
		fstat(fd, &st);
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		from = open(path, O_RDONLY | O_CLOEXEC);
		if (from >= 0) {
			read(from, noise_bytes(w), 4096);
			close(from);
		}
		break;
	case 9: /* it cannot be opened again by its name */
		snprintf(path, sizeof(path), "/proc/self/fd/%d",
			 target_fd(w, target));
		place_target(w, target, open(path, O_RDWR | O_CLOEXEC));
		break;
	case 10:
		ioctl(fd, below(w, 2) ? 0x5421 : 0x5452, noise_bytes(w));
		break;
	default:
		from = open("/proc/multikernel", O_RDONLY | O_CLOEXEC);
		if (from >= 0) {
			while (read(from, noise_bytes(w), 1 + below(w, 500)) >
			       0)
				;
			close(from);
		}
	}
}

/*
 * A whole life, all of it good but for what others do to it meanwhile: random
 * calls alone seldom delete what is mapped, polled and read.
 */
static void live(struct worker *w, enum target target)
{
	int n;

	if (target == DEEP || !w->creates_left)
		return;
	w->creates_left--;
	fuzz_plain(w, target, MK_IOC_CREATE);
	fuzz_plain(w, target, MK_IOC_OPEN);
	for (n = below(w, 4); n > 0; n--)
		do_map(w, target);
	fuzz_load(w, target);
	if (is_tiny(target))
		fuzz_plain(w, target, MK_IOC_START);
	for (n = below(w, 3); n > 0; n--)
		do_mapping(w);
	if (one_in(w, 2))
		fuzz_plain(w, target, MK_IOC_KILL);
	fuzz_plain(w, target, MK_IOC_DELETE);
	for (n = 0; n < MAPS; n++)
		touch(w, n);
	do_read(w, target);
}

/* There is hardly one to call: find it, or make it. */
static void appear(struct worker *w, enum target target)
{
	unsigned int n = below(w, 8);

	if (target == DEEP || n < 4)
		fuzz_plain(w, target, MK_IOC_OPEN);
	else if (n < 6)
		fuzz_create(w, target);
	if (is_tiny(target) && n >= 5) {
		fuzz_load(w, target);
		fuzz_plain(w, target, MK_IOC_START);
	}
}

void fuzz_call(struct worker *w)
{
	/* the tiny ones are where most can happen */
	static const uint8_t targets[] = { TINY_A,  TINY_A,  TINY_A, TINY_A,
					   TINY_B,  TINY_B,  RAW,    STORE_A,
					   STORE_A, STORE_B, DEEP,   DEEP };
	enum target target = targets[below(w, sizeof(targets))];
	unsigned int what = below(w, 100);

	__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
	if (fcntl(target_fd(w, target), F_GETFD) < 0 && one_in(w, 2))
		appear(w, target);
	else if (what < 2)
		live(w, target);
	else if (what < 8)
		fuzz_machine(w);
	else if (what < 11)
		fuzz_create(w, target == DEEP ? RAW : target);
	else if (what < 15)
		fuzz_open(w, target);
	else if (what < 51)
		fuzz_instance(w, target);
	else if (what < 56)
		fuzz_load(w, target);
	else if (what < 59)
		fuzz_number(w);
	else if (what < 64)
		do_read(w, target);
	else if (what < 71)
		do_write(w, target);
	else if (what < 77)
		do_map(w, target);
	else if (what < 84)
		do_mapping(w);
	else if (what < 91)
		do_other(w);
	else if (what < 95)
		do_poll(w, target);
	else
		do_descriptor(w, target);
}
