// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands and copies for the host: who may, and how a session begins.
 *
 * The daemon that forks us lives in the initramfs's root; process 1 has gone
 * on to the spawn's own.  Its root and mount namespace are entered by way of
 * /proc/1, on a proc mount that has no place in any tree.
 */
#include "exec.h"
#include "exec_session.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#define BACKLOG		1024
#define REQUEST_TIME_MS 10000
#define LINGER_MS	2000

static int proc = -1;

/* Sessions that may be alive; see take_place(). */
static pid_t sessions[MKX_SESSIONS];

int64_t exec_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int exec_proc(void)
{
	int fs;

	if (proc >= 0)
		return proc;
	fs = fsopen("proc", FSOPEN_CLOEXEC);
	if (fs >= 0 && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		proc = fsmount(fs, FSMOUNT_CLOEXEC,
			       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				       MOUNT_ATTR_NOEXEC);
	if (fs >= 0)
		close(fs);
	if (proc < 0) /* a container, as in a test */
		proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return proc;
}

int exec_listen(void)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = MKX_PORT };
	int fd, why;

	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !listen(fd, BACKLOG) && exec_proc() >= 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/*
 * A place for one more session, or NULL.  Those that ended are looked for only
 * when the table is full: the daemon need not tell.  A process that has got
 * the id of an ended session meanwhile holds its place; that is rare, and ends.
 */
static pid_t *take_place(void)
{
	size_t i;

	for (i = 0; i < MKX_SESSIONS; i++)
		if (!sessions[i])
			return &sessions[i];
	for (i = 0; i < MKX_SESSIONS; i++)
		if (kill(sessions[i], 0) && errno == ESRCH)
			sessions[i] = 0;
	for (i = 0; i < MKX_SESSIONS; i++)
		if (!sessions[i])
			return &sessions[i];
	return NULL;
}

/* One frame, without waiting: for who has no process to wait in. */
static void refuse(int sock, int error, const char *text)
{
	struct mkx_failed failed = { htole32(MKX_WHY_BUSY),
				     htole32((uint32_t)error) };
	static struct mk_outgoing out;

	out.from = out.to = 0;
	mk_outgoing_put2(&out, MKX_FAILED, &failed, sizeof(failed), text,
			 strlen(text));
	mk_outgoing_flush(&out, sock);
}

