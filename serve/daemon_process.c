// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes of daemons: started, found again, ended.
 *
 * A pid is used to open a pidfd and for nothing else; that the pidfd is of the
 * process that was meant is checked after it is open.
 */
#include "daemon.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define END_MS	    5000 /* after SIGTERM, and again after SIGKILL */
#define WORDS_READ  2048 /* of the end of a log */
#define WORDS_ROOM  (64 << 10) /* for messages that nobody has read yet */
#define WORDS_SEALS (F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int open_pidfd(int32_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void send_signal(const struct daemon_process *process, int number)
{
	if (process->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, process->pidfd, number, NULL, 0);
}

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* Field 22 of /proc/PID/stat (proc(5)); 0 if there is no such process. */
static uint64_t start_time(int32_t pid)
{
	char path[64], text[1024], *p;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_text(path, text, sizeof(text)))
		return 0;
	/* The name may have spaces and brackets: only its last one counts. */
	p = strrchr(text, ')');
	for (field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

static bool executable(int32_t pid, uint64_t *device, uint64_t *inode)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) < 0)
		return false;
	*device = st.st_dev;
	*inode = st.st_ino;
	return true;
}

bool daemon_alive(const struct daemon_process *process)
{
	struct pollfd pfd = { .fd = process->pidfd, .events = POLLIN };

	return process->pidfd >= 0 && poll(&pfd, 1, 0) == 0;
}

static bool wait_end(const struct daemon_process *process, int timeout_ms)
{
	struct pollfd pfd = { .fd = process->pidfd, .events = POLLIN };
	struct timespec now;
	int64_t end, left = timeout_ms;

	if (process->pidfd < 0)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + timeout_ms;
	while (left > 0) {
		if (poll(&pfd, 1, (int)left) > 0)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = end - now.tv_sec * 1000LL - now.tv_nsec / 1000000;
	}
	return false;
}

bool daemon_find(struct daemon_process *process)
{
	uint64_t device = 0, inode = 0;
	bool same, exits = false;

	process->pidfd = process->pid > 1 ? open_pidfd(process->pid) : -1;
	if (process->pidfd < 0)
		return false;
	same = start_time(process->pid) == process->start;
	if (same && !executable(process->pid, &device, &inode))
		/* Its memory is gone first, its files and locks after it. */
		exits = true;
	same = same && device == process->exe_device &&
	       inode == process->exe_inode;
	/* Alive now: what was read above was about the pidfd's process. */
	if (same && daemon_alive(process))
		return true;
	if (exits)
		wait_end(process, END_MS);
	close(process->pidfd);
	process->pidfd = -1;
	return false;
}

struct daemon_process daemon_child(const struct daemon_process *process)
{
	struct daemon_process child = DAEMON_NO_PROCESS;
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", process->pid,
		 process->pid);
	if (!read_text(path, text, sizeof(text)))
		return child;
	child.pid = (int32_t)strtol(text, NULL, 10);
	child.start = child.pid > 1 ? start_time(child.pid) : 0;
	if (!child.start ||
	    !executable(child.pid, &child.exe_device, &child.exe_inode) ||
	    !daemon_find(&child))
		return DAEMON_NO_PROCESS;
	return child;
}

static int spawn(int32_t *pid, char *const *argv, const int *inherited,
		 unsigned int nr_inherited, int output)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	extern char **environ;
	unsigned int i;
	int e;

	if (posix_spawn_file_actions_init(&actions))
		return ENOMEM;
	e = posix_spawnattr_init(&attributes);
	if (e)
		goto destroy_actions;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	/* Its own session: a terminal's signals are not for it. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID |
						      POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	e = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY,
					     0);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&actions, output, 1);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&actions, output, 2);
	/* A dup2 to the same number takes close-on-exec away. */
	for (i = 0; !e && i < nr_inherited; i++)
		e = posix_spawn_file_actions_adddup2(&actions, inherited[i],
						     inherited[i]);
	if (!e)
		e = posix_spawn(pid, argv[0], &actions, &attributes, argv,
				environ);
	posix_spawnattr_destroy(&attributes);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
	return e;
}

