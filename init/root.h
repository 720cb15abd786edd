/* SPDX-License-Identifier: GPL-2.0-only */
/* root= for a spawn whose initramfs has no init of its own. */
#ifndef INIT_ROOT_H
#define INIT_ROOT_H

#include <stdbool.h>

/* Read the kernel's command line; before the others. */
void root_read_words(void);

/* init= of it, or NULL. */
const char *root_init(void);

/*
 * Mount root= and change to it; false if that is not possible, which is in the
 * log.  @path: the init that is not there.
 */
bool root_enter(const char *path);

#endif /* INIT_ROOT_H */
