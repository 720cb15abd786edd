/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own modules that came along with the agent, and what they are
 * for: HOME/modules/list, see lib/modules.h.
 *
 * Their files are opened and unlinked at once.  What is loaded, or cannot be,
 * is closed, and its memory free; process 1 closes the rest when it becomes the
 * user's init, so that only the daemon holds what may still be needed.
 */
#ifndef INIT_MODULES_H
#define INIT_MODULES_H

#include <stdbool.h>

/* Read the list, open the files, remove both; nothing there is fine. */
void modules_open(void);

/* Load what the use of that key needs; what failed is told once. */
bool modules_load(const char *key);

/* The same for a device, by its MODALIAS. */
bool modules_load_for(const char *modalias);

/*
 * File systems: those of @types ("ext4,erofs") or all if that is NULL.  A name
 * that has no modules is built in, or the mount will tell.
 */
void modules_load_filesystems(const char *types);

#endif /* INIT_MODULES_H */