int daemon_spawn(struct daemon_process *process, char *const *argv,
		 const int *inherited, unsigned int nr_inherited, int log,
		 struct mk_error *err)
{
	*process = DAEMON_NO_PROCESS;
	errno = spawn(&process->pid, argv, inherited, nr_inherited, log);
	if (errno == ENOENT)
		return mk_fail(err, MK_E_NOTFOUND,
			       "%s is not there: install it", argv[0]);
	if (errno)
		return mk_fail_errno(err, MK_E_SYSTEM, "start %s", argv[0]);
	/* Our child: its pid is its own until we have waited for it. */
	process->pidfd = open_pidfd(process->pid);
	process->start = start_time(process->pid);
	if (process->pidfd < 0) {
		mk_fail_errno(err, MK_E_SYSTEM, "pidfd_open of %s", argv[0]);
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
		return MK_E_SYSTEM;
	}
	/* Not there if it has ended already, which the connection will say. */
	executable(process->pid, &process->exe_device, &process->exe_inode);
	return 0;
}

static void forget(struct daemon_process *process)
{
	siginfo_t info;

	if (process->pidfd >= 0) {
		/* ECHILD if an earlier supervisor started it: init reaps. */
		waitid((idtype_t)P_PIDFD, (id_t)process->pidfd, &info,
		       WEXITED | WNOHANG);
		close(process->pidfd);
	}
	*process = DAEMON_NO_PROCESS;
}

bool daemon_end(struct daemon_process *process, struct daemon_process *child,
		bool politely)
{
	bool ended = false;

	if (politely) {
		send_signal(process, SIGTERM);
		ended = wait_end(process, END_MS) && wait_end(child, END_MS);
	}
	if (!ended) {
		send_signal(child, SIGKILL);
		send_signal(process, SIGKILL);
		ended = wait_end(process, END_MS) && wait_end(child, END_MS);
	}
	forget(child);
	forget(process);
	return ended;
}

/*
 * The path of descriptor @fd of @pid, or "self"; without " (deleted)", and
 * without what says that it is one of daemon_words_open().
 */
static bool name_file(const char *pid, int fd, char *name, size_t size)
{
	static const char deleted[] = " (deleted)", words[] = "/memfd:";
	const size_t tail = sizeof(deleted) - 1, head = sizeof(words) - 1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/fd/%d", pid, fd);
	n = readlink(path, name, size - 1);
	if (n <= 0)
		return false;
	name[n] = '\0';
	if ((size_t)n > tail && strcmp(name + n - tail, deleted) == 0)
		name[(size_t)n - tail] = '\0';
	if (strncmp(name, words, head) == 0)
		memmove(name, name + head, strlen(name + head) + 1);
	return name[0] == '/';
}

int daemon_words_open(int log, struct mk_error *err)
{
	char name[PATH_MAX];
	int fd;

	if (!name_file("self", log, name, sizeof(name)))
		return mk_fail(err, MK_E_SYSTEM,
			       "/proc does not tell the "
			       "name of a log");
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "memfd_create %s", name);
	if (ftruncate(fd, WORDS_ROOM) < 0 ||
	    fcntl(fd, F_ADD_SEALS, WORDS_SEALS) < 0) {
		mk_fail_errno(err, MK_E_SYSTEM, "seal the messages of %s",
			      name);
		close(fd);
		return MK_E_SYSTEM;
	}
	return fd;
}

bool daemon_words_is(int fd)
{
	return fcntl(fd, F_GET_SEALS) == WORDS_SEALS;
}

/* The offset is the daemon's, too: what is before it has been said. */
bool daemon_words_keep(int words, int log, off_t most)
{
	off_t end = lseek(words, 0, SEEK_CUR), at = 0;
	bool kept = true;
	struct stat st;
	char bytes[4096];
	ssize_t n;

	if (end <= 0)
		return true;
	if (end > WORDS_ROOM)
		end = WORDS_ROOM;
	if (fstat(log, &st) == 0 && st.st_size > most - end)
		kept = ftruncate(log, 0) < 0;
	while (at < end) {
		n = end - at < (off_t)sizeof(bytes) ? (ssize_t)(end - at)
						    : (ssize_t)sizeof(bytes);
		n = pread(words, bytes, (size_t)n, at);
		if (n <= 0 || write(log, bytes, (size_t)n) != n)
			break;
		at += n;
	}
	/* What is said at this moment may be lost. */
	lseek(words, 0, SEEK_SET);
	return kept;
}

/* @log: a file; or, with a '/' at its end, any log of a daemon in there. */
static bool writes_to(int32_t pid, const char *log)
{
	static const char ending[] = ".log";
	const size_t tail = sizeof(ending) - 1, n = strlen(log);
	char number[16], name[PATH_MAX];

	snprintf(number, sizeof(number), "%d", pid);
	if (!name_file(number, 2, name, sizeof(name)))
		return false;
	if (log[n - 1] != '/')
		return strcmp(name, log) == 0;
	return strncmp(name, log, n) == 0 && !strchr(name + n, '/') &&
	       strlen(name) > n + tail &&
	       strcmp(name + strlen(name) - tail, ending) == 0;
}

