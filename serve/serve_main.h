/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting a supervisor, in the background or as this process. */
#ifndef SERVE_MAIN_H
#define SERVE_MAIN_H

#include "options.h"

/* The number of a pipe's descriptor, from serve_launch() to "mkctl serve". */
#define SERVE_READY_FD "MULTIKERNEL_READY_FD"

/*
 * Start the supervisor in the background.  Returns an exit status: MKCTL_DONE
 * when all its devices are open, else after having said what failed, with
 * nothing left behind.  It must be called before the instance is started, or
 * while it runs.
 */
int serve_launch(const struct ctl *ctl, const char *name,
		 const struct serve_wish *w);

/*
 * Bring back the supervisor of @inst if it was killed: the new one takes over
 * what that left behind, or ends it.  Nothing is done, and MKCTL_DONE returned,
 * if one lives or there is nothing.  A state file that cannot be read is said
 * and is MKCTL_COULD_NOT.
 */
int serve_revive(const struct ctl *ctl, const char *name,
		 struct mk_instance *inst);

/*
 * Change what follows the end of a life, as @w says.  Returns an exit status,
 * or -1 if there is no supervisor to do that.
 */
int serve_change(const struct ctl *ctl, const char *name,
		 const struct serve_wish *w);

/*
 * What the user does is not for the supervisor to answer.
 * starts: a restart that waits is called off, and an end that was announced
 * does not come.  ends: the life under way is not followed by another one; true
 * if instead a restart waited, which is called off.
 */
void serve_user_starts(const char *name);
bool serve_user_ends(const struct ctl *ctl, const char *name,
		     struct mk_instance *inst);

/* After a delete: remove what nobody serves any more. */
void serve_clear(const char *name);

/*
 * Be the supervisor.  Returns an exit status when the instance was deleted
 * (MKCTL_DONE), a signal came, or what failed was said.  @ready_fd: a pipe that
 * gets one byte when all devices are open, or -1.
 */
int serve_run(const struct ctl *ctl, const char *name,
	      const struct serve_wish *w, int ready_fd);

#endif /* SERVE_MAIN_H */
