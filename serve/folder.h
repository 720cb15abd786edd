/* SPDX-License-Identifier: GPL-2.0-only */
/* /run/multikernel/NAME, and its lock: one supervisor per instance. */
#ifndef SERVE_FOLDER_H
#define SERVE_FOLDER_H

#include "error.h"

/* Make that one folder, if need be: one that only we can change things in. */
int serve_folder_make(const char *path, struct mk_error *err);

/*
 * Make the folder if need be, and lock it.  Returns the lock, a descriptor to
 * be held while the supervisor lives; MK_E_STATE: another one lives.
 */
int serve_folder_lock(const char *folder, struct mk_error *err);

/* Remove what is in it but the lock. */
void serve_folder_empty(const char *folder);
/* Remove it with all that is in it; the lock is still held. */
void serve_folder_remove(const char *folder);

#endif /* SERVE_FOLDER_H */