static unsigned int end_who_writes_to(const char *log)
{
	struct daemon_process found = DAEMON_NO_PROCESS,
			      child = DAEMON_NO_PROCESS;
	struct dirent *entry;
	unsigned int n = 0;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		found.pid = (int32_t)strtol(entry->d_name, NULL, 10);
		if (found.pid == getpid() || !writes_to(found.pid, log))
			continue;
		found.pidfd = open_pidfd(found.pid);
		/* Once more: it is the one that the pidfd is of. */
		if (found.pidfd >= 0 && writes_to(found.pid, log) &&
		    daemon_alive(&found))
			n += daemon_end(&found, &child, false);
		else
			forget(&found);
	}
	if (proc)
		closedir(proc);
	return n;
}

unsigned int daemon_end_leftovers(int log)
{
	char name[PATH_MAX];

	return name_file("self", log, name, sizeof(name))
		       ? end_who_writes_to(name)
		       : 0;
}

unsigned int daemon_end_of(const char *folder, const char *kind,
			   unsigned int number)
{
	char name[PATH_MAX + 1];
	size_t n;

	if (!realpath(folder, name))
		return 0;
	n = strlen(name);
	if ((size_t)snprintf(name + n, sizeof(name) - n, "/%s-%u.log", kind,
			     number) >= sizeof(name) - n)
		return 0;
	return end_who_writes_to(name);
}

unsigned int daemon_end_all(const char *folder)
{
	char name[PATH_MAX + 1];

	if (!realpath(folder, name))
		return 0;
	strcat(name, "/");
	return end_who_writes_to(name);
}

void daemon_verdict(const struct daemon_process *process, char *text,
		    size_t size)
{
	siginfo_t info = { 0 };

	if (process->pidfd < 0 || !wait_end(process, 200))
		snprintf(text, size, "closed the connection");
	else if (waitid((idtype_t)P_PIDFD, (id_t)process->pidfd, &info,
			WEXITED | WNOHANG | WNOWAIT) < 0 ||
		 info.si_pid == 0)
		snprintf(text, size, "ended");
	else if (info.si_code == CLD_EXITED)
		snprintf(text, size, "ended with status %d", info.si_status);
	else
		snprintf(text, size, "was ended by signal %d (%s)",
			 info.si_status, strsignal(info.si_status));
}

void daemon_last_words(int log, char *text, size_t size)
{
	char bytes[WORDS_READ + 1], *line, *p;
	off_t end = lseek(log, 0, SEEK_END);
	ssize_t n;

	text[0] = '\0';
	if (end <= 0)
		return;
	n = pread(log, bytes, WORDS_READ,
		  end > WORDS_READ ? end - WORDS_READ : 0);
	while (n > 0 && isspace((unsigned char)bytes[n - 1]))
		n--;
	if (n <= 0)
		return;
	bytes[n] = '\0';
	/* The last two lines; the cause is often the one before the last. */
	line = memrchr(bytes, '\n', (size_t)n);
	if (line && line > bytes)
		p = memrchr(bytes, '\n', (size_t)(line - bytes));
	else
		p = NULL;
	line = p ? p + 1 : bytes;
	for (p = line; *p; p++)
		if (*p == '\n')
			*p = ';';
		else if (!isprint((unsigned char)*p))
			*p = '?';
	snprintf(text, size, "%s", line);
}

int daemon_ask(char *const *argv, int timeout_ms, char *text, size_t size,
	       struct mk_error *err)
{
	struct daemon_process process, none = DAEMON_NO_PROCESS;
	struct pollfd pfd = { .events = POLLIN };
	size_t have = 0;
	int pipes[2], e;
	ssize_t n = 1;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "pipe");
	e = daemon_spawn(&process, argv, NULL, 0, pipes[1], err);
	close(pipes[1]);
	if (e) {
		close(pipes[0]);
		return e;
	}
	pfd.fd = pipes[0];
	while (n > 0 && have < size - 1 && poll(&pfd, 1, timeout_ms) > 0) {
		n = read(pipes[0], text + have, size - 1 - have);
		if (n > 0)
			have += (size_t)n;
	}
	text[have] = '\0';
	close(pipes[0]);
	wait_end(&process, n == 0 ? timeout_ms : 0);
	daemon_end(&process, &none, false);
	if (n == 0)
		return 0;
	return mk_fail(err, MK_E_UNKNOWN,
		       "%s %s did not end within %d ms, or says too much",
		       argv[0], argv[1] ? argv[1] : "", timeout_ms);
}
