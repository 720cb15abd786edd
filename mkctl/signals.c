// SPDX-License-Identifier: GPL-2.0-only
/* Ctrl-C without half-done work. */
#include "signals.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

static const int held[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t came;
static sigset_t before, holding;

static void handle(int number)
{
	(void)number;
	came = 1;
}

void signals_hold(void)
{
	struct sigaction action, old;
	size_t i;

	/* A reader of our output that goes away is not the end, either. */
	signal(SIGPIPE, SIG_IGN);
	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	sigemptyset(&action.sa_mask);
	sigemptyset(&holding);
	for (i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		/* Started with it ignored (nohup, a shell's "&"): keep that. */
		if (sigaction(held[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaction(held[i], &action, NULL);
		sigaddset(&holding, held[i]);
	}
	sigprocmask(SIG_BLOCK, &holding, &before);
}

bool signals_came(void)
{
	sigset_t pending;
	size_t i;

	if (came)
		return true;
	sigemptyset(&pending);
	sigpending(&pending);
	for (i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		if (sigismember(&pending, held[i]))
			return true;
	return false;
}

const sigset_t *signals_mask(void)
{
	return &before;
}

void signals_sleep(int ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000L };

	if (!signals_came())
		ppoll(NULL, 0, &time, &before);
}

void signals_pass(bool pass)
{
	if (pass)
		sigprocmask(SIG_SETMASK, &before, NULL);
	else
		sigprocmask(SIG_BLOCK, &holding, NULL);
}
