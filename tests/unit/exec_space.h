/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process namespace of the test's own: it is process 1 there, whose root a
 * session enters, and whatever a session leaves behind becomes its child.
 */
#ifndef MK_EXEC_SPACE_H
#define MK_EXEC_SPACE_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* The search for leaks traces its process, which process 1 is exempt from. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/*
 * Returns true in the new process 1; the outer process waits for it, and exits
 * with its status.  False where that is not allowed.
 */
static inline bool own_space(void)
{
	int status;
	pid_t pid;

	if (geteuid() || unshare(CLONE_NEWPID | CLONE_NEWNS))
		return false;
	pid = fork();
	if (pid == 0) {
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/proc", "proc", 0, NULL))
			exit(1);
		return true;
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(1);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Whether no process is left but this one; waits up to 8 seconds. */
static inline bool alone(void)
{
	int tries;

	for (tries = 0; tries < 800; tries++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
		usleep(10000);
	}
	return false;
}

#endif /* MK_EXEC_SPACE_H */