void exec_accept(int listener)
{
	struct sockaddr_vm from = { 0 };
	socklen_t length = sizeof(from);
	pid_t *place, pid;
	int sock;

	sock = accept4(listener, (struct sockaddr *)&from, &length,
		       SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return;
	if (length < sizeof(from) || from.svm_family != AF_VSOCK ||
	    from.svm_cid != VMADDR_CID_HOST ||
	    from.svm_port >= MKX_PRIVILEGED) {
		close(sock);
		return;
	}
	place = take_place();
	if (!place) {
		refuse(sock, EAGAIN, "too many commands run in it at once");
		close(sock);
		return;
	}
	pid = fork();
	if (pid == 0)
		exec_session(sock);
	if (pid < 0)
		refuse(sock, errno, "no process for the session");
	else
		*place = pid;
	close(sock);
}

void exec_end(int sock, struct mk_outgoing *out)
{
	struct pollfd p = { .fd = sock };
	int64_t end = exec_now() + LINGER_MS;
	static char rest[4096];
	bool shut = false;
	ssize_t n = 1;

	while (n && exec_now() < end) {
		if (mk_outgoing_flush(out, sock))
			break;
		if (mk_outgoing_empty(out) && !shut)
			shut = !shutdown(sock, SHUT_WR);
		/* As long as the host still reads, its time begins anew. */
		if (!mk_outgoing_empty(out))
			end = exec_now() + LINGER_MS;
		p.events = (short)(POLLIN |
				   (mk_outgoing_empty(out) ? 0 : POLLOUT));
		poll(&p, 1, LINGER_MS);
		n = recv(sock, rest, sizeof(rest), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	_exit(0);
}

void exec_fail(int sock, unsigned int why, int error, const char *format, ...)
{
	struct mkx_failed failed = { htole32(why), htole32((uint32_t)error) };
	static struct mk_outgoing out;
	char text[MKX_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	mk_outgoing_put2(&out, MKX_FAILED, &failed, sizeof(failed), text,
			 strlen(text));
	exec_end(sock, &out);
}

/* Exactly @length bytes, before @end. */
static bool receive(int sock, uint8_t *bytes, size_t length, int64_t end)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int64_t left;
	ssize_t n;

	while (length) {
		n = recv(sock, bytes, length, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
			continue;
		}
		left = end - exec_now();
		if (left <= 0)
			return false;
		poll(&p, 1, (int)left);
	}
	return true;
}

/* Nothing of the daemon's but the two. */
static void close_others(int a, int b)
{
	unsigned int low = (unsigned int)(a < b ? a : b);
	unsigned int high = (unsigned int)(a < b ? b : a);

	if (low > 3)
		syscall(SYS_close_range, 3, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0U, 0);
}

static void reset_process(int sock)
{
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	umask(022);
	fcntl(sock, F_SETFD, FD_CLOEXEC);
	close_others(sock, proc);
	/*
	 * systemd spares a process of root's whose name begins with '@' when
	 * it stops everything (src/shared/killall.c): the daemon wants that, a
	 * session must not hold the root's file systems.
	 */
	if (program_invocation_name[0] == '@')
		program_invocation_name[0] = '-';
	prctl(PR_SET_NAME, "mk-session");
}

/* Process 1's mount namespace, if it is another one, and root. */
static int enter_root(void)
{
	struct stat its, ours;
	int ns, root, result = -1;

	ns = openat(proc, "1/ns/mnt", O_RDONLY | O_CLOEXEC);
	root = openat(proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ns < 0 || root < 0 || fstat(ns, &its) ||
	    fstatat(proc, "self/ns/mnt", &ours, 0))
		goto out;
	if ((its.st_ino != ours.st_ino || its.st_dev != ours.st_dev) &&
	    setns(ns, CLONE_NEWNS))
		goto out;
	if (!fchdir(root) && !chroot("."))
		result = chdir("/");
out:
	if (ns >= 0)
		close(ns);
	if (root >= 0)
		close(root);
	return result;
}

static void run(int sock, const uint8_t *bytes, size_t length)
{
	static const char *pointers[MKX_STRINGS_MAX + 2];
	struct mk_exec_run request;
	const char *wrong;

	wrong = mk_exec_run_parse(bytes, length, pointers, &request);
	if (wrong)
		exec_fail(sock, MKX_WHY_REQUEST, 0, "%s", wrong);
	exec_run(sock, &request);
}

static void copy(int sock, bool put, const uint8_t *bytes, size_t length)
{
	const char *path, *name, *wrong;
	bool recursive;

	wrong = mk_exec_copy_parse(bytes, length, &recursive, &path,
				   put ? &name : NULL);
	if (wrong)
		exec_fail(sock, MKX_WHY_REQUEST, 0, "%s", wrong);
	if (put)
		exec_put(sock, recursive, path, name);
	exec_get(sock, recursive, path);
}

void exec_session(int sock)
{
	uint8_t header[sizeof(struct mkx_frame)], *bytes;
	int64_t end = exec_now() + REQUEST_TIME_MS;
	struct mk_frame frame;

	if (exec_proc() < 0)
		exec_fail(sock, MKX_WHY_SYSTEM, errno, "no proc file system");
	reset_process(sock);
	if (!receive(sock, header, sizeof(header), end))
		_exit(1);
	if (!mk_frame_header(header, &frame) ||
	    (frame.type != MKX_RUN && frame.type != MKX_PUT &&
	     frame.type != MKX_GET))
		exec_fail(sock, MKX_WHY_REQUEST, 0, "not a request");
	bytes = malloc(frame.length);
	if (!bytes)
		exec_fail(sock, MKX_WHY_SYSTEM, errno, "no memory");
	if (!receive(sock, bytes, frame.length, end))
		_exit(1);
	if (enter_root())
		exec_fail(sock, MKX_WHY_SYSTEM, errno,
			  "the root of process 1 cannot be entered");
	if (frame.type == MKX_RUN)
		run(sock, bytes, frame.length);
	copy(sock, frame.type == MKX_PUT, bytes, frame.length);
	_exit(1);
}
