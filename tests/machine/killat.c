// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kill a command at a system call.
 *
 * usage: killat count PATH COMMAND...	run it; print how many stops it made
 *        killat N PATH COMMAND...	kill it at the Nth of them
 *
 * A stop is the entry or the exit of a system call, counted from the first one
 * that names PATH ("" = from the start; PATH also matches as the beginning of
 * a longer path).  Only the process itself is meant and counted: what it
 * starts is neither traced nor killed, as with a "kill -9" of it.
 *
 * "count" prints "N STATUS" on descriptor 3 where that is open, else on
 * standard error.  With N it ends with 137 when it has killed the command, else
 * with the command's status; and tells the system call there.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_LOST 126

static pid_t child;
static const char *path;
static FILE *told;

/* Does this argument of the system call point to a string with that start? */
static int names(uint64_t address)
{
	char text[128] = "";
	struct iovec to = { text, strlen(path) };
	struct iovec from = { (void *)(uintptr_t)address, strlen(path) };

	return process_vm_readv(child, &to, 1, &from, 1, 0) ==
		       (ssize_t)strlen(path) &&
	       !memcmp(text, path, strlen(path));
}

static int begins(const struct user_regs_struct *r)
{
	if (!*path)
		return 1;
	switch (r->orig_rax) {
	case SYS_openat:
	case SYS_mkdirat:
		return names(r->rsi);
	case SYS_open:
	case SYS_mkdir:
		return names(r->rdi);
	}
	return 0;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* Its end, or -1 at a stop of a system call. */
static int go_on(void)
{
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, child, 0, sig) && errno != ESRCH)
			return STATUS_LOST;
		if (waitpid(child, &status, __WALL) != child)
			return STATUS_LOST;
		if (!WIFSTOPPED(status))
			return status_of(status);
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80))
			return -1;
		/* stops of ours, execve's own trap among them, are no signals */
		if (sig == SIGTRAP || status >> 16)
			sig = 0;
	}
}

static int kill_it(long stop, int entry)
{
	struct user_regs_struct r = { 0 };
	int status;

	ptrace(PTRACE_GETREGS, child, 0, &r);
	kill(child, SIGKILL);
	waitpid(child, &status, __WALL);
	fprintf(told, "killed at stop %ld, the %s of system call %lld\n", stop,
		entry ? "entry" : "exit", (long long)r.orig_rax);
	return 128 + SIGKILL;
}

int main(int argc, char **argv)
{
	int status, counting = 0, entry = 0;
	long wanted, stops = 0;
	struct user_regs_struct r;

	if (argc < 4 || strlen(argv[2]) > 127)
		return STATUS_LOST;
	wanted = strcmp(argv[1], "count") ? atol(argv[1]) : 0;
	path = argv[2];
	told = fdopen(3, "w");
	if (!told)
		told = stderr;
	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		close(3);
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		return STATUS_LOST;
	while ((status = go_on()) < 0) {
		entry = !entry;
		if (!counting) {
			ptrace(PTRACE_GETREGS, child, 0, &r);
			counting = entry && begins(&r);
		}
		if (!counting)
			continue;
		if (++stops == wanted)
			return kill_it(stops, entry);
	}
	if (!wanted)
		fprintf(told, "%ld %d\n", stops, status);
	return status;
}
