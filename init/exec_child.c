// SPDX-License-Identifier: GPL-2.0-only
/* Starting the command of a session: its streams, user, folder, environment. */
#include "exec_session.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define PATH_DEFAULT \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Theirs are the command's ends. */
struct streams {
	int theirs[3];
};

static char *variables[MKX_STRINGS_MAX + 16];
static size_t nr_variables;

/* A later one replaces an earlier one of the same name. */
static void set_variable(char *variable)
{
	size_t n = strcspn(variable, "=") + 1, i;

	for (i = 0; i < nr_variables; i++)
		if (!strncmp(variables[i], variable, n))
			break;
	variables[i] = variable;
	if (i == nr_variables)
		nr_variables++;
}

static void make_environment(const struct mk_exec_run *run,
			     struct exec_user *user)
{
	static char home[sizeof(user->home) + 8], name[sizeof(user->name) + 8],
		logname[sizeof(user->name) + 8], shell[sizeof(user->shell) + 8],
		path[] = PATH_DEFAULT;
	size_t i;

	snprintf(home, sizeof(home), "HOME=%s", user->home);
	snprintf(name, sizeof(name), "USER=%s", user->name);
	snprintf(logname, sizeof(logname), "LOGNAME=%s", user->name);
	snprintf(shell, sizeof(shell), "SHELL=%s", user->shell);
	set_variable(path);
	set_variable(home);
	set_variable(name);
	set_variable(logname);
	set_variable(shell);
	for (i = 0; i < run->nr_vars; i++)
		set_variable((char *)run->vars[i]);
}

/* Of the spawn, or of a devpts of our own where none is mounted. */
static int open_ptmx(void)
{
	int fd, fs, mount = -1;

	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	fs = fsopen("devpts", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mount >= 0) {
		fd = openat(mount, "ptmx",
			    O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
		close(mount);
	}
	close(fs);
	return fd;
}

static bool open_tty(const struct mk_exec_run *run, struct exec_child *child,
		     struct streams *s)
{
	struct winsize size = { .ws_row = run->rows, .ws_col = run->columns };
	int master = open_ptmx(), locked = 0, slave;

	if (master < 0)
		return false;
	if (ioctl(master, TIOCSPTLCK, &locked))
		return false;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return false;
	if (size.ws_row && size.ws_col)
		ioctl(master, TIOCSWINSZ, &size);
	s->theirs[0] = s->theirs[1] = s->theirs[2] = slave;
	child->out = master;
	if (run->input)
		child->in = fcntl(master, F_DUPFD_CLOEXEC, 3);
	return !run->input || child->in >= 0;
}

/* Ours does not block; theirs does, as a command expects. */
static bool open_pipe(int *ours, int *theirs, bool they_read)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return false;
	*ours = ends[they_read ? 1 : 0];
	*theirs = ends[they_read ? 0 : 1];
	return !fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static bool open_pipes(const struct mk_exec_run *run, struct exec_child *child,
		       struct streams *s)
{
	int none;

	if (!open_pipe(&child->out, &s->theirs[1], false) ||
	    !open_pipe(&child->err, &s->theirs[2], false))
		return false;
	if (run->input)
		return open_pipe(&child->in, &s->theirs[0], true);
	s->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (s->theirs[0] >= 0)
		return true;
	/* A root without /dev: what can be read from ends at once, too. */
	if (!open_pipe(&none, &s->theirs[0], true))
		return false;
	close(none);
	return true;
}

/* ---- in the child ---- */

static void report(int fd, unsigned int why, int error)
{
	struct mkx_failed failed = { why, (uint32_t)error };

	if (write(fd, &failed, sizeof(failed)) < 0)
		_exit(1);
	_exit(1);
}

static bool become(const struct exec_user *user)
{
	return !setgroups(user->nr_groups, user->groups) &&
	       !setresgid(user->gid, user->gid, user->gid) &&
	       !setresuid(user->uid, user->uid, user->uid);
}

static void take_streams(const struct mk_exec_run *run, const struct streams *s,
			 const struct exec_user *user)
{
	int i;

	if (run->tty) {
		ioctl(s->theirs[0], TIOCSCTTY, 0);
		/* So that the user's programs may open it by name. */
		(void)!fchown(s->theirs[0], user->uid, (gid_t)-1);
		(void)!fchmod(s->theirs[0], 0620);
	}
	for (i = 0; i < 3; i++)
		dup2(s->theirs[i], i);
}

static void become_command(const struct mk_exec_run *run,
			   const struct streams *s,
			   const struct exec_user *user, int fd, pid_t parent)
{
	setsid();
	take_streams(run, s, user);
	signal(SIGPIPE, SIG_DFL);
	if (!become(user))
		report(fd, MKX_WHY_USER, errno);
	/* After the change of the user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (*run->folder ? chdir(run->folder) : chdir(user->home) && chdir("/"))
		report(fd, MKX_WHY_FOLDER, errno);
	environ = variables;
	execvp(run->args[0], (char **)run->args);
	report(fd,
	       errno == ENOENT || errno == ENOTDIR ? MKX_WHY_MISSING
						   : MKX_WHY_CANNOT,
	       errno);
}

void exec_child_start(int sock, const struct mk_exec_run *run,
		      struct exec_child *child)
{
	static struct exec_user user;
	struct streams s = { { -1, -1, -1 } };
	pid_t self = getpid();
	const char *wrong;
	int ends[2], i;

	child->in = child->out = child->err = -1;
	child->tty = run->tty;
	wrong = exec_user_find(run->user, &user);
	if (wrong)
		exec_fail(sock, MKX_WHY_USER, 0, "-u %.100s: %s", run->user,
			  wrong);
	make_environment(run, &user);
	if (run->tty ? !open_tty(run, child, &s) : !open_pipes(run, child, &s))
		exec_fail(sock, MKX_WHY_SYSTEM, errno,
			  run->tty ? "no pseudo terminal" : "no pipes");
	if (pipe2(ends, O_CLOEXEC))
		exec_fail(sock, MKX_WHY_SYSTEM, errno, "no pipes");
	child->pid = fork();
	if (child->pid == 0)
		become_command(run, &s, &user, ends[1], self);
	if (child->pid < 0)
		exec_fail(sock, MKX_WHY_SYSTEM, errno, "no process");
	close(ends[1]);
	child->report = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	for (i = 0; i < 3; i++)
		if (i == 0 || !run->tty)
			close(s.theirs[i]);
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd < 0) {
		i = errno;
		kill(child->pid, SIGKILL);
		exec_fail(sock, MKX_WHY_SYSTEM, i, "no pidfd");
	}
	fcntl(child->pidfd, F_SETFD, FD_CLOEXEC);
}

/* The session of a process; 0 when it has gone. */
static pid_t session_of(const char *name)
{
	char path[300], text[512], *end;
	int fd, session = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/stat", name);
	fd = openat(exec_proc(), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* The name before it may have anything in it, even ')'. */
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %*c %*d %*d %d", &session) != 1)
		return 0;
	return session;
}

void exec_child_kill_session(const struct exec_child *child, int number)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	kill(-child->pid, number);
	fd = openat(exec_proc(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    session_of(entry->d_name) == child->pid)
			kill(atoi(entry->d_name), number);
	if (dir)
		closedir(dir);
}
